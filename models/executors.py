"""Executors: one function over many tasks, in this process, in others here, or on a cluster.

A task is plain data, and what is done with it depends on nothing else but files that every worker
sees: so it can be done again, by whoever is there. Results come back in the order of the tasks.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from abc import ABC, abstractmethod
from collections import deque
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import TYPE_CHECKING, Generic, Protocol, Self, TypeVar

from threadpoolctl import threadpool_limits

from features.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from concurrent.futures import Future

T = TypeVar("T")
R = TypeVar("R")
R_co = TypeVar("R_co", covariant=True)

ATTEMPTS = 4
"""How often a task is begun whose worker is lost, before that is taken for the task's own fault."""
_AHEAD = 2
"""Number of tasks submitted per worker before the first result is awaited."""
_LOOK_SECONDS = 1.0


class WorkerLostError(UnavailableError):
    """A task whose workers were ended each time, as those are that memory does not suffice for."""

    code = "worker-lost"


class Pending(Protocol[R_co]):
    """A task that was handed out."""

    def result(self) -> R_co:
        """Wait for its result, and return it; what the task raised is raised here."""


class Executor(ABC):
    """Has tasks done; a context, which ends its workers.

    Attributes
    ----------
    workers : int
        How many tasks are done at once.
    """

    workers: int = 1

    @abstractmethod
    def submit(self, work: Callable[[T], R], task: T) -> Pending[R]:
        """Hand out a task; `work` is a function of a module."""

    def each(self, work: Callable[[T], R], tasks: Iterable[T]) -> Iterator[R]:
        """Yield the results of tasks in their order; only a few tasks are handed out ahead."""
        waiting: deque[Pending[R]] = deque()
        for task in tasks:
            waiting.append(self.submit(work, task))
            if len(waiting) >= _AHEAD * self.workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    @abstractmethod
    def close(self) -> None:
        """End the workers; tasks that are not done are dropped."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class InProcess(Executor):
    """Does every task at once, here."""

    def submit(self, work: Callable[[T], R], task: T) -> Pending[R]:
        """Do a task."""
        return _Done(work(task))

    def close(self) -> None:
        """Nothing is to be ended."""


class _Done(Generic[R]):
    def __init__(self, found: R) -> None:
        self._found = found

    def result(self) -> R:
        return self._found


class LocalProcesses(Executor):
    """Processes of this machine, one BLAS thread each.

    A process that is ended from outside is replaced, and the tasks that were with it are begun
    again.

    Parameters
    ----------
    workers : int
    """

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._lock = threading.Lock()

    def submit(self, work: Callable[[T], R], task: T) -> Pending[R]:
        """Hand out a task."""
        return _Retried(self, work, task)

    def begin(self, work: Callable[[T], R], task: T) -> tuple[ProcessPoolExecutor, Future[R]]:
        """Begin a task, in processes that are started where there are none."""
        while True:
            pool = self._running()
            try:
                return pool, pool.submit(work, task)
            except BrokenProcessPool:  # by another task
                self.replace(pool)

    def _running(self) -> ProcessPoolExecutor:
        with self._lock:
            if self._pool is None:
                self._pool = ProcessPoolExecutor(
                    self.workers,
                    # A fork of a process with threads may stand still for ever.
                    mp_context=multiprocessing.get_context("spawn"),
                    initializer=set_up,
                    initargs=(os.getpid(),),
                )
            return self._pool

    def replace(self, broken: ProcessPoolExecutor) -> None:
        """Take other processes from now on; those of the broken pool end by themselves."""
        with self._lock:
            if self._pool is broken:
                self._pool = None
        broken.shutdown(wait=False, cancel_futures=True)

    def close(self) -> None:
        """End the processes, once what they are at is done."""
        with self._lock:
            pool, self._pool = self._pool, None
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


class _Retried(Generic[T, R]):
    """A task of `LocalProcesses`."""

    def __init__(self, executor: LocalProcesses, work: Callable[[T], R], task: T) -> None:
        self._executor, self._work, self._task = executor, work, task
        self._begun = executor.begin(work, task)

    def result(self) -> R:
        for attempt in range(1, ATTEMPTS + 1):
            pool, future = self._begun
            try:
                return future.result()
            except BrokenProcessPool as error:
                self._executor.replace(pool)
                if attempt == ATTEMPTS:
                    raise lost(attempt) from error
                self._begun = self._executor.begin(self._work, self._task)
        raise AssertionError


def lost(attempts: int) -> WorkerLostError:
    """Return the error of a task whose workers were ended each time."""
    return WorkerLostError(
        f"a task was begun {attempts} times, and each time its worker was ended from outside, as "
        "those are that memory does not suffice for: take more shards or fewer workers",
        got=f"{attempts} attempts",
        expected="workers with memory enough for a shard",
    )


def set_up(parent: int) -> None:
    """Make this process a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the parent
    threadpool_limits(1, user_api="blas")
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    """End this process when its parent is gone, even when that was killed."""
    while os.getppid() == parent:
        time.sleep(_LOOK_SECONDS)
    os._exit(1)
