"""Threads that several callers share fairly: no caller takes all of them, and turns go round."""

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
"""Work of one caller that may wait; what comes beyond is refused at once."""
_this_thread = threading.local()


class BusyError(UnavailableError):
    """Too much of one caller's work is waiting already."""

    code = "busy"


class AbandonedError(Exception):
    """No request waits for this work any more: raised within it, to end it."""


def check_wanted() -> None:
    """End the work of this thread where no request waits for it; to be called in long loops.

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
    """Does blocking work in threads, on behalf of callers.

    All methods are for the event loop's thread.

    Parameters
    ----------
    name
        Of the threads.
    threads
        How many.
    share
        How many of them one caller's work may take at a time; by default all but one, so that
        there is always one for others.
    """

    def __init__(self, name: str, threads: int, share: int | None = None) -> None:
        self.share = max(1, threads - 1) if share is None else share
        self._free = threads
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
        self._running: Counter[str] = Counter()
        self._waiting: OrderedDict[str, deque[_Job]] = OrderedDict()

    @property
    def waiting(self) -> int:
        """How much work waits for a thread."""
        return sum(map(len, self._waiting.values()))

    async def run(self, work: Callable[[], T], caller: str = "") -> T:
        """Do work in a thread when it is the caller's turn.

        Work whose waiting is cancelled is not begun, or ends at its next `check_wanted`.

        Raises
        ------
        BusyError
            When too much of this caller's work is waiting.
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
        """Begin nothing more, and wait for what is under way where that is asked for."""
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
