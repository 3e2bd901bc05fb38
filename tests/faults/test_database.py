"""The database killed, locked, full and restarted: nothing acknowledged is lost or doubled."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from service.database.audit_log import AuditEntry
from service.database.connection import FILE, Database, DatabaseError, DatabaseFullError
from service.database.event_log import EventLog
from service.database.key_store import KeyStore

if TYPE_CHECKING:
    from tests.faults.servers import Postgres

ROOT = Path(__file__).parents[2]
ENTRY = AuditEntry("k", "official", "POST", "/v1/events", "n", 201)
_RECORD = """
import sys
from pathlib import Path
from service.database.connection import Database
from service.database.event_log import EventLog
from tests.faults.test_database import ENTRY, event
log = EventLog(Database(Path(sys.argv[1]), sys.argv[2] or None))
for number in range(10_000):
    log.record(event(f"v{number}"), ENTRY, idempotency_key=f"i{number}", asked="a")
    print(number, flush=True)
"""
_MIGRATE = """
import sys
from pathlib import Path
from service.database.connection import Database
from service.database.event_log import EventLog
from tests.faults.test_database import ENTRY, event
database = Database(Path(sys.argv[1]), sys.argv[2] or None)
print("ready", flush=True)
sys.stdin.readline()
database.migrate()
EventLog(database).record(event(sys.argv[3]), ENTRY)
"""


def event(event_id: str, note: str | None = None) -> dict[str, Any]:
    return {
        "event_id": event_id,
        "enterprise_id": "e",
        "stage": "lead",
        "date": date(2026, 1, 1),
        "need_id": "n",
        "zone_id": None,
        "amount": None,
        "note": note,
        "source": None,
    }


def _kill_while_recording(home: Path, url: str) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _RECORD, str(home), url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    for _ in range(30):
        last = int(process.stdout.readline())
    process.kill()
    last = max([last, *map(int, process.stdout.read().split())])
    process.stdout.close()
    process.wait()
    database = Database(home, url or None)
    log = EventLog(database)
    acknowledged = {f"v{number}" for number in range(last + 1)}
    assert acknowledged <= set(log.recorded()["event_id"])
    for number in range(last + 2):  # the last one may or may not have been written
        log.record(event(f"other{number}"), ENTRY, idempotency_key=f"i{number}", asked="a")
    ids = log.recorded()["event_id"].to_list()
    assert len(ids) == last + 2
    assert acknowledged <= set(ids)
    database.close()


def test_a_killed_process_loses_and_doubles_nothing(tmp_path: Path) -> None:
    _kill_while_recording(tmp_path, "")


def test_nor_does_it_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    _kill_while_recording(tmp_path, postgres.fresh())


def _migrate_at_once(homes: list[Path], url: str) -> None:
    """Let a process for each of the homes make the same database at the same moment."""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", _MIGRATE, str(home), url, f"v{number}"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number, home in enumerate(homes)
    ]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()
    assert [process.returncode for process in processes] == [0] * len(homes)
    database = Database(homes[0], url or None)
    recorded = EventLog(database).recorded()["event_id"].to_list()
    assert sorted(recorded) == [f"v{number}" for number in range(len(homes))]
    database.close()


def test_processes_that_migrate_at_once_wait_for_each_other(tmp_path: Path) -> None:
    _migrate_at_once([tmp_path] * 3, "")


def test_so_do_machines_on_postgresql(tmp_path: Path, postgres: Postgres) -> None:
    # A workspace of its own each: no lock in a file is shared.
    _migrate_at_once([tmp_path / name for name in "abc"], postgres.fresh())


def test_postgresql_restarted_between_two_events(tmp_path: Path, postgres: Postgres) -> None:
    database = Database(tmp_path, postgres.fresh())
    log, keys = EventLog(database), KeyStore(database)
    key_id, _ = keys.add("official", ["z"], days=1)
    before = log.version()
    log.record(event("before"), ENTRY)
    postgres.stop("fast")
    postgres.start()
    log.record(event("after"), ENTRY)
    log.retract("after", "n", None, ENTRY)
    assert log.version() != before
    assert {"before", "after"} <= set(log.recorded()["event_id"])
    assert log.retractions()["event_id"].to_list() == ["after"]
    keys.revoke(key_id)
    assert keys.list()[0].revoked_at is not None
    postgres.stop("fast")
    with pytest.raises(DatabaseError, match="cannot be used now"):
        log.record(event("lost"), ENTRY)
    postgres.start()
    assert "lost" not in set(log.recorded()["event_id"])
    database.close()


def test_a_database_locked_by_another_is_reported(tmp_path: Path) -> None:
    database = Database(tmp_path, busy=0.2)
    log = EventLog(database)
    log.record(event("a"), ENTRY)
    other = sqlite3.connect(tmp_path / FILE, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DatabaseError, match="locked"):
        log.record(event("b"), ENTRY)
    assert log.recorded()["event_id"].to_list() == ["a"]
    other.execute("ROLLBACK")
    other.close()
    log.record(event("b"), ENTRY)
    assert sorted(log.recorded()["event_id"]) == ["a", "b"]
    database.close()


def test_a_full_disk_leaves_nothing_half_written(tmp_path: Path) -> None:
    database = Database(tmp_path)
    log = EventLog(database)
    log.record(event("a"), ENTRY)
    assert database._engine is not None

    @sa.event.listens_for(database._engine, "begin")
    def small(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA max_page_count=1")  # no page more than there are

    with pytest.raises(DatabaseFullError, match="disk is full"):
        log.record(event("b", "x" * 100_000), ENTRY)
    assert log.recorded()["event_id"].to_list() == ["a"]
    database.close()
