"""Line ends, dots, NULs and very long texts in bodies, headers, paths and queries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.service.api.test_events import BODY, URL

if TYPE_CHECKING:
    from starlette.testclient import TestClient

HOSTILE = ("%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a%0d%0aX-Injected:%201", "%00", "%ff%fe", "x" * 5000)


@pytest.mark.parametrize(
    "text",
    ["a\r\nX-Injected: 1", "../../etc/passwd", "%2e%2e%2f", "{{7*7}}", "'; DROP TABLE events--"],
)
def test_hostile_texts_are_stored_as_texts_and_reach_no_header(
    client: TestClient, text: str
) -> None:
    answer = client.post(URL, json={**BODY, "note": text, "source": text})
    assert answer.status_code == 201
    stored = " ".join(text.split())  # as an import reads it
    assert (answer.json()["note"], answer.json()["source"]) == (stored, stored)
    assert "X-Injected" not in answer.headers
    (event,) = client.get(URL).json()["events"]
    assert (event["note"], event["source"]) == (stored, stored)
    refused = client.post(URL, json={**BODY, "enterprise_id": "nobody", "need_id": text})
    assert refused.status_code == 422
    assert "X-Injected" not in refused.headers


@pytest.mark.parametrize(
    "change",
    [{"event_id": "x" * 201}, {"note": "x" * 2001}, {"source": "x" * 201}, {"stage": "x" * 10**5}],
)
def test_very_long_values_are_refused(client: TestClient, change: dict[str, str]) -> None:
    answer = client.post(URL, json={**BODY, **change})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == next(iter(change))
    assert len(answer.content) < 1500
    assert client.get(URL).json()["total"] == 0


def test_a_nul_is_left_out_as_an_import_does(client: TestClient) -> None:
    body = {**BODY, "event_id": "a\0", "note": "a\0b", "source": "\0"}
    assert client.post(URL, json=body).status_code == 201
    (event,) = client.get(URL).json()["events"]
    assert (event["event_id"], event["note"], event["source"]) == ("a", "ab", None)


@pytest.mark.parametrize("key", ["x" * 256, " ", '""'])
def test_a_wrong_idempotency_key_is_refused(client: TestClient, key: str) -> None:
    answer = client.post(URL, json=BODY, headers={"Idempotency-Key": key})
    assert answer.status_code == 422
    assert client.get(URL).json()["total"] == 0


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize(
    "path",
    [
        "/v1/zones/{}",
        "/v1/models/{}",
        "/v1/events/{}/retract",
        "/v1/recommendations?need_id={}",
        "/v1/events?need_id={}",
        "/v1/enterprises?q={}",
        "/v1/nowhere/{}",
    ],
)
def test_hostile_paths_and_queries_find_nothing(client: TestClient, path: str, text: str) -> None:
    method = "POST" if path.endswith("/retract") else "GET"
    answer = client.request(method, path.format(text), headers={"X-Request-ID": "a b\t"})
    assert answer.status_code in ({200, 422} if "?q=" in path or "events?" in path else {404, 422})
    assert "X-Injected" not in answer.headers
    assert "root:" not in answer.text
    if answer.status_code == 200:
        assert answer.json()["total"] == 0
