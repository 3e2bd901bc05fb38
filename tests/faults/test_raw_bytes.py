"""Malformed bytes against the real server: no 5xx, and no unexpected response."""

from __future__ import annotations

import http.client
import io
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlsplit

import pytest

from tests.service.test_server import launching
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Iterator

    Answer = tuple[int, http.client.HTTPMessage, bytes]

LIVE = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
LAST = b"GET /health/live HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
POST = b"POST /v1/recommendations HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
BODY = b'{"need": {"industry": "LED"}, "limit": 1}'
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"


def get(target: bytes, *headers: bytes, version: bytes = b"HTTP/1.1") -> bytes:
    lines = [b"GET " + target + b" " + version, b"Host: 127.0.0.1", *headers, b"", b""]
    return b"\r\n".join(lines)


KEPT: dict[str, tuple[bytes, int]] = {
    "a line break in a value": (get(b"/v1/zones", b"X-Request-ID: a\r\nX-Injected: b"), 200),
    "a bare LF in a value": (get(b"/v1/zones", b"X-Request-ID: a\nX-Injected: b"), 200),
    "an escaped line break": (
        get(b"/v1/zones/a%0d%0aX-Injected:%20b", b"X-Request-ID: a%0d%0aX-Injected: b"), 404
    ),
    "64 kB in a header": (get(b"/v1/zones", b"X-Long: " + b"a" * 2**16), 200),
    "NUL in a path": (get(b"/v1/zones/%00"), 404),
    "no UTF-8 in a path": (get(b"/v1/zones/%ff%fe"), 404),
    "half an escape": (get(b"/v1/zones/%"), 404),
    "up and out": (get(b"/docs/assets/../../../../../etc/passwd"), 404),
    "up and out, escaped": (get(b"/docs/assets/..%2f..%2f..%2f..%2fetc%2fpasswd"), 404),
    "up and out, twice escaped": (get(b"/docs/assets/%252e%252e%252fetc%252fpasswd"), 404),
    "backslashes": (get(b"/docs/assets/..\\..\\..\\etc\\passwd"), 404),
    "two slashes": (get(b"//etc/passwd"), 404),
    "its own address": (get(b"http://127.0.0.1/v1/zones"), 200),
    "another one's address": (get(b"http://elsewhere.example/v1/zones"), 200),
    "an asterisk": (b"OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", 404),
    "CONNECT": (b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 421),
    "no Host": (b"GET /v1/zones HTTP/1.1\r\n\r\n", 200),
    "an empty Host": (b"GET /v1/zones HTTP/1.1\r\nHost:\r\n\r\n", 200),
    "a second Host": (get(b"/v1/zones", b"Host: elsewhere.example"), 421),
    "an absurd Host": (b"GET /v1/zones HTTP/1.1\r\nHost: ]:x[@/\\ \r\n\r\n", 421),
    "chunks": (CHUNKED + b"29\r\n" + BODY + b"\r\n0\r\n\r\n", 200),
}  # fmt: skip
"""What leaves the connection as good as it was, and the status of its answer."""

REFUSED: dict[str, tuple[bytes, set[int]]] = {
    "a bare CR in a value": (get(b"/v1/zones", b"X-Request-ID: a\rX-Injected: b"), {400}),
    "NUL in a value": (get(b"/v1/zones", b"X-Request-ID: a\0b"), {400}),
    "a folded value": (get(b"/v1/zones", b"X-Request-ID: a\r\n X-Injected: b"), {400}),
    "a line break in a name": (get(b"/v1/zones", b"X-\r\nInjected: b"), {400}),
    "a space in a name": (get(b"/v1/zones", b"X Injected: b"), {400}),
    "no colon": (get(b"/v1/zones", b"X-Injected"), {400}),
    "no name": (get(b"/v1/zones", b": b"), {400}),
    "1 MB in a header": (get(b"/v1/zones", b"X-Long: " + b"a" * 2**20), {400, 431}),
    "a thousand headers": (get(b"/v1/zones", *[b"X-Many: a"] * 1000), {400, 431}),
    "64 kB in a path": (get(b"/" + b"a" * 2**16), {414}),
    "a raw NUL in a path": (get(b"/v1/zones/\0"), {400}),
    "raw bytes in a path": (get(b"/v1/zones/\xff\xfe"), {400}),
    "a file's address": (get(b"file:///etc/passwd"), {400}),
    "HTTP/0.9": (b"GET /v1/zones\r\n\r\n", {400}),
    "HTTP/9.9": (get(b"/v1/zones", version=b"HTTP/9.9"), {400, 505}),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", {400}),
    # Whoever sends both wants two servers to disagree on where the next request begins.
    "a length and chunks": (
        POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", {400, 422}
    ),
    "two lengths": (POST + b"Content-Length: 41\r\nContent-Length: 4\r\n\r\n" + BODY, {400}),
    "a negative length": (POST + b"Content-Length: -1\r\n\r\n" + BODY, {400}),
    "a length of letters": (POST + b"Content-Length: many\r\n\r\n" + BODY, {400}),
    "an endless length": (POST + b"Content-Length: %s\r\n\r\n" % (b"9" * 30) + BODY, {400, 413}),
    "a chunk longer than it says": (CHUNKED + b"4\r\n" + BODY + b"\r\n0\r\n\r\n", {400}),
    "a chunk of no length": (CHUNKED + b"xyz\r\n" + BODY + b"\r\n0\r\n\r\n", {400}),
    "a chunk of a huge length": (CHUNKED + b"f" * 17 + b"\r\n" + BODY, {400}),
    "an unknown encoding": (POST + b"Transfer-Encoding: cheese\r\n\r\n" + BODY, {400, 501}),
}  # fmt: skip
"""What is answered once, if at all, before the connection is closed."""


