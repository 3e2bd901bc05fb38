"""A client that disconnects before its answer: work that nobody else waits for is cancelled."""

from __future__ import annotations

import json
import os
import socket
import sys
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from service.api.app import create_app
from service.server import serve
from service.settings import Settings
from service.threads import AbandonedError, check_wanted
from tests.service.fakes import FakeEngine, FakeRegistry, FakeSource
from tests.waiting import SECONDS, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable
    from typing import Any

    from fastapi import FastAPI

    from features.need import NeedQuery

    Launch = Callable[..., tuple[subprocess.Popen[str], str]]


class SlowEngine(FakeEngine):
    """Ranks for as long as somebody waits, and writes down what begins and what ends."""

    def recommend(self, need: NeedQuery, *args: Any, **more: Any) -> dict[str, Any]:
        noted = Path(os.environ["NOTED"])
        with noted.open("a") as file:
            file.write(f"begun {need.industry}\n")
        try:
            for _ in range(SECONDS * 100):
                check_wanted()
                time.sleep(0.01)
        except AbandonedError:
            with noted.open("a") as file:
                file.write(f"ended {need.industry}\n")
            raise
        return super().recommend(need, *args, **more)


def build(settings: Settings) -> FastAPI:
    source = FakeSource(SlowEngine())
    return create_app(settings, source, FakeRegistry(source))


def _await(noted: Path, word: str, times: int) -> None:
    until(lambda: noted.exists() and noted.read_text().split().count(word) >= times)


def _industries(noted: Path, word: str) -> list[str]:
    return [line.split()[1] for line in noted.read_text().splitlines() if line.startswith(word)]


def _ask(url: str, method: str, industry: str) -> socket.socket:
    parts = urlsplit(url)
    client = socket.create_connection((parts.hostname or "", parts.port or 0))
    body, path = b"", f"/v1/recommendations?need_id={industry}"
    if method == "POST":
        path = "/v1/recommendations"
        body = json.dumps({"need": {"industry": industry}}).encode()
    client.sendall(
        f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n".encode()
        + body
    )
    return client


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_ranking_ends_when_the_client_has_left(launch: Launch, tmp_path: Path, method: str) -> None:
    noted = tmp_path / "noted"
    _, url = launch(module="tests.faults.test_leaving", NOTED=str(noted))
    name = "z%2F%E5%85%89%E7%94%B5LED" if method == "GET" else "LED"
    first, second = _ask(url, method, name), _ask(url, method, name)
    _await(noted, "begun", 1)
    first.close()
    time.sleep(0.3)  # the other still waits for the same
    assert "ended" not in noted.read_text()
    second.close()
    _await(noted, "ended", 1)
    assert noted.read_text().split().count("begun") == 1


def test_look_ups_and_probes_do_not_wait_behind_ranking(launch: Launch, tmp_path: Path) -> None:
    noted = tmp_path / "noted"
    _, url = launch(module="tests.faults.test_leaving", NOTED=str(noted))
    clients = {name: _ask(url, "POST", name) for name in (f"LED{number}" for number in range(12))}
    _await(noted, "begun", 3)
    event = {"enterprise_id": "e1", "need_id": "z/光电LED", "stage": "lead", "date": "2026-01-01"}
    for path, body in (
        *((path, None) for path in ("/health/ready", "/v1/zones", "/v1/enterprises?q=x")),
        ("/v1/events", event),
    ):
        began = time.monotonic()
        asked = urllib.request.Request(
            url + path,
            None if body is None else json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(asked, timeout=SECONDS) as answer:
            assert answer.status in {200, 201}
        assert time.monotonic() - began < SECONDS / 4
    begun = _industries(noted, "begun")
    waiting = [client for industry, client in clients.items() if industry not in begun]
    for client in waiting:
        client.close()
    time.sleep(0.5)  # seen by the service before a turn becomes free
    for industry in begun:
        clients[industry].close()
    _await(noted, "ended", 3)
    # Those that waited for a turn were never begun.
    assert sorted(_industries(noted, "begun")) == sorted(begun)


if __name__ == "__main__":
    serve(Settings.load(), port=int(sys.argv[1]), workers=int(sys.argv[2]), build=build)
