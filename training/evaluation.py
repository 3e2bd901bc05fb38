"""What a fitted ranker reached on what was held out, beside the baseline, with intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from training.fitting import prior
from training.metrics import interval, ndcg, recall
from training.weights import learn_weights

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.fitting import Fitted
    from training.weights import Case

NOTE = (
    "Needs (cold) and enterprises (warm) held out: neither factors nor weights were fitted on "
    "them. The figures say how well relevant enterprises are found, not whether one will invest."
)


def evaluate_fit(fitted: Fitted) -> dict[str, Any]:
    """Judge the blend on its held-out cases, the weights of each fold learnt on the other folds.

    Returns
    -------
    dict
        `cold` and `warm`, each with the needs judged and left out, NDCG@10 and Recall@50 of the
        blend, of the prior weights and of character TF-IDF, and the paired difference to the
        last; None where nothing could be held out.
    """
    labelled = int((np.diff(fitted.interactions.relevant.indptr) > 0).sum())
    kinds = {"cold": fitted.cold_cases, "warm": fitted.warm_cases}
    return {"note": NOTE} | {
        kind: _judge(cases, labelled, warm=kind == "warm") if cases else None
        for kind, cases in kinds.items()
    }


def _judge(cases: Sequence[Case], labelled: int, *, warm: bool) -> dict[str, Any]:
    weights = {
        fold: learn_weights([case for case in cases if case.fold != fold], prior(warm=warm))
        for fold in {case.fold for case in cases}
    }
    rankers: dict[str, Callable[[Case], NDArray[np.float64]]] = {
        "blend": lambda case: weights[case.fold] @ case.parts,
        "prior_weights": lambda case: prior(warm=warm) @ case.parts,
        "character_tfidf": lambda case: case.baseline,
    }
    found = {name: _values(cases, score) for name, score in rankers.items()}
    judged = len({case.need for case in cases})
    gain = found["blend"] - found["character_tfidf"]
    return {
        "needs": judged,
        "needs_left_out": labelled - judged,
        **{name: _summary(values) for name, values in found.items()},
        "gain_over_character_tfidf": _summary(gain),
    }


def _values(
    cases: Sequence[Case], score: Callable[[Case], NDArray[np.float64]]
) -> NDArray[np.float64]:
    """Return NDCG@10 and Recall@50 of every need, shape (needs, 2), its folds averaged."""
    found: dict[int, list[tuple[float, float]]] = {}
    for case in cases:
        ranked = case.relevant[np.argsort(-score(case), kind="stable")]
        found.setdefault(case.need, []).append((ndcg(ranked), recall(ranked)))
    return np.array([np.mean(values, axis=0) for values in found.values()])


def _summary(values: NDArray[np.float64]) -> dict[str, Any]:
    names = ("ndcg@10", "recall@50")
    return {name: interval(values[:, at]).to_dict() for at, name in enumerate(names)}
