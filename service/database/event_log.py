"""Events recorded while serving, and events taken back: once each, durable when answered."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl
import sqlalchemy as sa

from features.errors import ConflictError, InputError
from features.retractions import SCHEMA
from features.snapshot import LogContent
from features.tables.schema import SCHEMAS
from service.database.audit_log import note, of_command
from service.database.connection import renew, utc_now, versions
from service.database.schema import ANSWERS, EVENTS, RETRACTIONS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from service.database.audit_log import Entry
    from service.database.connection import Database

IDEMPOTENT_DAYS = 30
"""How long it is remembered under which Idempotency-Key an event was recorded."""
_COLUMNS = tuple(SCHEMAS["events"].column_names())


class ReusedKeyError(InputError):
    """An Idempotency-Key that came with another request before."""

    code = "idempotency-key-reused"


class Recording(NamedTuple):
    """What recording an event came to.

    `new` is false where another request had recorded it, `first` is true only where this very
    call has: an answer that is given again is new, and not the first.
    """

    event: dict[str, Any]
    new: bool
    first: bool


class EventLog:
    """The events in the database, read again only when they have changed.

    Parameters
    ----------
    database
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        self._content = _NOTHING
        self._lock = threading.Lock()

    @property
    def seen(self) -> str:
        """The version that was read last."""
        return self._content.version

    def version(self) -> str:
        """Return what changes with the log; "" while there is nothing in it."""
        nothing: dict[str, str] = {}
        return self.database.read(versions, nothing).get("events", "")

    def content(self) -> LogContent:
        """Return all that is in the log, which is read again only when it has changed."""

        def work(connection: sa.Connection) -> LogContent:
            version = versions(connection).get("events", "")
            if version == self._content.version:
                return self._content
            names = [EVENTS.c[name] for name in _COLUMNS]
            recorded = connection.execute(sa.select(*names)).all()
            retractions = connection.execute(sa.select(*_RETRACTED)).all()
            return LogContent(
                version,
                pl.DataFrame(
                    [tuple(row) for row in recorded],
                    schema=SCHEMAS["events"].create_empty().schema,
                    orient="row",
                ),
                pl.DataFrame([tuple(row) for row in retractions], schema=SCHEMA, orient="row"),
            )

        with self._lock:
            self._content = self.database.read(work, self._content)
            return self._content

    def recorded(self) -> pl.DataFrame:
        """Return the recorded events in the columns of the table, those taken back included."""
        return self.content().recorded

    def retractions(self) -> pl.DataFrame:
        """Return what was taken back, recorded or imported (`features.retractions.SCHEMA`)."""
        return self.content().retractions

    def changed_at(self) -> datetime.datetime | None:
        """Return when it last changed, in UTC; None while there is nothing in it."""

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
        entry: Entry,
        *,
        idempotency_key: str | None = None,
        asked: str = "",
        imported_of: Callable[[str], dict[str, Any] | None] = lambda _: None,
    ) -> Recording:
        """Record an event with its entry in the audit log, or find that it was recorded before.

        Parameters
        ----------
        event
            The columns of the table.
        entry
            Who records it.
        idempotency_key, asked
            Under this key the first event recorded is given again to the same request; `asked` is
            a hash of the request.
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
                found = connection.execute(
                    sa.select(ANSWERS.c.asked, ANSWERS.c.event_id, ANSWERS.c.new).where(
                        ANSWERS.c.key_id == owner, ANSWERS.c.idempotency_key == idempotency_key
                    )
                ).first()
                if found is not None:
                    if found.asked != asked:
                        raise ReusedKeyError(
                            "this Idempotency-Key came with another request before",
                            field="Idempotency-Key",
                            got=idempotency_key,
                            expected="a new key for a new event",
                        )
                    again = _known(connection, found.event_id) or imported_of(found.event_id)
                    if again is None:
                        raise ConflictError(
                            f"the event {found.event_id!r} of this Idempotency-Key was removed",
                            field="Idempotency-Key",
                            got=idempotency_key,
                            expected="a new key for a new event",
                        )
                    return Recording(again, new=found.new, first=False)
            before = _known(connection, event["event_id"]) or imported_of(event["event_id"])
            if before is not None:
                if any(before[name] != event[name] for name in _COLUMNS):
                    raise ConflictError(
                        f"there is another event of the id {event['event_id']!r}: retract it, and "
                        "record a new one",
                        field="event_id",
                        got=event["event_id"],
                        expected="a new id, or none",
                    )
            else:
                row = {**event, "recorded_at": utc_now(), "key_id": entry.key_id}
                connection.execute(sa.insert(EVENTS).values(row))
                note(connection, entry)
                renew(connection, "events")
            if idempotency_key is not None:
                answer = {
                    "key_id": owner,
                    "idempotency_key": idempotency_key,
                    "asked": asked,
                    "event_id": event["event_id"],
                    "new": before is None,
                    "answered_at": utc_now(),
                }
                connection.execute(sa.insert(ANSWERS).values(answer))
            return Recording(dict(event), new=before is None, first=before is None)

        return self.database.write(work)

    def retract(
        self, event_id: str, need_id: str | None, zone_id: str | None, entry: Entry
    ) -> datetime.datetime:
        """Take an event about a need or zone back and return when it was; it stays taken back."""
        what = {"event_id": event_id, "need_id": need_id or "", "zone_id": zone_id or ""}

        def work(connection: sa.Connection) -> datetime.datetime:
            asked = sa.select(RETRACTIONS.c.retracted_at).filter_by(**what)
            before: datetime.datetime | None = connection.execute(asked).scalar()
            if before is not None:
                return before
            now = utc_now()
            row = {**what, "retracted_at": now, "key_id": entry.key_id}
            connection.execute(sa.insert(RETRACTIONS).values(row))
            note(connection, entry)
            renew(connection, "events")
            return now

        return self.database.write(work)

    def forget(self) -> None:
        """Drop Idempotency-Keys older than `IDEMPOTENT_DAYS`; their events stay."""
        oldest = utc_now() - timedelta(days=IDEMPOTENT_DAYS)
        old = sa.delete(ANSWERS).where(ANSWERS.c.answered_at < oldest)
        if self.database.exists:
            self.database.write(lambda connection: connection.execute(old))

    @contextmanager
    def removing(self, column: str, id_: str) -> Iterator[int]:
        """Take out the recorded events of that id when the context ends well; tell how many."""
        which = EVENTS.c[column] == id_
        count = sa.select(sa.func.count()).select_from(EVENTS).where(which)
        found = self.database.read(lambda connection: connection.execute(count).scalar_one(), 0)
        yield found
        if found:
            self.database.write(lambda connection: _remove(connection, which, column, id_))


class SeenEvents:
    """The events of a log as they were when it was last looked at.

    Lists are made from these: they do without the database while it is away.

    Parameters
    ----------
    log
    """

    def __init__(self, log: EventLog) -> None:
        self._log = log
        self._content = _NOTHING

    def look(self) -> None:
        """Take over what is in the log now (DatabaseError)."""
        self._content = self._log.content()

    @property
    def seen(self) -> str:
        """The version of what was seen."""
        return self._content.version

    def content(self) -> LogContent:
        """Return what was seen."""
        return self._content

    def changed_at(self) -> datetime.datetime | None:
        """Return when it last changed, in UTC; None while there is nothing in it."""
        return self._log.changed_at()

    def removing(self, column: str, id_: str) -> AbstractContextManager[int]:
        """Take events out of the log itself."""
        return self._log.removing(column, id_)


def _known(connection: sa.Connection, event_id: str) -> dict[str, Any] | None:
    columns = [EVENTS.c[name] for name in _COLUMNS]
    found = connection.execute(sa.select(*columns).where(EVENTS.c.event_id == event_id)).first()
    return None if found is None else found._asdict()


def _remove(connection: sa.Connection, which: Any, column: str, id_: str) -> None:
    connection.execute(sa.delete(EVENTS).where(which))
    of_command(connection, f"remove {column.removesuffix('_id')}", id_)
    renew(connection, "events")


_RETRACTED = (
    RETRACTIONS.c.event_id,
    sa.func.nullif(RETRACTIONS.c.need_id, ""),
    sa.func.nullif(RETRACTIONS.c.zone_id, ""),
    RETRACTIONS.c.retracted_at,
)
_NOTHING = LogContent("", SCHEMAS["events"].create_empty(), SCHEMA.to_frame())