def answers(sent: bytes, host: tuple[str, int]) -> list[Answer]:
    """Return all responses to the bytes and to a final valid request, if the connection lasts."""
    received = io.BytesIO()
    with socket.create_connection(host, timeout=SECONDS) as client, suppress(ConnectionError):
        client.sendall(sent + LAST)
        while piece := client.recv(65536):
            received.write(piece)
    received.seek(0)
    found = []
    while received.tell() < len(received.getbuffer()):
        answer = http.client.HTTPResponse(Received(received))  # type: ignore[arg-type]
        answer.begin()
        found.append((answer.status, answer.headers, answer.read()))
    return found


class Received(NamedTuple):
    """What was received, as a socket of which several answers are read one after the other."""

    file: io.BytesIO

    def makefile(self, _: str) -> io.BufferedReader:
        return Unclosed(self.file)  # type: ignore[return-value]


class Unclosed(NamedTuple):
    file: io.BytesIO

    def readline(self, limit: int = -1) -> bytes:
        return self.file.readline(limit)

    def read(self, size: int = -1) -> bytes:
        return self.file.read(size)

    def close(self) -> None: ...

    def flush(self) -> None: ...


@pytest.fixture(scope="module")
def host(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, int]]:
    """Return where a server listens that all tests send to."""
    with launching(tmp_path_factory.mktemp("raw") / "home") as launch:
        parts = urlsplit(launch(LIANZHAO_LOG_LEVEL="error")[1])
        yield parts.hostname or "", parts.port or 0


def check_headers(name: str, found: list[Answer]) -> None:
    for _, headers, body in found:
        assert "X-Injected" not in headers, name
        assert b"root:x:0" not in body, name


def test_strange_requests_leave_the_connection_as_it_was(host: tuple[str, int]) -> None:
    for name, (sent, status) in KEPT.items():
        found = answers(sent, host)
        assert [answer[0] for answer in found] == [status, 200], name
        assert found[1][2] == b'{"status":"alive"}', name
        check_headers(name, found)


def test_broken_requests_are_refused_once_and_the_connection_is_closed(
    host: tuple[str, int],
) -> None:
    for name, (sent, statuses) in REFUSED.items():
        found = answers(sent, host)
        assert len(found) <= 1, name
        assert {answer[0] for answer in found} <= statuses, name
        check_headers(name, found)
    assert [answer[0] for answer in answers(b"", host)] == [200]


def test_requests_sent_at_once_are_answered_one_after_the_other(host: tuple[str, int]) -> None:
    sent = LIVE + get(b"/v1/zones") + get(b"/nowhere") + POST + b"Content-Length: 41\r\n\r\n" + BODY
    assert [answer[0] for answer in answers(sent, host)] == [200, 200, 404, 200, 200]
    # What follows a body is the next request, and no part of it.
    found = answers(POST + b"Content-Length: 41\r\n\r\n" + BODY + b"GARBAGE\r\n\r\n", host)
    assert [answer[0] for answer in found] == [200, 400]


def test_http_1_0_is_answered_and_closed(host: tuple[str, int]) -> None:
    found = answers(b"GET /v1/zones HTTP/1.0\r\n\r\n", host)
    assert [answer[0] for answer in found] == [200]
    sent = b"GET /v1/zones HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"
    assert [answer[0] for answer in answers(sent, host)] == [200, 200]
