"""Snapshots of the tables of a workspace, from which answers and models are computed."""

from __future__ import annotations

import datetime
import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeVar

import polars as pl

from features import calendar
from features.errors import DamagedError, UnavailableError
from features.industry.chains import shipped_chain_map
from features.storage import joins, table_files
from features.storage.retractions import SCHEMA, retracted
from features.storage.stored_rows import StoredRows
from features.tables.catalogue import UNLEARNT
from features.tables.schema import SCHEMAS
from features.values.identity import MADE
from features.values.matching import IDENTIFYING, joined_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from features.storage.stored_rows import Rows

T = TypeVar("T")

POOL = (
    *("enterprises", "zones", "needs", "events", "judgements"),
    *("chains", "input_output", "words", "signals"),
)
"""The tables that answers depend on."""
CURRENT = "current.json"
"""The file that lists the current file of each table; it changes with every table."""


class LogContent(NamedTuple):
    """The contents of an event log.

    Attributes
    ----------
    version : str
        "" while it is empty.
    recorded : DataFrame
        The recorded events in the columns of the table, including retracted ones.
    retractions : DataFrame
        Retractions of recorded and imported events (`features.storage.retractions.SCHEMA`).
    """

    version: str
    recorded: pl.DataFrame
    retractions: pl.DataFrame


class EventLog(Protocol):
    """The log of recorded and retracted events, kept by the service."""

    @property
    def seen(self) -> str:
        """The version last noticed, without I/O, for every request."""

    def content(self) -> LogContent:
        """Return the contents of the log."""

    def changed_at(self) -> datetime.datetime | None:
        """Return the time of the last change, in UTC; None while the log is empty."""

    def removing(self, column: str, id_: str) -> AbstractContextManager[int]:
        """Remove the events of that id unless the context fails; yield their number."""


@dataclass(frozen=True)
class TableEntry:
    """The entry of a table in `current.json`."""

    file: str
    rows: int
    version: str
    imported_at: str


class OutdatedError(Exception):
    """The tables have changed since the snapshot, and the requested file is gone."""


