from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from features.errors import UnavailableError
from service.serving.filters import Filters
from tests.service.fakes import NEED, FakeEngine, FakeSource

if TYPE_CHECKING:
    from starlette.testclient import TestClient

URL = "/v1/recommendations"
KNOWN = {"need_id": "z/光电LED"}


def test_a_need_id_with_a_slash_gives_a_page(client: TestClient) -> None:
    answer = client.get(URL, params=KNOWN)
    assert answer.status_code == 200
    page = answer.json()
    assert page["need"]["need_id"] == "z/光电LED"
    assert (page["limit"], page["offset"], page["total"]) == (20, 0, 30)
    assert [lead["rank"] for lead in page["leads"]] == list(range(1, 21))
    assert answer.headers["X-Model-Version"] == "m1"
    assert answer.headers["X-Cache"] == "miss"
    assert answer.headers["Content-Type"] == "application/json"


def test_zone_and_industry_name_the_same_need(client: TestClient, source: FakeSource) -> None:
    client.get(URL, params={"zone_id": "z", "industry": "光电LED", "limit": 3, "offset": 2})
    assert source.there.asked == [(NEED, Filters(), 3, 2, "zh")]


def test_filters_reach_the_engine_however_they_are_ordered(
    client: TestClient, source: FakeSource
) -> None:
    first = client.get(
        URL + "?need_id=z/光电LED&province=山西&province=河北&max_age=5&region=cheng-yu"
        "&tag=a&node=led/x&exclude=e1&city=长治&min_capital=100"
    )
    second = client.get(
        URL + "?region=成渝&province=河北&province=山西&min_capital=100.0&max_age=5&exclude=e1"
        "&exclude=e1&city=长治&node=led/x&tag=a&limit=20&need_id=z/光电LED"
    )
    assert [source.there.asked[0][1]] == [
        Filters(
            province=("山西", "河北"),
            city=("长治",),
            region=("成渝",),
            tag=("a",),
            node=("led/x",),
            exclude=("e1",),
            min_capital=100,
            max_age=5,
        )
    ]
    assert len(source.there.asked) == 1
    assert second.headers["X-Cache"] == "hit"
    assert second.content == first.content


def test_a_need_in_the_body(client: TestClient, source: FakeSource) -> None:
    body = {
        "need": {"industry": "光电LED", "keywords": ["封装"], "zone_id": "z"},
        "filters": {"province": ["山西省"], "min_capital": 5},
        "limit": 2,
        "offset": 1,
    }
    answers = [client.post(URL, json=body) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit"]
    need, filters, limit, offset, _ = source.there.asked[0]
    assert (need.industry, need.keywords, need.zone_id) == ("光电LED", ("封装",), "z")
    assert filters == Filters(province=("山西省",), min_capital=5)
    assert (limit, offset) == (2, 1)


def test_same_bytes_and_tag_at_every_call_and_304_for_who_has_them(client: TestClient) -> None:
    answers = [client.get(URL, params=KNOWN) for _ in range(3)]
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers["X-Cache"] for answer in answers] == ["miss", "hit", "hit"]
    etag = answers[0].headers["ETag"]
    assert etag.startswith('"')
    for given in (etag, f'"other", W/{etag}', "*"):
        again = client.get(URL, params=KNOWN, headers={"If-None-Match": given})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["ETag"] == etag
    fresh = client.get(URL, params=KNOWN, headers={"If-None-Match": '"other"'})
    assert fresh.status_code == 200


@pytest.mark.parametrize(
    ("header", "language"), [("en", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), (None, "zh")]
)
def test_the_language_is_the_callers(client: TestClient, header: str | None, language: str) -> None:
    headers = {"Accept-Language": header or ""}
    for _ in range(2):
        answer = client.get(URL, params=KNOWN, headers=headers)
        assert answer.headers["Content-Language"] == language
        assert answer.headers["Vary"] == "Accept-Language, Accept-Encoding"
        text = answer.json()["leads"][0]["reasons"][0]["text"]
        assert text == {"en": "products match", "zh": "主营相符"}[language]


def test_another_model_or_pool_is_another_answer(client: TestClient, source: FakeSource) -> None:
    seen = set()
    for engine in (FakeEngine(), FakeEngine("m2"), FakeEngine("m2", "p2")):
        source.there = engine
        answer = client.get(URL, params=KNOWN)
        assert answer.headers["X-Cache"] == "miss"
        assert answer.headers["X-Model-Version"] == engine.model_version
        assert answer.json()["pool_version"] == engine.pool_version
        seen.add(answer.headers["ETag"])
    assert len(seen) == 3


def test_the_last_answer_is_given_as_stale_when_the_engine_is_gone(
    client: TestClient, source: FakeSource
) -> None:
    fresh = client.get(URL, params=KNOWN)
    source.error = UnavailableError("the disk is gone")
    stale = client.get(URL, params=KNOWN)
    assert stale.status_code == 200
    assert stale.headers["X-Cache"] == "stale"
    assert stale.headers["X-Model-Version"] == "m1"
    assert stale.content == fresh.content
    unseen = client.get(URL, params={**KNOWN, "limit": 7})
    assert unseen.status_code == 503
    assert unseen.json()["code"] == "unavailable"


