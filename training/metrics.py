"""Ranking metrics, as they are computed everywhere in the project.

Binary gain. NDCG@10: gains over log2(rank + 1), divided by the best possible for min(10,
relevant) (Järvelin and Kekäläinen, ACM TOIS 20, 2002). Recall@50: hits / min(50, relevant).
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
MIN_RELEVANT = 2
_DRAWS = 2_000
_SEED = 20_250_901


def ndcg(relevant: NDArray[np.bool_], at: int = NDCG_AT) -> float:
    """Return NDCG@at of one ranking: `relevant` is in rank order over all candidates."""
    discounts = 1 / np.log2(np.arange(2, at + 2))
    hits = relevant[:at]
    ideal = discounts[: min(at, int(relevant.sum()))].sum()
    return float(discounts[: len(hits)][hits].sum() / ideal) if ideal else 0.0


def recall(relevant: NDArray[np.bool_], at: int = RECALL_AT) -> float:
    """Return Recall@at of one ranking: hits over min(at, relevant)."""
    possible = min(at, int(relevant.sum()))
    return float(relevant[:at].sum() / possible) if possible else 0.0


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


def interval(values: Sequence[float] | NDArray[np.float64]) -> Interval:
    """Return mean and interval of one value a need, or of paired differences; at least one."""
    array = np.asarray(values, dtype=np.float64)
    draws = np.random.default_rng(_SEED).integers(len(array), size=(_DRAWS, len(array)))
    low, high = np.percentile(array[draws].mean(axis=1), [2.5, 97.5])
    return Interval(float(array.mean()), float(low), float(high), len(array))
