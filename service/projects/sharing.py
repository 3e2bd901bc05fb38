"""The assignment problem of an allocation: needs get their best enterprises, within limits.

Choose x_ij of 0 or 1, for enterprise i and need j, with the largest sum of scores, so that

- each need gets k:                        Σ_i x_ij = k
- an enterprise is sent to few zones:      Σ_j x_ij ≤ M
- and within a zone to one need at most:   Σ_(j in z) x_ij ≤ 1

Each x_ij is in one row of the first kind, and in nested rows of the other two: two laminar
families, whose incidence matrix is totally unimodular (Edmonds, "Submodular functions, matroids,
and certain polyhedra", 1970). So every vertex of the linear relaxation is integral, and the simplex
method, which ends at a vertex, finds an exact assignment. Candidates are added as columns only if
their reduced cost shows that they could improve it, until none does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from features.errors import LianzhaoError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

_SHORT = 1_000.0
"""The cost of an empty place of a list: more than any exchange of scores can gain."""
_FIRST = 3
"""The initial candidates of each need, as a multiple of k."""
_TOLERANCE = 1e-9
_ROUNDS = 100


class Candidates(NamedTuple):
    """The candidates of all needs, those of a need in the order of its plain list.

    Attributes
    ----------
    needs, enterprises : ndarray of int, shape (c,)
        The pairs; `needs` is ascending.
    scores : ndarray of float, shape (c,)
    ranks : ndarray of int, shape (c,)
        From 0 in each need.
    """

    needs: NDArray[np.intp]
    enterprises: NDArray[np.intp]
    scores: NDArray[np.float64]
    ranks: NDArray[np.intp]


def deepest(k: int, most: int, zones: Sequence[int]) -> int:
    """Return the depth of plain lists that is sufficient for an exact assignment.

    Each enterprise ranked above the k-th that a need gets is either in `most` other lists, which
    holds for at most (needs · k) / most enterprises, or in that of another need of the same zone.
    """
    largest = int(np.bincount(zones).max()) if len(zones) else 1
    return k + len(zones) * k // most + k * (largest - 1)


def share_out(candidates: Candidates, zones: Sequence[int], k: int, most: int) -> NDArray[np.bool_]:
    """Return which candidates are chosen, shape (c,): an assignment of the largest sum of scores.

    Parameters
    ----------
    candidates
        Down to `deepest` at least, or all there are.
    zones
        The zone of each need.
    k
        Enterprises per need, fewer if there are no more.
    most
        Maximum number of zones per enterprise.
    """
    places = np.asarray(zones, dtype=np.intp)
    inside = candidates.ranks < _FIRST * k
    for _ in range(_ROUNDS):
        chosen, better = _round(candidates, inside, places, k, most)
        if not better.any():
            return chosen
        inside |= better
    raise LianzhaoError("the assignment did not come to an end")  # pragma: no cover


def _round(
    candidates: Candidates,
    inside: NDArray[np.bool_],
    zones: NDArray[np.intp],
    k: int,
    most: int,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Solve for some candidates; return the chosen ones, and which others could improve it."""
    from scipy.optimize import linprog  # slow to import, and only needed here

    rows = np.flatnonzero(inside)
    needs, enterprises = candidates.needs[rows], candidates.enterprises[rows]
    m, count = len(zones), len(rows)
    owners, own = np.unique(enterprises, return_inverse=True)
    pair = candidates.enterprises.astype(np.int64) * (int(zones.max()) + 1 if m else 1)
    pair += zones[candidates.needs]
    pairs, at_pair = np.unique(pair[rows], return_inverse=True)
    one, columns = np.ones(count), np.arange(count)
    demands = sparse.hstack(
        [sparse.csr_array((one, (needs, columns)), shape=(m, count)), sparse.eye_array(m)]
    ).tocsr()
    limits = sparse.vstack(
        [
            sparse.csr_array((one, (own, columns)), shape=(len(owners), count + m)),
            sparse.csr_array((one, (at_pair, columns)), shape=(len(pairs), count + m)),
        ]
    ).tocsr()
    solved = linprog(
        np.concatenate([-candidates.scores[rows], np.full(m, _SHORT)]),
        A_eq=demands,
        b_eq=np.full(m, float(k)),
        A_ub=limits,
        b_ub=np.concatenate([np.full(len(owners), float(most)), np.ones(len(pairs))]),
        bounds=(0, None),
        method="highs-ds",
    )
    if solved.status != 0:
        raise LianzhaoError(f"no assignment was found: {solved.message}")
    chosen = np.zeros(len(inside), dtype=np.bool_)
    chosen[rows] = solved.x[:count] > 0.5
    # The score that a pair needs to improve the assignment: the dual prices of its need, enterprise
    # and zone.
    price = np.asarray(solved.eqlin.marginals)[candidates.needs]
    price += _prices(owners, solved.ineqlin.marginals[: len(owners)], candidates.enterprises)
    price += _prices(pairs, solved.ineqlin.marginals[len(owners) :], pair)
    better = ~inside & (-candidates.scores - price < -_TOLERANCE)
    return chosen, better


def _prices(
    known: NDArray[np.int64], prices: NDArray[np.float64], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return the price of each of `wanted`; 0 for those that are not `known`."""
    at = np.minimum(np.searchsorted(known, wanted), len(known) - 1)
    return np.where(known[at] == wanted, prices[at], 0.0)
