from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
from typing import TYPE_CHECKING

import pytest

from features.errors import UnavailableError
from service import embedded
from service.cache import LocalCache, RemoteCache
from service.embedded import EmbeddedServer

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager
    from pathlib import Path

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource

URL = "/v1/recommendations?need_id=z/光电LED"


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_what_was_used_last_stays() -> None:
    cache: LocalCache[str] = LocalCache(max_bytes=10, ttl=5)
    cache.put("a", "A", 4)
    cache.put("b", "B", 4)
    assert cache.get("a") == "A"
    cache.put("c", "C", 4)
    assert (cache.get("a"), cache.get("b"), cache.get("c")) == ("A", None, "C")
    cache.put("a", "AA", 6)
    assert (cache.get("a"), len(cache), cache.weight) == ("AA", 2, 10)
    cache.put("huge", "H", 11)
    assert cache.get("huge") is None
    assert len(cache) == 2


def test_entries_end_with_their_time() -> None:
    clock = Clock()
    cache: LocalCache[str] = LocalCache(max_bytes=10, ttl=5, clock=clock)
    cache.put("a", "A", 4)
    clock.now += 5
    assert cache.get("a") == "A"
    clock.now += 0.1
    assert cache.get("a") is None
    assert cache.weight == 0


def test_no_redis_is_quiet() -> None:
    async def use() -> None:
        cache = RemoteCache(None, 60)
        await cache.put({"k": b"v"})
        assert await cache.get("k") is None
        assert cache.state == "none"
        await cache.close()

    asyncio.run(use())


def test_a_redis_that_was_never_there_is_asked_once_and_then_left_alone() -> None:
    clock = Clock()

    async def use() -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            # Bound and not listening: refused at once.
            cache = RemoteCache(f"redis://127.0.0.1:{held.getsockname()[1]}/0", 60, clock)
            assert await cache.get("k") is None
            assert cache.state == "down"
            await cache.put({"k": b"v"})
            clock.now += 5.1
            assert cache.state == "up"
            assert await cache.check() == "down"
            await cache.close()

    asyncio.run(use())


def test_a_redis_that_says_nothing_costs_one_short_wait() -> None:
    async def use() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            cache = RemoteCache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", 60)
            started = time.perf_counter()
            assert [await cache.get("k") for _ in range(10)] == [None] * 10
            assert time.perf_counter() - started < 1
            await cache.close()

    asyncio.run(use())


def test_the_embedded_server_keeps_values_and_writes_nothing(tmp_path: Path) -> None:
    async def use(url: str) -> None:
        cache = RemoteCache(url, 60)
        await cache.put({"k": "值".encode(), "l": b"2"})
        assert await cache.get("k") == "值".encode()
        assert await cache.get("none") is None
        assert await cache.check() == "up"
        await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server.url))
        with socket.create_connection(("127.0.0.1", server.port)) as stranger:
            stranger.sendall(b"GET k\r\n")
            assert stranger.recv(64).startswith(b"-NOAUTH")
        pid = server.pid
    assert list(tmp_path.iterdir()) == []
    assert server.pid is None
    with pytest.raises(ProcessLookupError):
        os.kill(pid or 0, 0)


def test_redis_is_asked_again_after_a_pause() -> None:
    clock = Clock()

    async def use(server: EmbeddedServer) -> None:
        cache = RemoteCache(server.url, 60, clock)
        await cache.put({"k": b"v"})
        os.kill(server.pid or 0, signal.SIGSTOP)
        assert await cache.get("k") is None
        assert cache.state == "down"
        os.kill(server.pid or 0, signal.SIGCONT)
        assert await cache.get("k") is None
        clock.now += 5.1
        assert await cache.get("k") == b"v"
        assert cache.state == "up"
        await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server))


def test_there_may_be_no_server_for_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.sys, "platform", "plan9")
    with pytest.raises(UnavailableError, match="no embedded cache server for plan9"):
        EmbeddedServer().__enter__()


def test_answers_outlive_the_process_in_redis(
    start: Callable[..., AbstractContextManager[TestClient]], source: FakeSource
) -> None:
    with EmbeddedServer() as server:
        with start(redis_url=server.url) as client:
            first = client.get(URL)
        with start(redis_url=server.url) as client:
            second = client.get(URL)
            assert client.get("/health/ready").json()["cache"] == "up"
            source.error = UnavailableError("gone")
        with start(redis_url=server.url) as client:
            stale = client.get(URL)
    assert [r.headers["X-Cache"] for r in (first, second, stale)] == ["miss", "hit", "stale"]
    assert first.content == second.content == stale.content
    assert first.headers["ETag"] == second.headers["ETag"] == stale.headers["ETag"]
    assert stale.headers["X-Model-Version"] == "m1"
    assert len(source.there.asked) == 1


def test_the_service_goes_on_when_redis_is_killed(
    start: Callable[..., AbstractContextManager[TestClient]], source: FakeSource
) -> None:
    with EmbeddedServer() as server, start(redis_url=server.url) as client:
        assert client.get(URL).headers["X-Cache"] == "miss"
        os.kill(server.pid or 0, signal.SIGKILL)
        started = time.perf_counter()
        for limit in range(1, 9):
            answer = client.get(f"{URL}&limit={limit}")
            assert answer.status_code == 200
            assert answer.headers["X-Cache"] == "miss"
            assert len(answer.json()["leads"]) == limit
        assert time.perf_counter() - started < 2
        assert client.get(URL).status_code == 200
        ready = client.get("/health/ready")
        assert (ready.status_code, ready.json()["cache"]) == (200, "down")
        assert "lianzhao_cache_up 0.0" in client.get("/metrics").text


def test_a_redis_that_is_never_there_is_no_hindrance(
    start: Callable[..., AbstractContextManager[TestClient]],
) -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with start(redis_url=f"redis://127.0.0.1:{held.getsockname()[1]}") as client:
            assert client.get(URL).status_code == 200
            assert client.get("/v1/zones").status_code == 200
