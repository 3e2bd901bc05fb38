"""Evaluation of a fitted ranker on held-out cases, next to the baseline, with intervals."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from training.metrics import interval, ndcg, precision, recall
from training.priors import prior
from training.splits import MIN_NEEDS
from training.weights import PRIOR_NEEDS, learn_weights

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from training.cases import ScoredCase
    from training.fitting import Fitted

NOTE = (
    "Needs (cold), enterprises (warm) and later deals (time) held out: neither factors nor weights "
    "were fitted on them. The figures say how well relevant enterprises are found, not whether one "
    "will invest."
)
KINDS = {
    "cold": "held-out needs",
    "warm": "held-out enterprises",
    "time": "later deals",
}
MEASURES = {"ndcg@10": ndcg, "precision@10": precision, "recall@50": recall}
RANKERS = ("blend", "prior_weights", "character_tfidf")
_OVERLAPPING_YEARS = 1
"""Deals of neighbouring cuts overlap: weights are learnt without these."""


@dataclass
class Judged:
    """Figures on the held-out cases of one kind, by need.

    Attributes
    ----------
    values : dict
        need_id, ranker: a list of the values of `MEASURES`, one per case.
    among : dict
        need_id: the number of candidates, per case.
    relevant : dict
        need_id: the number of relevant ones, per case.
    split : list of (need_id, fold, ids)
        The held-out enterprises of each need and fold.
    holding : float
        The number of needs that the prior weights count as.
    """

    values: dict[str, dict[str, list[list[float]]]] = field(default_factory=dict)
    among: dict[str, list[int]] = field(default_factory=dict)
    relevant: dict[str, list[int]] = field(default_factory=dict)
    split: list[tuple[str, int, list[str]]] = field(default_factory=list)
    holding: float = PRIOR_NEEDS

    def add(self, cases: Sequence[ScoredCase], *, warm: bool, apart: int) -> None:
        """Judge cases; the weights for a fold are learnt on folds at least `apart` from it."""
        weights = {
            fold: learn_weights(
                [c for c in cases if abs(c.fold - fold) >= apart], prior(warm=warm), self.holding
            )
            for fold in sorted({case.fold for case in cases})
        }
        for case in cases:
            scores = (
                weights[case.fold] @ case.parts,
                prior(warm=warm) @ case.parts,
                case.baseline,
            )
            found = self.values.setdefault(case.need_id, {name: [] for name in RANKERS})
            for name, values in zip(RANKERS, scores, strict=True):
                ranked = case.relevant[np.argsort(-values, kind="stable")]
                found[name].append([measure(ranked) for measure in MEASURES.values()])
            self.among.setdefault(case.need_id, []).append(case.among)
            self.relevant.setdefault(case.need_id, []).append(int(case.relevant.sum()))
            self.split.append((case.need_id, case.fold, sorted(case.held.tolist())))

    def of(self, ranker: str) -> NDArray[np.float64]:
        """Return the values of every need in the order of ids, averaged over its cases.

        Returns
        -------
        ndarray of shape (needs, measures)
        """
        return np.array(
            [np.mean(self.values[need][ranker], axis=0) for need in sorted(self.values)]
        )

    def summary(self, labelled: int) -> dict[str, Any]:
        """Return means with intervals, and the paired gain over character TF-IDF.

        Parameters
        ----------
        labelled : int
            The number of needs with a relevant enterprise, to count those left out.
        """
        found = {name: self.of(name) for name in RANKERS}
        gain = found["blend"] - found["character_tfidf"]
        return {
            "needs": len(self.values),
            "needs_left_out": labelled - len(self.values),
            **{name: _summary(values) for name, values in found.items()},
            "gain_over_character_tfidf": _summary(gain),
        }

    def per_need(self) -> dict[str, dict[str, float]]:
        """Return the blend's figures per need, with the numbers of candidates and relevant ones."""
        values = zip(sorted(self.values), self.of("blend").tolist(), strict=True)
        return {
            need: {
                **dict(zip(MEASURES, own, strict=True)),
                "among": float(np.mean(self.among[need])),
                "relevant": float(np.mean(self.relevant[need])),
            }
            for need, own in values
        }

    def split_hash(self) -> str:
        """Return a hash of 16 hexadecimal digits of the split."""
        text = json.dumps(sorted(self.split), ensure_ascii=False)
        return hashlib.sha256(text.encode()).hexdigest()[:16]


def judge(fitted: Fitted) -> dict[str, Judged]:
    """Judge the blend on its held-out cases, with weights learnt on other folds.

    Returns
    -------
    dict
        By `KINDS`, without those with too few needs.
    """
    time = fitted.time_cases
    kinds: Mapping[str, Sequence[tuple[Sequence[ScoredCase], bool, int]]] = {
        "cold": [(fitted.cold_cases, False, 1)],
        "warm": [(fitted.warm_cases, True, 1)],
        "time": [
            (time.cold, False, 1 + _OVERLAPPING_YEARS),
            (time.warm, True, 1 + _OVERLAPPING_YEARS),
        ],
    }
    found = {}
    for kind, groups in kinds.items():
        judged = Judged(holding=fitted.settings.weights.prior_needs)
        for cases, warm, apart in groups:
            judged.add(cases, warm=warm, apart=apart)
        if len(judged.values) >= MIN_NEEDS:
            found[kind] = judged
    return found


def evaluate_fit(fitted: Fitted, judged: Mapping[str, Judged] | None = None) -> dict[str, Any]:
    """Summarise the figures of a fitted ranker.

    Parameters
    ----------
    fitted : Fitted
    judged : mapping, optional
        The result of `judge`, if it is available.

    Returns
    -------
    dict
        By `KINDS`: the numbers of needs judged and left out, the `MEASURES` of the blend, the prior
        weights and character TF-IDF, and the paired difference to the last; None with too few
        needs.
    """
    found = judge(fitted) if judged is None else judged
    labelled = int((np.diff(fitted.interactions.relevant.indptr) > 0).sum())
    return {"note": NOTE} | {
        kind: found[kind].summary(labelled) if kind in found else None for kind in KINDS
    }


def _summary(values: NDArray[np.float64]) -> dict[str, Any]:
    return {name: interval(values[:, at]).to_dict() for at, name in enumerate(MEASURES)}
