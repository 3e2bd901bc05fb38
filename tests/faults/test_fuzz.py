"""Ten thousand hostile requests, sent directly to the ASGI app: no 5xx."""

from __future__ import annotations

import asyncio
import json
import random
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote_to_bytes

import pytest

from service.api.app import create_app
from service.api.guards import MAX_BODY
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from fastapi import FastAPI

COUNT = 10_000
TEMPLATES = (
    "/v1/zones",
    "/v1/zones/{}",
    "/v1/needs",
    "/v1/chains",
    "/v1/chains/{}",
    "/v1/recommendations",
    "/v1/enterprises",
    "/v1/enterprises/{}",
    "/v1/enterprises/{}/needs",
    "/v1/models",
    "/v1/models/{}",
    "/v1/models/{}/activate",
    "/v1/models/rollback",
    "/v1/events",
    "/v1/events/{}/retract",
    "/v1/projects",
    "/v1/projects/{}",
    "/v1/projects/{}/moves",
    "/v1/projects/{}/moves/{}/retract",
    "/v1/projects/{}/tasks",
    "/v1/projects/{}/tasks/{}",
    "/v1/projects/{}/gates",
    "/v1/board",
    "/v1/figures",
    "/v1/agenda",
    "/v1/agenda/calendar",
    "/v1/meetings",
    "/v1/gates",
    "/v1/offers/check",
    "/v1/talks/{}",
    "/v1/allocation",
    "/v1/audit",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/docs",
    "/docs/assets/{}",
    "/openapi.json",
    "/{}",
)
METHODS = ("GET", "POST", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH", "TRACE", "QUERY", "\x00X")
NAMES = (
    "need_id",
    "zone_id",
    "industry",
    "limit",
    "offset",
    "province",
    "node",
    "min_capital",
    "max_age",
    "q",
    "exclude",
    "tag",
    "",
    "é",
    "limit[]",
)
NASTY = (
    b"", b"0", b"-1", b"1e309", b"NaN", b"9" * 400, b"null", b"\x00", b"\xff\xfe", b"\xed\xa0\x80",
    b"' OR '1'='1", b'"; DROP TABLE events; --', b"1; ATTACH 'x' AS y", b"../../../etc/passwd",
    b"..%2f..%2fetc%2fpasswd", b"..\\..\\", b"/etc/passwd", b"a\r\nSet-Cookie: x=1", b"%0d%0aX: y",
    b"${jndi:ldap://x}", b"{{7*7}}", b"<script>", b"=cmd|' /C calc'!A0", b"%", b"%zz", b"a" * 5000,
    "光电LED".encode(), "z/光电LED".encode(), b"m1", b"z", b"rollback", b"\xf0\x9f\x92\xa9" * 50,
)  # fmt: skip
HEADERS = (
    b"accept-language",
    b"if-none-match",
    b"x-request-id",
    b"x-api-key",
    b"idempotency-key",
    b"content-type",
    b"origin",
    b"accept-encoding",
    b"range",
    b"content-length",
    b"cookie",
    b"host",
)


class Asked(NamedTuple):
    method: str
    path: bytes
    query: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes


class Answered(NamedTuple):
    status: int
    headers: dict[bytes, bytes]
    body: bytes


@pytest.fixture
def app(tmp_path: Path) -> FastAPI:
    source = FakeSource()
    return create_app(
        Settings.load(home=tmp_path / "home", log_level="warning"), source, FakeRegistry(source)
    )


def _value(chance: random.Random) -> bytes:
    if chance.random() < 0.6:
        return chance.choice(NASTY)
    return chance.randbytes(chance.randrange(40))


def _json(chance: random.Random, depth: int = 0) -> Any:
    kind = chance.randrange(8 if depth < 4 else 6)
    if kind < 3:
        return _value(chance).decode("utf-8", "replace")
    if kind < 6:
        return chance.choice([None, True, 0, -1, 1e300, 10**30, float("inf"), float("nan")])
    if kind == 6:
        return [_json(chance, depth + 1) for _ in range(chance.randrange(4))]
    names = ("need", "filters", "industry", "nodes", "limit", "offset", "keywords", "enterprise_id",
             "event_id", "stage", "date", "amount", "note", "zone_id", "x")  # fmt: skip
    return {chance.choice(names): _json(chance, depth + 1) for _ in range(chance.randrange(5))}


def _body(chance: random.Random) -> bytes:
    kind = chance.randrange(6)
    if kind == 0:
        return b""
    if kind == 1:
        return chance.randbytes(chance.randrange(200))
    if kind == 2:
        return chance.choice([b"[" * 20_000, b'{"a":' * 5_000, b'"\\ud800"', b"\xff", b"nul"])
    if kind == 3:
        return json.dumps({"need": _json(chance), "filters": _json(chance)}).encode()
    return json.dumps(_json(chance)).encode("utf-8", "replace")


def _requests(seed: int, count: int) -> Iterator[Asked]:
    chance = random.Random(seed)
    for _ in range(count):
        path = chance.choice(TEMPLATES).encode().replace(b"{}", _value(chance))
        query = b"&".join(
            chance.choice(NAMES).encode() + b"=" + _value(chance)
            for _ in range(chance.randrange(5))
        )
        headers = [(chance.choice(HEADERS), _value(chance)) for _ in range(chance.randrange(4))]
        if chance.random() < 0.7:
            headers.append((b"host", b"127.0.0.1:8000"))
        if chance.random() < 0.5:
            headers.append((b"content-type", b"application/json"))
        method = chance.choice(METHODS[:2]) if chance.random() < 0.7 else chance.choice(METHODS)
        yield Asked(method, path, query, headers, _body(chance))


def _scope(asked: Asked) -> dict[str, Any]:
    """Return what the server would make of it: the path decoded, the query and headers as sent."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote_to_bytes(asked.path).decode("utf-8", "replace"),
        "raw_path": asked.path,
        "query_string": asked.query,
        "root_path": "",
        "headers": asked.headers,
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
    }


async def _ask(app: FastAPI, asked: Asked) -> Answered:
    incoming = [{"type": "http.request", "body": asked.body, "more_body": False}]
    sent: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0) if incoming else {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(_scope(asked), receive, send)  # type: ignore[arg-type]
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return Answered(sent[0]["status"], dict(sent[0]["headers"]), body)


def test_ten_thousand_random_requests_get_no_5xx(app: FastAPI) -> None:
    async def run() -> dict[int, int]:
        statuses: dict[int, int] = {}
        async with app.router.lifespan_context(app):
            for asked in _requests(20260101, COUNT):
                answer = await _ask(app, asked)
                assert answer.status < 500, (asked, answer)
                if answer.status >= 400:
                    assert answer.headers[b"content-type"] == b"application/problem+json", asked
                for name, value in answer.headers.items():
                    assert b"\n" not in name + value, asked
                    assert b"\r" not in name + value, asked
                assert b"root:x:0" not in answer.body, asked
                assert b"Traceback" not in answer.body, asked
                statuses[answer.status] = statuses.get(answer.status, 0) + 1
        return statuses

    statuses = asyncio.run(run())
    assert sum(statuses.values()) == COUNT
    # Requests of every kind got through to where they are judged.
    assert {200, 400, 403, 404, 405, 421, 422} <= set(statuses)
    assert statuses[200] > COUNT / 50
    assert statuses[422] > COUNT / 50


@pytest.mark.parametrize(
    "value",
    ["' OR '1'='1", "z' UNION SELECT * FROM keys --", "z%00", "../../../etc/passwd", "=1+1", "z/*"],
)
def test_injections_are_only_unknown_ids(app: FastAPI, value: str) -> None:
    async def run() -> list[Answered]:
        async with app.router.lifespan_context(app):
            host = [(b"host", b"127.0.0.1")]
            paths = [f"/v1/zones/{value}", f"/v1/models/{value}"]
            found = [await _ask(app, Asked("GET", p.encode(), b"", host, b"")) for p in paths]
            query = f"need_id={value}".encode().replace(b" ", b"%20").replace(b"+", b"%2B")
            asked = Asked("GET", b"/v1/recommendations", query, host, b"")
            return [*found, await _ask(app, asked)]

    for answer in asyncio.run(run()):
        assert answer.status == 404
        assert json.loads(answer.body)["code"] == "not-found"


@pytest.mark.parametrize("announced", [True, False])
def test_a_body_of_100_mb_is_refused_before_it_is_read(app: FastAPI, announced: bool) -> None:
    piece = b" " * 2**16
    size = 100 * 2**20
    taken = 0

    async def run() -> int:
        sent: list[Any] = []

        async def receive() -> Any:
            nonlocal taken
            taken += len(piece)
            return {"type": "http.request", "body": piece, "more_body": taken < size}

        async def send(message: Any) -> None:
            sent.append(message)

        length = (b"content-length", b"%d" % size) if announced else (b"te", b"trailers")
        headers = [(b"host", b"127.0.0.1"), length]
        scope = _scope(Asked("POST", b"/v1/recommendations", b"", headers, b""))
        async with app.router.lifespan_context(app):
            await app(scope, receive, send)  # type: ignore[arg-type]
        return int(sent[0]["status"])

    assert asyncio.run(run()) == 413
    assert taken <= (0 if announced else MAX_BODY + 2 * len(piece))
