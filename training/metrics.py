"""Ranking metrics, as they are computed everywhere in the project.

Binary gain. NDCG@10: gains over log2(rank + 1), divided by the best possible for min(10,
relevant) (Järvelin and Kekäläinen, ACM TOIS 20, 2002). Recall@k: hits / min(k, relevant).
Needs with fewer than two relevant candidates are left out and counted. Intervals: 95 %, bootstrap
over needs, 2,000 draws, fixed seed; comparisons are paired over needs.
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
"""How many leads an official takes along: what coverage, exposure and overlap look at."""
MIN_RELEVANT = 2
DRAWS = 2_000
DRAW_SEED = 20_250_901


def ndcg(relevant: NDArray[np.bool_], at: int = NDCG_AT) -> float:
    """Return NDCG@at of one ranking: `relevant` is in rank order over all candidates."""
    discounts = 1 / np.log2(np.arange(2, at + 2))
    hits = relevant[:at]
    ideal = discounts[: min(at, int(relevant.sum()))].sum()
    return float(discounts[: len(hits)][hits].sum() / ideal) if ideal else 0.0


def recall(relevant: NDArray[np.bool_], at: int = RECALL_AT, missed: int = 0) -> float:
    """Return Recall@at of one ranking: hits over min(at, relevant).

    `missed` relevant enterprises are not among the candidates and count as misses.
    """
    possible = min(at, int(relevant.sum()) + missed)
    return float(relevant[:at].sum() / possible) if possible else 0.0


def precision(relevant: NDArray[np.bool_], at: int = NDCG_AT) -> float:
    """Return the share of relevant ones among the first `at`; a shorter list is filled up."""
    return float(relevant[:at].sum() / at)


def reciprocal_rank(relevant: NDArray[np.bool_]) -> float:
    """Return 1 / the rank of the first relevant candidate; its mean over needs is the MRR."""
    return float(1 / (1 + relevant.argmax())) if relevant.any() else 0.0


def coverage(exposure: NDArray[np.int64]) -> float:
    """Return the share of candidates that stand in at least one list."""
    return float((exposure > 0).mean()) if len(exposure) else 0.0


def gini(exposure: NDArray[np.int64]) -> float:
    """Return the Gini index of exposure: 0 where all are listed equally often, near 1 for a few.

    Parameters
    ----------
    exposure : ndarray of shape (n,)
        In how many lists each candidate stands.
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
        """Return the fields, as JSON takes them."""
        return asdict(self)

    @property
    def excludes_zero(self) -> bool:
        """Whether a difference is surely one."""
        return self.low > 0 or self.high < 0


def interval(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """Return mean and interval of one value a need, or of paired differences; at least one."""
    array = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(DRAW_SEED).integers(len(array), size=(DRAWS, len(array)))
    low, high = np.percentile(array[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(array.mean()), float(low), float(high), len(array))
