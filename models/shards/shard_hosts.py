"""Hosts of a shard: one or more replicas, which keep it open.

A request goes to one replica, and to the next one if that is lost. A lost host is replaced in the
background. Until the new one has read its shard, it gets no requests; a shard without a replica is
unavailable, and requests do not wait for it.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from features.errors import DamagedError
from models.retrieval.spans import ShardUnavailableError
from models.shards.open_shards import ShardTask, answer, is_read
from models.shards.shards import Shard
from models.storage.artifact import UnfitModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.shards.open_shards import ShardFiles

T = TypeVar("T")

log = logging.getLogger(__name__)

_DEEP = 12
"""How many times longer a request may take that computes every factor for a whole shard."""
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
            `models.shards.open_shards.answer` or `is_read`.
        task : ShardTask or ShardFiles
        """

    @abstractmethod
    def close(self) -> None:
        """Leave it."""


class ServedShard:
    """A shard of one version, and its replicas.

    Parameters
    ----------
    name : str
        As in messages.
    hosts : sequence of ShardHost
    files : ShardFiles
    seconds : float
        Timeout of a request.
    """

    def __init__(
        self, name: str, hosts: Sequence[ShardHost], files: ShardFiles, seconds: float
    ) -> None:
        self.name, self.seconds = name, seconds
        several = [f"replica {at} of {name}" for at in range(1, len(hosts) + 1)]
        names = several if len(hosts) > 1 else [name]
        self.replicas = [Replica(own, host, files) for own, host in zip(names, hosts, strict=True)]
        self._turns = count()

    @property
    def unavailable(self) -> list[tuple[int, str]]:
        """The numbers of unavailable replicas, from 1, and the reasons."""
        return [(at, why) for at, one in enumerate(self.replicas, start=1) if (why := one.reason)]

    @property
    def reason(self) -> str | None:
        """Why the shard is unavailable; None while a replica is available."""
        found = self.unavailable
        if len(found) < len(self.replicas):
            return None
        if len(found) == 1:
            return found[0][1]
        return "; ".join(f"replica {at}: {why}" for at, why in found)

    def available(self, tried: Sequence[Replica]) -> Replica | None:
        """Return an available replica that was not tried, in turn."""
        left = [one for one in self.replicas if one.reason is None and one not in tried]
        return left[next(self._turns) % len(left)] if left else None

    def check_accepted(self) -> None:
        """Raise the refusal of the files by every replica (DamagedError, UnfitModelError)."""
        refusals = [one.refusal for one in self.replicas if one.refusal is not None]
        if len(refusals) == len(self.replicas):
            error = refusals[0]
            message = f"{self.name} is refused: {error.message}"
            raise type(error)(message, got=error.got, expected=error.expected) from error


class Replica:
    """A host with a shard of one version; available once the host has read it.

    Parameters
    ----------
    name : str
        As in messages.
    host : ShardHost
    files : ShardFiles

    Attributes
    ----------
    reason : str or None
        Why it is unavailable; None while it is available.
    refusal : DamagedError or UnfitModelError or None
        Why the host refused the files when it last tried to read them.
    busy_until : float
        When a host at work would be late, and should not be checked before.
    """

    def __init__(self, name: str, host: ShardHost, files: ShardFiles) -> None:
        self.reason: str | None = "it has not been read yet"
        self.refusal: DamagedError | UnfitModelError | None = None
        self.busy_until = 0.0
        self._name, self._host, self._files = name, host, files
        self._opening: HostReply | None = None
        self._lock = threading.Lock()

    def submit(self, method: Callable[[Shard, Any], Any], asked: Any) -> HostReply | None:
        """Submit a request; if the host is lost, it is unavailable, and None returned."""
        try:
            return self._host.submit(answer, ShardTask(self._files, method, asked))
        except HostLostError as error:
            self._mark_unavailable(str(error))
            return None

    def result(self, reply: HostReply | None, seconds: float) -> Any:
        """Return the result of a request (HostLostError, after which it is unavailable)."""
        if reply is None:
            raise HostLostError(self.reason)
        try:
            return reply.result(seconds)
        except HostLostError as error:
            reason = str(error)
        except TimeoutError:
            reply.cancel()
            reason = f"it did not answer within {seconds:.3g} seconds"
        except _REFUSALS as error:
            reason = error.message
        self._mark_unavailable(reason)
        raise HostLostError(reason)

    def reopen(self, reason: str) -> None:
        """Make it unavailable until its host has read the shard again."""
        self._mark_unavailable(reason)
        self.is_opening()

    def is_opening(self) -> bool:
        """Have the host of an unavailable replica read the shard; return whether it is at it."""
        with self._lock:  # the check of all hosts, and a request that notices changes
            return self.reason is not None and self._goes_on_opening()

    def _goes_on_opening(self) -> bool:
        try:
            if self._opening is None:
                self._opening = self._host.submit(is_read, self._files)
            if not self._opening.result(0.0):
                self._opening = None
                return True
            self._mark_available()
        except TimeoutError:
            return True
        except _REFUSALS as error:
            self.refusal = error
            self._mark_unavailable(error.message)
        except Exception as error:
            self._mark_unavailable(str(error) or type(error).__name__)
        self._opening = None
        return False

    def _mark_unavailable(self, reason: str) -> None:
        if self.reason != reason:
            log.warning("%s is unavailable: %s", self._name, reason)
        self.reason = reason

    def _mark_available(self) -> None:
        log.info("%s is available", self._name)
        self.reason = self.refusal = None


class ShardRequest:
    """A request to a shard, which goes to another replica if the first one is lost."""

    def __init__(self, shard: ServedShard, method: Callable[[Shard, Any], Any], asked: Any) -> None:
        self._shard, self._method, self._asked = shard, method, asked
        self._seconds = shard.seconds * (_DEEP if method is Shard.best else 1)
        self._tried: list[Replica] = []
        self._reply: HostReply | None = None
        self._begin()

    def result(self) -> Any:
        """Return the result (ShardUnavailableError if there is no replica left)."""
        while self._tried:
            with suppress(HostLostError):
                return self._tried[-1].result(self._reply, self._seconds)
            if not self._begin():
                break
        raise ShardUnavailableError(
            f"{self._shard.name} is unavailable: {self._shard.reason or 'it was lost just now'}",
            got=self._shard.name,
            expected="an answer of every shard",
        )

    def _begin(self) -> bool:
        """Submit the request to a replica that was not tried; return whether there is one."""
        replica = self._shard.available(self._tried)
        if replica is None:
            return False
        self._tried.append(replica)
        replica.busy_until = max(replica.busy_until, time.monotonic() + self._seconds)
        self._reply = replica.submit(self._method, self._asked)
        return True
