from __future__ import annotations

import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from features.errors import UsageError
from service.access.proxies import is_loopback
from service.api.guards import MAX_BODY, check_host, escape_query
from service.api.languages import negotiate

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

URL = "/v1/recommendations"


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "[::1]", "localhost"])
def test_loopback_hosts_may_be_listened_on(host: str) -> None:
    check_host(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])
def test_other_hosts_are_refused_without_keys(host: str) -> None:
    assert not is_loopback(host)
    with pytest.raises(UsageError, match="while there is no API key"):
        check_host(host)
    check_host(host, keyless=False)


@pytest.mark.parametrize("host", ["localhost:8000", "127.0.0.1", "[::1]:8000", "lz.localhost:1"])
def test_names_of_the_loopback_are_answered(client: TestClient, host: str) -> None:
    assert client.get("/v1/zones", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        *("evil.example:8000", "[::1].evil.com", "[::1].evil.com:80", "[::1", "::1]:80"),
        *("localhost:80@evil.com", "localhost@evil.com", "127.0.0.1:80:80", "127.0.0.1:x"),
        *("localhost.evil.com", "127.0.0.1.evil.com", "localhost/evil.com", "localhost, evil.com"),
    ],
)
def test_a_foreign_name_is_not_answered(client: TestClient, host: str) -> None:
    answer = client.get("/v1/zones", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong-host")


def test_a_foreign_page_may_not_change_anything(
    client: TestClient, start: Callable[..., AbstractContextManager[TestClient]]
) -> None:
    foreign = {"Origin": "https://evil.example"}
    answer = client.post("/v1/models/rollback", headers=foreign)
    assert (answer.status_code, answer.json()["code"]) == (403, "foreign-origin")
    own = {"Origin": "http://127.0.0.1:8000"}
    assert client.post("/v1/models/rollback", headers=own).status_code == 200
    with start(cors_origins="https://evil.example") as allowing:
        answer = allowing.post("/v1/models/m1/activate", headers=foreign)
        assert answer.status_code == 200
        assert answer.headers["Access-Control-Allow-Origin"] == "https://evil.example"
        preflight = allowing.options(
            URL, headers={**foreign, "Access-Control-Request-Method": "POST"}
        )
        assert preflight.status_code == 200


def test_cached_answers_carry_cors_headers_too(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    with start(cors_origins="https://front.example") as client:
        for state in ("miss", "hit"):
            answer = client.get(
                f"{URL}?need_id=z/光电LED", headers={"Origin": "https://front.example"}
            )
            assert answer.headers["X-Cache"] == state
            assert answer.headers["Access-Control-Allow-Origin"] == "https://front.example"
            assert "X-Cache" in answer.headers["Access-Control-Expose-Headers"]
            assert {"Accept-Language", "Origin"} <= set(answer.headers["Vary"].split(", "))


def test_bodies_have_a_limit(client: TestClient) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * (MAX_BODY // 4)

    headers = {"Content-Type": "application/json"}
    for content in (b" " * (MAX_BODY + 1), pieces()):
        answer = client.post(URL, content=content, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")


def test_too_many_requests(start: Callable[..., AbstractContextManager[TestClient]]) -> None:
    with start(rate_limit="3/day") as client:
        statuses = [client.get(f"{URL}?need_id=z/光电LED").status_code for _ in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        answer = client.get("/v1/zones")
        assert answer.json()["code"] == "too-many-requests"
        assert 0 < int(answer.headers["Retry-After"]) <= 86401
        assert client.get("/health/live").status_code == 200
        assert client.get("/metrics").status_code == 200


def test_what_nobody_foresaw_is_a_problem_without_a_traceback(
    client: TestClient,
    source: FakeSource,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken() -> None:
        raise RuntimeError("a secret detail")

    monkeypatch.setattr(source.there, "zones", broken)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/v1/zones")
    assert answer.status_code == 500
    problem = answer.json()
    assert problem["code"] == "internal-error"
    assert "secret" not in answer.text
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert "GET /v1/zones failed" in caplog.text
    assert "a secret detail" in caplog.text


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "zh"),
        ("en", "en"),
        ("en-US,en;q=0.9", "en"),
        ("zh-CN,zh;q=0.9,en;q=0.8", "zh"),
        ("en, zh", "en"),
        ("zh, en", "zh"),
        ("fr, de;q=0.5", "zh"),
        ("*", "zh"),
        ("fr, en;q=0.3", "en"),
        ("zh;q=0, *", "en"),
        ("en;q=0", "zh"),
        ("en;q=x", "zh"),
        ("en;q=0.5, *;q=0.8", "zh"),
    ],
)
def test_languages(header: str, language: str) -> None:
    assert negotiate(header) == language


@pytest.mark.parametrize("raw", [True, False])
def test_a_query_typed_in_chinese_is_taken_as_if_it_were_escaped(raw: bool) -> None:
    typed = "zone_id=a%20b&industry=电子信息"
    query = typed.encode() if raw else b"zone_id=a%20b&industry=" + quote("电子信息").encode()
    scope = {"type": "http", "query_string": query}
    escape_query(scope)
    assert scope["query_string"] == b"zone_id=a%20b&industry=" + quote("电子信息").encode()
