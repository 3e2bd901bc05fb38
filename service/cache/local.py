"""An in-process LRU cache bounded by bytes."""

from __future__ import annotations

import math
import random
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable

T = TypeVar("T")
_SPREAD = 0.1
"""The fraction of its time by which an entry may expire earlier, so that not all expire at once."""


class LocalCache(Generic[T]):
    """An LRU cache bounded by bytes, whose entries expire.

    Parameters
    ----------
    max_bytes
        Maximum total size; a single larger entry is not kept.
    ttl
        Seconds until an entry expires, randomly up to a tenth less, so that entries added together
        do not expire together. Forever by default.
    grace
        Seconds for which an expired entry can still be read as stale.
    clock
        Seconds from any start.
    """

    def __init__(
        self,
        max_bytes: int,
        ttl: float = math.inf,
        grace: float = 0.0,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.max_bytes = max_bytes
        self.ttl = ttl
        self.grace = grace
        self.clock = clock
        self.weight = 0
        self._entries: OrderedDict[Hashable, tuple[float, int, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> T | None:
        """Return the entry, or None if there is none or it has expired."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < (now := self.clock()):
            if entry[0] + self.grace < now:
                self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[2]

    def aged(self, key: Hashable) -> T | None:
        """Return the entry, expired or not; None if its grace is over too."""
        entry = self._entries.get(key)
        return entry[2] if entry and entry[0] + self.grace >= self.clock() else None

    def put(self, key: Hashable, value: T, weight: int) -> None:
        """Keep a value of a size in bytes, and evict the least recently used ones."""
        self._drop(key)
        if weight > self.max_bytes:
            return
        self._entries[key] = (self.clock() + jittered(self.ttl), weight, value)
        self.weight += weight
        self._fit()

    def grow(self, key: Hashable, more: int) -> None:
        """Note that the value of an entry, if still kept, has grown by a number of bytes."""
        if entry := self._entries.get(key):
            until, weight, value = entry
            self._entries[key] = until, weight + more, value
            self.weight += more
            self._fit()

    def clear(self) -> None:
        """Remove all entries."""
        self._entries.clear()
        self.weight = 0

    def _fit(self) -> None:
        while self.weight > self.max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        if entry := self._entries.pop(key, None):
            self.weight -= entry[1]


def jittered(ttl: float) -> float:
    """Return a duration of randomly up to a tenth less."""
    return ttl * random.uniform(1 - _SPREAD, 1)
