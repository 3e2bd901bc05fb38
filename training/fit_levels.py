"""Learning the levels of fit on graded judgements, and checking them on held-out needs.

The regression of `models.scoring.fit` is fitted on graded pairs of several pools, and on
enterprises sampled from far down each list: they are unjudged, nearly all irrelevant, and have a
low weight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.scoring.fit import fit_evidence
from training.interactions import RELEVANT_GRADE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from sklearn.linear_model import LogisticRegression

    from features.space.arrays import NeedFeatures
    from models.scoring.fit import FitModel
    from models.scoring.ranker import PoolRanker

DRAWN, BEYOND, DRAWN_WEIGHT = 60, 1_000, 0.15
"""The number of enterprises sampled per need and pool, the rank beyond which they are sampled, and
their weight relative to a graded pair."""
FOLDS = 10
_UNGRADED = -1


class Pairs(NamedTuple):
    """k pairs of need and enterprise.

    Attributes
    ----------
    evidence : ndarray of shape (k, len(EVIDENCE))
    grades : ndarray of int, shape (k,)
        -1 for a sampled pair.
    needs, pools : ndarrays of str, shape (k,)
    """

    evidence: NDArray[np.float32]
    grades: NDArray[np.int64]
    needs: NDArray[np.str_]
    pools: NDArray[np.str_]

    @property
    def graded(self) -> NDArray[np.bool_]:
        """Which pairs were judged."""
        return np.asarray(self.grades != _UNGRADED)

    @property
    def fits(self) -> NDArray[np.bool_]:
        """Which pairs were graded 1 or more."""
        return np.asarray(self.grades >= RELEVANT_GRADE)

    @classmethod
    def beside(cls, parts: Sequence[Pairs]) -> Pairs:
        """Concatenate the pairs of several pools."""
        return cls(*(np.concatenate(own) for own in zip(*parts, strict=True)))


class Level(NamedTuple):
    """The number of graded pairs at a level, and the share graded 1 or more."""

    pairs: int
    share: float


def gather(
    ranker: PoolRanker,
    needs: Sequence[NeedFeatures],
    grades: Mapping[str, Mapping[str, int]],
    pool: str,
    *,
    seed: int = 0,
) -> Pairs:
    """Return the graded pairs of a pool, and the sampled ones.

    Parameters
    ----------
    ranker : PoolRanker
    needs : sequence of NeedFeatures
    grades : mapping
        need_id, enterprise_id: the grade.
    pool : str
        Name of the pool.
    seed : int
        For the sample.
    """
    found = []
    for need in needs:
        own = grades[need.need_id or ""]
        ids = np.array(sorted(own), dtype=np.str_)
        at = np.searchsorted(ranker.pool.ids, ids)
        there = ranker.pool.ids[np.minimum(at, len(ranker.pool) - 1)] == ids
        rows = at[there]
        raw = ranker.contributions(need).sum(axis=0)
        rest = np.setdiff1d(np.argsort(-raw, kind="stable")[BEYOND:], rows)
        size = min(DRAWN, len(rest))
        drawn = np.random.default_rng(seed).choice(rest, size, replace=False)
        both = np.concatenate([rows, drawn])
        given = [own[one] for one in ids[there].tolist()]
        found.append(
            Pairs(
                fit_evidence(need, ranker.pool, both),
                np.array([*given, *[_UNGRADED] * size], dtype=np.int64),
                np.full(len(both), need.need_id),
                np.full(len(both), pool),
            )
        )
    return Pairs.beside(found)


def learn_levels(pairs: Pairs) -> tuple[tuple[float, ...], float]:
    """Return the weights of `EVIDENCE` and the intercept, by logistic regression with C = 1."""
    model = _regression(pairs)
    return tuple(model.coef_[0].tolist()), float(model.intercept_[0])


def out_of_fold(pairs: Pairs) -> NDArray[np.float64]:
    """Return the probability of each pair, fitted without any pair of its need, in any pool."""
    from sklearn.model_selection import GroupKFold

    found = np.zeros(len(pairs.grades))
    folds = GroupKFold(FOLDS).split(pairs.evidence, groups=pairs.needs)
    for kept, held in folds:
        model = _regression(Pairs(*(own[kept] for own in pairs)))
        found[held] = model.predict_proba(pairs.evidence[held])[:, 1]
    return found


def level_figures(
    pairs: Pairs, probabilities: NDArray[np.float64], model: FitModel
) -> dict[str, Level]:
    """Return the figures of each level over the graded pairs, by a model's thresholds."""
    stated = np.array(model.levels(probabilities))
    found = {}
    for name in dict.fromkeys(stated.tolist()):
        own = pairs.fits[pairs.graded & (stated == name)]
        found[name] = Level(len(own), float(own.mean()) if len(own) else float("nan"))
    return found


def _regression(pairs: Pairs) -> LogisticRegression:
    from sklearn.linear_model import LogisticRegression

    weights = np.where(pairs.graded, 1.0, DRAWN_WEIGHT)
    model = LogisticRegression(C=1.0, max_iter=2_000)
    return model.fit(pairs.evidence, pairs.fits, sample_weight=weights)
