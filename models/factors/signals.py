"""The factor of signals: recent activity of an enterprise.

It is not standardised: its contribution for one enterprise does not depend on how many others have
signals. Without a known signal it is exactly 0, neither for nor against.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures

SIGNALS = "signals"
WORTH = 0.6
"""Added to a raw score by a signal of full strength: enough to order leads of similar fit, too
little to list one first that does not fit."""


def signal_part(
    need: NeedFeatures, rows: NDArray[np.intp] | None, size: int
) -> NDArray[np.float64]:
    """Return the contribution of signals, shape (size,), 0 where there are none.

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
