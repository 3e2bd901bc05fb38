"""Connections to the database: durable transactions, migrations under a lock, errors."""

from __future__ import annotations

import os
import secrets
import sqlite3
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

import filelock
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError

from features.errors import UnavailableError
from service.database.schema import STATE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import TypeVar

    T = TypeVar("T")

FILE = "lianzhao.sqlite"
_REVISION = "0005"
"""The migration that this code works with: the newest one."""
_BUSY_SECONDS = 5.0
"""Seconds that a writer waits for another one."""
_MIGRATION_SECONDS = 120.0
_LOCK = 0x6C7A_6462
"""The number of PostgreSQL's advisory lock; arbitrary."""
_ATTEMPTS = 3


class DatabaseError(UnavailableError):
    """The database is unavailable or rejects a write; nothing is partially written."""

    code = "database-unavailable"


class DatabaseFullError(DatabaseError):
    """The database's disk is full."""

    code = "storage-full"


def utc_now() -> datetime:
    """Return the time in UTC as the database stores it, without a time zone."""
    return datetime.now(UTC).replace(tzinfo=None)


class Database:
    """A database that is created and migrated on first use.

    Parameters
    ----------
    home
        The workspace, with the SQLite file and the lock of migrations.
    url
        postgresql://…, sqlite:///…; by default SQLite in the workspace.
    busy
        Seconds to wait for a lock of another process.
    """

    def __init__(self, home: Path, url: str | None = None, busy: float = _BUSY_SECONDS) -> None:
        self.home = Path(home)
        self.url = (
            _with_driver(url) if url else sa.URL.create("sqlite", database=str(self.home / FILE))
        )
        self.busy = busy
        self._engine: sa.Engine | None = None
        self._made_on: tuple[int, int] | None = None

    @property
    def is_sqlite(self) -> bool:
        """Whether it is SQLite, as opposed to PostgreSQL."""
        return self.url.get_backend_name() == "sqlite"

    @property
    def exists(self) -> bool:
        """Whether there is a file or server; a file is only created by the first write."""
        try:
            return not self.is_sqlite or self._file.stat().st_size > 0
        except FileNotFoundError:
            return False
        except OSError as error:
            raise DatabaseError(f"the database cannot be used: {error.strerror}") from error

    def migrate(self) -> None:
        """Create or migrate the database if it is not up to date.

        Raises
        ------
        DatabaseError
            When it is unavailable, or was made by a newer version of the project.
        """
        with _shown():
            self._check()
            if self._engine is None:
                engine = self._migrated()
                self._made_on, self._engine = self._mark(), engine

    def read(self, work: Callable[[sa.Connection], T], nothing: T) -> T:
        """Return the result of `work`; `nothing` if there is no database yet."""
        try:
            with _shown():
                if not self._is_made():
                    return nothing
            return self._again(lambda: self._read(work))
        except DatabaseFullError:
            # SQLite would create a file even for reading.
            if not self._is_at_rest():
                raise
            with _shown():
                return self._read_at_rest(work, nothing)

    def write(self, work: Callable[[sa.Connection], T]) -> T:
        """Run `work` in one transaction, which is durable when this returns.

        `work` may be repeated if the connection was lost or another writer was faster, and must
        therefore first check whether it was done already.

        Raises
        ------
        DatabaseError
            When nothing was written.
        """
        return self._again(lambda: self._write(work))

    def close(self) -> None:
        """Close all connections."""
        if self._engine is not None:
            self._engine.dispose()
            self._engine = None

    def _read(self, work: Callable[[sa.Connection], T]) -> T:
        with self._ready().connect() as connection, connection.begin():
            return work(connection)

    def _is_at_rest(self) -> bool:
        """Whether all writes are in SQLite's main file."""
        log = self._file.with_name(f"{self._file.name}-wal")
        return self.is_sqlite and not (log.exists() and log.stat().st_size)

    def _read_at_rest(self, work: Callable[[sa.Connection], T], nothing: T) -> T:
        address = f"{self._file.absolute().as_uri()}?mode=ro&immutable=1"
        engine = sa.create_engine("sqlite://", creator=lambda: sqlite3.connect(address, uri=True))
        try:
            revision = _revision(engine)
            if revision is None:
                return nothing
            if revision != _REVISION:
                raise DatabaseFullError(
                    "the disk is full: the database cannot be brought up to date"
                )
            with engine.connect() as connection, connection.begin():
                return work(connection)
        finally:
            engine.dispose()

    def _write(self, work: Callable[[sa.Connection], T]) -> T:
        with self._ready().connect() as connection:
            writing = connection.execution_options(immediate=True)
            with writing.begin():
                return work(writing)

    def _again(self, once: Callable[[], T]) -> T:
        with _shown():
            for _ in range(_ATTEMPTS - 1):
                try:
                    return once()
                except IntegrityError:
                    continue  # another process made the same change meanwhile
                except DBAPIError as error:
                    if not error.connection_invalidated:
                        raise
            return once()

    def _ready(self) -> sa.Engine:
        self.migrate()
        while (engine := self._engine) is None:  # disposed of by another thread
            self.migrate()
        return engine

    def _migrated(self) -> sa.Engine:
        self.home.mkdir(parents=True, exist_ok=True)
        engine = self._connected()
        try:
            if not self.exists or _revision(engine) != _REVISION:
                with filelock.FileLock(self.home / ".database.lock", timeout=_MIGRATION_SECONDS):
                    self._make(engine)
        except BaseException:
            engine.dispose()
            raise
        return engine

    def _make(self, engine: sa.Engine) -> None:
        """Migrate the database; a file that cannot be created completely is removed."""
        fresh = not self.exists
        try:
            if fresh:  # readable only by its owner, as are the files that SQLite creates next to it
                os.close(os.open(self._file, os.O_CREAT | os.O_RDWR, 0o600))
            self._migrate(engine)
        except BaseException:
            if fresh:
                engine.dispose()
                for suffix in ("", "-wal", "-shm"):
                    self._file.with_name(self._file.name + suffix).unlink(missing_ok=True)
            raise

    def _check(self) -> None:
        """Close connections to a replaced file, and refuse to recreate one that was removed.

        Otherwise connections would go on using the unlinked file.
        """
        if self._made_on is None or (now := self._mark()) == self._made_on:
            return
        if now is None:
            raise DatabaseError(f"the database is gone: {self._file} was removed or moved")
        self._made_on = None
        self.close()

    def _mark(self) -> tuple[int, int] | None:
        """Return the identity of the SQLite file, new for a replaced one; None without one."""
        if not self.is_sqlite:
            return None
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return None
        return found.st_dev, found.st_ino

    @property
    def _file(self) -> Path:
        return Path(self.url.database or "")

    def _is_made(self) -> bool:
        """Whether there are tables: they are created by the first write."""
        self._check()
        if self._engine is not None:
            return True
        if not self.exists:
            return False
        engine = self._connected()
        try:
            return _revision(engine) is not None
        finally:
            engine.dispose()

    def _connected(self) -> sa.Engine:
        if not self.is_sqlite:
            options = {"connect_timeout": int(self.busy), "options": "-c timezone=UTC"}
            return sa.create_engine(
                self.url,
                pool_pre_ping=True,
                pool_timeout=self.busy,
                connect_args=options,
                hide_parameters=True,
            )
        engine = sa.create_engine(
            self.url, connect_args={"timeout": self.busy}, hide_parameters=True
        )

        @sa.event.listens_for(engine, "connect")
        def connected(connection: Any, _: Any) -> None:
            # Transactions are begun explicitly: the driver itself would not lock for a writer at
            # once.
            connection.isolation_level = None
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")

        @sa.event.listens_for(engine, "begin")
        def begun(connection: sa.Connection) -> None:
            immediate = connection.get_execution_options().get("immediate")
            connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

        return engine

    def _migrate(self, engine: sa.Engine) -> None:
        # Imported only when needed: usually everything is up to date.
        from alembic import command
        from alembic.config import Config

        config = Config()
        config.set_main_option("script_location", str(files("service.database") / "migrations"))
        with engine.connect() as connection:
            writing = connection.execution_options(immediate=True)
            with writing.begin():
                if not self.is_sqlite:  # several machines may start at once
                    writing.execute(sa.select(sa.func.pg_advisory_xact_lock(_LOCK)))
                config.attributes["connection"] = writing
                try:
                    command.upgrade(config, "head")
                except SQLAlchemyError:
                    raise
                except Exception as error:
                    raise DatabaseError(
                        f"the database cannot be brought up to date: {error}"
                    ) from error


