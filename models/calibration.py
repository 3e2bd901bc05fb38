"""Calibration: from a raw score to the chance that a lead, pursued and closed, was won.

Learnt from outcomes alone and kept as two curves of arrays: a need with its own head is
scored on another scale than one that nothing was learnt for.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MIN_CLOSED, MIN_WON, MIN_LOST = 200, 30, 30
"""How many closed outcomes it takes, and how many of them won and how many lost; below, no chance
is given. Where only signed leads are recorded, each would seem sure to sign."""


class Curve(NamedTuple):
    """A non-decreasing map: straight lines between knots, and level beyond the first and last.

    Attributes
    ----------
    knots, chances : ndarrays of shape (k,), float64
        Raw scores, ascending, and what they come to.
    """

    knots: NDArray[np.float64]
    chances: NDArray[np.float64]

    def at(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chances at raw scores."""
        return np.asarray(np.interp(raw, self.knots, self.chances))


@dataclass(frozen=True)
class Calibration:
    """The chance of signing by raw score, as far as outcomes allow.

    Attributes
    ----------
    closed, won : int or None
        The outcomes that there were, and how many of them were won; None for a version that was
        made before they were counted.
    cold, warm : Curve or None
        For a need without and with its own head; None with too few outcomes.
    """

    closed: int | None = None
    won: int | None = None
    cold: Curve | None = None
    warm: Curve | None = None

    def probability(self, raw: float, *, warm: bool) -> float | None:
        """Return the chance of a lead, None with too few outcomes."""
        curve = self.warm if warm else self.cold
        if curve is None or not enough(self.closed or 0, self.won or 0):
            return None
        return float(curve.at(np.array(raw)))

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return counts and curves, to be saved."""
        if self.closed is None:
            return {}
        found: dict[str, NDArray[Any]] = {"counts": np.array([self.closed, self.won])}
        for name, curve in (("cold", self.cold), ("warm", self.warm)):
            if curve is not None:
                found[name] = np.stack(curve)
        return found

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Calibration:
        """Take back what `arrays` returned."""
        if not arrays:
            return cls()
        closed, won = arrays["counts"].tolist()
        curves = {name: Curve(*arrays[name]) for name in ("cold", "warm") if name in arrays}
        return cls(closed, won, **curves)


def enough(closed: int, won: int) -> bool:
    """Return whether there are outcomes enough to calibrate on."""
    return closed >= MIN_CLOSED and won >= MIN_WON and closed - won >= MIN_LOST
