"""Proximity: how near the enterprise's seat is to the zone.

Where an enterprise sits is not where it would go, so the prior weight of this factor is 0: it
speaks only where held-out judgements or events have shown that it counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.places import distance_km
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

_SCALE_KM = 100.0


class Proximity(Factor):
    """Minus ln(1 + km / 100): near and far differ, far and farther hardly."""

    name = "proximity"

    def prepare(self, pool: PoolFeatures) -> NDArray[np.float64]:
        """Return the points of the enterprises."""
        return pool.points

    def score(
        self, need: NeedFeatures, prepared: NDArray[np.float64]
    ) -> NDArray[np.float64] | None:
        """Return the proximity, NaN where the seat is unknown; None without a place of the need."""
        if np.isnan(need.point).any():
            return None
        return np.asarray(-np.log1p(distance_km(need.point, prepared) / _SCALE_KM))
