"""Every error that the document names can really come, with the code that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from features.errors import UnavailableError
from service.database.connection import Database
from service.database.key_store import KeyStore
from service.docs import PROBLEMS
from service.guards import MAX_BODY

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    import pytest
    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

LEADS = "/v1/recommendations"
ZONE = "/v1/zones/{zone_id}"
JSON = {"Content-Type": "application/json"}
PLAIN = (
    (400, "bad-json", "POST", LEADS, LEADS, {"content": b"{", "headers": JSON}),
    (403, "foreign-origin", "POST", LEADS, LEADS, {"headers": {"Origin": "https://evil.example"}}),
    (404, "not-found", "GET", ZONE, "/v1/zones/nowhere", {}),
    (413, "too-large", "POST", LEADS, LEADS, {"content": b" " * (MAX_BODY + 1), "headers": JSON}),
    (414, "too-long", "GET", LEADS, LEADS + "?need_id=" + "a" * 40_000, {}),
    (421, "wrong-host", "GET", LEADS, LEADS, {"headers": {"Host": "evil.example"}}),
    (422, "bad-input", "GET", LEADS, LEADS + "?limit=0", {}),
)


def test_every_documented_error_is_reached(
    start: Callable[..., AbstractContextManager[TestClient]],
    source: FakeSource,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    reached = set()

    def ask(
        client: TestClient, status: int, code: str, method: str, path: str, url: str, **more: object
    ) -> None:
        answer = client.request(method, url, **more)  # type: ignore[arg-type]
        assert (answer.status_code, answer.json()["code"]) == (status, code)
        documented = client.app.openapi()["paths"][path][method.lower()]["responses"]  # type: ignore[attr-defined]
        assert str(status) in documented
        reached.add(status)

    with start() as client:
        for status, code, method, path, url, more in PLAIN:
            ask(client, status, code, method, path, url, **more)
        rollback = "/v1/models/rollback"
        assert client.post(rollback).status_code == 200
        ask(client, 409, "conflict", "POST", rollback, rollback)
        with monkeypatch.context() as patch:
            patch.setattr(source.there, "zones", lambda: 1 / 0)
            ask(client, 500, "internal-error", "GET", "/v1/zones", "/v1/zones")
        source.error = UnavailableError("no model yet")
        ask(client, 503, "unavailable", "GET", "/v1/needs", "/v1/needs")
        source.error = None
    with start(rate_limit="1/day") as client:
        client.get("/v1/needs")
        ask(client, 429, "too-many-requests", "GET", "/v1/needs", "/v1/needs")
    home = tmp_path / "keyed"
    KeyStore(Database(home)).add("analyst")
    with start(home=home) as client:
        ask(client, 401, "no-key", "GET", LEADS, LEADS)
    # A body that is too slow: tests/faults/test_slow_client.py.
    assert reached == set(PROBLEMS) - {408}
