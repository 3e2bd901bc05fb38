"""A sample of a large pool, which represents all rows that are not scored.

Means and spreads of every factor are estimates for the whole pool: the candidates of a need, which
are scored in any case, represent themselves, and the rows of the sample that are no candidates
represent all others (post-stratification: Holt and Smith, "Post stratification", JRSS A 1979).
Extreme rows, such as those that resemble chosen enterprises, are nearly always candidates: the
sample alone would contain one in fifty of them, and misestimate the spread.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.scoring.ranker import PoolRanker
    from models.scoring.scale import Scale, Values

_NEEDS_KEPT = 64
"""Number of needs for which the sample's values are cached, 200 KB each, for their next pages."""


class Sample:
    """A fixed sample of a pool, with its features in memory.

    Parameters
    ----------
    whole : PoolRanker
        Bound to the pool.
    rows : ndarray of int
        The rows of the sample, ascending.
    """

    def __init__(self, whole: PoolRanker, rows: NDArray[np.intp]) -> None:
        self.whole = whole
        self.rows = rows
        self.bound = whole.take(rows)
        self.values = lru_cache(_NEEDS_KEPT)(self.bound.values)
        self.scale = lru_cache(_NEEDS_KEPT)(self._scale)

    def _scale(self, need: NeedFeatures) -> Scale:
        """Return the scale of the sample alone."""
        return self.bound.scale(self.values(need))


class Among:
    """The candidates of one need, scored on the scale of the whole pool.

    Parameters
    ----------
    sample : Sample
    need : NeedFeatures
    rows : ndarray of int, shape (k,)
        The candidates, ascending.
    values : Values, optional
        Their values, if computed already.

    Attributes
    ----------
    parts : ndarray of shape (factors, k)
        Their contributions.
    scale : Scale
    """

    def __init__(
        self,
        sample: Sample,
        need: NeedFeatures,
        rows: NDArray[np.intp],
        values: Values | None = None,
    ) -> None:
        self._whole, self._need = sample.whole, need
        apart = ~np.isin(sample.rows, rows, assume_unique=True)
        each = (len(sample.whole.pool) - len(rows)) / max(apart.sum(), 1)
        if values is None:
            values = sample.whole.take(rows).values(need)
        beside = sample.values(need), each * apart
        self.scale, self.parts = sample.whole.fit(need, values, beside, rows)

    def others(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the contributions of other enterprises on the same scale, shape (factors, m)."""
        return self._whole.take(rows).contributions(self._need, self.scale)
