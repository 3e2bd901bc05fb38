"""Ranking metrics, as they are computed everywhere in the project.

Binary gain, but for graded judgements 2^grade - 1. NDCG@10: gains over log2(rank + 1), divided by
the best possible for the first ten (Järvelin and Kekäläinen, ACM TOIS 20, 2002). Recall@k: hits /
min(k, relevant). Needs with fewer than two relevant candidates are left out and counted.
Intervals: 95 %, bootstrap over needs, 2,000 draws, fixed seed; comparisons are paired over needs.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

NDCG_AT = 10
RECALL_AT = 50
LIST_AT = 20
"""The length of lists for coverage, exposure and overlap."""
MIN_RELEVANT = 2
DRAWS = 2_000
DRAW_SEED = 20_250_901


def ndcg(gains: NDArray[Any], at: int = NDCG_AT) -> float:
    """Return NDCG@at of one ranking.

    Parameters
    ----------
    gains : ndarray of bool or of float
        In rank order over all candidates.
    at : int
    """
    discounts = 1 / np.log2(np.arange(2, at + 2))
    found, best = gains[:at], np.sort(gains)[::-1][:at]
    ideal = float(discounts[: len(best)] @ best)
    return float(discounts[: len(found)] @ found) / ideal if ideal else 0.0


def recall(relevant: NDArray[np.bool_], at: int = RECALL_AT, missed: int = 0) -> float:
    """Return Recall@at of one ranking: hits over min(at, relevant).

    `missed` relevant enterprises are not among the candidates and count as misses.
    """
    possible = min(at, int(relevant.sum()) + missed)
    return float(relevant[:at].sum() / possible) if possible else 0.0


def precision(relevant: NDArray[np.bool_], at: int = NDCG_AT) -> float:
    """Return the share of relevant ones among the first `at`; a shorter list counts as padded."""
    return float(relevant[:at].sum() / at)


def share_unjudged(judged: NDArray[np.bool_], at: int = NDCG_AT) -> float:
    """Return the share of the first `at` that is not judged; they count as not relevant."""
    first = judged[:at]
    return float(1 - first.mean()) if len(first) else 0.0


def reciprocal_rank(relevant: NDArray[np.bool_]) -> float:
    """Return 1 / the rank of the first relevant candidate; its mean over needs is the MRR."""
    return float(1 / (1 + relevant.argmax())) if relevant.any() else 0.0


def coverage(exposure: NDArray[np.int64]) -> float:
    """Return the share of candidates that are in at least one list."""
    return float((exposure > 0).mean()) if len(exposure) else 0.0


def gini(exposure: NDArray[np.int64]) -> float:
    """Return the Gini index of exposure: 0 where all are listed equally often, near 1 for a few.

    Parameters
    ----------
    exposure : ndarray of shape (n,)
        The number of lists that each candidate is in.
    """
    total = exposure.sum()
    if not total:
        return 0.0
    size = len(exposure)
    ranks = np.arange(1, size + 1)
    return float(((2 * ranks - size - 1) * np.sort(exposure)).sum() / (size * total))


@dataclass(frozen=True)
class Interval:
    """A mean over needs with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float
    needs: int

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a JSON object."""
        return asdict(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether the interval excludes 0."""
        return self.low > 0 or self.high < 0


def interval(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """Return mean and interval of one value per need, or of paired differences; at least one."""
    array = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(DRAW_SEED).integers(len(array), size=(DRAWS, len(array)))
    low, high = np.percentile(array[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(array.mean()), float(low), float(high), len(array))


def interval_over_cuts(values: NDArray[np.float64]) -> Interval:
    """Return the mean over cuts of the means over needs, resampling needs with all their cuts.

    Parameters
    ----------
    values : ndarray of shape (needs, cuts)
        NaN where a need is left out at a cut; no need is left out at all.
    """
    there = ~np.isnan(values)
    draws = np.random.default_rng(DRAW_SEED).integers(len(values), size=(DRAWS, len(values)))
    counts = np.apply_along_axis(np.bincount, 1, draws, minlength=len(values))
    everybody = np.ones((1, len(values)), dtype=counts.dtype)
    (mean,), drawn = (
        _means_of_cuts(own, values, there) for own in (everybody, counts.astype(np.float64))
    )
    low, high = np.percentile(drawn, [2.5, 97.5])
    return Interval(float(mean), float(low), float(high), len(values))


def _means_of_cuts(
    counts: NDArray[Any], values: NDArray[np.float64], there: NDArray[np.bool_]
) -> NDArray[np.float64]:
    """Return the mean over cuts for each row of counts of needs, without empty cuts."""
    sums, sizes = counts @ np.where(there, values, 0), counts @ there.astype(np.float64)
    means = np.divide(sums, sizes, out=np.zeros_like(sums, dtype=np.float64), where=sizes > 0)
    return np.asarray(means.sum(axis=1) / np.maximum((sizes > 0).sum(axis=1), 1))
