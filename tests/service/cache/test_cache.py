from __future__ import annotations

import asyncio
import os
import signal
import socket
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest

from features.errors import UnavailableError
from service.cache import answer as answer_module
from service.cache import connecting, embedded, local, tiers
from service.cache.answer import Answer
from service.cache.embedded import EmbeddedServer
from service.cache.local import LocalCache
from service.cache.tiers import RemoteCache
from tests.waiting import SECONDS, stop

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


def test_entries_end_with_their_time_but_not_all_at_once() -> None:
    clock = Clock()
    cache: LocalCache[str] = LocalCache(max_bytes=1000, ttl=5, grace=2, clock=clock)
    for key in range(100):
        cache.put(key, "A", 4)
    clock.now += 4.5
    assert all(cache.get(key) for key in range(100))
    clock.now += 0.25
    assert 20 < sum(cache.get(key) is None for key in range(100)) < 80
    clock.now += 0.25
    assert not any(cache.get(key) for key in range(100))
    assert all(cache.aged(key) for key in range(100))
    clock.now += 2
    assert not any(cache.aged(key) for key in range(100))
    assert not any(cache.get(key) for key in range(100))
    assert (cache.weight, len(cache)) == (0, 0)


def test_the_weight_of_an_answer_is_its_memory() -> None:
    cache: LocalCache[Answer] = LocalCache(2**30, 60)
    tracemalloc.start()
    for number in range(1_000):
        answer = Answer(bytes(10_000), "m1", "zh")
        cache.put(("m1", "p1", b"asked %d" % number), answer, answer.weight)
    # Threads that earlier tests left may take memory, too: only what is taken here counts.
    modules = (__file__, answer_module.__file__, local.__file__)
    here = [tracemalloc.Filter(True, path) for path in modules]
    traces = tracemalloc.take_snapshot().filter_traces(here).traces
    taken = sum(trace.size for trace in traces)
    tracemalloc.stop()
    assert cache.weight == pytest.approx(taken, rel=0.1)


def test_what_an_entry_grows_by_is_counted() -> None:
    cache: LocalCache[str] = LocalCache(100, 60)
    for key in "abc":
        cache.put(key, key, 20)
    cache.grow("a", 10)
    cache.grow("gone", 10)
    assert (cache.weight, len(cache)) == (70, 3)
    cache.grow("c", 35)
    assert (cache.get("a"), cache.get("b"), cache.weight) == (None, "b", 75)


def test_no_redis_is_quiet() -> None:
    async def use() -> None:
        cache = RemoteCache(None, 60)
        await cache.put({"k": b"v"})
        assert await cache.get("k") is None
        assert cache.state == "none"
        await cache.close()

    asyncio.run(use())


def test_a_redis_that_was_never_there_is_left_alone_after_three_calls() -> None:
    async def use() -> None:
        with socket.socket() as held:
            held.bind(("127.0.0.1", 0))
            # Bound and not listening: refused at once.
            cache = RemoteCache(f"redis://127.0.0.1:{held.getsockname()[1]}/0", 60)
            seen = []
            for _ in range(3):
                seen.append(cache.state)
                assert await cache.get("k") is None
            assert seen == ["up"] * 3
            assert cache.state == await cache.check() == "down"
            await cache.put({"k": b"v"})
            async with cache.claim("k") as found:
                assert found is None
            await cache.close()

    asyncio.run(use())


def test_a_redis_that_says_nothing_costs_three_short_waits() -> None:
    async def use() -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            cache = RemoteCache(f"redis://127.0.0.1:{silent.getsockname()[1]}/0", 60)
            started = time.perf_counter()
            assert [await cache.get("k") for _ in range(1_000)] == [None] * 1_000
            # A wait for each of them would take a hundred seconds.
            assert 0.3 <= time.perf_counter() - started < 30
            await cache.close()

    asyncio.run(use())


@pytest.mark.usefixtures("patient")
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


@pytest.mark.usefixtures("patient")
def test_redis_is_asked_again_after_a_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def use(server: EmbeddedServer) -> None:
        cache = RemoteCache(server.url, 60, pause=0.05)
        await cache.put({"k": b"v"})
        stop(server.pid or 0)
        with monkeypatch.context() as impatient:
            impatient.setattr(connecting, "TIMEOUT", 0.1)
            impatient.setattr(tiers, "_LIMIT", 0.25)
            assert [await cache.get("k") for _ in range(3)] == [None] * 3
        assert cache.state == "down"
        os.kill(server.pid or 0, signal.SIGCONT)
        async with asyncio.timeout(SECONDS):
            while cache.state == "down":
                await asyncio.sleep(0.01)
        assert await cache.get("k") == b"v"
        await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server))


@pytest.mark.usefixtures("patient")
def test_one_computes_and_the_others_wait_for_it() -> None:
    computed = []

    async def ask(cache: RemoteCache) -> bytes:
        async with cache.claim("k") as found:
            if found is None:
                await asyncio.sleep(0.1)
                computed.append(1)
                found = b"v"
                await cache.put({"k": found})
        return found

    async def use(url: str) -> None:
        caches = [RemoteCache(url, 60) for _ in range(2)]
        answers = await asyncio.gather(*(ask(cache) for cache in caches * 10))
        assert answers == [b"v"] * 20
        for cache in caches:
            await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server.url))
    assert computed == [1]


@pytest.mark.usefixtures("patient")
def test_the_right_to_compute_ends_with_its_time_and_is_not_taken_from_the_next(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tiers, "_HOLD", 0.1)

    async def use(url: str) -> None:
        cache = RemoteCache(url, 60)
        # The first holder goes on for too long; the next one has the right by then.
        async with cache.claim("k") as first, cache.claim("k") as second:
            assert first is second is None
            redis = cache._client
            assert redis is not None
            assert await redis.exists("k:lock")
        assert not await redis.exists("k:lock")
        async with cache.claim("k"):
            await redis.set("k:lock", b"of another one")
        assert await redis.get("k:lock") == b"of another one"
        await cache.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server.url))


def test_a_stop_while_it_starts_is_one_clear_error(monkeypatch: pytest.MonkeyPatch) -> None:
    server = EmbeddedServer()

    def stopped(*_: object, **__: object) -> None:
        server.stop()
        raise OSError

    monkeypatch.setattr(embedded.socket, "create_connection", stopped)
    with pytest.raises(UnavailableError, match="did not start"):
        server.__enter__()


def test_there_may_be_no_server_for_a_platform(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded.sys, "platform", "plan9")
    with pytest.raises(UnavailableError, match="no embedded cache server for plan9"):
        EmbeddedServer().__enter__()


@pytest.mark.usefixtures("patient")
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
        assert time.perf_counter() - started < 30
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
