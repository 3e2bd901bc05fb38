"""Looking things up in arrays that are in ascending order, such as the ids of a pool."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


def found_in(
    ordered: NDArray[Any], wanted: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return where the wanted entries are, those that are there, and which of the wanted these are.

    Parameters
    ----------
    ordered : ndarray of shape (n,)
        In ascending order, each entry once.
    wanted : ndarray of shape (k,)
        In any order.
    """
    if not len(ordered):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    # Of the same type, for else the long array would be copied.
    at = np.searchsorted(ordered, wanted.astype(ordered.dtype))
    at = np.minimum(at, len(ordered) - 1)
    which = np.flatnonzero(ordered[at] == wanted)
    return at[which], which


def place_of(ordered: NDArray[np.str_], text: str) -> int | None:
    """Return where a text is, None where it is not there."""
    places, _ = found_in(ordered, np.array([text]))
    # NumPy takes NUL at the end of a text for nothing.
    return int(places[0]) if len(places) and str(ordered[places[0]]) == text else None


def content_ranks(enterprises: pl.DataFrame) -> NDArray[np.intp]:
    """Return the place of every row in an order that follows from what it says, not from its id.

    What is drawn by a seed is drawn in this order, so that an id is only a name. Rows that say the
    same are in the order in which they come.
    """
    stated = enterprises.drop("enterprise_id").iter_rows()
    digests = [blake2b(repr(row).encode(), digest_size=16).digest() for row in stated]
    order = sorted(range(len(digests)), key=digests.__getitem__)
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order))
    return ranks
