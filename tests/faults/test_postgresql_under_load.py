"""PostgreSQL killed again and again while many record events and read leads."""

from __future__ import annotations

import http.client
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest

from service.database.connection import Database, DatabaseError
from service.database.key_store import KeyStore
from tests.pool import NEED_IDS
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sized
    from contextlib import AbstractContextManager

    from httpx2 import Response
    from starlette.testclient import TestClient

    from tests.faults.servers import Postgres

ROOT = Path(__file__).parents[2]
WRITERS, READERS, KILLS = 6, 2, 3
LEADS = "/v1/recommendations?need_id=z/光电LED"
PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}&include=signed,local"


class Client:
    """Asks over one connection after the other, so that any worker may answer."""

    def __init__(self, url: str, token: str) -> None:
        self.host = urlsplit(url).netloc
        self.token = token

    def ask(
        self, method: str, path: str, body: object = None, **headers: str
    ) -> tuple[int, http.client.HTTPMessage, Any]:
        connection = http.client.HTTPConnection(self.host, timeout=SECONDS)
        sent = None if body is None else json.dumps(body)
        headers = {"X-API-Key": self.token, "Content-Type": "application/json", **headers}
        try:
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, json.loads(answer.read())
        finally:
            connection.close()

    def record(self, number: str) -> tuple[int, http.client.HTTPMessage, Any]:
        body = {
            "enterprise_id": "E000",
            "stage": "lead",
            "date": "2026-01-01",
            "need_id": NEED_IDS[0],
            "note": number,
        }
        return self.ask("POST", "/v1/events", body, **{"Idempotency-Key": number})


