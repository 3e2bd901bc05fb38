from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from service.access.keys import NOBODY, Access
from service.access.proxies import Proxies, is_forwarded
from service.api.problems import Problem
from tests.service.access.test_access import TOKENS, asked, key, refusal

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

SHOWN = {
    "Forwarded": "for=203.0.113.9",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Host": "lz.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Prefix": "/leads",
    "X-Forwarded-Anything": "1",
    "X-Real-IP": "203.0.113.9",
    "Via": "1.1 squid",
    "CF-Connecting-IP": "203.0.113.9",
    "CF-Ray": "1",
    "True-Client-IP": "203.0.113.9",
    "X-Envoy-External-Address": "203.0.113.9",
    "X-Original-URL": "/",
    "Ali-CDN-Real-IP": "203.0.113.9",
    "Cdn-Src-Ip": "203.0.113.9",
    "Forwarded-For": "203.0.113.9",
    "X_Forwarded_For": "203.0.113.9",
    "X-Nginx-Proxy": "true",
    "Remote-Addr": "203.0.113.9",
}


@pytest.mark.parametrize("name", SHOWN)
def test_without_keys_nothing_that_a_proxy_hands_on_is_answered(
    client: TestClient, name: str
) -> None:
    page = "/v1/recommendations?need_id=z/光电LED"
    assert client.get(page).status_code == 200
    shown = {name: SHOWN[name]}
    for path in (page, "/v1/models", "/metrics", "/health/ready", "/docs", "/nowhere"):
        answer = client.get(path, headers=shown)
        assert (answer.status_code, answer.json()["code"]) == (403, "forwarded"), path
    assert "lianzhao keys add" in answer.json()["detail"]
    assert client.post("/v1/events", headers=shown, json={}).status_code == 403
    elsewhere = client.get(page, headers={**shown, "Host": "lz.example"})
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "forwarded")


@pytest.mark.parametrize(
    ("version", "connection", "seen"),
    [
        ("1", b"close", True),
        ("1.0", b"close", True),
        ("1.0", b"keep-alive", False),
        ("1.1", b"close", False),
    ],
)
def test_what_nginx_sends_of_itself_is_seen(version: str, connection: bytes, seen: bool) -> None:
    scope = {"headers": [(b"connection", connection)], "http_version": version}
    assert is_forwarded(scope) is seen


def test_a_trusted_proxy_is_refused_without_keys_too() -> None:
    access = Access(proxies=Proxies(["127.0.0.1"]))
    access.replace([])
    shown = asked("/v1/zones", client="127.0.0.1", more=[(b"x-forwarded-for", b"10.0.0.9")])
    assert refusal(access.admit(shown)) == (403, "forwarded")
    assert access.admit(asked("/v1/zones", client="127.0.0.1")) is NOBODY


def test_with_keys_a_forwarded_request_needs_one_as_any_other() -> None:
    access = Access()
    access.replace([key("analyst")])
    for path in ("/health/live", "/metrics"):
        shown = asked(path, client="127.0.0.1", more=[(b"via", b"1.1 proxy")])
        assert refusal(access.admit(shown)) == (401, "no-key")
    with_key = asked("/metrics", TOKENS["analyst"], more=[(b"via", b"1.1 proxy")])
    assert not isinstance(access.admit(with_key), Problem)


def come(peer: str | None, *headers: tuple[str, str]) -> dict[str, Any]:
    given = [(name.encode(), value.encode()) for name, value in headers]
    return {"client": (peer, 1) if peer else None, "headers": given}


@pytest.mark.parametrize(
    ("peer", "headers", "client"),
    [
        ("127.0.0.1", [("x-forwarded-for", "203.0.113.9")], "203.0.113.9"),
        # What the caller says of itself stands before what the proxy added.
        ("127.0.0.1", [("x-forwarded-for", "1.1.1.1, 203.0.113.9")], "203.0.113.9"),
        (
            "127.0.0.1",
            [("x-forwarded-for", "1.1.1.1"), ("x-forwarded-for", "203.0.113.9")],
            "203.0.113.9",
        ),
        ("127.0.0.1", [("x-forwarded-for", "203.0.113.9, 10.1.2.3")], "203.0.113.9"),
        ("10.9.9.9", [("x-forwarded-for", "203.0.113.9:4711")], "203.0.113.9"),
        ("::ffff:10.9.9.9", [("x-forwarded-for", "[2001:db8::7]:80")], "2001:db8::7"),
        ("127.0.0.1", [("x-forwarded-for", "unknown")], "127.0.0.1"),
        ("127.0.0.1", [("x-real-ip", "1.1.1.1"), ("forwarded", "for=1.1.1.1")], "127.0.0.1"),
        ("127.0.0.1", [], "127.0.0.1"),
        # Nobody else is believed.
        ("192.168.1.9", [("x-forwarded-for", "203.0.113.9")], "192.168.1.9"),
        (None, [("x-forwarded-for", "203.0.113.9")], ""),
    ],
)
def test_the_client_s_address(
    peer: str | None, headers: list[tuple[str, str]], client: str
) -> None:
    proxies = Proxies(["127.0.0.1", "10.0.0.0/8"])
    assert proxies.client(come(peer, *headers)) == client


def test_without_a_trusted_proxy_the_connection_says_who_asks() -> None:
    assert Proxies().client(come("127.0.0.1", ("x-forwarded-for", "1.1.1.1"))) == "127.0.0.1"


@pytest.mark.parametrize(
    ("stated", "prefix"),
    [
        ("/leads", "/leads"),
        ("/leads/", "/leads"),
        ("/a/b-c", "/a/b-c"),
        ("", ""),
        ("//evil.example", None),
        ("/a/../b", None),
        ('/a"><script>', None),
        ("https://evil.example", None),
    ],
)
def test_the_prefix_of_a_trusted_proxy(stated: str, prefix: str | None) -> None:
    said = ("x-forwarded-prefix", stated)
    assert Proxies(["127.0.0.1"]).prefix(come("127.0.0.1", said)) == prefix
    assert Proxies(["10.0.0.1"]).prefix(come("127.0.0.1", said)) is None


def test_rates_are_counted_for_the_client_behind_a_trusted_proxy(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    from service.access.gate import who

    proxies = Proxies(["127.0.0.1"])
    one, other = (
        who(come("127.0.0.1", ("x-forwarded-for", at)), NOBODY, proxies)
        for at in ("203.0.113.9", "203.0.113.10")
    )
    assert (one, other) == ("203.0.113.9", "203.0.113.10")
