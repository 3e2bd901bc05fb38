"""The database of a running worker: watched for changes, and never accessed on a cached read."""

from __future__ import annotations

import asyncio
import logging
import time
from functools import partial
from typing import TYPE_CHECKING, NamedTuple, TypeVar
from urllib.parse import parse_qs

from features.errors import LianzhaoError
from features.workspace import Workspace
from service.access.keys import Access
from service.access.proxies import Proxies
from service.access.refusals import Refusals
from service.database.audit_log import AuditEntry, AuditLog
from service.database.connection import Database, DatabaseError, versions
from service.database.event_log import EventLog, SeenEvents
from service.database.feedback import Feedback
from service.database.key_store import KeyStore
from service.projects.projects import Projects
from service.pulse import Pulse
from service.threads import SharedThreads

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.access.keys import Caller
    from service.settings import Settings

log = logging.getLogger(__name__)

T = TypeVar("T")
_EVERY = 0.5
"""Interval in seconds of checks for changed keys and events of other workers."""
_FORGETS_EVERY = 3600.0
"""Interval in seconds at which old Idempotency-Keys are deleted, first at the start."""
_THREADS = 4
_PATIENCE_SECONDS = 10.0
"""Timeout of the database in seconds, including the wait for a free thread."""
_READS_BYTES = 8 * 2**20
"""Maximum bytes of the distinct reads of a second; further ones are counted together."""
_READ_BYTES = 600
"""Estimated bytes of a read besides its path and query."""


class AnsweredRequest(NamedTuple):
    """A read, cheap to note."""

    key_id: str | None
    role: str
    method: str
    route: str
    path: str
    query: bytes
    status: int
    zone: str | None = None
    """The zone that a body is about."""


class Ledger:
    """Events, keys and the audit log of one worker.

    Parameters
    ----------
    settings
    """

    def __init__(self, settings: Settings) -> None:
        self.database = Database(settings.home, settings.database())
        self.access = Access(proxies=Proxies(settings.trusted_proxies))
        self.keys = KeyStore(self.database)
        self.audit = AuditLog(self.database, settings.audit_days)
        self.events = EventLog(self.database)
        workspace = partial(Workspace, settings.home, part_rows=settings.part_rows)
        self.feedback = Feedback(workspace(self.events), self.events)
        self.projects = Projects(
            workspace(self.events), self.database, talk_days=settings.talk_days
        )
        self.seen = SeenEvents(self.events)
        self.workspace = workspace(self.seen)
        # Reads, writes and the check for changed keys do not wait for one another.
        self._reading = SharedThreads("database-reads", _THREADS, 1)
        self._writing = SharedThreads("database-writes", _THREADS)
        self._looking = SharedThreads("database-looks", 1)
        self._looks, self._look_lock = 0, asyncio.Lock()
        self._keys_seen: str | None = None
        self.refusals = Refusals()
        self._reads: dict[AnsweredRequest, int] = {}
        self._reads_weigh = 0
        self._closing = False
        self._watching = Pulse(_EVERY, self._look)
        self._away = False
        self._forgets_at = 0.0

    async def open(self) -> None:
        """Read keys and events, and start watching them."""
        await self._look()
        self._watching.open()

    async def close(self) -> None:
        """Write pending entries, and close the database."""
        await self._watching.close()
        self._closing = True
        await self._look()
        for threads in (self._reading, self._writing, self._looking):
            threads.close(wait=True)
        self.database.close()

    @property
    def state(self) -> str:
        """The state of the database within the last second: up or down."""
        return "down" if self._away else "up"

    async def read(self, work: Callable[[], T], caller: Caller) -> T:
        """Read from the database in a thread, within the share of a caller.

        Raises
        ------
        DatabaseError
            When the database does not answer in time.
        BusyError
            When too much of this caller's work is waiting.
        """
        return await self._run(self._reading, work, caller.key_id or "")

    async def write(self, work: Callable[[], T], caller: Caller) -> T:
        """Write to the database in a thread, within the share of a caller.

        Raises
        ------
        DatabaseError
            When the database does not answer in time. The write may still be made later.
        BusyError
            When too much of this caller's work is waiting.
        """
        return await self._run(self._writing, work, caller.key_id or "")

    async def _run(self, threads: SharedThreads, work: Callable[[], T], caller: str = "") -> T:
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await threads.run(work, caller)
        except TimeoutError as error:
            raise DatabaseError(
                f"the database has not answered for {_PATIENCE_SECONDS:.0f} s: send the same again "
                "under the same Idempotency-Key"
            ) from error

    async def change(self, work: Callable[[], T], caller: Caller) -> T:
        """Run work that changes something; the change is visible at once in this worker."""
        done = await self.write(work, caller)
        after = self._looks  # one check that starts from now on serves all waiting requests
        async with self._look_lock:
            if self._looks == after:
                await self._see()
        return done

    def note(self, read: AnsweredRequest, times: int = 1) -> None:
        """Note a read; it is written within a second, or when the database is available again."""
        noted = self._reads.get(read)
        if noted is None:
            weight = len(read.path) + len(read.query) + _READ_BYTES
            if self._reads_weigh + weight > _READS_BYTES:
                read = read._replace(path="", query=b"", zone=None)
                noted = self._reads.get(read)
                weight = _READ_BYTES
            self._reads_weigh += weight if noted is None else 0
        self._reads[read] = (noted or 0) + times

    async def _look(self) -> None:
        async with self._look_lock:
            await self._see()

    async def _see(self) -> None:
        self._looks += 1
        try:
            versions = await self._run(self._looking, self._versions)
            if versions.get("events", "") != self.seen.seen:
                await self._run(self._looking, self.seen.look)
            if (keys := versions.get("keys", "")) != self._keys_seen:
                self.access.replace(await self._run(self._looking, self.keys.list))
                self._keys_seen = keys
            await self._write_notes()
            if time.monotonic() >= self._forgets_at:
                self._forgets_at = time.monotonic() + _FORGETS_EVERY
                await self._run(self._writing, self.events.forget)
            self._away = False
        except LianzhaoError as error:
            if not self._away:
                log.warning(
                    "keys and events cannot be read, the last known ones stay in use: %s",
                    error.message,
                )
            self._away = True

    async def _write_notes(self) -> None:
        """Write reads and refusals to the audit log; keep those that cannot be written now."""
        reads, self._reads, self._reads_weigh = self._reads, {}, 0
        refused = self.refusals.take(self._closing)
        if not reads and not refused:
            return
        entries = dict(refused)
        for read, times in reads.items():
            entry = _entry(read)
            entries[entry] = entries.get(entry, 0) + times
        try:
            await self._run(self._writing, lambda: self.audit.add(entries))
        except LianzhaoError:
            for read, times in reads.items():
                self.note(read, times)
            self.refusals.give_back(refused)
            raise

    def _versions(self) -> dict[str, str]:
        return self.database.read(versions, {})


def _entry(read: AnsweredRequest) -> AuditEntry:
    asked = parse_qs(read.query.decode("latin-1"))
    parts = [asked[name][0] for name in ("need_id", "zone_id", "industry") if name in asked]
    target = "/".join(parts) or read.zone or (read.path if "{" in read.route else None)
    return AuditEntry(read.key_id, read.role, read.method, read.route, target, read.status)
