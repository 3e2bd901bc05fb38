"""The workspace's tables on disk: read without a lock, written under a lock, atomically."""

import datetime
import json
import os
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal, TypeVar

import filelock
import polars as pl

from features import calendar
from features.errors import DamagedError, GoneError, NotFoundError, UnavailableError
from features.storage import joins, table_files
from features.storage.snapshot import (
    CURRENT,
    EventLog,
    OutdatedError,
    Snapshot,
    TableEntry,
    entries_in,
    stored_columns,
)
from features.storage.spreadsheet import inert
from features.tables.catalogue import OPTIONAL

T = TypeVar("T")

LOCK_SECONDS = 120.0
"""Seconds that a writer waits for another one."""

_REMOVABLE = {
    "enterprise": ("enterprises", "enterprise_id", ("judgements", "events", "signals")),
    "need": ("needs", "need_id", ("judgements", "events")),
    "event": ("events", "event_id", ()),
    "signal": ("signals", "signal_id", ()),
}


class Workspace:
    """The tables of one folder, which is created by the first write.

    Parameters
    ----------
    home
        The folder. Nothing is ever written elsewhere.
    log
        Recorded events, besides imported ones; by default none.
    joined
        Whether joined enterprises are read as one.
    part_rows
        Rows of the enterprises beyond which they are written in parts, see
        `features.storage.table_files`.
    """

    def __init__(
        self,
        home: Path,
        log: EventLog | None = None,
        *,
        joined: bool = True,
        part_rows: int = table_files.PART_ROWS,
    ) -> None:
        self.home = Path(home)
        self.log = log
        self.joined = joined
        self.part_rows = part_rows
        self._folder = self.home / "tables"
        self._current = self._folder / CURRENT
        self._was_there = self._current.exists()
        self._lock = filelock.FileLock(self.home / ".lock")

    @property
    def pointer(self) -> Path:
        """The file that changes whenever a table does."""
        return self._current

    @property
    def rejected_file(self) -> Path:
        """The file with the rejected rows of the last import."""
        return self.home / "rejected.csv"

    def check(self) -> None:
        """Raise GoneError rather than treat a removed workspace as empty.

        Raises
        ------
        GoneError
            When it had tables, and they are gone.
        """
        if self._was_there and not self._current.exists():
            raise GoneError(
                f"the workspace {self.home} is gone: it was removed, moved or emptied",
                field="home",
                got=str(self.home),
                expected="the folder that was there when this process started; put it back",
            )

    def snapshot(self) -> Snapshot:
        """Return a snapshot of the tables; nothing is read yet.

        Raises
        ------
        GoneError
            When the workspace has been removed.
        """
        return Snapshot(self.home, self._entries(), self.log, self.joins)

    @property
    def joins(self) -> joins.Joins:
        """Joined enterprises."""
        return joins.read(self.home) if self.joined else joins.Joins()

    @property
    def as_stored(self) -> "Workspace":
        """The same workspace, with every enterprise under its own id."""
        return Workspace(self.home, self.log, joined=False, part_rows=self.part_rows)

    def reading(self, work: Callable[[Snapshot], T]) -> T:
        """Run work on a snapshot, and repeat it on a new one if tables that it reads were replaced.

        Raises
        ------
        DamagedError
            When a table's file is missing, altered or truncated.
        """
        snapshot = self.snapshot()
        while True:
            try:
                return work(snapshot)
            except OutdatedError as error:
                newer = self.snapshot()
                if newer.entries == snapshot.entries:
                    raise DamagedError(str(error)) from error
                snapshot = newer

    def read(self, table: str, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read the current table, or some columns, see `Snapshot.read` (DamagedError)."""
        return self.reading(lambda snapshot: snapshot.read(table, columns))

    def history(self) -> pl.DataFrame:
        """Read all events, including retracted ones; of duplicate ids the imported one."""
        return self.reading(Snapshot.history)

    def imported(self, table: str, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read a table as imported, without recorded events (DamagedError)."""
        return self.reading(lambda snapshot: snapshot.imported(table, columns))

    def retracted(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return event_id and retracted_at of retracted events."""
        return self.reading(lambda snapshot: snapshot.retracted(events))

    def version(self, table: str) -> str:
        """16 hexadecimal digits that change with the table's content; "empty" without any."""
        return self.snapshot().version(table)

    def imported_at(self, table: str) -> datetime.datetime | None:
        """Return the time of the table's last change, written by its import."""
        return self.snapshot().imported_at(table)

    @property
    def pool_version(self) -> str:
        """16 hexadecimal digits that change with anything that answers depend on."""
        return self.snapshot().pool_version

    @property
    def pool_date(self) -> str | None:
        """ISO date of the last import that changed the enterprises; None without any."""
        return self.snapshot().pool_date

    @property
    def as_of(self) -> datetime.date | None:
        """Day of the last import or record that changed any table; None without any."""
        return self.snapshot().as_of

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock, which is reentrant.

        Raises
        ------
        UnavailableError
            When another process holds it for too long, or the folder cannot be written to.
        """
        try:
            self.home.mkdir(parents=True, exist_ok=True)
            self._lock.acquire(timeout=LOCK_SECONDS)
        except filelock.Timeout as error:
            raise UnavailableError(
                f"another command has been writing to {self.home} for over {LOCK_SECONDS:.0f} s; "
                "try again when it is done"
            ) from error
        except OSError as error:
            raise _not_written(self.home, error) from error
        try:
            yield
        finally:
            self._lock.release()

    def commit(self, tables: Mapping[str, pl.DataFrame]) -> None:
        """Replace the given tables atomically.

        Raises
        ------
        UnavailableError
            When they cannot be written; the tables are then unchanged.
        """
        with self.writing():
            entries = self._entries()
            try:
                self._folder.mkdir(exist_ok=True)
                for table, frame in tables.items():
                    entry = self._write(table, frame, entries.get(table))
                    if table not in entries or entries[table].version != entry.version:
                        entries[table] = entry
                self._replace_current(entries)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise _not_written(self._folder, error) from error
            finally:
                self._tidy()

    def pointed(self) -> dict[str, dict[str, object]]:
        """Return what is written of each table: its file, rows, version and time of import."""
        return {name: asdict(entry) for name, entry in self._entries().items()}

    def point(self, tables: Mapping[str, Mapping[str, Any]]) -> None:
        """Let tables be files that were put into the folder, all in one step.

        Parameters
        ----------
        tables : mapping
            As `pointed` returns it.

        Raises
        ------
        UnavailableError
            When the disk does not take it; the tables are then as they were.
        """
        with self.writing():
            try:
                self._replace_current({name: TableEntry(**own) for name, own in tables.items()})
            except OSError as error:
                raise _not_written(self._folder, error) from error
            finally:
                self._tidy()

    def remove(
        self,
        kind: Literal["enterprise", "need", "event", "signal", "table"],
        id: str,  # noqa: A002
    ) -> dict[str, int]:
        """Remove an enterprise, a need or an event, with its judgements and events.

        Tables that can be removed by name are the chain map, the input–output table and the
        office's words, which restores the shipped ones.

        Returns
        -------
        dict
            Numbers of removed rows, by table.

        Raises
        ------
        NotFoundError
            When there is none of that id.
        """
        if kind == "table":
            return {id: self._take_out(id)}
        table, column, dependent = _REMOVABLE[kind]
        log = nullcontext(0) if self.log is None else self.log.removing(column, id)
        with self.writing(), log as recorded:
            changed, removed = {}, {}
            for name in (table, *dependent):
                rows = self.imported(name)
                kept = rows.filter(pl.col(column).ne_missing(id))
                if kept.height < rows.height:
                    changed[name], removed[name] = kept, rows.height - kept.height
            if recorded:
                removed["events"] = removed.get("events", 0) + recorded
            # A killed removal has left only recorded events, which repeating it removes.
            if not removed:
                raise NotFoundError(
                    f"no {kind} has the id {id!r}",
                    field=column,
                    got=id,
                    expected=f"the {column} of one of the {table} in the workspace",
                )
            if changed:
                self.commit(changed)
        return removed

    def replace_rejected(self, rows: pl.DataFrame) -> None:
        """Replace the file of rejected rows; without any, there is no file.

        Raises
        ------
        UnavailableError
            When it cannot be written.
        """
        temporary = self.home / ".rejected.tmp"
        with self.writing():
            try:
                if rows.is_empty():
                    self.rejected_file.unlink(missing_ok=True)
                    return
                # Excel recognises the encoding only by the byte order mark.
                _write_durably(temporary, inert(rows).write_csv(include_bom=True).encode())
                temporary.replace(self.rejected_file)
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise _not_written(self.rejected_file, error) from error

    def _take_out(self, table: str) -> int:
        with self.writing():
            entries = self._entries()
            if table not in OPTIONAL or table not in entries:
                imported = ", ".join(sorted(OPTIONAL & entries.keys()))
                raise NotFoundError(
                    f"no table {table!r} was imported that could be taken out",
                    field="table",
                    got=table,
                    expected=imported or f"one of {', '.join(sorted(OPTIONAL))}, after its import",
                )
            rows = entries.pop(table).rows
            try:
                self._replace_current(entries)
            except OSError as error:
                raise _not_written(self._folder, error) from error
            finally:
                self._tidy()
        return rows

    def _entries(self) -> dict[str, TableEntry]:
        found = entries_in(self.home)
        if found:
            self._was_there = True
        else:
            self.check()
        return found

    def _write(self, table: str, frame: pl.DataFrame, former: TableEntry | None) -> TableEntry:
        if frame.schema != stored_columns(table):
            raise TypeError(f"{table} must have {stored_columns(table)}, got {frame.schema}")
        name, version = table_files.write(
            self._folder, table, frame, self.part_rows, None if former is None else former.file
        )
        now = calendar.now().isoformat(timespec="seconds")
        return TableEntry(name, frame.height, version, now)

    def _replace_current(self, entries: Mapping[str, TableEntry]) -> None:
        content = {name: asdict(entry) for name, entry in entries.items()}
        path = self._folder / ".current.tmp"
        _write_durably(path, json.dumps(content, indent=1).encode())
        path.replace(self._current)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _tidy(self) -> None:
        """Remove unreferenced files: former versions, and remains of killed commands."""
        # Nothing is removed where a damaged list does not tell which parts belong to a table.
        with suppress(OSError, DamagedError):
            named = {
                name
                for entry in self._entries().values()
                for name in table_files.names(self._folder, entry.file)
            }
            for path in self._folder.iterdir():
                if path.suffix in {*table_files.ENDINGS, ".tmp"} and path.name not in named:
                    path.unlink()


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _not_written(path: Path, error: Exception) -> UnavailableError:
    reason = getattr(error, "strerror", None) or str(error)
    return UnavailableError(f"could not write {getattr(error, 'filename', None) or path}: {reason}")
