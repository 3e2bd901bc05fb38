"""Answers are compressed for who takes it, once for an answer; nothing that bears a secret is."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING

import brotli
import pytest

from service.api.compression import compress

if TYPE_CHECKING:
    from starlette.testclient import TestClient

    from service.api.compression import ContentEncoding

URL = "/v1/recommendations"
KNOWN = {"need_id": "z/光电LED", "limit": 30}
UNPACK = {"gzip": gzip.decompress, "br": brotli.decompress}


def raw(client: TestClient, path: str, accepted: str, **headers: str) -> tuple[dict, bytes, int]:
    """Return headers, the bytes as they came, and the status."""
    params = KNOWN if path == URL else None
    request = client.build_request(
        "GET", path, params=params, headers={"Accept-Encoding": accepted, **headers}
    )
    answer = client.send(request, stream=True)
    try:
        return dict(answer.headers), b"".join(answer.iter_raw()), answer.status_code
    finally:
        answer.close()


@pytest.mark.parametrize("path", [URL, "/openapi.json"])
@pytest.mark.parametrize(
    ("accepted", "encoding"),
    [
        ("gzip, deflate, br", "br"),
        ("gzip", "gzip"),
        ("br;q=0.1, gzip;q=0.9", "gzip"),
        ("GZIP;q=0.5", "gzip"),
        ("*", "br"),
        ("br;q=0, *", "gzip"),
        ("identity", None),
        ("gzip;q=0", None),
        ("gzip;q=x, deflate", None),
        ("", None),
    ],
)
def test_what_the_caller_takes_is_sent(
    client: TestClient, path: str, accepted: str, encoding: str | None
) -> None:
    _, plain, _ = raw(client, path, "identity")
    for _ in range(2):  # the second time from the first layer
        shown, body, _ = raw(client, path, accepted)
        assert shown.get("content-encoding") == encoding
        assert "Accept-Encoding" in shown["vary"]
        assert int(shown["content-length"]) == len(body)
        assert (UNPACK[encoding](body) if encoding else body) == plain
        assert encoding is None or len(body) < len(plain) / 3


def test_every_form_has_a_tag_of_its_own_and_each_is_known_again(client: TestClient) -> None:
    tags = {way: raw(client, URL, way)[0]["etag"] for way in ("identity", "gzip", "br")}
    assert len(set(tags.values())) == 3
    for tag in tags.values():
        for way in tags:
            shown, body, status = raw(client, URL, way, **{"If-None-Match": tag})
            assert (status, body) == (304, b"")
            assert shown["etag"] == tags[way]


def test_an_answer_is_compressed_once(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []

    def counted(body: bytes, encoding: ContentEncoding) -> bytes:
        done.append(encoding)
        return compress(body, encoding)

    monkeypatch.setattr("service.cache.answer.compress", counted)
    for _ in range(5):
        for way in ("gzip", "br", "identity"):
            raw(client, URL, way)
    assert sorted(done) == ["br", "gzip"]


def test_what_is_compressed_counts_as_memory(client: TestClient) -> None:
    answers = client.app.state.parts.answers  # type: ignore[attr-defined]
    raw(client, URL, "identity")
    before = answers._local.weight
    _, body, _ = raw(client, URL, "br")
    assert before + len(body) < answers._local.weight < before + len(body) + 1_000


def test_small_answers_and_what_is_not_to_be_stored_are_sent_as_they_are(
    client: TestClient,
) -> None:
    assert "content-encoding" not in raw(client, "/v1/chains", "br, gzip")[0]
    event = {"enterprise_id": "e1", "stage": "lead", "date": "2026-01-01", "need_id": "z/光电LED"}
    for number in range(20):
        client.post("/v1/events", json={**event, "event_id": f"v{number}"})
    for path in ("/v1/events", "/v1/audit", "/v1/models"):
        shown, body, _ = raw(client, path, "br, gzip")
        assert shown["cache-control"] == "no-store"
        assert "content-encoding" not in shown
    assert len(body) > 0


def test_equal_bodies_are_equal_when_compressed() -> None:
    body = b'{"a": 1}' * 1_000
    for encoding in ("br", "gzip"):
        assert compress(body, encoding) == compress(body, encoding)  # type: ignore[arg-type]
