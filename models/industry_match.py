"""Industry match: does the enterprise make what is typical of the industry asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.compact import single
from models.factor import Factor

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

_NEIGHBOURS = 5
_HUBNESS = 0.5


class Prepared(NamedTuple):
    """Fit, shape (industries, n); half the mean of the best fits, and who is known, shape (n,)."""

    fit: NDArray[np.float32]
    elsewhere: NDArray[np.float32]
    known: NDArray[np.bool_]


class IndustryMatch(Factor):
    """Fit to the industries of the lexicon that the need names, less the fit elsewhere.

    The mean of an enterprise's five best fits to any industry is taken off by half, as hubness is
    from the similarities: who fits many industries as well is no specialist of this one.
    """

    name = "industry_match"

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:
        """Measure how well each enterprise fits anywhere."""
        fit = pool.industries
        count = min(_NEIGHBOURS, len(fit))
        best = np.partition(fit, len(fit) - count, axis=0)[len(fit) - count :]
        return {"elsewhere": _HUBNESS * best.mean(axis=0), "known": best.any(axis=0)}

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Return the fit to every industry, and how well each enterprise fits anywhere."""
        return self.prepare_measured(pool, self.measure(pool))

    def prepare_measured(
        self, pool: PoolFeatures, measured: Mapping[str, NDArray[Any]]
    ) -> Prepared:
        """Return the same from what was measured before."""
        return Prepared(pool.industries, measured["elsewhere"], measured["known"])

    def score(self, need: NeedFeatures, prepared: Prepared) -> NDArray[np.float32] | None:
        """Return the mean over the industries named, NaN where neither product nor name tells."""
        if not need.industries:
            return None
        fit = single(prepared.fit[list(need.industries)]).mean(axis=0)
        return np.where(prepared.known, fit - prepared.elsewhere, np.float32("nan"))
