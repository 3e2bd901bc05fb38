from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from service.access.proxies import Proxies
from service.api.prefix import Prefix, prefixed
from service.cache.answer import Answer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

URL = "/v1/recommendations?need_id=z/光电LED"


@pytest.mark.parametrize(
    ("root", "stated", "came", "path", "link"),
    [
        ("", None, "/docs", "/docs", "/v1"),
        ("/leads", None, "/leads/docs", "/docs", "/leads/v1"),
        # A proxy that takes the prefix off.
        ("/leads", None, "/docs", "/docs", "/leads/v1"),
        ("/leads", None, "/leads", "/", "/leads/v1"),
        ("/leads", None, "/leadsheet", "/leadsheet", "/leads/v1"),
        ("/leads", "/other", "/other/docs", "/docs", "/other/v1"),
        ("/leads", "", "/docs", "/docs", "/v1"),
        ("", "/a/b", "/a/b/docs", "/docs", "/a/b/v1"),
    ],
)
def test_the_prefix_is_taken_off_and_put_before_links(
    root: str, stated: str | None, came: str, path: str, link: str
) -> None:
    headers = [] if stated is None else [(b"x-forwarded-prefix", stated.encode())]
    scope = {"client": ("127.0.0.1", 1), "headers": headers, "path": came}
    scope["raw_path"] = came.encode()
    Prefix(root, Proxies(["127.0.0.1"])).note(scope)
    assert (scope["path"], scope["raw_path"]) == (path, path.encode())
    assert prefixed(scope, "/v1") == link


def test_documents_under_a_root_path(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    with start(root_path="/leads") as client:
        for prefix in ("", "/leads"):
            page = client.get(f"{prefix}/docs").text
            assert "'/leads/openapi.json'" in page
            assert '"/leads/docs/assets/swagger-ui-bundle.js"' in page
            assert client.get(f"{prefix}/docs/assets/swagger-ui.css").status_code == 200
            assert client.get(f"{prefix}/openapi.json").json()["servers"] == [{"url": "/leads"}]
            assert "/leads/docs" in client.get(f"{prefix}/nowhere").json()["detail"]
        states = [client.get(f"{prefix}{URL}").headers["X-Cache"] for prefix in ("", "/leads")]
        assert states == ["miss", "hit"]
    with start() as client:
        assert "servers" not in client.get("/openapi.json").json()


@pytest.mark.parametrize("added", ["", "-gzip", "--gzip", ";gzip", "-br", "-zstd", "-deflate"])
def test_the_tag_of_a_compressed_answer_is_the_same(added: str) -> None:
    answer = Answer(b"{}", "m", None)
    (etag,) = (value for name, value in answer.reply("hit", None)[1] if name == b"etag")
    tag = etag[:-1] + added.encode() + b'"'
    assert answer.reply("hit", tag)[0] == 304
    assert answer.reply("hit", b'"other", W/' + tag)[0] == 304
    assert answer.reply("hit", b'"other-gzip"')[0] == 200


def test_refusals_and_failures_may_be_read_by_a_page_of_another_origin(
    start: Callable[..., AbstractContextManager[TestClient]],
    source: FakeSource,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def broken() -> None:
        raise RuntimeError

    front = {"Origin": "https://front.example"}
    with start(cors_origins=front["Origin"]) as client:
        monkeypatch.setattr(source.there, "zones", broken)
        cases = {
            421: client.get(URL, headers={**front, "Host": "elsewhere.example"}),
            403: client.get(URL, headers={**front, "Via": "1.1 proxy"}),
            500: client.get("/v1/zones", headers=front),
            404: client.get("/nowhere", headers=front),
            422: client.get("/v1/recommendations", headers=front),
        }
        for status, answer in cases.items():
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == front["Origin"], status