@pytest.fixture
def client(home: Path, postgres: Postgres) -> Iterator[Client]:
    """Start two workers on a trained workspace and PostgreSQL, with a key."""
    url = postgres.fresh()
    database = Database(home, url)
    _, token = KeyStore(database).add("administrator")
    database.close()
    settings = {
        "LIANZHAO_DATABASE_URL": url,
        "LIANZHAO_ENCODER": "tests.pool:HashedEncoder",
        "LIANZHAO_LOG_LEVEL": "error",
    }
    command = "from service.commands import main; main()"
    arguments = ["--home", str(home), "serve", "--port", "0", "--workers", "2"]
    with subprocess.Popen(
        [sys.executable, "-c", command, *arguments],
        cwd=ROOT,
        env={**os.environ, **settings},
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout
            found = re.search(r"http://[\d.:]+", process.stdout.readline())
            assert found
            client, ends = Client(found[0], token), time.monotonic() + 60
            ready = set()
            while len(ready) < 2:
                assert time.monotonic() < ends
                try:
                    status, headers, _ = client.ask("GET", "/health/ready")
                except OSError:
                    time.sleep(0.05)
                else:
                    assert status == 200
                    ready.add(headers["X-Request-ID"].partition("-")[0])
            yield client
        finally:
            process.terminate()
            try:
                process.wait(timeout=SECONDS)
            finally:
                process.kill()


def audited_reads(client: Client) -> int:
    offset, total, times = 0, 1, 0
    while offset < total:
        page = client.ask("GET", f"/v1/audit?limit=200&offset={offset}")[2]
        entries = [e for e in page["entries"] if e["route"] == "/v1/recommendations"]
        times += sum(entry["times"] for entry in entries)
        offset, total = offset + 200, page["total"]
    return times


def test_postgresql_killed_three_times_under_load(client: Client, postgres: Postgres) -> None:
    acknowledged: dict[str, str] = {}
    refused: list[str] = []
    seen: Counter[int] = Counter()
    wrong: list[Any] = []
    ended = threading.Event()

    def write(writer: int) -> None:
        number = 0
        while not ended.is_set():
            key = f"{writer}.{number}"
            status, headers, said = client.record(key)
            if status == 201:
                acknowledged[key] = said["event_id"]
                number += 1
            elif (
                status == 503
                and headers["Content-Type"] == "application/problem+json"
                and int(headers["Retry-After"]) > 0
                and said["code"] == "database-unavailable"
            ):
                refused.append(key)
                # Half of them ask again for the same, the others never do.
                number += number % 2
                time.sleep(0.1)
            else:
                wrong.append((key, status, said))

    def read(reader: int) -> None:
        number = 0
        while not ended.is_set():
            number += 1
            limit = number % 60 + 1 if reader else 20
            status, _, said = client.ask("GET", f"{PAGE}&limit={limit}")
            seen[status] += 1
            if status != 200 or len(said["leads"]) != limit:
                wrong.append((limit, status, said))

    def run(work: Any, argument: int) -> None:
        try:
            work(argument)
        except Exception as error:
            wrong.append(error)

    def await_more(them: Sized, number: int) -> None:
        before = len(them)
        until(lambda: wrong or len(them) >= before + number)

    threads = [
        *(threading.Thread(target=run, args=(write, number)) for number in range(WRITERS)),
        *(threading.Thread(target=run, args=(read, number)) for number in range(READERS)),
    ]
    imported = client.ask("GET", "/v1/events")[2]["total"]
    for thread in threads:
        thread.start()
    recovered = []
    try:
        for number in range(KILLS):
            await_more(acknowledged, 10)
            postgres.stop("immediate")
            await_more(refused, 3)
            postgres.start()
            began = time.monotonic()
            while (said := client.record(f"after {number}"))[0] != 201:
                assert time.monotonic() - began < SECONDS
                time.sleep(0.1)
            acknowledged[f"after {number}"] = said[2]["event_id"]
            recovered.append(time.monotonic() - began)
        until(lambda: wrong or seen.total() > 20)
    finally:
        ended.set()
        for thread in threads:
            thread.join()

    assert wrong == []
    assert max(recovered) < SECONDS / 4
    assert refused
    assert seen.total() > 20
    stored: Counter[str] = Counter()
    offset, total = 0, 1
    while offset < total:
        _, _, page = client.ask("GET", f"/v1/events?limit=200&offset={offset}")
        stored.update(event["event_id"] for event in page["events"])
        offset, total = offset + 200, page["total"]
    assert set(stored.values()) == {1}
    assert set(acknowledged.values()) <= set(stored)
    assert len(set(acknowledged.values())) == len(acknowledged) > 20
    # Whoever was refused sends the same again: done once, whether or not it was done before.
    for key in {*refused, *acknowledged}:
        status, _, said = client.record(key)
        assert status == 201
        assert said["event_id"] == acknowledged.setdefault(key, said["event_id"])
    assert client.ask("GET", "/v1/events")[2]["total"] == imported + len(acknowledged)
    # Nor is it forgotten who read meanwhile.
    until(lambda: audited_reads(client) >= seen.total())


def test_postgresql_that_stands_still(
    start: Callable[..., AbstractContextManager[TestClient]],
    postgres: Postgres,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    body = {"enterprise_id": "e1", "stage": "lead", "date": "2026-01-01", "need_id": "z/光电LED"}

    def record(key: str) -> Response:
        return client.post("/v1/events", json=body, headers={"Idempotency-Key": key})

    def database() -> str:
        ready = client.get("/health/ready")
        assert ready.status_code == 200
        return str(ready.json()["database"])

    with start(database_url=postgres.fresh()) as client:
        first = record("first")
        assert first.status_code == 201
        monkeypatch.setattr("service.database.ledger._PATIENCE_SECONDS", 0.5)
        postgres.freeze()
        try:
            # More than there are threads: the last ones are not begun, and do not wait for ever.
            for number in range(6):
                refused = record(f"k{number}")
                assert (refused.status_code, refused.json()["code"]) == (503, DatabaseError.code)
                assert refused.headers["Retry-After"] == "5"
                assert client.get(f"{LEADS}&limit={number + 1}").status_code == 200
            assert database() == "down"
        finally:
            postgres.thaw()
        monkeypatch.setattr("service.database.ledger._PATIENCE_SECONDS", float(SECONDS))
        until(lambda: database() == "up")
        assert record("first").json() == first.json()
        assert {record(f"k{number}").status_code for number in range(6)} == {201}
        assert client.get("/v1/events").json()["total"] == 7
