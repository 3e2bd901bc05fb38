"""The audit log: one row per change; equal reads within a second are counted."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from service.database.connection import utc_now
from service.database.schema import AUDIT

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.database.connection import Database


UNDER_WAY = 202
"""The status of a change in progress; it stays if the process ends before the result."""


class AuditEntry(NamedTuple):
    """A read or change by a caller, without any value of a body or a search."""

    key_id: str | None
    role: str
    method: str
    route: str
    target: str | None
    status: int
    request_id: str | None = None


def note(connection: sa.Connection, entry: AuditEntry) -> None:
    """Add an entry of a change, within the transaction that makes it."""
    connection.execute(sa.insert(AUDIT).values(_row(entry, 1)))


def of_command(connection: sa.Connection, command: str, target: str) -> None:
    """Add an entry of a change made on the command line."""
    note(connection, AuditEntry(None, "administrator", "command", command, target, 0))


def _row(entry: AuditEntry, times: int) -> dict[str, Any]:
    return {**entry._asdict(), "at": utc_now(), "times": times}


class AuditLog:
    """The audit log in the database.

    Parameters
    ----------
    days
        How long entries are kept.
    """

    def __init__(self, database: Database, days: int) -> None:
        self.database = database
        self.days = days

    def add(self, entries: Mapping[AuditEntry, int]) -> None:
        """Write entries, each with its count, and delete those that are too old."""
        rows = [_row(entry, times) for entry, times in entries.items()]

        def work(connection: sa.Connection) -> None:
            if rows:
                connection.execute(sa.insert(AUDIT), rows)
            oldest = utc_now() - timedelta(days=self.days)
            connection.execute(sa.delete(AUDIT).where(AUDIT.c.at < oldest))

        self.database.write(work)

    def begin(self, entry: AuditEntry) -> int:
        """Write an entry of a change before it is made; return its number, for `end`.

        If that fails, the change must not be made: every change must be logged.
        """

        def work(connection: sa.Connection) -> int:
            begun = entry._replace(status=UNDER_WAY)
            made = connection.execute(sa.insert(AUDIT).values(_row(begun, 1)))
            assert made.inserted_primary_key
            return int(made.inserted_primary_key[0])

        return self.database.write(work)

    def end(self, number: int, status: int, target: str | None) -> None:
        """Write the result of a change in progress."""

        def work(connection: sa.Connection) -> None:
            changed = sa.update(AUDIT).where(AUDIT.c.number == number)
            connection.execute(changed.values(status=status, target=target))

        self.database.write(work)

    def page(self, limit: int, offset: int) -> dict[str, Any]:
        """Return a page of entries, newest first."""

        def work(connection: sa.Connection) -> dict[str, Any]:
            total = connection.execute(sa.select(sa.func.count()).select_from(AUDIT)).scalar_one()
            asked = sa.select(AUDIT).order_by(AUDIT.c.number.desc()).limit(limit).offset(offset)
            entries = [_shown(row._asdict()) for row in connection.execute(asked)]
            return {"total": total, "entries": entries}

        found = self.database.read(work, {"total": 0, "entries": []})
        return {"limit": limit, "offset": offset, **found}


def _shown(row: dict[str, Any]) -> dict[str, Any]:
    # Column names are a subclass of str.
    shown = {str(name): value for name, value in row.items()}
    return {**shown, "at": f"{row['at'].isoformat(timespec='seconds')}Z"}