def test_equal_questions_asked_at_once_are_computed_once(
    client: TestClient, source: FakeSource
) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.get(URL, params=KNOWN), range(16)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(source.there.asked) == 1
    assert source.loaded == 1


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("", "need_id"),
        ("zone_id=z", "industry"),
        ("industry=x", "zone_id"),
        ("need_id=a&zone_id=z&industry=x", "need_id"),
        ("need_id=a&limit=0", "limit"),
        ("need_id=a&limit=201", "limit"),
        ("need_id=a&limit=x", "limit"),
        ("need_id=a&offset=-1", "offset"),
        ("need_id=a&provnce=山西", "provnce"),
        ("need_id=a&limit=1&limit=2", "limit"),
        ("need_id=a&region=东北", "region"),
        ("need_id=a&min_capital=nan", "min_capital"),
        ("need_id=a&max_age=-1", "max_age"),
        ("need_id=a&tag=", "tag.0"),
        ("need_id=a&tag=%20", "tag"),
    ],
)
def test_wrong_parameters_are_named(client: TestClient, query: str, field: str) -> None:
    answer = client.get(f"{URL}?{query}")
    assert answer.status_code == 422
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == 422
    assert [fault["field"] for fault in problem["errors"]] == [field]
    assert problem["errors"][0]["expected"]
    assert problem["code"] == "bad-input"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "need"),
        ({"need": {}}, "need.industry"),
        ({"need": {"industry": "——"}}, "industry"),
        ({"need": {"industry": "x", "nodes": "led"}}, "need.nodes"),
        ({"need": {"industry": "x", "kewords": []}}, "need.kewords"),
        ({"need": {"industry": "x"}, "filters": {"region": ["东北"]}}, "region"),
        ({"need": {"industry": "x"}, "limit": 500}, "limit"),
        ([], "body"),
    ],
)
def test_wrong_bodies_are_named(client: TestClient, body: Any, field: str) -> None:
    answer = client.post(URL, json=body)
    assert answer.status_code == 422
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


@pytest.mark.parametrize(
    ("need", "field"),
    [
        ({"keywords": ["芯"] * 51}, "need.keywords"),
        ({"nodes": ["芯"] * 51}, "need.nodes"),
        ({"industry_codes": ["3975"] * 51}, "need.industry_codes"),
        ({"keywords": ["芯" * 201]}, "need.keywords.0"),
        ({"keywords": ["芯" * 200] * 10}, "need"),
    ],
)
def test_a_need_that_would_cost_too_much_is_refused(
    client: TestClient, source: FakeSource, need: dict[str, Any], field: str
) -> None:
    answer = client.post(URL, json={"need": {"industry": "LED", **need}})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "bad-input")
    assert problem["errors"][0]["field"] == field
    assert " at most " in problem["errors"][0]["expected"]
    assert len(answer.content) < 2_000
    assert source.there.asked == []
    allowed = {"industry": "LED", "keywords": ["芯" * 40] * 49}
    assert client.post(URL, json={"need": allowed}).status_code == 200


def test_a_body_that_is_not_json_is_refused(client: TestClient) -> None:
    headers = {"Content-Type": "application/json"}
    answer = client.post(URL, content=b'{"need": ', headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (400, "bad-json")
    undeclared = client.post(URL, content=b"x", headers={"Content-Type": "text/plain"})
    assert undeclared.status_code == 422


def test_unknown_needs_are_not_found(client: TestClient) -> None:
    answer = client.get(URL, params={"need_id": "nobody"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not-found")
    assert answer.json()["errors"] == [{"field": "need_id", "got": "nobody", "expected": None}]


@pytest.mark.parametrize(
    ("body", "field"),
    [({"limit": True}, "limit"), ({"filters": {"max_age": False}}, "filters.max_age")],
)
def test_truth_is_no_number(client: TestClient, body: dict[str, object], field: str) -> None:
    answer = client.post("/v1/recommendations", json={"need": {"industry": "LED"}, **body})
    assert answer.status_code == 422
    fault = answer.json()["errors"][0]
    assert fault["field"] == field
    assert fault["expected"] == "a number, not true or false"


def test_an_integer_too_long_for_json_is_a_client_error(client: TestClient) -> None:
    body = f'{{"need": {{"industry": "LED"}}, "limit": {10**30}}}'
    headers = {"Content-Type": "application/json"}
    answer = client.post("/v1/recommendations", content=body, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["got"] == str(10**30)


def test_a_word_may_come_without_its_weight(client, source):
    body = {"need": {"industry": "光电LED", "words": ["封装", {"word": "芯片", "weight": 0.5}]}}
    assert client.post("/v1/recommendations", json=body).status_code == 200
    assert source.there.asked[-1][0].words == (("封装", 1.0), ("芯片", 0.5))
