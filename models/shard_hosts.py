"""Hosts of the shards of a pool in service: a process for each shard, which keeps it open.

A lost host is replaced in the background. Until the new one has read its shard, the shard is
unavailable, and requests do not wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakSet

from features.errors import DamagedError
from models.artifact import UnfitModelError
from models.executors import LocalProcesses
from models.sharded import Sharded
from models.shards import (
    Shard,
    ShardTask,
    ShardUnavailableError,
    UnavailableShard,
    answer,
    is_read,
    spans,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from concurrent.futures import Future, ProcessPoolExecutor

    from models.executors import Pending
    from models.retrieval import Retriever
    from models.shards import ShardFiles, Span

    FilesOf = Callable[[Span], ShardFiles]

T = TypeVar("T")

log = logging.getLogger(__name__)

OPENING_SECONDS = 120.0
"""Timeout for starting a host and reading its shard, when a version is loaded."""
CHECK_SECONDS = 1.0
"""Interval of the checks of idle and of unavailable hosts."""
_DEEP = 12
"""How many times longer a request may take that computes every factor for a whole shard."""
_POLL_SECONDS = 0.05
_ENDED = "its process was ended"
_REFUSALS = (DamagedError, UnfitModelError)


class HostLostError(Exception):
    """A host was ended or cannot be reached."""


class HostReply(ABC):
    """The reply of a host, once it is there."""

    @abstractmethod
    def result(self, seconds: float) -> Any:
        """Wait for the result and return it; an error of the shard is raised here.

        Raises
        ------
        TimeoutError
            When there is none after so many seconds; it can be waited for again.
        HostLostError
        """

    @abstractmethod
    def cancel(self) -> None:
        """Cancel the request, unless the host has begun with it."""


class ShardHost(ABC):
    """Answers the requests to one shard, of any version."""

    @abstractmethod
    def submit(self, work: Callable[[T], Any], task: T) -> HostReply:
        """Submit a request (HostLostError); a lost host is started again.

        Parameters
        ----------
        work : callable
            `models.shards.answer` or `is_read`.
        task : ShardTask or ShardFiles
        """

    @abstractmethod
    def close(self) -> None:
        """End it."""


class ProcessHost(ShardHost):
    """A process of this machine, which ends with this one."""

    def __init__(self) -> None:
        self._processes = LocalProcesses(1)

    def submit(self, work: Callable[[T], Any], task: T) -> HostReply:
        """Submit a request."""
        try:
            return _ProcessReply(self._processes, *self._processes.begin_once(work, task))
        except BrokenProcessPool as error:
            raise HostLostError(_ENDED) from error

    @property
    def pids(self) -> list[int]:
        """The ids of its processes."""
        return self._processes.pids

    def close(self) -> None:
        """End it after the request in progress."""
        self._processes.close()


class _ProcessReply(HostReply):
    def __init__(
        self, processes: LocalProcesses, pool: ProcessPoolExecutor, future: Future[Any]
    ) -> None:
        self._processes, self._pool, self._future = processes, pool, future

    def result(self, seconds: float) -> Any:
        try:
            return self._future.result(seconds)
        except BrokenProcessPool as error:
            self._processes.replace(self._pool)
            raise HostLostError(_ENDED) from error

    def cancel(self) -> None:
        self._future.cancel()


class ShardGroup:
    """The hosts of all shards of a pool, for every version in service or spare.

    Parameters
    ----------
    hosts : sequence of ShardHost
        One for each shard.
    seconds : float
        Timeout of a request, after which a shard is unavailable.
    """

    def __init__(self, hosts: Sequence[ShardHost], seconds: float) -> None:
        self.hosts, self.seconds = hosts, seconds
        self._served: WeakSet[ServedShards] = WeakSet()
        self._closed = threading.Event()
        self._checking = threading.Thread(target=self._check, name="shards", daemon=True)

    def serve(self, whole: Retriever, files: FilesOf) -> ServedShards:
        """Return the retriever of a version by these hosts, after they have read their shards.

        Parameters
        ----------
        whole : Retriever
            Of the whole pool.
        files : callable
            Returns the files of a shard of the version.

        Raises
        ------
        DamagedError, UnfitModelError
            When the files of a shard are missing, altered or of another version; the message names
            the shard. A host that does not answer is no error: its shard is unavailable.
        """
        served = ServedShards(whole, self, files)
        served.open()
        self._served.add(served)
        if not self._checking.is_alive():
            self._checking.start()
        return served

    def close(self) -> None:
        """End the hosts."""
        self._closed.set()
        for host in self.hosts:
            host.close()

    def _check(self) -> None:
        while not self._closed.wait(CHECK_SECONDS):
            for served in tuple(self._served):
                try:
                    served.check()
                except Exception:
                    log.exception("the hosts of shards cannot be checked")


class ServedShards(Sharded):
    """Ranks one version of a pool by the hosts of its shards.

    Parameters
    ----------
    whole : Retriever
    group : ShardGroup
    files : callable
        See `ShardGroup.serve`.
    """

    def __init__(self, whole: Retriever, group: ShardGroup, files: FilesOf) -> None:
        parts = spans(len(whole.bound.pool), len(group.hosts))
        super().__init__(whole, parts, self._request)
        self._group = group
        self._files = [files(span) for span in parts]
        self._index = {span: at for at, span in enumerate(parts)}
        self._reasons: dict[int, str] = {}
        self._busy_until = [0.0] * len(parts)
        self._reopening: dict[int, HostReply] = {}
        self._lock = threading.Lock()

    @property
    def unavailable(self) -> list[UnavailableShard]:
        """The unavailable shards, with the reasons."""
        with self._lock:
            return [UnavailableShard(at + 1, why) for at, why in sorted(self._reasons.items())]

    def open(self) -> None:
        """Have every host read its shard (DamagedError, UnfitModelError)."""
        ends, unread = time.monotonic() + OPENING_SECONDS, set(range(len(self.spans)))
        while unread:
            replies = {at: self._submit(at, is_read, self._files[at]) for at in sorted(unread)}
            for at, reply in replies.items():
                try:
                    if self._wait(at, reply, max(ends - time.monotonic(), 0.0)):
                        unread.remove(at)
                except _REFUSALS as error:
                    message = f"shard {at + 1} of {len(self.spans)} is refused: {error.message}"
                    raise type(error)(message, got=error.got, expected=error.expected) from error
                except ShardUnavailableError:  # it is checked again later
                    unread.remove(at)
            if time.monotonic() > ends:
                for at in unread:
                    self._mark_unavailable(at, "it was not read in time")
                break
            if unread:
                time.sleep(_POLL_SECONDS)

    def check(self) -> None:
        """Check idle hosts, and unavailable ones, which have to read their shards first."""
        now = time.monotonic()
        for at in tuple(self._reasons):
            if at in self._reopening:
                continue
            if reply := self._submit(at, is_read, self._files[at]):
                self._reopening[at] = reply
        idle = [at for at, until in enumerate(self._busy_until) if until < now]
        replies = {at: self._put(at, Shard.size, None) for at in idle if at not in self._reasons}
        for at, pending in replies.items():
            with suppress(ShardUnavailableError):
                self._result(at, pending, self._group.seconds)
        for at, reply in tuple(self._reopening.items()):
            self._check_reopened(at, reply)

    def _check_reopened(self, at: int, reply: HostReply) -> None:
        """Take a shard back into service if its host has read it."""
        try:
            if reply.result(0.0):
                self._mark_available(at)
        except TimeoutError:
            return
        except Exception as error:
            self._mark_unavailable(at, str(error) or type(error).__name__)
        del self._reopening[at]

    def _request(self, span: Span, method: Callable[[Shard, Any], Any], asked: Any) -> Pending[Any]:
        """Submit a request to a shard, unless it is unavailable."""
        at = self._index[span]
        seconds = self._group.seconds * (_DEEP if method is Shard.best else 1)
        # A host at work would answer a check too late.
        self._busy_until[at] = max(self._busy_until[at], time.monotonic() + seconds)
        reply = None if at in self._reasons else self._put(at, method, asked)
        return _Pending(partial(self._result, at, reply, seconds))

    def _result(self, at: int, reply: HostReply | None, seconds: float) -> Any:
        """Return the result of a request; a shard that cannot read its files is unavailable too."""
        try:
            return self._wait(at, reply, seconds)
        except _REFUSALS as error:
            self._mark_unavailable(at, error.message)
            raise self._error(at) from error

    def _put(self, at: int, method: Callable[[Shard, Any], Any], asked: Any) -> HostReply | None:
        """Submit a request to an open shard."""
        return self._submit(at, answer, ShardTask(self._files[at], method, asked))

    def _submit(self, at: int, work: Callable[[T], Any], task: T) -> HostReply | None:
        """Submit a request; if the host is lost, the shard is unavailable, and None returned."""
        try:
            return self._group.hosts[at].submit(work, task)
        except HostLostError as error:
            self._mark_unavailable(at, str(error))
            return None

    def _wait(self, at: int, reply: HostReply | None, seconds: float) -> Any:
        """Return the result of a request (ShardUnavailableError, and errors of the shard)."""
        if reply is not None:
            try:
                return reply.result(seconds)
            except HostLostError as error:
                self._mark_unavailable(at, str(error))
            except TimeoutError:
                reply.cancel()
                self._mark_unavailable(at, f"it did not answer within {seconds:.3g} seconds")
        raise self._error(at)

    def _error(self, at: int) -> ShardUnavailableError:
        with self._lock:
            reason = self._reasons.get(at, "it was lost a moment ago")
        return ShardUnavailableError(
            f"shard {at + 1} of {len(self.spans)} is unavailable: {reason}",
            got=f"shard {at + 1}",
            expected="an answer of every shard",
        )

    def _mark_unavailable(self, at: int, reason: str) -> None:
        with self._lock:
            is_new = at not in self._reasons
            self._reasons[at] = reason
        if is_new:
            log.warning("shard %d of %d is unavailable: %s", at + 1, len(self.spans), reason)

    def _mark_available(self, at: int) -> None:
        with self._lock:
            reason = self._reasons.pop(at, None)
        if reason is not None:
            log.warning("shard %d of %d is available again", at + 1, len(self.spans))


class _Pending:
    """A request whose result is waited for when it is needed."""

    def __init__(self, result: Callable[[], Any]) -> None:
        self.result = result
