from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from service.access.keys import NOBODY, RIGHTS, Access, Caller, Key, digest
from service.access.zones import ForeignZoneError, ZoneRights
from service.api.app import create_app
from service.api.problems import Problem
from service.serving.questions import KnownNeed, LeadsQuestion
from service.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Sequence

TOKENS = {
    role: f"lz_{role}_secret"
    for role in ("official", "analyst", "front-end", "administrator", "revoked", "expired")
}


def key(name: str, role: str = "", **more: Any) -> Key:
    return Key(f"id-{name}", digest(TOKENS[name].encode()), role or name, **more)


@pytest.fixture
def access() -> Access:
    access = Access(clock=lambda: 1000.0)
    access.replace(
        [
            key("official", zones=("z", "a")),
            key("analyst"),
            key("front-end", expires_at=1000.5),
            key("administrator"),
            key("revoked", role="analyst", revoked_at=5.0),
            key("expired", role="analyst", expires_at=1000.0),
        ]
    )
    return access


def asked(
    path: str,
    token: str | None = None,
    method: str = "GET",
    client: str = "10.0.0.9",
    more: Sequence[tuple[bytes, bytes]] = (),
) -> dict[str, Any]:
    headers = [*more, *([(b"x-api-key", token.encode())] if token else [])]
    return {"method": method, "path": path, "client": (client, 1), "headers": headers}


def refusal(answer: Caller | Problem) -> tuple[int, str]:
    assert isinstance(answer, Problem)
    return answer.status_code, orjson.loads(answer.body)["code"]


def test_nobody_passes_before_the_keys_are_known() -> None:
    access = Access()
    assert not access.keyless
    assert refusal(access.admit(asked("/v1/zones"))) == (503, "unavailable")


def test_without_any_key_none_is_asked_for() -> None:
    access = Access()
    access.replace([])
    assert access.keyless
    assert access.admit(asked("/v1/events", method="POST")) is NOBODY


def test_a_revoked_key_is_a_key_all_the_same() -> None:
    access = Access()
    access.replace([key("revoked", role="analyst", revoked_at=5.0)])
    assert not access.keyless
    assert refusal(access.admit(asked("/v1/zones"))) == (401, "no-key")


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (None, "no-key"),
        ("lz_elsewhere_secret", "unknown-key"),
        (TOKENS["revoked"], "revoked-key"),
        (TOKENS["expired"], "expired-key"),
    ],
)
def test_other_keys_are_refused_and_not_repeated(
    access: Access, token: str | None, code: str
) -> None:
    answer = access.admit(asked("/v1/recommendations", token))
    assert refusal(answer) == (401, code)
    assert isinstance(answer, Problem)
    assert answer.headers["WWW-Authenticate"].startswith("ApiKey")
    assert b"secret" not in answer.body


def test_a_key_says_who_asks(access: Access) -> None:
    official = access.admit(asked("/v1/recommendations", TOKENS["official"]))
    assert official == Caller("id-official", "official", frozenset({"a", "z"}))
    assert isinstance(official, Caller)
    assert official.scope == '["a","z"]'
    assert [official.sees(zone) for zone in ("z", "b", None)] == [True, False, False]
    with pytest.raises(ForeignZoneError, match="other zones than b"):
        official.check_zone("b", "zone_id")
    analyst = access.admit(asked("/v1/recommendations", TOKENS["analyst"]))
    assert isinstance(analyst, Caller)
    assert (analyst.scope, analyst.sees("b"), analyst.sees(None)) == ("", True, True)


@pytest.mark.parametrize(
    ("method", "path", "roles"),
    [
        ("GET", "/v1/recommendations", "official analyst front-end administrator"),
        ("POST", "/v1/recommendations", "official analyst front-end administrator"),
        ("GET", "/v1/zones/z", "official analyst front-end administrator"),
        ("GET", "/v1/enterprises/e/needs", "official analyst front-end administrator"),
        ("POST", "/v1/events", "official analyst front-end administrator"),
        ("GET", "/v1/events", "official analyst administrator"),
        ("POST", "/v1/events/a/b/retract", "official analyst administrator"),
        ("GET", "/v1/models", "analyst administrator"),
        ("POST", "/v1/models/m1/activate", "analyst administrator"),
        ("POST", "/v1/models/rollback", "analyst administrator"),
        ("GET", "/v1/audit", "administrator"),
        ("GET", "/health/ready", "official analyst front-end administrator"),
        ("DELETE", "/v1/zones", "administrator"),
        ("GET", "/v1/nowhere", "administrator"),
    ],
)
def test_roles(access: Access, method: str, path: str, roles: str) -> None:
    passing = []
    for role in ("official", "analyst", "front-end", "administrator"):
        answer = access.admit(asked(path, TOKENS[role], method))
        if isinstance(answer, Caller):
            passing.append(role)
        else:
            assert refusal(answer) == (403, "forbidden")
    assert passing == roles.split()


def test_every_route_stands_in_the_rights_and_every_right_has_a_route() -> None:
    routes = {
        (method.upper(), re.sub(r"\{[^}]+\}", "x", path))
        for path, methods in create_app(Settings.load()).openapi()["paths"].items()
        for method in methods
    }
    assert ("POST", "/v1/events/x/retract") in routes
    used = set()
    for method, path in routes:
        named = {r for r in RIGHTS if r[0] == method and re.fullmatch(r[1], path)}
        assert len(named) == 1, f"{method} {path}"
        used |= named
    assert used == set(RIGHTS)


def test_health_asks_for_no_key_on_loopback_and_metrics_do(access: Access) -> None:
    assert access.admit(asked("/health/live", client="127.0.0.1")) is NOBODY
    assert refusal(access.admit(asked("/health/live"))) == (401, "no-key")
    proxied = asked("/health/live", client="127.0.0.1", more=[(b"x-forwarded-for", b"10.0.0.9")])
    assert refusal(access.admit(proxied)) == (401, "no-key")
    # A proxy that adds no header looks like a caller on this machine.
    assert refusal(access.admit(asked("/metrics", client="127.0.0.1"))) == (401, "no-key")
    assert refusal(access.admit(asked("/v1/zones", client="127.0.0.1"))) == (401, "no-key")
    assert access.admit(asked("/docs")) is NOBODY


def test_scopes_of_other_zones_never_collide() -> None:
    zones: list[list[str] | None] = [None, [], ["a", "b"], ["a\nb"], ["a", "b\nc"], ["a\nb", "c"]]
    zones += [["zones", "a"], ['a","b'], ['["a"]'], [""], ["", ""]]
    scopes = [
        Caller("k", "official", None if own is None else frozenset(own)).scope for own in zones
    ]
    assert len(set(scopes)) == len({None if own is None else frozenset(own) for own in zones})


def test_equal_questions_of_other_scopes_are_others() -> None:
    def key(*zones: str) -> bytes:
        rights = ZoneRights(frozenset(zones) if zones else None)
        return LeadsQuestion(KnownNeed("n"), rights=rights).key

    assert key() == key()
    assert key("z", "a") == key("a", "z")
    assert len({key(), key("z"), key("a"), key("a", "z")}) == 4
