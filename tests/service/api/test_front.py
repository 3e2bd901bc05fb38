"""The fast path responds like the framework, with the same access checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from features.errors import NotFoundError
from service.cache.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

    Start = Callable[..., AbstractContextManager[TestClient]]

URL = "/v1/recommendations?need_id=z/光电LED"
OF_AN_ANSWER = {
    "cache-control",
    "content-language",
    "etag",
    "referrer-policy",
    "vary",
    "x-cache",
    "x-content-type-options",
    "x-frame-options",
    "x-model-version",
    "x-request-id",
}


@pytest.fixture
def routed(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the paths that come to the framework."""
    seen: list[str] = []
    router = client.app.router  # type: ignore[attr-defined]
    handle = router.middleware_stack

    async def noted(scope, receive, send):
        seen.append(scope["path"])
        await handle(scope, receive, send)

    monkeypatch.setattr(router, "middleware_stack", noted)
    return seen


def test_an_answer_has_the_same_headers_on_every_way(client: TestClient) -> None:
    answers = [client.get(URL, headers={"X-Request-ID": f"r{turn}"}) for turn in range(3)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert [answer.headers["X-Request-ID"] for answer in answers] == ["r0", "r1", "r2"]
    for answer in answers:
        assert set(answer.headers) == OF_AN_ANSWER | {
            "content-length",
            "content-type",
            "content-encoding",
        }
        assert answer.content == answers[0].content
    known = client.get(URL, headers={"If-None-Match": answers[0].headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")
    assert set(known.headers) == OF_AN_ANSWER
    text = client.get("/metrics").text
    route = 'method="GET",route="/v1/recommendations"'
    assert f'lianzhao_requests_total{{{route},status="200"}} 3.0' in text
    assert f'lianzhao_requests_total{{{route},status="304"}} 1.0' in text
    assert 'lianzhao_answers_total{state="hit"} 3.0' in text


def test_what_comes_again_is_not_routed(client: TestClient, routed: list[str]) -> None:
    for _ in range(3):
        assert client.get(URL).status_code == 200
    client.get(URL, headers={"Accept-Language": "en"})
    assert len(routed) == 2
    client.get(URL, headers={"Origin": "http://127.0.0.1:8000"})
    assert len(routed) == 3


def test_a_header_that_comes_twice_is_left_to_the_framework(
    client: TestClient, routed: list[str]
) -> None:
    twice = [("Accept-Language", "en"), ("Accept-Language", "zh")]
    answers = [client.get(URL, headers=twice) for _ in range(2)]  # type: ignore[arg-type]
    assert [answer.headers["Content-Language"] for answer in answers] == ["en", "en"]
    assert len(routed) == 2
    assert client.get(URL, headers=twice[1:]).headers["Content-Language"] == "zh"  # type: ignore[arg-type]


def test_what_is_fetched_again_is_not_routed(start: Start) -> None:
    with EmbeddedServer() as server, start(redis_url=server.url) as client:
        client.app.state.parts.answers._local.max_bytes = 0  # type: ignore[attr-defined]
        answers = [client.get(URL) for _ in range(3)]
        assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit", "hit"]
        assert answers[2].content == answers[0].content
        assert set(answers[2].headers) == set(answers[0].headers)


def test_a_question_without_an_answer_any_more_is_not_found(
    client: TestClient, source: FakeSource
) -> None:
    assert client.get(URL).status_code == 200
    source.there = type(source.there)(pool_version="p2")
    source.there.need = _gone  # type: ignore[method-assign]
    answer = client.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")


def test_what_fails_on_the_short_way_is_a_problem_like_any_other(
    client: TestClient, source: FakeSource
) -> None:
    def broken(need_id: str) -> None:
        raise RuntimeError(need_id)

    assert client.get(URL).status_code == 200
    source.there = type(source.there)(pool_version="p2")
    source.there.need = broken  # type: ignore[method-assign, assignment]
    answer = client.get(URL)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal-error")
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]


def _gone(need_id: str) -> None:
    raise NotFoundError(f"no need {need_id!r}", field="need_id", got=need_id)


def test_what_comes_again_is_counted_and_refused(start: Start) -> None:
    with start(rate_limit="3/day") as client:
        answers = [client.get(URL) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
        assert answers[4].json()["code"] == "too-many-requests"


def test_what_is_refused_is_counted_once(start: Start) -> None:
    with start(rate_limit="2/day") as client:
        limiter = client.app.front.admission.limiter  # type: ignore[attr-defined]
        for number in range(1, 6):
            assert client.get(URL).status_code == (200 if number < 3 else 429)
            assert list(limiter._own.values()) == [number]


def test_another_host_does_not_pass_on_the_short_way(client: TestClient) -> None:
    for _ in range(2):
        assert client.get(URL).status_code == 200
    assert client.get(URL, headers={"Host": "leads.example"}).status_code == 421
