"""A name that occurs twice in a body or a query is refused: either value may have been meant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.api.test_events import BODY, URL

if TYPE_CHECKING:
    from starlette.testclient import TestClient

JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        (URL, '{"enterprise_id":"a","enterprise_id":"b","stage":"lead"}', "enterprise_id"),
        # The very same value twice is no better, nor an escaped spelling of the name.
        (URL, '{"stage":"lead","stage":"lead","enterprise_id":"a"}', "stage"),
        (URL, '{"stage":"lead","st\\u0061ge":"signed","enterprise_id":"a"}', "stage"),
        ("/v1/recommendations", '{"limit":1,"need":{"industry":"LED"},"limit":200}', "limit"),
        (
            "/v1/recommendations",
            '{"need":{"industry":"LED","industry":"食品"}}',
            "industry",
        ),
        (
            "/v1/recommendations",
            '{"need":{"industry":"LED"},"filters":{"city":["长治"],"city":[]}}',
            "city",
        ),
        ("/v1/recommendations", '{"need":{},"need":{"industry":"LED"},"oops":1}', "need"),
    ],
)
def test_a_doubled_name_in_a_body(client: TestClient, path: str, body: str, field: str) -> None:
    answer = client.post(path, content=body, headers=JSON)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["detail"] == f"{field} must be given once"
    assert problem["errors"] == [{"field": field, "got": None, "expected": "one value"}]
    assert client.get(URL).json()["total"] == 0


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("need_id=z/食品&need_id=z/LED", "need_id"),
        ("need_id=z/食品&limit=1&limit=2", "limit"),
        ("need_id=z/食品&min_capital=1&min_capital=2", "min_capital"),
    ],
)
def test_a_doubled_name_in_a_query(client: TestClient, query: str, field: str) -> None:
    answer = client.get(f"/v1/recommendations?{query}")
    assert answer.status_code == 422
    assert answer.json()["detail"] == f"{field} must be given once"


def test_what_may_be_given_several_times_may(client: TestClient) -> None:
    needs = client.get("/v1/needs").json()["needs"]
    query = {
        "need_id": needs[0]["need_id"],
        "city": ["长治", "太原"],
        "include": ["signed", "local"],
    }
    assert client.get("/v1/recommendations", params=query).status_code == 200


def test_what_is_no_json_is_no_json_still(client: TestClient) -> None:
    for body in ("{", "[" * 100_000, '{"a":1,"a":2'):
        answer = client.post(URL, content=body, headers=JSON)
        assert answer.status_code == 400, body[:9]
    text = client.post(URL, content='{"a":1,"a":2}', headers={"Content-Type": "text/plain"})
    assert text.status_code == 422
    assert client.post(URL, json=BODY).status_code == 201


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (URL, {**BODY, "enterprise_id": ""}),
        (URL, {**BODY, "enterprise_id": "x" * 201}),
        ("/v1/recommendations", {"need": {"industry": "x" * 201}}),
        ("/v1/recommendations", {"need": {"industry": "LED", "nodes": ["x"] * 1001}}),
        ("/v1/recommendations.xlsx", {"needs": []}),
    ],
)
def test_what_a_value_must_be_is_english(client: TestClient, path: str, body: object) -> None:
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert " must be have" not in detail
    assert " must be match" not in detail
    assert " must be should" not in detail
