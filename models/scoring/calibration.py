"""Calibration: from a raw score to the probability that a pursued and closed lead was won.

Fitted on outcomes, as two curves: scores of a need with its own head are on another scale than
those of a need without one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

MIN_CLOSED, MIN_WON, MIN_LOST = 200, 30, 30
"""Minimum numbers of closed, won and lost outcomes for a calibration. If only signed leads are
recorded, each would seem certain to sign."""


class Curve(NamedTuple):
    """A non-decreasing piecewise linear map, constant beyond the first and last knot.

    Attributes
    ----------
    knots, chances : ndarrays of shape (k,), float64
        Raw scores, ascending, and their probabilities.
    """

    knots: NDArray[np.float64]
    chances: NDArray[np.float64]

    def at(self, raw: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the chances at raw scores."""
        return np.asarray(np.interp(raw, self.knots, self.chances))


@dataclass(frozen=True)
class Calibration:
    """The probability of signing by raw score, if there are enough outcomes.

    Attributes
    ----------
    closed, won : int or None
        Numbers of closed and won outcomes; None for a version made before they were counted.
    cold, warm : Curve or None
        Curves for needs without and with a head; None with too few outcomes.
    """

    closed: int | None = None
    won: int | None = None
    cold: Curve | None = None
    warm: Curve | None = None

    def probability(self, raw: float, *, warm: bool) -> float | None:
        """Return the probability of a lead, None with too few outcomes."""
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
