"""Time of projects in a pool, with current ones as censored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

QUARTILES = (0.25, 0.5, 0.75)
_POINTS = 200
"""Maximum number of points of a curve."""


def kaplan_meier(
    days: NDArray[np.int64], left: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Return the product-limit estimate of the share that stays longer than a number of days.

    S(t) = Π over t_i ≤ t of (1 − d_i / n_i), with d_i of the n_i that were in the pool for at
    least t_i days leaving at t_i (Kaplan and Meier, "Nonparametric Estimation from Incomplete
    Observations", JASA 53, 1958). Those still in it count among the n_i until then.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        How long each has been, or was, in the pool.
    left : ndarray of bool, shape (n,)
        Whether it left after that time.

    Returns
    -------
    tuple of ndarray
        The distinct days at which any left, ascending, and the share that stayed longer.

    Examples
    --------
    >>> days, share = kaplan_meier(np.array([1, 2, 2, 3]), np.array([True, True, False, True]))
    >>> days.tolist(), share.tolist()
    ([1, 2, 3], [0.75, 0.5, 0.0])
    """
    ends, gone = np.unique(days[left], return_counts=True)
    at_risk = len(days) - np.searchsorted(np.sort(days), ends, side="left")
    return ends, np.asarray(np.cumprod(1 - gone / at_risk), dtype=np.float64)


def stay(days: NDArray[np.int64], left: NDArray[np.bool_]) -> dict[str, Any]:
    """Return the times of projects: counts, quartiles in days, and the curve.

    A quartile is null if fewer than that share are estimated to have left so far.
    """
    ends, share = kaplan_meier(days, left)
    quartiles = [
        int(ends[at[0]]) if len(at := np.flatnonzero(share <= 1 - q + 1e-12)) else None
        for q in QUARTILES
    ]
    shown = np.unique(np.linspace(0, len(ends) - 1, min(len(ends), _POINTS)).astype(int))
    return {
        "stays": len(days),
        "left": int(left.sum()),
        "still_in": int((~left).sum()),
        "quartiles": quartiles,
        "curve": [{"days": int(ends[at]), "share": float(share[at])} for at in shown],
    }
