from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from redis.exceptions import ReadOnlyError, ResponseError

from service.cache.embedded import EmbeddedServer
from service.cache.seal import FILE, Seal
from service.cache.tiers import RemoteCache

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.testclient import TestClient


@pytest.fixture
def redis() -> Iterator[str]:
    with EmbeddedServer() as server:
        yield server.url


def test_what_was_sealed_can_be_opened_under_its_name_alone(tmp_path: Path) -> None:
    seal = Seal(tmp_path)
    kept = seal.sealed("name", b"value")
    assert seal.opened("name", kept) == b"value"
    assert Seal(tmp_path).opened("name", kept) == b"value"
    assert seal.opened("other", kept) is None
    assert seal.opened("name", seal.sealed("name", b"")) == b""
    assert ((tmp_path / FILE).stat().st_mode & 0o777) == 0o600


@pytest.mark.parametrize(
    "other",
    [
        b'{"leads":"poison"}',
        b"",
        b"lz1",
        b"lz1" + bytes(60),
        *(b"cut altered longer newer".split()),
    ],
)
def test_whatever_else_is_not_used(tmp_path: Path, other: bytes) -> None:
    seal = Seal(tmp_path)
    kept = seal.sealed("name", b"a value")
    changed = {
        b"cut": kept[:-1],
        b"altered": kept[:-1] + b"E",
        b"longer": kept + b"!",
        b"newer": b"lz2" + kept[3:],
    }.get(other, other)
    assert seal.opened("name", changed) is None


def test_a_seal_of_another_workspace_is_another(tmp_path: Path) -> None:
    kept = Seal(tmp_path / "one").sealed("name", b"value")
    assert Seal(tmp_path / "two").opened("name", kept) is None
    assert Seal().opened("name", kept) is None
    shared = Seal(tmp_path / "one", "a secret of all").sealed("name", b"value")
    assert Seal(tmp_path / "two", "a secret of all").opened("name", shared) == b"value"
    assert Seal(tmp_path / "one").opened("name", shared) is None


def test_a_workspace_that_cannot_be_written_shares_with_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    seal = Seal(tmp_path / "file" / "home")
    assert seal.opened("name", seal.sealed("name", b"value")) == b"value"


@pytest.mark.parametrize(
    "raised", [TypeError("x"), ValueError("x"), RuntimeError("x"), AttributeError("x")]
)
def test_whatever_the_client_raises_is_a_cache_that_is_away(
    monkeypatch: pytest.MonkeyPatch, raised: Exception
) -> None:
    async def connect(*_: object) -> None:
        raise raised

    monkeypatch.setattr("service.cache.tiers.connect", connect)

    async def use() -> str:
        cache = RemoteCache("redis://127.0.0.1:1/0", 60)
        for _ in range(3):
            assert await cache.get("k") is None
            await cache.put({"k": b"v"})
        async with cache.claim("k") as found:
            assert found is None
        state = cache.state
        await cache.close()
        return state

    assert asyncio.run(use()) == "down"


@pytest.mark.parametrize(
    ("raised", "state"),
    [
        (ReadOnlyError("You can't write against a read only replica."), "read-only"),
        (ResponseError("unknown command 'SET', with args beginning with: '{\"leads\""), "refusing"),
        (ResponseError("DB index is out of range"), "refusing"),
    ],
)
def test_a_refusal_shows_and_the_log_has_no_beginning_of_an_answer(
    caplog: pytest.LogCaptureFixture, raised: ResponseError, state: str
) -> None:
    async def use() -> str:
        cache = RemoteCache("redis://127.0.0.1:1/0", 60)

        async def refuse(_: object) -> None:
            raise raised

        async def connected() -> None:
            return None

        cache._connected = connected  # type: ignore[method-assign, assignment]
        await cache._ask(refuse)
        return cache.state

    with caplog.at_level(logging.WARNING):
        assert asyncio.run(use()) == state
    assert "Redis refuses a call" in caplog.text
    assert "leads" not in caplog.text


@pytest.mark.usefixtures("patient")
def test_poison_in_redis_is_not_sent_on(
    start: Callable[..., AbstractContextManager[TestClient]], redis: str
) -> None:
    url = "/v1/recommendations?need_id=z/光电LED"
    with start(redis_url=redis) as client:
        first = client.get(url)
    with Redis.from_url(redis) as there:
        names = there.keys("lianzhao:*")
        assert names
        for name in names:
            there.set(name, b'{"leads":"poison"}')
    with start(redis_url=redis) as client:
        again = client.get(url)
        assert (again.status_code, again.headers["X-Cache"]) == (200, "miss")
        assert again.content == first.content
