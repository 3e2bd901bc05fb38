"""Clients that never finish what they say: the others are answered all the same."""

from __future__ import annotations

import asyncio
import socket
import time
import urllib.request
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from service.api.app import create_app
from service.api.guards import BODY_SECONDS, BodyLimit
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource
from tests.service.test_server import launching
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PAGE = "/v1/recommendations?need_id=z%2F%E5%85%89%E7%94%B5LED"
SLOW = 200
HEAD = b"GET /v1/zones HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Slow: "
BODY = (
    b"POST /v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    b"Content-Length: 1000\r\n\r\n{"
)


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Return where a real server on the fakes listens."""
    with launching(tmp_path_factory.mktemp("slow") / "home") as launch:
        parts = urlsplit(launch()[1])
        yield parts.hostname or "", parts.port or 0


def _get(host: tuple[str, int], path: str) -> float:
    started = time.perf_counter()
    with urllib.request.urlopen(f"http://{host[0]}:{host[1]}{path}", timeout=SECONDS) as answer:
        assert answer.status == 200
        answer.read()
    return time.perf_counter() - started


@pytest.mark.parametrize("begun", [HEAD, BODY], ids=["headers", "body"])
def test_others_are_answered_while_slow_clients_hold_on(
    address: tuple[str, int], begun: bytes
) -> None:
    slow = []
    try:
        for _ in range(SLOW):
            slow.append(socket.create_connection(address, timeout=SECONDS))
            slow[-1].sendall(begun)
        seconds = []
        for _ in range(20):
            for connection in slow[:10]:
                connection.sendall(b"x")
            seconds.append(_get(address, PAGE))
        assert sorted(seconds)[10] < BODY_SECONDS / 4, seconds
    finally:
        for connection in slow:
            connection.close()
    assert _get(address, PAGE) < BODY_SECONDS


def test_a_body_that_never_ends_is_answered_408(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("service.api.app.BodyLimit", partial(BodyLimit, seconds=0.05))
    source = FakeSource()
    app = create_app(
        Settings.load(home=tmp_path, log_level="warning"), source, FakeRegistry(source)
    )
    sent: list[Any] = []

    async def receive() -> Any:
        await asyncio.sleep(60)

    async def send(message: Any) -> None:
        sent.append(message)

    async def run() -> None:
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/v1/recommendations",
            "query_string": b"",
            "headers": [(b"host", b"127.0.0.1"), (b"content-type", b"application/json")],
        }
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)  # type: ignore[arg-type]

    asyncio.run(run())
    assert sent[0]["status"] == 408
    assert (b"content-type", b"application/problem+json") in sent[0]["headers"]
