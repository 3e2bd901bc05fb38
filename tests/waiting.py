"""Waiting for a condition, with a limit that also a busy machine does not reach."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

SECONDS = 120
"""The limit. What must not wait at all is given far longer to wait for, and less than that."""


def until(condition: Callable[[], T], seconds: float = SECONDS) -> T:
    """Call a condition until its result is true, and return that."""
    ends = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < ends, f"still {found!r} after {seconds} seconds"
        time.sleep(0.01)
    return found


def stop(pid: int) -> None:
    """Stop a process, until SIGCONT.

    A signal is delivered some time after it was sent: on a busy machine another thread of the
    process may still answer a request that was sent after the signal.
    """
    os.kill(pid, signal.SIGSTOP)
    until(lambda: set(map(_state, Path(f"/proc/{pid}/task").iterdir())) <= {"T"})


def _state(thread: Path) -> str:
    return (thread / "stat").read_text().rpartition(")")[2].split()[0]
