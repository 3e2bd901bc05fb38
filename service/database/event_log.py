"""The log of recorded and retracted events: each once, and durable when acknowledged."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import sqlalchemy as sa

from features.errors import ConflictError
from features.storage.retractions import SCHEMA
from features.storage.snapshot import LogContent
from features.tables.schema import SCHEMAS
from service.database.audit_log import note, of_command
from service.database.connection import renew, utc_now, versions
from service.database.idempotency import remember, stored_answer
from service.database.project_store import part_from, rewrite, settle
from service.database.schema import ANSWERS, EVENTS, RETRACTIONS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager

    from service.database.audit_log import AuditEntry
    from service.database.connection import Database

IDEMPOTENT_DAYS = 30
"""Days that Idempotency-Keys are remembered."""
_COLUMNS = tuple(SCHEMAS["events"].column_names())
OF_LIST = ("list_id", "rank", "model_version")
"""The columns that name the list of leads that an event came from; null for imported events."""


class Recording(NamedTuple):
    """The result of recording an event.

    `new` is false if another request had recorded the event. `first` is true only if this call
    recorded it: a repeated answer is new, but not first.
    """

    event: dict[str, Any]
    new: bool
    first: bool


class _Read(NamedTuple):
    """The log as read.

    `rewritten` is the version of the rows that may have changed, `last` the number of the last
    event.
    """

    content: LogContent
    rewritten: str
    last: int


class EventLog:
    """The events in the database, reread only when they have changed.

    Parameters
    ----------
    database
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._read = _UNREAD
        self._lock = threading.Lock()

    @property
    def seen(self) -> str:
        """The version that was read last."""
        return self._read.content.version

    def version(self) -> str:
        """Return the version of the log; "" while it is empty."""
        nothing: dict[str, str] = {}
        return self.database.read(versions, nothing).get("events", "")

    def content(self) -> LogContent:
        """Return the contents of the log, reread only when it has changed."""

        def work(connection: sa.Connection) -> _Read:
            found, before = versions(connection), self._read
            version, rewritten = found.get("events", ""), found.get("rewritten", "")
            if version == before.content.version:
                return before
            known = before if rewritten == before.rewritten else _UNREAD
            last = connection.execute(sa.select(sa.func.max(EVENTS.c.number))).scalar() or 0
            taken = [tuple(row) for row in connection.execute(sa.select(*_RETRACTED))]
            new = _recorded(connection, known.last, last)
            content = LogContent(
                version,
                pl.concat([known.content.recorded, new]),
                pl.DataFrame(taken, schema=SCHEMA, orient="row"),
            )
            return _Read(content, rewritten, last)

        with self._lock:
            self._read = self.database.read(work, self._read)
            return self._read.content

    def recorded(self) -> pl.DataFrame:
        """Return the recorded events in the columns of the table, including retracted ones."""
        return self.content().recorded

    def retractions(self) -> pl.DataFrame:
        """Return retractions of recorded and imported events (`features.storage.retractions`)."""
        return self.content().retractions

    def changed_at(self) -> datetime.datetime | None:
        """Return the time of the last change, in UTC; None while the log is empty."""

        def work(connection: sa.Connection) -> datetime.datetime | None:
            times = [
                connection.execute(sa.select(sa.func.max(column))).scalar()
                for column in (EVENTS.c.recorded_at, RETRACTIONS.c.retracted_at)
            ]
            return max((at for at in times if at is not None), default=None)

        return self.database.read(work, None)

    def record(
        self,
        event: Mapping[str, Any],
        entry: AuditEntry,
        *,
        idempotency_key: str | None = None,
        asked: str = "",
        imported_of: Callable[[str], dict[str, Any] | None] = lambda _: None,
    ) -> Recording:
        """Record an event with its entry in the audit log, unless it was recorded before.

        Parameters
        ----------
        event
            The columns of the table, and `OF_LIST` if it came from a list.
        entry
            The caller, for the audit log.
        idempotency_key, asked
            The same request under the same key gets the event recorded first; `asked` is a hash of
            the request.
        imported_of
            Returns the imported event of an id, if there is one.

        Raises
        ------
        ReusedKeyError
            When the key came with another request before.
        ConflictError
            When there is another event of this id.
        """
        owner = entry.key_id or ""

        def work(connection: sa.Connection) -> Recording:
            if idempotency_key is not None:
                found = stored_answer(connection, owner, idempotency_key, asked)
                if found is not None:
                    id_ = found.event_id
                    again = id_ and (_known(connection, id_) or imported_of(id_))
                    if not again:
                        raise ConflictError(
                            f"the event {id_!r} of this Idempotency-Key was removed",
                            field="Idempotency-Key",
                            got=idempotency_key,
                            expected="a new key for a new event",
                        )
                    return Recording(again, new=found.new, first=False)
            before = _known(connection, event["event_id"]) or imported_of(event["event_id"])
            if before is not None:
                if any(before.get(name) != event.get(name) for name in (*_COLUMNS, *OF_LIST)):
                    raise ConflictError(
                        f"there is another event of the id {event['event_id']!r}: retract it, and "
                        "record a new one",
                        field="event_id",
                        got=event["event_id"],
                        expected="a new id, or none",
                    )
            else:
                append(connection, [{**event, "key_id": entry.key_id}])
                note(connection, entry)
            if idempotency_key is not None:
                new, id_ = before is None, event["event_id"]
                remember(connection, owner, idempotency_key, asked, event_id=id_, new=new)
            return Recording(dict(event), new=before is None, first=before is None)

        return self.database.write(work)

    def retract(
        self, event_id: str, need_id: str | None, zone_id: str | None, entry: AuditEntry
    ) -> datetime.datetime:
        """Retract an event about a need or zone and return the time of the first retraction."""
        what = {"event_id": event_id, "need_id": need_id or "", "zone_id": zone_id or ""}

        def work(connection: sa.Connection) -> datetime.datetime:
            at, first = retract(connection, what, entry.key_id)
            if first:
                note(connection, entry)
            return at

        return self.database.write(work)

    def lists_of(self, event_ids: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Return `OF_LIST` of the given events that came from a list, by id."""
        columns = [EVENTS.c[name] for name in ("event_id", *OF_LIST)]
        asked = sa.select(*columns).where(
            EVENTS.c.event_id.in_(event_ids), EVENTS.c.list_id.is_not(None)
        )
        nothing: list[dict[str, Any]] = []
        rows = self.database.read(
            lambda connection: [row._asdict() for row in connection.execute(asked)], nothing
        )
        return {row.pop("event_id"): row for row in rows}

    def forget(self) -> None:
        """Delete Idempotency-Keys older than `IDEMPOTENT_DAYS`; their events stay."""
        oldest = utc_now() - timedelta(days=IDEMPOTENT_DAYS)
        old = sa.delete(ANSWERS).where(ANSWERS.c.answered_at < oldest)
        if self.database.exists:
            self.database.write(lambda connection: connection.execute(old))

    @contextmanager
    def removing(self, column: str, id_: str) -> Iterator[int]:
        """Remove the recorded events of that id unless the context fails; yield their number."""
        which = EVENTS.c[column] == id_
        count = sa.select(sa.func.count()).select_from(EVENTS).where(which)
        found = self.database.read(lambda connection: connection.execute(count).scalar_one(), 0)
        yield found
        if found:
            self.database.write(lambda connection: _remove(connection, which, column, id_))


class SeenEvents:
    """The events of a log when it was last read.

    Lists are made from these, and so do not need the database.

    Parameters
    ----------
    log
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._content = _NOTHING

    def look(self) -> None:
        """Read the current contents of the log (DatabaseError)."""
        self._content = self._log.content()

    @property
    def seen(self) -> str:
        """The version last read."""
        return self._content.version

    def content(self) -> LogContent:
        """Return the contents last read."""
        return self._content

    def changed_at(self) -> datetime.datetime | None:
        """Return the time of the last change, in UTC; None while the log is empty."""
        return self._log.changed_at()

    def removing(self, column: str, id_: str) -> AbstractContextManager[int]:
        """Remove events from the log itself."""
        return self._log.removing(column, id_)


def append(connection: sa.Connection, rows: list[dict[str, Any]]) -> None:
    """Add events, each with the next number, within the transaction that records them."""
    # First, so that other writers wait: numbers are then given in the order of the commits.
    renew(connection, "events")
    last = connection.execute(sa.select(sa.func.max(EVENTS.c.number))).scalar() or 0
    now = utc_now()
    numbered = [{**row, "recorded_at": now, "number": last + at} for at, row in enumerate(rows, 1)]
    connection.execute(sa.insert(EVENTS), numbered)


def retract(
    connection: sa.Connection, what: Mapping[str, str], key_id: str | None
) -> tuple[datetime.datetime, bool]:
    """Retract an event within a transaction; return the time, and whether it was retracted now.

    If it is a move of a project, the project's stage follows from its other moves.

    Parameters
    ----------
    what
        The event_id, and the need_id and zone_id of the event, "" for none.
    """
    asked = sa.select(RETRACTIONS.c.retracted_at).filter_by(**what)
    before: datetime.datetime | None = connection.execute(asked).scalar()
    if before is not None:
        return before, False
    now = utc_now()
    row = {**what, "retracted_at": now, "key_id": key_id}
    connection.execute(sa.insert(RETRACTIONS).values(row))
    renew(connection, "events")
    of_event = sa.select(EVENTS.c.project_id).where(EVENTS.c.event_id == what["event_id"])
    if (project_id := connection.execute(of_event).scalar()) is not None:
        settle(connection, project_id)
    return now, True


def _recorded(connection: sa.Connection, after: int, until: int) -> pl.DataFrame:
    """Read the events with these numbers that have an enterprise, and a need or a zone."""
    complete = EVENTS.c.enterprise_id.is_not(None) & (
        EVENTS.c.need_id.is_not(None) | EVENTS.c.zone_id.is_not(None)
    )
    new = (EVENTS.c.number > after) & (EVENTS.c.number <= until)
    asked = sa.select(*[EVENTS.c[name] for name in _COLUMNS]).where(new, complete)
    rows = [tuple(row) for row in connection.execute(asked)]
    return pl.DataFrame(rows, schema=_NOTHING.recorded.schema, orient="row")


def _known(connection: sa.Connection, event_id: str) -> dict[str, Any] | None:
    columns = [EVENTS.c[name] for name in (*_COLUMNS, *OF_LIST)]
    found = connection.execute(sa.select(*columns).where(EVENTS.c.event_id == event_id)).first()
    return None if found is None else found._asdict()


def _remove(connection: sa.Connection, which: Any, column: str, id_: str) -> None:
    touched = sa.select(EVENTS.c.project_id).where(which, EVENTS.c.project_id.is_not(None))
    projects = connection.execute(touched.distinct()).scalars().all()
    if column != "event_id":  # projects stay, without the removed enterprise or need
        own = which & EVENTS.c.project_id.is_not(None)
        rewrite(connection, own, {column: None})
        part_from(connection, column, id_)
    connection.execute(sa.delete(EVENTS).where(which))
    of_command(connection, f"remove {column.removesuffix('_id')}", id_)
    renew(connection, "events")
    renew(connection, "rewritten")
    for project_id in projects:
        settle(connection, project_id)


_RETRACTED = (
    RETRACTIONS.c.event_id,
    sa.func.nullif(RETRACTIONS.c.need_id, ""),
    sa.func.nullif(RETRACTIONS.c.zone_id, ""),
    RETRACTIONS.c.retracted_at,
)
_NOTHING = LogContent("", SCHEMAS["events"].create_empty(), SCHEMA.to_frame())
_UNREAD = _Read(_NOTHING, "", 0)
