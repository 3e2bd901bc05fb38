"""Projects on both databases: killed, several at once, brought up to date with data in it."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from features.workspace import Workspace
from service.access.keys import NOBODY
from service.database.connection import Database
from service.database.event_log import EventLog
from service.projects.projects import Projects
from service.projects.requests import Asked, VersionConflictError
from tests.faults.test_database import ENTRY, ROOT, event
from tests.faults.test_migrations import put_back
from tests.service.projects.conftest import TODAY, fill

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.faults.servers import Postgres

_MOVE = """
import sys
from pathlib import Path
from tests.faults.test_moves_under_faults import opened
from service.projects.requests import Asked
projects = opened(Path(sys.argv[1]), sys.argv[2] or None)
stages = ["lead", "contacted"]
body = {"enterprise_id": "e1", "zone_id": "za"}
id_ = projects.begin(body, Asked(idempotency_key="begin"))["project_id"]
print(id_, flush=True)
for number in range(10_000):
    body = {"stage": stages[number % 2], "note": str(number)}
    projects.move(id_, body, Asked(idempotency_key=f"m{number}"))
    print(number, flush=True)
"""


def opened(home: Path, url: str | None) -> Projects:
    fill(home)
    database = Database(home, url)
    return Projects(Workspace(home, EventLog(database)), database, lambda: TODAY)


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str | None:
    if request.param == "sqlite":
        return None
    postgres: Postgres = request.getfixturevalue("postgres")
    return postgres.fresh()


def test_a_killed_process_loses_and_doubles_no_move(tmp_path: Path, url: str | None) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", _MOVE, str(tmp_path), url or ""],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    id_ = process.stdout.readline().strip()
    for _ in range(20):
        last = int(process.stdout.readline())
    process.kill()
    last = max([last, *map(int, process.stdout.read().split())])
    process.stdout.close()
    process.wait()
    projects = opened(tmp_path, url)
    moves = projects.show(id_, NOBODY)["moves"]
    notes = [move["note"] for move in moves if move["note"] is not None]
    assert notes[: last + 1] == [str(number) for number in range(last + 1)]
    for number in range(last + 2):
        body = {"stage": ["lead", "contacted"][number % 2], "note": str(number)}
        projects.move(id_, body, Asked(idempotency_key=f"m{number}"))
    found = projects.show(id_, NOBODY)
    assert len(found["moves"]) == last + 3
    assert found["stage"] == found["moves"][-1]["stage"]
    assert found["version"] == last + 3
    projects.database.close()


def test_of_many_at_once_one_wins(tmp_path: Path, url: str | None) -> None:
    projects = opened(tmp_path, url)
    id_ = projects.begin({"enterprise_id": "e1", "zone_id": "za"})["project_id"]

    def change(unit: str) -> bool:
        try:
            projects.change(id_, {"unit": unit, "version": 1})
        except VersionConflictError:
            return False
        return True

    with ThreadPoolExecutor(6) as threads:
        won = list(threads.map(change, [f"u{number}" for number in range(12)]))
    assert won.count(True) == 1
    found = projects.show(id_, NOBODY)
    assert (found["unit"], found["version"]) == (f"u{won.index(True)}", 2)
    projects.database.close()


@pytest.mark.parametrize("before", ["0001", "0002", "0003"])
def test_a_database_of_before_is_brought_up_to_date(
    tmp_path: Path, url: str | None, before: str
) -> None:
    fill(tmp_path)
    database = Database(tmp_path, url)
    log = EventLog(database)
    for number in range(5):
        log.record(event(f"v{number}"), ENTRY, idempotency_key=f"k{number}", asked="x")
    log.retract("v3", "n", None, ENTRY)
    kept = log.recorded().sort("event_id")
    database.close()
    put_back(database, before)

    projects = opened(tmp_path, url)
    id_ = projects.begin({"enterprise_id": "e1", "zone_id": "za"})["project_id"]
    log = EventLog(projects.database)
    assert (
        log.recorded()
        .filter(log.recorded()["event_id"].str.starts_with("v"))
        .sort("event_id")
        .equals(kept)
    )
    assert log.retractions()["event_id"].to_list() == ["v3"]
    again = log.record(event("other"), ENTRY, idempotency_key="k1", asked="x")
    assert (again.event["event_id"], again.first) == ("v1", False)
    assert projects.show(id_, NOBODY)["stage"] == "lead"
    projects.database.close()


def test_only_what_is_new_is_read(
    tmp_path: Path, url: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    projects = opened(tmp_path, url)
    log = EventLog(projects.database)
    first = projects.begin({"enterprise_id": "e1", "zone_id": "za"})["project_id"]
    assert log.recorded().height == 1
    spans: list[tuple[int, int]] = []
    from service.database import event_log

    read: Callable[..., object] = event_log._recorded

    def watched(connection: object, after: int, until: int) -> object:
        spans.append((after, until))
        return read(connection, after, until)

    monkeypatch.setattr(event_log, "_recorded", watched)
    projects.move(first, {"stage": "signed", "date": str(TODAY)})
    assert log.recorded().height == 2
    second = projects.begin({"enterprise": "无名", "zone_id": "za"})["project_id"]
    assert log.recorded().height == 2
    projects.change(second, {"enterprise_id": "e2"})
    assert log.recorded().height == 3
    assert spans == [(1, 2), (2, 3), (0, 3)]
    projects.database.close()
