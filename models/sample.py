"""A sample of a large pool, which stands for all rows that are not scored.

Means and spreads of every factor are those of the whole pool, as far as some of it can tell: the
candidates of a need, who are scored in any case, stand for themselves, and those of the sample who
are no candidates for everybody else (post-stratification: Holt and Smith, "Post stratification",
JRSS A 1979). What stands out, such as what resembles those chosen for the need, is nearly always
a candidate: a sample alone would see one in fifty of them, and its spread with it.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from models.ranker import PoolRanker
    from models.scale import Scale

_NEEDS_KEPT = 64
"""For so many needs the sample's values are kept, 200 KB each: their next pages come soon."""


class Sample:
    """Some enterprises of a pool, drawn once, with their features in memory.

    Parameters
    ----------
    whole : PoolRanker
        Bound to the pool.
    rows : ndarray of int
        Which of it are the sample, in order.
    """

    def __init__(self, whole: PoolRanker, rows: NDArray[np.intp]) -> None:
        self.whole = whole
        self.rows = rows
        self.bound = whole.take(rows, in_single=True)
        self.values = lru_cache(_NEEDS_KEPT)(self.bound.values)
        self.scale = lru_cache(_NEEDS_KEPT)(self._scale)

    def _scale(self, need: NeedFeatures) -> Scale:
        """Return the scale of the sample alone."""
        return self.bound.scale(self.values(need))


class Among:
    """The candidates of one need, scored on the scale of the whole pool.

    Attributes
    ----------
    parts : ndarray of shape (factors, k)
        Their contributions.

    Parameters
    ----------
    sample : Sample
    need : NeedFeatures
    rows : ndarray of int, shape (k,)
        The candidates, in order.
    """

    def __init__(self, sample: Sample, need: NeedFeatures, rows: NDArray[np.intp]) -> None:
        self._whole, self._need = sample.whole, need
        taken = sample.whole.take(rows)
        apart = ~np.isin(sample.rows, rows, assume_unique=True)
        each = (len(sample.whole.pool) - len(rows)) / max(apart.sum(), 1)
        values = taken.values(need)
        beside = sample.values(need), each * apart
        self._scale, self.parts = taken.fit(need, values, beside)

    def others(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the contributions of other enterprises on the same scale, shape (factors, m)."""
        return self._whole.take(rows).contributions(self._need, self._scale)
