"""Which needs and which pairs are held out, so that nothing is judged on what it was fitted on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from training.metrics import MIN_RELEVANT

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


MIN_NEEDS = 10
"""With fewer needs that can be held out, nothing is: a figure from them would say nothing."""


def need_folds(relevant: sparse.csr_array, folds: int, seed: int) -> list[NDArray[np.intp]]:
    """Split the needs with enough relevant enterprises into folds of needs never seen.

    Returns
    -------
    list of arrays of row numbers, one a fold; none where there are fewer than `MIN_NEEDS`.
    """
    rows = np.flatnonzero(np.diff(relevant.indptr) >= MIN_RELEVANT)
    if len(rows) < MIN_NEEDS:
        return []
    shuffled = np.random.default_rng(seed).permutation(rows)
    return [np.sort(part) for part in np.array_split(shuffled, folds)]


def half_pairs(
    relevant: sparse.csr_array, seed: int, ranks: NDArray[np.intp] | None = None
) -> list[sparse.csr_array]:
    """Split the relevant enterprises of every need into two halves, for needs with four or more.

    Needs with fewer are never held out.

    Parameters
    ----------
    relevant : csr_array of shape (needs, n)
    seed : int
    ranks : ndarray of shape (n,), optional
        The order in which enterprises are drawn; by default that of their ids.

    Returns
    -------
    list of two csr_arrays of bool, shape as `relevant`
        The pairs held out in turn; none where there are fewer than `MIN_NEEDS` such needs.
    """
    enough = np.diff(relevant.indptr) >= 2 * MIN_RELEVANT
    if enough.sum() < MIN_NEEDS:
        return []
    generator = np.random.default_rng(seed)
    side = np.full(relevant.nnz, -1, dtype=np.int8)
    for row in np.flatnonzero(enough):
        start, stop = relevant.indptr[row], relevant.indptr[row + 1]
        columns = relevant.indices[start:stop]
        order = np.argsort(columns if ranks is None else ranks[columns])
        side[start + order] = generator.permutation(np.arange(stop - start) % 2)
    halves = []
    for part in (0, 1):
        half = relevant.copy()
        half.data = side == part
        half.eliminate_zeros()
        halves.append(half)
    return halves


def parts(size: int, folds: int, seed: int) -> list[NDArray[np.intp]]:
    """Split the numbers 0 to `size` - 1 at random into `folds` sorted parts of nearly one size."""
    shuffled = np.random.default_rng(seed).permutation(size)
    return [np.sort(part) for part in np.array_split(shuffled, folds)]


def held_pairs(
    rows: NDArray[np.intp], columns: NDArray[np.intp], folds: int, seed: int
) -> list[NDArray[np.intp]]:
    """Split pairs into folds in which every need and every enterprise held out keeps another pair.

    Parameters
    ----------
    rows, columns : ndarrays of shape (pairs,)
        Need and enterprise of every distinct pair.
    folds : int
    seed : int

    Returns
    -------
    list of `folds` arrays of pair numbers
        A pair whose need or enterprise has no other one left is never held out.
    """
    held = []
    for part in parts(len(rows), folds, seed):
        of_row, of_column = np.bincount(rows), np.bincount(columns)
        kept = []
        for pair in np.random.default_rng(seed).permutation(part).tolist():
            row, column = rows[pair], columns[pair]
            if of_row[row] > 1 and of_column[column] > 1:
                of_row[row] -= 1
                of_column[column] -= 1
                kept.append(pair)
        held.append(np.array(sorted(kept), dtype=np.intp))
    return held
