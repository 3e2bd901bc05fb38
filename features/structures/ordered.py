"""Lookup in sorted arrays such as the ids of a pool, and sampling independent of ids."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from numpy.typing import NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)


def found_in(
    ordered: NDArray[Any], wanted: NDArray[Any]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the positions of the wanted entries that exist, and their indices in `wanted`.

    Parameters
    ----------
    ordered : ndarray of shape (n,)
        Ascending, without duplicates.
    wanted : ndarray of shape (k,)
        In any order.
    """
    if not len(ordered):
        return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    # Of the same type, otherwise the long array would be copied.
    at = np.searchsorted(ordered, wanted.astype(ordered.dtype))
    at = np.minimum(at, len(ordered) - 1)
    which = np.flatnonzero(ordered[at] == wanted)
    return at[which], which


def without(ordered: NDArray[np.intp], some: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the entries that are not among some; both without duplicates.

    `np.setdiff1d` reads a long array once for each of some.

    Parameters
    ----------
    ordered : ndarray of shape (n,)
        Ascending.
    some : ndarray of shape (k,)
        In any order.
    """
    at, _ = found_in(ordered, some)
    return np.delete(ordered, at) if len(at) else ordered


def place_of(ordered: NDArray[np.str_], text: str) -> int | None:
    """Return the position of a text, None if it is missing."""
    places, _ = found_in(ordered, np.array([text]))
    # NumPy ignores trailing NULs of texts.
    return int(places[0]) if len(places) and str(ordered[places[0]]) == text else None


def content_ranks(enterprises: pl.DataFrame) -> NDArray[np.intp]:
    """Return the rank of every row in an order that depends on its content, not its id.

    Random sampling follows this order, so that it does not depend on ids. Equal rows keep their
    order.
    """
    stated = enterprises.drop("enterprise_id").iter_rows()
    digests = [blake2b(repr(row).encode(), digest_size=16).digest() for row in stated]
    order = sorted(range(len(digests)), key=digests.__getitem__)
    ranks = np.empty(len(order), dtype=np.intp)
    ranks[order] = np.arange(len(order))
    return ranks


def sampled(
    ranks: NDArray[np.intp], kept: NDArray[np.intp], most: int, seed: int
) -> NDArray[np.intp]:
    """Return the rows to learn from: all, or beyond `most` the kept ones and `most` others.

    Parameters
    ----------
    ranks : ndarray of shape (n,)
        The order in which others are sampled and rows are returned.
    kept : ndarray of int
        Rows that must be included.
    most : int
    seed : int
    """
    order = np.argsort(ranks)
    if len(ranks) <= most:
        return order
    others = order[~np.isin(order, kept)]
    drawn = np.random.default_rng(seed).choice(others, min(most, len(others)), replace=False)
    return order[np.isin(order, np.union1d(kept, drawn))]


def drawn_by_content(rows: Iterable[bytes], seed: int) -> NDArray[np.intp]:
    """Return the row numbers in a random order that depends only on seed and content.

    Equal rows are drawn independently.
    """
    key = seed.to_bytes(8, "little")
    found = (blake2b(row, digest_size=8, key=key).digest() for row in rows)
    keys = np.frombuffer(b"".join(found), dtype=np.uint64)
    together = np.argsort(keys, kind="stable")
    first = np.flatnonzero(np.diff(keys[together], prepend=~keys[together[:1]]))
    counts = np.diff(first, append=len(keys))
    number = np.empty(len(keys), dtype=np.uint64)
    number[together] = np.arange(len(keys)) - np.repeat(first, counts)
    return np.argsort(_mixed(keys + number * _GOLDEN), kind="stable")


def _mixed(keys: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread keys over all 64 bits (splitmix64: Steele et al., OOPSLA 2014)."""
    keys = (keys ^ (keys >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    keys = (keys ^ (keys >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(keys ^ (keys >> np.uint64(31)))