class Snapshot:
    """The tables at the time of the snapshot, read on access.

    Parameters
    ----------
    home : Path
        Of the workspace.
    entries : mapping
        The content of `current.json`.
    log : EventLog, optional
        Recorded events, besides imported ones.
    own : Joins
        Joined enterprises.
    """

    def __init__(
        self,
        home: Path,
        entries: Mapping[str, TableEntry],
        log: EventLog | None,
        own: joins.Joins = joins.NO_JOINS,
    ) -> None:
        self.home = home
        self.entries = entries
        self.log = log
        self.joins = own

    def snapshot(self) -> Snapshot:
        """Return this snapshot."""
        return self

    def reading(self, work: Callable[[Snapshot], T]) -> T:
        """Run work on this snapshot; the caller handles OutdatedError."""
        return work(self)

    def read(self, table: str, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read a table as `stored` does, with joined enterprises as one.

        Parameters
        ----------
        table : str
        columns : collection of str, optional
            Only these columns, in the order of the table; where possible the others are not read.
        """
        if not self.joins.into or table not in joins.JOINED:
            return self.stored(table, columns)
        known = None if table == "enterprises" else self._known
        found = self.joins.applied(table, self.stored(table), known)
        return _chosen(found, columns)

    @property
    def _known(self) -> pl.Series:
        """The ids of all stored enterprises."""
        return self.imported("enterprises", ["enterprise_id"])["enterprise_id"]

    def stored(self, table: str, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read a table in its canonical columns and order of rows.

        Without an import a table is empty, except `chains`, which is the shipped map. Events are
        imported and recorded ones without retracted ones; of duplicate ids the imported one. Rows
        of an enterprise from before its code was known are read under its code.

        Raises
        ------
        DamagedError
            When a file of the table is altered or truncated.
        OutdatedError
            When one is gone.
        UnavailableError
            When one cannot be read.
        """
        if table == "judgements":
            found = self._joined(self.imported(table), ("need_id", "enterprise_id"))
        elif table == "signals":
            found = self._joined(self.imported(table), ("signal_id",))
        elif table == "events":
            found = self._joined(self.history(), ("event_id",))
            if self._content is not None:
                gone = self.retracted(found)
                found = found.join(gone, on="event_id", how="anti", maintain_order="left")
        else:
            return self.imported(table, columns)
        return _chosen(found, columns)

    def _joined(self, rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
        """Return rows with former ids of enterprises replaced by their codes."""
        if not rows["enterprise_id"].str.starts_with(MADE).any():
            return rows
        joined = joined_ids(rows, self.imported("enterprises", IDENTIFYING))
        return joined if joined is rows else joined.unique(key, keep="first", maintain_order=True)

    def imported(self, table: str, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read a table as imported, without recorded events; as `read`."""
        entry = self.entries.get(table)
        if entry is None:
            shipped = shipped_chain_map() if table == "chains" else SCHEMAS[table].create_empty()
            return _chosen(shipped, columns)
        with self._files_of(entry) as folder:
            frame = table_files.read(folder, table, entry.file, entry.version, columns)
        return _complete(folder / entry.file, table, frame, columns)

    def rows(self, table: str) -> Rows:
        """Return the rows of a table as `read` does; those of one in parts are not read yet."""
        entry = self.entries.get(table)
        if entry is not None and not (self.joins.into and table in joins.JOINED):
            with self._files_of(entry) as folder:
                stored = table_files.parted(folder, table, entry.file, entry.version)
            if stored is not None:
                complete = partial(_complete, folder / entry.file, table)
                return StoredRows(stored, partial(self._files_of, entry), complete)
        return self.read(table)

    def files(self) -> list[Path]:
        """Return the files of all tables, once each was found to be as imported; as `stored`."""
        found = []
        for entry in self.entries.values():
            with self._files_of(entry) as folder:
                found += table_files.check(folder, entry.file, entry.version)
        return found

    @contextmanager
    def _files_of(self, entry: TableEntry) -> Iterator[Path]:
        """Provide the folder of a table's files, and raise the errors of `stored`."""
        folder = self.home / "tables"
        try:
            yield folder
        except FileNotFoundError as error:
            raise OutdatedError(
                f"{error.filename or folder / entry.file} is missing, although {CURRENT} needs it; "
                f"restore it from a backup, or remove {folder} and import again"
            ) from error
        except OSError as error:
            path = error.filename or folder / entry.file
            raise UnavailableError(f"could not read {path}: {error.strerror or error}") from error

    def history(self) -> pl.DataFrame:
        """Read all events, including retracted ones; of duplicate ids the imported one."""
        rows = self.imported("events")
        if self._content is None or (recorded := self._content.recorded).is_empty():
            return rows
        added = recorded.filter(~pl.col("event_id").is_in(rows["event_id"].implode()))
        return pl.concat([rows, added]).sort("event_id")

    def retracted(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return event_id and retracted_at of retracted events."""
        content = self._content
        retractions = SCHEMA.to_frame() if content is None else content.retractions
        return retracted(events, retractions, self.imported("needs"))

    def version(self, table: str) -> str:
        """16 hexadecimal digits that change with the table's content; "empty" without any."""
        entry = self.entries.get(table)
        if entry is None:
            version = _shipped_version() if table == "chains" else "empty"
        else:
            version = entry.version
        if table == "events" and self._content is not None and self._content.version:
            version = _hash(f"{version} {self._content.version}")
        if table in joins.JOINED and self.joins.version:
            version = _hash(f"{version} {self.joins.version}")
        return version

    def imported_at(self, table: str) -> datetime.datetime | None:
        """Return the time of the table's last change, written by its import."""
        entry = self.entries.get(table)
        return None if entry is None else datetime.datetime.fromisoformat(entry.imported_at)

    @property
    def pool_version(self) -> str:
        """16 hexadecimal digits that change with anything that answers depend on."""
        versions = [self.version(table) for table in POOL]
        if self.fades:
            versions.append(self.today.isoformat())
        versions += [table_files.digest(path) for path in self._rules if path.exists()]
        return _hash(" ".join(versions))

    @property
    def _rules(self) -> list[Path]:
        """The office's own rules that answers depend on."""
        return [self.home / "rules" / f"{name}.csv" for name in ("energy", "exclusions")]

    @cached_property
    def today(self) -> datetime.date:
        """The day of the first access to this property."""
        return calendar.today()

    @property
    def fades(self) -> bool:
        """Whether answers change daily, because signals decay."""
        entry = self.entries.get("signals")
        return entry is not None and entry.rows > 0

    @property
    def pool_date(self) -> str | None:
        """ISO date of the last import that changed the enterprises; None without any."""
        imported = self.imported_at("enterprises")
        return None if imported is None else calendar.day_of(imported).isoformat()

    @property
    def as_of(self) -> datetime.date | None:
        """Day of the last change of training data; None without any.

        Or the day of a later event, once it has passed. Training computes ages at this day, so that
        the same tables give the same model on every later day.
        """
        learnt = [table for table in SCHEMAS if table not in UNLEARNT]
        days = [at for table in learnt if (at := self.imported_at(table)) is not None]
        if self.log is not None and (at := self.log.changed_at()) is not None:
            days.append(at)
        last = max(map(calendar.day_of, days), default=None)
        if last is None or last >= (today := calendar.today()):
            return last
        dates = self.read("events")["date"]
        happened = dates.filter((dates > last) & (dates <= today)).max()
        return happened if isinstance(happened, datetime.date) else last

    def check_current(self, tables: Iterable[str]) -> None:
        """Raise OutdatedError if one of these tables was imported again."""
        now = entries_in(self.home)
        for table in tables:
            if now.get(table) != self.entries.get(table):
                raise OutdatedError(f"the table {table} was imported anew")

    @cached_property
    def _content(self) -> LogContent | None:
        return None if self.log is None else self.log.content()


def entries_in(home: Path) -> dict[str, TableEntry]:
    """Return the entries of `current.json`.

    Raises
    ------
    UnavailableError, DamagedError
        When it cannot be read, or is invalid.
    """
    path = home / "tables" / CURRENT
    try:
        text = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise UnavailableError(f"could not read {path}: {error.strerror}") from error
    try:
        return {name: TableEntry(**entry) for name, entry in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"{path} is damaged: expected the list of tables that an import wrote; "
            "restore it from a backup, or remove the folder and import again"
        ) from error


def stored_columns(table: str, chosen: Collection[str] | None = None) -> pl.Schema:
    """Return the stored columns of a table, or some of them."""
    stored = SCHEMAS[table].create_empty().schema
    return pl.Schema({name: stored[name] for name in stored if chosen is None or name in chosen})


def with_added_columns(
    table: str, frame: pl.DataFrame, chosen: Collection[str] | None = None
) -> pl.DataFrame:
    """Return a table, or some columns of it, with columns added that it lacks, as unknown."""
    wanted, filled = stored_columns(table, chosen), SCHEMAS[table].columns()
    added = [name for name in wanted if name not in frame.columns and filled[name].nullable]
    if not added:
        return frame
    unknown = [pl.lit(None, wanted[name]).alias(name) for name in added]
    both = frame.with_columns(unknown)
    return both.select(wanted.names()) if both.width == len(wanted) else frame


def _complete(
    path: Path, table: str, frame: pl.DataFrame, columns: Collection[str] | None
) -> pl.DataFrame:
    """Return rows of a table's file in the stored columns (DamagedError for other types)."""
    frame = with_added_columns(table, frame, columns)
    if frame.schema != stored_columns(table, columns):
        raise table_files.damaged(path)
    return frame


def _chosen(frame: pl.DataFrame, columns: Collection[str] | None) -> pl.DataFrame:
    return frame if columns is None else frame.select(n for n in frame.columns if n in columns)


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@cache
def _shipped_version() -> str:
    return _hash(shipped_chain_map().write_json())
