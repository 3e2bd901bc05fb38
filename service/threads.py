"""Threads shared fairly by several callers: round robin, and no caller can occupy all of them."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter, OrderedDict, deque
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

from features.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
MOST_WAITING = 200
"""Maximum number of waiting tasks per caller; further ones are rejected at once."""
_this_thread = threading.local()


class BusyError(UnavailableError):
    """Too many tasks of one caller are waiting already."""

    code = "busy"


class AbandonedError(Exception):
    """Raised within work that no request waits for any more, to end it."""


def check_wanted() -> None:
    """Raise if no request waits for this thread's work any more; to be called in long loops.

    Raises
    ------
    AbandonedError
        When the caller has left.
    """
    job: _Job | None = getattr(_this_thread, "job", None)
    if job is not None and job.abandoned:
        raise AbandonedError


class _Job:
    def __init__(self, work: Callable[[], Any], caller: str, loop: asyncio.AbstractEventLoop):
        self.work = work
        self.caller = caller
        self.done: asyncio.Future[Any] = loop.create_future()
        self.abandoned = False


class SharedThreads:
    """Runs blocking work in threads, on behalf of callers.

    All methods must be called in the event loop's thread.

    Parameters
    ----------
    name
        Of the threads.
    threads
        How many.
    share
        How many threads one caller may occupy at a time; by default all but one.
    """

    def __init__(self, name: str, threads: int, share: int | None = None) -> None:
        self.share = max(1, threads - 1) if share is None else share
        self._free = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[_Job]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """The number of tasks that wait for a thread."""
        return sum(map(len, self._waiting.values()))

    async def run(self, work: Callable[[], T], caller: str = "") -> T:
        """Run work in a thread when it is the caller's turn.

        Cancelled work is not started, or ends at its next `check_wanted`.

        Raises
        ------
        BusyError
            When too many tasks of this caller are waiting.
        """
        jobs = self._waiting.setdefault(caller, deque())
        if len(jobs) >= MOST_WAITING:
            raise BusyError("too many requests of this caller are waiting: send fewer at a time")
        job = _Job(work, caller, asyncio.get_running_loop())
        jobs.append(job)
        self._begin()
        try:
            found: T = await job.done
        except asyncio.CancelledError:
            job.abandoned = True
            if caller in self._waiting and job in self._waiting[caller]:
                self._waiting[caller].remove(job)
                self._drop_empty(caller)
            raise
        return found

    def close(self, *, wait: bool = False) -> None:
        """Start nothing more, and optionally wait for work in progress."""
        for job in [job for jobs in self._waiting.values() for job in jobs]:
            job.done.cancel()
        self._waiting.clear()
        self._pool.shutdown(wait=wait)

    def _begin(self) -> None:
        while self._free and (caller := self._next()) is not None:
            job = self._waiting[caller].popleft()
            self._waiting.move_to_end(caller)
            self._drop_empty(caller)
            self._free -= 1
            self._running[caller] += 1
            self._pool.submit(self._do, job, job.done.get_loop())

    def _next(self) -> str | None:
        return next((c for c in self._waiting if self._running[c] < self.share), None)

    def _drop_empty(self, caller: str) -> None:
        if not self._waiting[caller]:
            del self._waiting[caller]

    def _do(self, job: _Job, loop: asyncio.AbstractEventLoop) -> None:
        _this_thread.job = job
        result, error = None, None
        try:
            result = job.work()
        except BaseException as raised:
            error = raised
        _this_thread.job = None
        loop.call_soon_threadsafe(self._end, job, result, error)

    def _end(self, job: _Job, result: Any, error: BaseException | None) -> None:
        self._free += 1
        self._running[job.caller] -= 1
        if not self._running[job.caller]:
            del self._running[job.caller]
        if not job.done.done():
            if error is None:
                job.done.set_result(result)
            else:
                job.done.set_exception(error)
        self._begin()
