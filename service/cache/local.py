"""What was used last, kept in the process up to a number of bytes."""

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
"""Part of its time by which an entry may end earlier, so that not all end at once."""


class LocalCache(Generic[T]):
    """Keeps what was used last, up to a number of bytes, each entry for a time.

    Parameters
    ----------
    max_bytes
        What the entries may weigh together; a heavier entry alone is not kept.
    ttl
        Seconds that an entry is good for, or up to a tenth less: entries that came together do
        not go together. For ever by default.
    grace
        Seconds that it can be had as an aged one afterwards.
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
        """Return the entry, or None when there is none or its time is over."""
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
        """Return the entry, be its time over or not, or None when its grace is over too."""
        entry = self._entries.get(key)
        return entry[2] if entry and entry[0] + self.grace >= self.clock() else None

    def put(self, key: Hashable, value: T, weight: int) -> None:
        """Keep a value that weighs so many bytes, and let go of what was not used for longest."""
        self._drop(key)
        if weight > self.max_bytes:
            return
        self._entries[key] = (self.clock() + jittered(self.ttl), weight, value)
        self.weight += weight
        self._fit()

    def grow(self, key: Hashable, more: int) -> None:
        """Count that the value of an entry, where it is still kept, weighs so many bytes more."""
        if entry := self._entries.get(key):
            until, weight, value = entry
            self._entries[key] = until, weight + more, value
            self.weight += more
            self._fit()

    def clear(self) -> None:
        """Let go of all entries."""
        self._entries.clear()
        self.weight = 0

    def _fit(self) -> None:
        while self.weight > self.max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        if entry := self._entries.pop(key, None):
            self.weight -= entry[1]


def jittered(ttl: float) -> float:
    """Return a time of up to a tenth less."""
    return ttl * random.uniform(1 - _SPREAD, 1)
