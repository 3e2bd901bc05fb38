"""Short turns of the interpreter's threads, so that requests hardly wait for a load."""

from __future__ import annotations

import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMES = 10
"""How many times as often threads are switched."""
_HALF_MICROSECOND = 5e-7


class ShortTurns:
    """Switches threads more often while at least one thread is in the context.

    A thread that answers waits for the GIL again after each wait for something else. The interval
    is one for the whole process: the first who enters shortens it, the last who leaves restores it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._usual = 0.0

    @contextmanager
    def __call__(self) -> Iterator[None]:
        """Return the context."""
        with self._lock:
            if not self._inside:
                self._usual = sys.getswitchinterval()
                _set(self._usual / _TIMES)
            self._inside += 1
        try:
            yield
        finally:
            with self._lock:
                self._inside -= 1
                if not self._inside:
                    _set(self._usual)


def _set(seconds: float) -> None:
    """Set the interval, which Python cuts to whole microseconds, to the nearest one."""
    sys.setswitchinterval(seconds + _HALF_MICROSECOND)


short_turns = ShortTurns()
