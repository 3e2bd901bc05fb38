"""A pool in service by shards: every version is ranked by the same hosts."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from models.retrieval.spans import (
    ShardUnavailableError,
    UnavailableReplica,
    UnavailableShard,
    spans,
)
from models.shards.shard_hosts import HostLostError, ServedShard, ShardRequest
from models.shards.sharded import Begun, Sharded
from models.shards.shards import Shard
from models.storage.checked_files import have_changed, marks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from models.executors import Pending
    from models.retrieval.retrieval import Retriever, Wanted
    from models.retrieval.spans import Span
    from models.shards.open_shards import ShardFiles
    from models.shards.shard_hosts import ShardHost

    FilesOf = Callable[[Span], ShardFiles]

log = logging.getLogger(__name__)

OPENING_SECONDS = 120.0
"""Timeout for starting a host and reading its shard, when a version is loaded."""
CHECK_SECONDS = 1.0
"""Interval of the checks of idle and of unavailable hosts."""
_POLL_SECONDS = 0.05


class ShardGroup:
    """The hosts of all shards of a pool, for every version in service or spare.

    Parameters
    ----------
    hosts : sequence of sequences of ShardHost
        For each shard, its replicas.
    seconds : float
        Timeout of a request, after which a replica is unavailable.
    close : callable, optional
        Ends the hosts.
    """

    def __init__(
        self,
        hosts: Sequence[Sequence[ShardHost]],
        seconds: float,
        close: Callable[[], None] | None = None,
    ) -> None:
        self.hosts, self.seconds, self._end = hosts, seconds, close
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
            the shard. A host that does not answer is no error: its replica is unavailable.
        """
        served = ServedShards(whole, self, files)
        served.open()
        self._served.add(served)
        if not self._checking.is_alive():
            self._checking.start()
        return served

    def close(self) -> None:
        """Leave the hosts, and end those of this service."""
        self._closed.set()
        for replicas in self.hosts:
            for host in replicas:
                host.close()
        if self._end is not None:
            self._end()

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
        self.replicas, self._seconds = max(map(len, group.hosts)), group.seconds
        self._shards = {
            span: ServedShard(f"shard {at} of {len(parts)}", hosts, files(span), group.seconds)
            for at, (span, hosts) in enumerate(zip(parts, group.hosts, strict=False), start=1)
        }
        self._all = [one for shard in self._shards.values() for one in shard.replicas]
        self._folder = Path(files(parts[0]).prepared)
        self._mapped = marks(self._folder)
        self._have_changed = False

    @property
    def unavailable(self) -> list[UnavailableShard]:
        """The unavailable shards, with the reasons."""
        shards = enumerate(self._shards.values(), start=1)
        return [UnavailableShard(at, why) for at, shard in shards if (why := shard.reason)]

    @property
    def unavailable_replicas(self) -> list[UnavailableReplica]:
        """The unavailable replicas of all shards, with the reasons."""
        return [
            UnavailableReplica(at, number, why)
            for at, shard in enumerate(self._shards.values(), start=1)
            for number, why in shard.unavailable
        ]

    @property
    def is_outdated(self) -> bool:
        """Whether files that this process maps were replaced by others, which the hosts accept."""
        return self._have_changed and not self.unavailable

    def open(self) -> None:
        """Have every host read its shard (DamagedError, UnfitModelError)."""
        ends = time.monotonic() + OPENING_SECONDS
        while sum(one.is_opening() for one in self._all) and time.monotonic() < ends:
            time.sleep(_POLL_SECONDS)
        for shard in self._shards.values():
            shard.check_accepted()

    def check(self) -> None:
        """Check idle hosts, and unavailable ones, which have to read their shards first."""
        self._notice_changes()
        now = time.monotonic()
        idle = [one for one in self._all if one.reason is None and one.busy_until < now]
        replies = [(one, one.submit(Shard.size, None)) for one in idle]
        for one in self._all:
            one.is_opening()
        for one, reply in replies:
            with suppress(HostLostError):
                one.result(reply, self._seconds)

    def _notice_changes(self) -> None:
        """Have every host check files that have changed, before it gets another request."""
        if not self._have_changed and have_changed(self._folder, self._mapped):
            self._have_changed = True
            for one in self._all:
                one.reopen(f"files in {self._folder} have changed")

    def _begin(self, group: Sequence[Wanted], *, partly: bool = False) -> Begun:
        """Begin as `Sharded`, unless files that this process maps have changed."""
        self._notice_changes()
        if self._have_changed:
            reasons = [why for _, why in self.unavailable] or ["its files are opened again"]
            raise ShardUnavailableError(
                f"shard 1 of {len(self.spans)} is unavailable: {reasons[0]}",
                got=str(self._folder),
                expected="files that never change",
            )
        return super()._begin(group, partly=partly)

    def _request(self, span: Span, method: Callable[[Shard, Any], Any], asked: Any) -> Pending[Any]:
        """Submit a request to a shard, unless it is unavailable."""
        return ShardRequest(self._shards[span], method, asked)
