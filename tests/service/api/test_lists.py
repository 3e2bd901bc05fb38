"""Pages of one list: of one model and one pool, or 409; never mixed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from features.errors import UnavailableError
from service.cache import lists
from service.cache.embedded import EmbeddedServer
from service.cache.lists import KEPT_SECONDS, Formers
from tests.service.fakes import FakeEngine

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

    Start = Callable[..., AbstractContextManager[TestClient]]

LEADS = "/v1/recommendations"
ASKED = f"{LEADS}?need_id=z/光电LED&limit=10"


def versions(page: dict[str, Any]) -> tuple[str, str]:
    return page["model_version"], page["pool_version"]


@pytest.mark.parametrize(
    "changed", [FakeEngine("m2"), FakeEngine("m1", "p2"), FakeEngine("x", "y")]
)
def test_the_next_pages_are_of_the_same_list_when_something_else_is_in_service(
    client: TestClient, source: FakeSource, changed: FakeEngine
) -> None:
    first = client.get(ASKED).json()
    source.there = changed
    pages = [client.get(f"{ASKED}&offset={at}&list_id={first['list_id']}") for at in (10, 20)]
    assert [page.status_code for page in pages] == [200, 200]
    for page in pages:
        assert versions(page.json()) == versions(first)
        assert page.json()["list_id"] == first["list_id"]
    fresh = client.get(f"{ASKED}&offset=10").json()
    assert versions(fresh) == (changed.model_version, changed.pool_version)
    assert fresh["list_id"] != first["list_id"]


def test_the_same_page_comes_at_once_the_second_time(
    client: TestClient, source: FakeSource
) -> None:
    first = client.get(ASKED).json()
    source.there = FakeEngine("m2")
    client.get(ASKED)
    more = f"{ASKED}&offset=10&list_id={first['list_id']}"
    answers = [client.get(more) for _ in range(3)]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit", "hit"]
    assert len({answer.content for answer in answers}) == 1


def test_a_list_that_is_gone_is_a_conflict(client: TestClient, source: FakeSource) -> None:
    gone = client.get(ASKED).json()["list_id"].replace("~p1~", "~p0~")
    answer = client.get(f"{ASKED}&offset=10&list_id={gone}")
    assert (answer.status_code, answer.json()["code"]) == (409, "list-gone")
    assert answer.json()["errors"][0]["field"] == "list_id"
    # What is stale would be of another list.
    client.get(f"{ASKED}&offset=10")
    source.there, source.error = FakeEngine("m2"), UnavailableError("no model")
    assert client.get(f"{ASKED}&offset=10").headers["X-Cache"] == "stale"
    assert client.get(f"{ASKED}&offset=10&list_id={gone}").status_code == 409


@pytest.mark.parametrize(
    "other",
    [
        "need_id=z/光电LED&province=山西省",
        "zone_id=z&industry=光电LED",
    ],
)
def test_the_id_of_another_list_is_wrong(client: TestClient, other: str) -> None:
    its = client.get(ASKED).json()["list_id"]
    answer = client.get(f"{LEADS}?{other}&list_id={its}")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "list_id")
    for wrong in ("nonsense", "a~b~c", its + "~"):
        assert client.get(f"{ASKED}&list_id={wrong}").status_code == 422
    english = client.get(f"{ASKED}&list_id={its}", headers={"Accept-Language": "en"})
    assert english.status_code == 422


def test_a_need_in_the_body_has_lists_too(client: TestClient, source: FakeSource) -> None:
    body = {"need": {"industry": "LED封装"}, "limit": 5}
    first = client.post(LEADS, json=body).json()
    source.there = FakeEngine("m2")
    more = client.post(LEADS, json={**body, "offset": 5, "list_id": first["list_id"]}).json()
    assert versions(more) == versions(first)
    other = {"need": {"industry": "食品"}, "list_id": first["list_id"]}
    assert client.post(LEADS, json=other).status_code == 422


@pytest.mark.usefixtures("patient")
def test_a_page_that_another_worker_has_given_is_still_there(
    start: Start, source: FakeSource
) -> None:
    with EmbeddedServer() as server:
        with start(redis_url=server.url) as worker:
            first = worker.get(ASKED).json()
            given = worker.get(f"{ASKED}&offset=10").content
        source.there, source.engine = FakeEngine("m2"), None
        with start(redis_url=server.url) as other:
            its = first["list_id"]
            assert other.get(f"{ASKED}&offset=10&list_id={its}").content == given
            assert other.get(f"{ASKED}&offset=20&list_id={its}").status_code == 409


def test_former_engines_are_kept_for_a_time_and_not_without_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = 0.0
    formers = Formers(lambda: now)
    engines = [FakeEngine("m", f"p{at}") for at in range(5)]
    for engine in engines:
        formers.note(engine)  # type: ignore[arg-type]
        now += 60
    assert [formers.get("m", f"p{at}") is engines[at] for at in range(5)] == [True] * 5
    assert KEPT_SECONDS >= 600
    now += KEPT_SECONDS - 100
    assert [formers.get("m", f"p{at}") is not None for at in range(5)] == [False] * 3 + [True] * 2
    monkeypatch.setattr(lists, "_MOST", 2)
    for at in range(5, 10):
        formers.note(FakeEngine("m", f"p{at}"))  # type: ignore[arg-type]
    assert [formers.get("m", f"p{at}") is not None for at in range(5, 10)] == [False] * 2 + [
        True
    ] * 3


def test_of_engines_that_hold_much_only_the_last_few_are_kept() -> None:
    formers = Formers()
    for at in range(8):
        engine = FakeEngine("m", f"p{at}")
        engine.prepared = object()  # type: ignore[attr-defined]
        formers.note(engine)  # type: ignore[arg-type]
    kept = [formers.get("m", f"p{at}") is not None for at in range(8)]
    assert kept == [False] * 4 + [True] * 4
