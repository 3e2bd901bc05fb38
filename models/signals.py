"""Signals as a factor: why this enterprise now.

It stands beside the others and not among those that are standardised: what it says of one
enterprise does not depend on how many others have signals. Who has none gets exactly nothing for
it, and nothing against: that no signal is known says nothing of an enterprise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures

SIGNALS = "signals"
WORTH = 0.6
"""What a signal of full strength adds to a raw score: among leads that fit about alike, those
about to invest come first, and none comes first without fitting."""


def signal_part(
    need: NeedFeatures, rows: NDArray[np.intp] | None, size: int
) -> NDArray[np.float64]:
    """Return what signals add to each raw score, shape (size,), 0 where there are none.

    Parameters
    ----------
    need : NeedFeatures
        Its `signals` are those of the whole pool.
    rows : ndarray of int, shape (size,), or None
        Which enterprises of the pool are scored; None for all.
    size : int
    """
    if need.signals is None:
        return np.zeros(size)
    return WORTH * np.asarray(need.signals if rows is None else need.signals[rows], np.float64)
