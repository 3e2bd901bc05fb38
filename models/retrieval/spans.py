"""Spans: the rows of each shard of a pool, and which shards are unavailable."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.errors import UnavailableError

if TYPE_CHECKING:
    from numpy.typing import NDArray


class ShardUnavailableError(UnavailableError):
    """A shard does not answer, or cannot read its files."""

    code = "shard-unavailable"


class Span(NamedTuple):
    """The rows of a shard: from `start` to before `stop`."""

    start: int
    stop: int

    def within(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which of some rows, in order, are in the shard."""
        first, last = np.searchsorted(rows, self)
        return rows[first:last]


class UnavailableShard(NamedTuple):
    """An unavailable shard.

    Attributes
    ----------
    shard : int
        Its number, from 1.
    reason : str
    """

    shard: int
    reason: str


class UnavailableReplica(NamedTuple):
    """An unavailable replica of a shard.

    Attributes
    ----------
    shard, replica : int
        Numbers, from 1.
    reason : str
    """

    shard: int
    replica: int
    reason: str


def spans(size: int, count: int) -> list[Span]:
    """Return `count` shards of a pool of that size, as equal as can be; none is empty."""
    ends = np.linspace(0, size, min(count, size) + 1).round().astype(int).tolist()
    return [Span(*pair) for pair in pairwise(ends)]
