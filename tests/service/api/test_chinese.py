"""Errors are in Chinese if the client prefers it, with the same codes and fields."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.api.chinese import _SAID, in_chinese
from service.api.document import PROBLEMS
from tests.service.api.test_shape import URL

if TYPE_CHECKING:
    from starlette.testclient import TestClient

ZH = {"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.5"}


def test_every_code_has_its_sentence() -> None:
    assert {code for codes in PROBLEMS.values() for code in codes} <= set(_SAID)


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("need_id=a&limit=0", "输入有误：limit 收到 '0'，应为不小于 1"),
        ("need_id=a&limit=x", "输入有误：limit 收到 'x'，应为整数"),
        ("need_id=a&limit=1&limit=2", "输入有误：limit 收到 '2'，应为只给一个值"),
        ("need_id=a&region=东北", "输入有误：region 收到 '东北'，应为以下之一："),
        ("zone_id=z", "输入有误：industry 应为单给 need_id，或同时给 zone_id 与 industry"),
        ("need_id=nobody", "没有找到：need_id 收到 'nobody'"),
    ],
)
def test_a_problem_says_in_chinese_what_came_and_what_was_expected(
    client: TestClient, query: str, detail: str
) -> None:
    answer = client.get(f"{URL}?{query}", headers=ZH)
    english = client.get(f"{URL}?{query}")
    assert answer.status_code == english.status_code
    assert answer.headers["Content-Language"] == "zh"
    assert english.headers["Content-Language"] == "en"
    told, said = answer.json(), english.json()
    assert told["detail"].startswith(detail)
    assert (told["code"], told["type"]) == (said["code"], said["type"])
    assert [f["field"] for f in told["errors"]] == [f["field"] for f in said["errors"]]
    assert said["detail"].isascii() or "东北" in said["detail"]


def test_what_nobody_has_put_into_chinese_stays_as_it_is() -> None:
    fault = {"field": "x", "got": 1, "expected": "something quite new"}
    document = {"title": "New", "code": "quite-new", "detail": "d", "errors": [fault]}
    found = in_chinese(document)
    assert (found["title"], found["detail"]) == ("New", "New：x 收到 1，应为something quite new")
    assert document["errors"] == [fault]


@pytest.mark.parametrize("path", ["/v1/zones", f"{URL}?need_id=z/光电LED", "/v1/nothing", "/docs"])
def test_head_is_get_without_a_body(client: TestClient, path: str) -> None:
    get, head = client.get(path), client.head(path)
    assert head.content == b""
    assert head.status_code == get.status_code
    differ = {"x-request-id", "x-cache"}
    for name in set(get.headers) - differ:
        if get.status_code == 200:
            assert head.headers[name] == get.headers[name], name
    etag = {"If-None-Match": get.headers.get("ETag", "")}
    if etag["If-None-Match"]:
        assert client.head(path, headers=etag).status_code == 304


def test_a_call_that_takes_no_get_takes_no_head(client: TestClient) -> None:
    answer = client.head("/v1/offers/check")
    assert (answer.status_code, answer.content) == (405, b"")
    assert client.delete("/v1/zones").headers["Allow"] == "GET, HEAD"


def test_the_root_leads_to_the_console(client: TestClient) -> None:
    answer = client.get("/", follow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (303, "/console/leads")
