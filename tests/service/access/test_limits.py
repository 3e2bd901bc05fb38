from __future__ import annotations

import asyncio
import time

import pytest

from service.access.limits import Limiter
from service.cache.embedded import EmbeddedServer
from service.settings import RateLimit


def test_a_new_window_starts_anew_and_clients_are_apart() -> None:
    now = [1000.0]
    limiter = Limiter(RateLimit(2, 10), clock=lambda: now[0])
    assert [limiter.wait(who) for who in ("a", "a", "b", "a")] == [0, 0, 0, 11]
    now[0] = 1010.0
    assert limiter.wait("a") == 0


def test_a_clock_set_back_does_not_lock_anybody_out() -> None:
    now = [1000.0]
    limiter = Limiter(RateLimit(1, 10), clock=lambda: now[0])
    assert limiter.wait("a") == 0
    now[0] = 0.0
    assert limiter.wait("a") == 0
    assert limiter.wait("a") == 11


@pytest.mark.parametrize("hours", [-1, 1])
def test_setting_the_time_of_day_changes_no_count(
    monkeypatch: pytest.MonkeyPatch, hours: int
) -> None:
    limiter = Limiter(RateLimit(2, 1800))
    assert [limiter.wait("a") for _ in range(2)] == [0, 0]
    shifted = time.time() + 3600 * hours
    monkeypatch.setattr("service.access.limits.time.time", lambda: shifted)
    assert 0 < limiter.wait("a") <= 1801


def test_workers_count_together() -> None:
    async def use(url: str) -> None:
        one, two = (Limiter(RateLimit(5, 3600), url, lambda: 1000.0) for _ in range(2))
        assert [one.wait("k") for _ in range(3)] == [0, 0, 0]
        assert two.wait("k") == 0
        for limiter in (one, two, one):
            await limiter.exchange()
        assert one.wait("k") == 0  # the fifth
        assert one.wait("k") > 0
        await one.exchange()
        assert two.wait("other") == 0
        assert two.wait("k") == 0  # not told yet
        await two.exchange()
        assert two.wait("k") > 0
        for limiter in (one, two):
            await limiter.close()

    with EmbeddedServer() as server:
        asyncio.run(use(server.url))


def test_without_redis_a_worker_counts_for_itself() -> None:
    async def use() -> None:
        limiter = Limiter(RateLimit(1, 3600), "redis://127.0.0.1:1/0", lambda: 1000.0)
        limiter.open()
        assert limiter.wait("k") == 0
        await asyncio.sleep(0.7)
        assert limiter.wait("k") > 0
        await limiter.close()

    asyncio.run(use())
