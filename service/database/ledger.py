"""The database as a running worker uses it: never on the way of a read, watched for changes."""

from __future__ import annotations

import asyncio
import logging
import time
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
"""Seconds between two looks for changed keys and events: so late, at most, another worker's are
seen."""
_FORGETS_EVERY = 3600.0
"""Seconds between two times that old Idempotency-Keys are dropped, the first at the start."""
_THREADS = 4
_PATIENCE_SECONDS = 10.0
"""How long the database is waited for, with the wait for a free thread."""
_READS_BYTES = 8 * 2**20
"""What the different reads of a second may weigh; beyond, they are counted together."""
_READ_BYTES = 600
"""What a read weighs besides its path and query."""


class AnsweredRequest(NamedTuple):
    """A read as it came, cheap to note."""

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
        self.feedback = Feedback(Workspace(settings.home, self.events), self.events)
        self.projects = Projects(
            Workspace(settings.home, self.events), self.database, talk_days=settings.talk_days
        )
        self.seen = SeenEvents(self.events)
        self.workspace = Workspace(settings.home, self.seen)
        # Reads, writes and the look for changed keys do not wait for one another.
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
        """Learn the keys and events that there are, and watch them from now on."""
        await self._look()
        self._watching.open()

    async def close(self) -> None:
        """Write what is still to be written, and let go of the database."""
        await self._watching.close()
        self._closing = True
        await self._look()
        for threads in (self._reading, self._writing, self._looking):
            threads.close(wait=True)
        self.database.close()

    @property
    def state(self) -> str:
        """What there is to say of the database, as seen within the last second: up or down."""
        return "down" if self._away else "up"

    async def read(self, work: Callable[[], T], caller: Caller) -> T:
        """Read from the database in a thread, within the share of a caller.

        Raises
        ------
        DatabaseError
            When the database stands still.
        BusyError
            When too much of this caller's work is waiting.
        """
        return await self._run(self._reading, work, caller.key_id or "")

    async def write(self, work: Callable[[], T], caller: Caller) -> T:
        """Write to the database in a thread, within the share of a caller.

        Raises
        ------
        DatabaseError
            When the database stands still. What had begun may still be done when it goes on.
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
        """Do work that changes something, and see the change at once in this worker."""
        done = await self.write(work, caller)
        after = self._looks  # one look that begins from now on does for all who wait
        async with self._look_lock:
            if self._looks == after:
                await self._see()
        return done

    def note(self, read: AnsweredRequest, times: int = 1) -> None:
        """Note who read what; it is written within a second, or when the database is back."""
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
                log.warning("keys and events stay as they were last seen: %s", error.message)
            self._away = True

    async def _write_notes(self) -> None:
        """Write into the audit log who read what and who was refused; keep what cannot be now."""
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
