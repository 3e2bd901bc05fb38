"""The workspace's tables on disk: read without a lock, written under one, each step atomic."""

import datetime
import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import filelock
import polars as pl

from features import calendar, joins
from features.chains import shipped_chain_map
from features.errors import DamagedError, NotFoundError, UnavailableError
from features.recorded import EventLog
from features.tables.schema import SCHEMAS
from features.tables.spreadsheet import inert
from features.vocabulary import WHOLE

LOCK_SECONDS = 120.0
"""How long a writer waits for another one."""

_POOL = ("enterprises", "zones", "needs", "events", "chains", "input_output")
_REMOVABLE = {
    "enterprise": ("enterprises", "enterprise_id", ("judgements", "events")),
    "need": ("needs", "need_id", ("judgements", "events")),
    "event": ("events", "event_id", ()),
}


@dataclass(frozen=True)
class _Entry:
    """What `current.json` says of a table."""

    file: str
    rows: int
    version: str
    imported_at: str


class Workspace:
    """The tables of one folder, which need not exist before something is written.

    Parameters
    ----------
    home
        The folder. Nothing is ever written elsewhere.
    log
        Events beside those that were imported; by default there are none.
    joined
        Whether enterprises that were joined are read as one.
    """

    def __init__(self, home: Path, log: EventLog | None = None, *, joined: bool = True) -> None:
        self.home = Path(home)
        self.log = log
        self.joined = joined
        self._folder = self.home / "tables"
        self._current = self._folder / "current.json"
        self._lock = filelock.FileLock(self.home / ".lock")

    @property
    def pointer(self) -> Path:
        """The file that changes whenever a table does."""
        return self._current

    @property
    def rejected_file(self) -> Path:
        """Where the bad rows of the last import stand."""
        return self.home / "rejected.csv"

    @property
    def joins(self) -> joins.Joins:
        """The enterprises that are read as one."""
        return joins.read(self.home) if self.joined else joins.Joins()

    @property
    def as_stored(self) -> "Workspace":
        """The same workspace, with every enterprise under its own id."""
        return Workspace(self.home, self.log, joined=False)

    def read(self, table: str) -> pl.DataFrame:
        """Read a table as `stored` does, with enterprises that were joined as one."""
        found, own = self.stored(table), self.joins
        if not own.into or table not in joins.JOINED:
            return found
        known = None if table == "enterprises" else self.imported("enterprises")["enterprise_id"]
        return own.applied(table, found, known)

    def stored(self, table: str) -> pl.DataFrame:
        """Read a table in its canonical columns and order of rows.

        Without any import a table has no rows, but `chains` is the map that the project ships.
        Events are those imported and those recorded, without those taken back; of one id, the
        imported one.

        Raises
        ------
        DamagedError
            When the table's file is missing, altered or cut short.
        """
        if table != "events" or self.log is None:
            return self.imported(table)
        gone = self.log.retracted().implode()
        return self.history().filter(~pl.col("event_id").is_in(gone))

    def history(self) -> pl.DataFrame:
        """Read all events, those taken back included; of one id, the imported one."""
        rows = self.imported("events")
        if self.log is None or (recorded := self.log.recorded()).is_empty():
            return rows
        added = recorded.filter(~pl.col("event_id").is_in(rows["event_id"].implode()))
        return pl.concat([rows, added]).sort("event_id")

    def imported(self, table: str) -> pl.DataFrame:
        """Read a table as it was imported, without what was recorded since (DamagedError)."""
        entry = self._entries().get(table)
        while entry is not None:
            try:
                return self._read(table, entry)
            except FileNotFoundError as error:
                # A writer may have taken the file away after `current.json` was read.
                found = self._entries().get(table)
                if found == entry:
                    path = self._folder / entry.file
                    raise DamagedError(f"{path} is missing, although current.json names it") from (
                        error
                    )
                entry = found
        return shipped_chain_map() if table == "chains" else SCHEMAS[table].create_empty()

    def version(self, table: str) -> str:
        """16 hexadecimal digits that change with the table's content; "empty" without any."""
        entry = self._entries().get(table)
        if entry is None:
            version = _shipped_version() if table == "chains" else "empty"
        else:
            version = entry.version
        if table == "events" and self.log is not None and (recorded := self.log.version()):
            version = hashlib.sha256(f"{version} {recorded}".encode()).hexdigest()[:16]
        if table in joins.JOINED and (own := self.joins.version):
            version = hashlib.sha256(f"{version} {own}".encode()).hexdigest()[:16]
        return version

    def imported_at(self, table: str) -> datetime.datetime | None:
        """When the table last changed, as its import wrote it."""
        entry = self._entries().get(table)
        return None if entry is None else datetime.datetime.fromisoformat(entry.imported_at)

    @property
    def pool_version(self) -> str:
        """16 hexadecimal digits that change with anything that answers are made from."""
        versions = " ".join(self.version(table) for table in _POOL)
        return hashlib.sha256(versions.encode()).hexdigest()[:16]

    @property
    def pool_date(self) -> str | None:
        """ISO date of the last import that changed the enterprises; None without any."""
        imported = self.imported_at("enterprises")
        return None if imported is None else calendar.day_of(imported).isoformat()

    @property
    def as_of(self) -> datetime.date | None:
        """Day of the last import or record that changed any table; None without any.

        It is the day of a later event, once that has come. What training counts ages to: the same
        tables then give the same model on every later day.
        """
        days = [at for table in SCHEMAS if (at := self.imported_at(table)) is not None]
        if self.log is not None and (at := self.log.changed_at()) is not None:
            days.append(at)
        last = max(map(calendar.day_of, days), default=None)
        if last is None or last >= (today := calendar.today()):
            return last
        dates = self.read("events")["date"]
        happened = dates.filter((dates > last) & (dates <= today)).max()
        return happened if isinstance(happened, datetime.date) else last

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writers' lock, which a thread that holds it may take again.

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
        """Replace the given tables in one step: all of them, or none when it fails.

        Raises
        ------
        UnavailableError
            When the disk does not take it; the tables are then as they were.
        """
        with self.writing():
            entries = self._entries()
            try:
                self._folder.mkdir(exist_ok=True)
                for table, frame in tables.items():
                    entry = self._write(table, frame)
                    if table not in entries or entries[table].version != entry.version:
                        entries[table] = entry
                self._replace_current(entries)
            except (OSError, pl.exceptions.PolarsError) as error:
                raise _not_written(self._folder, error) from error
            finally:
                self._tidy()

    def remove(
        self,
        kind: Literal["enterprise", "need", "event", "table"],
        id: str,  # noqa: A002
    ) -> dict[str, int]:
        """Take an enterprise, a need or an event out, with the judgements and events about it.

        A table is taken out by its name, a chain map or an input–output table only: what the
        project ships is there again.

        Returns
        -------
        dict
            How many rows went, for each table that has lost any.

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
            # A removal that was killed has left recorded events only: the same again ends it.
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
        """Put the bad rows of an import in the place of the former ones; without any, no file.

        Raises
        ------
        UnavailableError
            When the disk does not take it.
        """
        temporary = self.home / ".rejected.tmp"
        with self.writing():
            try:
                if rows.is_empty():
                    self.rejected_file.unlink(missing_ok=True)
                    return
                # Excel knows the encoding by the byte order mark only.
                _write_durably(temporary, inert(rows).write_csv(include_bom=True).encode())
                temporary.replace(self.rejected_file)
            except OSError as error:
                temporary.unlink(missing_ok=True)
                raise _not_written(self.rejected_file, error) from error

    def _take_out(self, table: str) -> int:
        with self.writing():
            entries = self._entries()
            if table not in WHOLE or table not in entries:
                imported = ", ".join(sorted(WHOLE & entries.keys()))
                raise NotFoundError(
                    f"no table {table!r} was imported that could be taken out",
                    field="table",
                    got=table,
                    expected=imported or f"one of {', '.join(sorted(WHOLE))}, after its import",
                )
            rows = entries.pop(table).rows
            try:
                self._replace_current(entries)
            except OSError as error:
                raise _not_written(self._folder, error) from error
            finally:
                self._tidy()
        return rows

    def _entries(self) -> dict[str, _Entry]:
        try:
            text = self._current.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return {}
        except OSError as error:
            raise UnavailableError(f"could not read {self._current}: {error.strerror}") from error
        try:
            return {name: _Entry(**entry) for name, entry in json.loads(text).items()}
        except (ValueError, TypeError, AttributeError) as error:
            raise DamagedError(
                f"{self._current} is damaged: expected the list of tables that an import wrote; "
                "restore it from a backup, or remove the folder and import again"
            ) from error

    def _read(self, table: str, entry: _Entry) -> pl.DataFrame:
        path = self._folder / entry.file
        if _digest(path) == entry.version:
            frame = _with_added_columns(table, pl.read_parquet(path))
            if frame.schema == _columns(table):
                return frame
        raise DamagedError(
            f"{path} is not what was imported (altered or cut short); "
            f"restore it from a backup, or remove {self._folder} and import again"
        )

    def _write(self, table: str, frame: pl.DataFrame) -> _Entry:
        if frame.schema != _columns(table):
            raise TypeError(f"{table} must have {_columns(table)}, got {frame.schema}")
        path = self._folder / f".{table}.tmp"
        frame.rechunk().write_parquet(path, compression="lz4", statistics=False)
        with path.open("rb") as file:
            os.fsync(file.fileno())
        version = _digest(path)
        name = f"{table}-{version}.parquet"
        path.replace(self._folder / name)
        now = calendar.now().isoformat(timespec="seconds")
        return _Entry(name, frame.height, version, now)

    def _replace_current(self, entries: Mapping[str, _Entry]) -> None:
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
        """Remove what no table names: former versions, and what a killed command left."""
        named = {entry.file for entry in self._entries().values()}
        with suppress(OSError):
            for path in self._folder.iterdir():
                if path.suffix in {".parquet", ".tmp"} and path.name not in named:
                    path.unlink()


def _columns(table: str) -> pl.Schema:
    return SCHEMAS[table].create_empty().schema


def _with_added_columns(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a table written before it had all of today's columns: what it lacks is unknown."""
    wanted, filled = _columns(table), SCHEMAS[table].columns()
    added = [name for name in wanted if name not in frame.columns and filled[name].nullable]
    if not added:
        return frame
    unknown = [pl.lit(None, wanted[name]).alias(name) for name in added]
    both = frame.with_columns(unknown)
    return both.select(wanted.names()) if both.width == len(wanted) else frame


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@cache
def _shipped_version() -> str:
    return hashlib.sha256(shipped_chain_map().write_json().encode()).hexdigest()[:16]


def _write_durably(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _not_written(path: Path, error: Exception) -> UnavailableError:
    reason = getattr(error, "strerror", None) or str(error)
    return UnavailableError(f"could not write {getattr(error, 'filename', None) or path}: {reason}")
