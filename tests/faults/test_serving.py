"""A real server killed while it records, and clients that send slowly or without end."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from service.database import ledger
from tests.service.test_server import _await_end, _children
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    Launch = Callable[..., tuple[subprocess.Popen[str], str]]

BODY = {"enterprise_id": "e1", "stage": "lead", "date": "2026-01-01", "need_id": "z/光电LED"}
BEFORE_THE_KILL = 25
MEGABYTE = 2**20


def _ask(url: str, method: str, path: str, key: str | None = None) -> tuple[int, Any]:
    """Ask over a connection of its own, so that any worker may answer."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=SECONDS)
    headers = {"Content-Type": "application/json"} | ({"Idempotency-Key": key} if key else {})
    try:
        connection.request(method, path, json.dumps(BODY) if key else None, headers)
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read())
    finally:
        connection.close()


def _record(url: str, number: int) -> str:
    status, event = _ask(url, "POST", "/v1/events", f"i{number}")
    assert status == 201, event
    return str(event["event_id"])


def test_a_killed_server_loses_and_doubles_no_event(launch: Launch) -> None:
    process, url = launch()
    acknowledged: list[str] = []
    enough = threading.Event()

    def post() -> None:
        while True:
            try:
                acknowledged.append(_record(url, len(acknowledged)))
            except (OSError, http.client.HTTPException):
                return  # it is dead
            if len(acknowledged) >= BEFORE_THE_KILL:
                enough.set()

    client = threading.Thread(target=post)
    client.start()
    assert enough.wait(60)
    children = _children(process.pid)
    for pid in [process.pid, *children]:
        os.kill(pid, signal.SIGKILL)
    process.wait()
    client.join()
    _await_end(children)

    _, url = launch()
    _, page = _ask(url, "GET", "/v1/events?limit=200")
    stored = {event["event_id"] for event in page["events"]}
    assert set(acknowledged) <= stored
    assert len(stored) == page["total"] <= len(acknowledged) + 1
    # The client cannot know of the last one: it sends all of them again.
    repeated = [_record(url, number) for number in range(len(acknowledged) + 1)]
    assert repeated[:-1] == acknowledged
    assert stored <= set(repeated)
    assert _ask(url, "GET", "/v1/events")[1]["total"] == len(repeated) == len(set(repeated))


def test_an_event_is_seen_by_every_worker(launch: Launch) -> None:
    assert ledger._EVERY < 1
    _, url = launch(workers=2)
    for count in (1, 2):
        _record(url, count)
        # With two workers, one that lags behind would escape once in a million times.
        until(lambda count=count: {_total(url) for _ in range(20)} == {count})


def _total(url: str) -> int:
    return int(_ask(url, "GET", "/v1/events")[1]["total"])


def _worker_that_answers(url: str) -> str:
    with urllib.request.urlopen(f"{url}/health/ready", timeout=SECONDS) as answer:
        return str(answer.headers["X-Request-ID"].partition("-")[0])


def test_a_killed_worker_is_replaced_while_the_other_goes_on(
    launch: Launch, tmp_path: Path
) -> None:
    process, url = launch(workers=2)
    workers: set[str] = set()

    def await_both() -> None:
        workers.clear()
        until(lambda: workers.add(_worker_that_answers(url)) or len(workers) == 2)

    await_both()
    killed = next(
        pid
        for pid in _children(process.pid)
        if b"spawn_main" in Path(f"/proc/{pid}/cmdline").read_bytes()
    )
    before = workers.copy()
    os.kill(killed, signal.SIGKILL)
    _await_end([killed])  # what comes to it while it dies is lost with it
    await_both()  # and no request fails from then on
    assert len(workers & before) == 1
    # What the dead one said of its present state is told no more.
    assert not list((tmp_path / "home").glob(f".metrics-*/gauge_live*_{killed}.db"))


def _open(url: str, *headers: str) -> socket.socket:
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname or "", parts.port or 0), timeout=SECONDS)
    head = ["POST /v1/events HTTP/1.1", f"Host: {parts.netloc}", "Content-Type: application/json"]
    client.sendall("\r\n".join([*head, *headers, "", ""]).encode())
    return client


def _status(client: socket.socket) -> int:
    answer = http.client.HTTPResponse(client)
    answer.begin()
    assert json.loads(answer.read())["status"] == answer.status
    return answer.status


def test_a_body_that_dribbles_is_given_up_and_others_go_on(launch: Launch) -> None:
    _, url = launch(SERVED_BODY_SECONDS=str(SECONDS))
    slow = [_open(url, "Content-Length: 100") for _ in range(20)]
    begun = time.monotonic()
    for _ in range(5):
        for client in slow:
            client.sendall(b" ")
        assert _ask(url, "GET", "/v1/zones")[0] == 200
    assert time.monotonic() - begun < SECONDS / 2
    _, url = launch(SERVED_BODY_SECONDS="0.5")
    late = [_open(url, "Content-Length: 100") for _ in range(20)]
    assert [_status(client) for client in late] == [408] * len(late)
    for client in (*slow, *late):
        client.close()


def test_a_huge_body_is_refused_before_it_is_here(launch: Launch) -> None:
    _, url = launch()
    announced = _open(url, f"Content-Length: {100 * MEGABYTE}")
    assert _status(announced) == 413
    endless = _open(url, "Transfer-Encoding: chunked")
    for _ in range(5):
        endless.sendall(b"%x\r\n%b\r\n" % (MEGABYTE // 4, b" " * (MEGABYTE // 4)))
    assert _status(endless) == 413
    for client in (announced, endless):
        client.close()
    assert _ask(url, "GET", "/v1/zones")[0] == 200
