from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from features.errors import NotFoundError
from service.access.gate import MAX_QUERY
from service.database.audit_log import AuditLog
from service.database.connection import Database
from service.database.key_store import KeyStore
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

PAGE = "/v1/recommendations?need_id=z/光电LED"


@pytest.fixture
def keys() -> KeyStore:
    return KeyStore(Database(Path("var")))


def test_keys_are_kept_as_hashes_and_revoked_once(keys: KeyStore) -> None:
    key_id, token = keys.add("official", ["z", "a", "z"], name="李", days=2)
    (key,) = keys.list()
    assert (key.key_id, key.role, key.zones, key.name) == (key_id, "official", ("a", "z"), "李")
    assert key.expires_at is not None
    assert key.expires_at - key.created_at == pytest.approx(2 * 86400, abs=0.01)
    secret = token.split(f"_{key_id}_")[1]
    assert len(secret) > 30
    for path in Path("var").iterdir():
        assert secret.encode() not in path.read_bytes()
    keys.revoke(key_id)
    revoked = keys.list()[0].revoked_at
    keys.revoke(key_id)
    assert keys.list()[0].revoked_at == revoked is not None
    with pytest.raises(NotFoundError, match="no key has the id 'x'"):
        keys.revoke("x")


def test_a_key_is_asked_for_as_soon_as_there_is_one(client: TestClient, keys: KeyStore) -> None:
    assert client.get(PAGE).status_code == 200
    key_id, token = keys.add("analyst")
    until(lambda: client.get(PAGE).status_code == 401)
    assert client.get(PAGE).json()["code"] == "no-key"
    assert client.get("/openapi.json").status_code == 200
    headers = {"X-API-Key": token, "Host": "leads.example"}
    assert [client.get(PAGE, headers=headers).headers["X-Cache"] for _ in range(2)] == [
        "hit",
        "hit",
    ]
    keys.revoke(key_id)
    until(lambda: client.get(PAGE, headers=headers).status_code == 401)
    assert client.get(PAGE, headers=headers).json()["code"] == "revoked-key"


def test_reads_and_changes_are_noted_with_who_made_them(
    start: Callable[..., AbstractContextManager[TestClient]], keys: KeyStore
) -> None:
    key_id, token = keys.add("administrator")
    headers = {"X-API-Key": token}
    expected = {
        (key_id, "GET", "/v1/recommendations", "z/光电LED", 3),
        (key_id, "GET", "/v1/enterprises", None, 1),
        (key_id, "POST", "/v1/models/{version}/activate", "m2", 1),
        (None, "command", "keys add", key_id, 1),
    }
    with start() as client:
        for _ in range(3):
            assert client.get(PAGE, headers=headers).status_code == 200
        client.get("/v1/enterprises?q=某人的电话", headers=headers)
        assert client.post("/v1/models/m2/activate", headers=headers).status_code == 200

        def told() -> set[tuple[Any, ...]]:
            entries = client.get("/v1/audit", headers=headers).json()["entries"]
            assert token not in str(entries)
            names = ("key_id", "method", "route", "target", "times")
            return {tuple(entry[name] for name in names) for entry in entries}

        until(lambda: expected <= told())


def test_the_zone_of_a_need_in_a_body_is_noted(
    start: Callable[..., AbstractContextManager[TestClient]], keys: KeyStore
) -> None:
    key_id, token = keys.add("official", ["z"])
    with start() as client:
        for zone_id, status in (("z", 200), ("other", 403), (None, 200)):
            body = {"need": {"industry": "机密的打算", "zone_id": zone_id}}
            answer = client.post("/v1/recommendations", json=body, headers={"X-API-Key": token})
            assert answer.status_code == status
    entries = AuditLog(Database(Path("var")), 180).page(200, 0)["entries"]
    told = {(e["key_id"], e["route"], e["target"], e["status"]) for e in entries if e["key_id"]}
    assert told == {
        (key_id, "/v1/recommendations", "z", 200),
        (key_id, "/v1/recommendations", "other", 403),
        (key_id, "/v1/recommendations", None, 200),
    }
    assert "机密" not in str(entries)


def test_refused_tries_are_in_the_audit_log(
    start: Callable[..., AbstractContextManager[TestClient]], keys: KeyStore
) -> None:
    key_id, token = keys.add("front-end")
    revoked_id, revoked = keys.add("analyst")
    keys.revoke(revoked_id)
    with start(rate_limit="5/day") as client:
        for given in (None, "lz_wrong", "lz_wrong", revoked):
            headers = {} if given is None else {"X-API-Key": given}
            assert client.get(PAGE, headers=headers).status_code == 401
        headers = {"X-API-Key": token}
        assert client.get("/v1/models", headers=headers).status_code == 403
        statuses = [client.get(PAGE, headers=headers).status_code for _ in range(7)]
        assert statuses == [200] * 5 + [429] * 2
    entries = AuditLog(Database(Path("var")), 180).page(200, 0)["entries"]
    told = {
        (e["key_id"], e["role"], e["route"], e["status"]): e["times"]
        for e in entries
        if e["method"] == "refused"
    }
    assert told == {
        (None, "nobody", "no-key", 401): 1,
        (None, "nobody", "unknown-key", 401): 2,
        (revoked_id, "analyst", "revoked-key", 401): 1,
        (key_id, "front-end", "forbidden", 403): 1,
        (key_id, "front-end", "too-many-requests", 429): 2,
    }
    for secret in ("lz_wrong", token, revoked, "testclient"):
        assert secret not in str(entries)


def test_a_service_without_keys_writes_no_refusal(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    with start(rate_limit="1/day") as client:
        assert [client.get(PAGE).status_code for _ in range(2)] == [200, 429]
    assert not Path("var").exists()


def test_answers_carry_security_headers_and_long_queries_are_refused(client: TestClient) -> None:
    for answer in (client.get(PAGE), client.get("/nothing")):
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    answer = client.get(f"/v1/enterprises?q={'x' * MAX_QUERY}")
    assert (answer.status_code, answer.json()["code"]) == (414, "too-long")