def renew(connection: sa.Connection, name: str) -> None:
    """Set new versions for the named data, within the transaction that changes them."""
    version = secrets.token_hex(8)
    if not connection.execute(
        sa.update(STATE).where(STATE.c.name == name).values(version=version)
    ).rowcount:
        connection.execute(sa.insert(STATE).values(name=name, version=version))


def versions(connection: sa.Connection) -> dict[str, str]:
    """Return the versions of all data that have changed at least once."""
    return {row.name: row.version for row in connection.execute(sa.select(STATE))}


def _with_driver(url: str) -> sa.URL:
    found = sa.make_url(url)
    return (
        found
        if found.get_backend_name() == "sqlite"
        else found.set(drivername="postgresql+psycopg")
    )


def _revision(engine: sa.Engine) -> str | None:
    with engine.connect() as connection, connection.begin():
        if not sa.inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version"))
        return found.scalar()


@contextmanager
def _shown() -> Iterator[None]:
    """Raise failures of the database with a one-line message, without values and passwords."""
    try:
        yield
    except SQLAlchemyError as error:
        stated = str(getattr(error, "orig", None) or type(error).__name__).splitlines()[0]
        if "full" in stated or "No space" in stated or "disk I/O" in stated:
            raise DatabaseFullError(f"nothing was written, the disk is full: {stated}") from error
        raise DatabaseError(f"the database cannot be used now: {stated}") from error
    except filelock.Timeout as error:
        raise DatabaseError("another process has been migrating the database for long") from error
    except OSError as error:
        raise DatabaseError(f"the database cannot be used: {error.strerror}") from error
