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

from models.fit import constant
from models.ranker import Values, with_constant

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from models.ranker import PoolRanker

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
        self._sample, self._need = sample, need
        taken = sample.whole.take(rows)
        apart = ~np.isin(sample.rows, rows, assume_unique=True)
        each = (len(sample.whole.pool) - len(rows)) / max(apart.sum(), 1)
        self._shares = np.concatenate([each * apart, np.ones(len(rows))])
        self._values = Values.beside(sample.values(need), taken.values(need))
        content = sample.whole.content_parts(need, self._values, self._shares)
        blended = sample.whole.blended(need, self._values, content, self._shares)
        own = blended[:, len(apart) :]
        self._constant = constant(need, taken.pool, own.sum(axis=0))
        self.parts = with_constant(own, self._constant)

    def others(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the contributions of other enterprises on the same scale, shape (factors, m)."""
        whole, taken = self._sample.whole, self._sample.whole.take(rows)
        values = Values.beside(self._values, taken.values(self._need))
        shares = np.concatenate([self._shares, np.zeros(len(rows))])
        content = whole.content_parts(self._need, values, shares)
        blended = whole.blended(self._need, values, content, shares)
        return with_constant(blended[:, self._values.size :], self._constant)
