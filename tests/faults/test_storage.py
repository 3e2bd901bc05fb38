"""A real server whose disk fills up, or whose database another process holds on to."""

from __future__ import annotations

import http.client
import json
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from service.database.connection import FILE, Database
from service.database.key_store import KeyStore
from tests.service.test_server import PAGE, _children
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Launch = Callable[..., tuple[subprocess.Popen[str], str]]

if sys.platform != "linux":
    pytest.skip("limits of another process are Linux's", allow_module_level=True)
import resource

_HOLD = """
import sqlite3, sys
other = sqlite3.connect(sys.argv[1], isolation_level=None)
other.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.readline()
other.execute("ROLLBACK")
"""


class Service:
    """A served workspace with a key."""

    def __init__(self, launch: Launch, home: Path) -> None:
        database = Database(home)
        _, self.token = KeyStore(database).add("administrator")
        database.close()
        self.database = home / FILE
        process, url = launch(LIANZHAO_LOG_LEVEL="error")
        self.host = urlsplit(url).netloc
        commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in _children(process.pid)}
        self.worker = next(pid for pid, said in commands.items() if "spawn_main" in said)

    def ask(self, path: str, body: object = None, **headers: str) -> tuple[int, Any, float]:
        """Return status, document and duration in seconds; a refusal must be a problem document."""
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        headers |= {"X-API-Key": self.token, "Content-Type": "application/json"}
        began = time.monotonic()
        connection.request(
            "GET" if body is None else "POST", path, body and json.dumps(body), headers
        )
        answer = connection.getresponse()
        said = json.loads(answer.read())
        took = time.monotonic() - began
        connection.close()
        if answer.status == 503:
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert answer.headers["Retry-After"] == "5"
        return answer.status, said, took

    def record(self, number: int) -> tuple[int, Any, float]:
        body = {"enterprise_id": f"e{number}", "stage": "lead", "date": "2026-01-01"}
        body |= {"need_id": "z/光电LED"}
        return self.ask("/v1/events", body, **{"Idempotency-Key": f"k{number}"})

    def recorded(self) -> set[str]:
        events = self.ask("/v1/events?limit=200")[1]["events"]
        return {event["enterprise_id"] for event in events}

    def await_database(self, state: str) -> None:
        def is_in_it() -> bool:
            status, ready, _ = self.ask("/health/ready")
            assert status == 200
            return bool(ready["database"] == state)

        until(is_in_it)

    def audited(self, route: str) -> int:
        entries = self.ask("/v1/audit?limit=200")[1]["entries"]
        return sum(entry["times"] for entry in entries if entry["route"] == route)


@pytest.fixture
def service(launch: Launch, tmp_path: Path) -> Service:
    return Service(launch, tmp_path / "home")


@pytest.fixture
def held(service: Service) -> Iterator[subprocess.Popen[str]]:
    """Hold the writers' lock in another process, until it receives a message."""
    with subprocess.Popen(
        [sys.executable, "-c", _HOLD, str(service.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout
        assert other.stdout.readline() == "held\n"
        yield other


def test_a_disk_that_fills_up_and_is_cleared(service: Service) -> None:
    assert service.record(0)[0] == 201
    before = resource.prlimit(service.worker, resource.RLIMIT_FSIZE)
    resource.prlimit(service.worker, resource.RLIMIT_FSIZE, (4096, before[1]))
    for number in range(1, 4):
        status, said, _ = service.record(number)
        assert (status, said["code"]) == (503, "storage-full")
        assert service.ask(PAGE)[0] == 200
    assert service.recorded() == {"e0"}
    service.await_database("down")

    resource.prlimit(service.worker, resource.RLIMIT_FSIZE, before)
    service.await_database("up")
    for number in range(4):
        assert service.record(number)[0] == 201
    assert service.recorded() == {"e0", "e1", "e2", "e3"}
    # Who read while nothing could be written is in the audit log all the same.
    assert service.audited("/v1/recommendations") == 3
    assert service.audited("/v1/events") >= 4
    with sqlite3.connect(service.database) as other:
        assert other.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    other.close()


def test_a_lock_held_for_longer_than_is_waited_for(
    service: Service, held: subprocess.Popen[str]
) -> None:
    status, said, took = service.record(0)
    assert (status, said["code"]) == (503, "database-unavailable")
    assert "locked" in said["detail"]
    assert 4 < took < 60
    status, _, took = service.ask(PAGE)
    assert status == 200
    assert took < 4, "the lock was waited for"
    assert service.recorded() == set()
    held.communicate("go\n")
    assert service.record(0)[0] == 201
    assert service.recorded() == {"e0"}


def test_a_lock_that_is_let_go_in_time(service: Service, held: subprocess.Popen[str]) -> None:
    assert held.stdin
    let_go = threading.Event()

    def let_it_go() -> None:
        let_go.set()
        print("go", file=held.stdin, flush=True)

    letting_go = threading.Timer(1, let_it_go)
    letting_go.start()
    status, _, _ = service.record(0)
    assert status == 201
    assert let_go.is_set()
    letting_go.join()
    assert service.recorded() == {"e0"}
