"""Proximity of the enterprise's seat to the zone.

The seat of an enterprise does not determine where it would invest, so the prior weight of this
factor is 0: it only counts where held-out judgements or events have shown that it does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.places import distance_km
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

_SCALE_KM = 100.0


class Proximity(Factor):
    """−ln(1 + km / 100): differences matter at short distances, and hardly at long ones."""

    name = "proximity"

    def prepare(self, pool: PoolFeatures) -> NDArray[np.float64]:
        """Return the points of the enterprises."""
        return pool.points

    def score(
        self, need: NeedFeatures, prepared: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return the proximity, NaN where the seat is unknown; None if the need has no place."""
        if np.isnan(need.point).any():
            return None
        return np.asarray(-np.log1p(distance_km(need.point, prepared) / _SCALE_KM))
