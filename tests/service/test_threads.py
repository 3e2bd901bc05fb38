from __future__ import annotations

import asyncio
import threading
import time
from typing import TYPE_CHECKING

import pytest

from service import threads
from service.threads import AbandonedError, BusyError, SharedThreads, check_wanted
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


def run(work: Callable[[SharedThreads], Awaitable[None]], number: int = 4) -> None:
    async def done() -> None:
        shared = SharedThreads("test", number)
        try:
            await work(shared)
        finally:
            shared.close()

    asyncio.run(done())


def test_results_and_errors_come_back() -> None:
    async def work(shared: SharedThreads) -> None:
        assert await shared.run(lambda: 7) == 7
        with pytest.raises(ZeroDivisionError):
            await shared.run(lambda: 1 // 0)
        assert shared.waiting == 0

    run(work)


def test_one_caller_never_takes_the_last_thread() -> None:
    async def work(shared: SharedThreads) -> None:
        hold = threading.Event()
        greedy = [asyncio.create_task(shared.run(hold.wait, "a")) for _ in range(20)]
        await asyncio.sleep(0)
        assert shared.waiting == 17
        assert await asyncio.wait_for(shared.run(lambda: "now", "b"), SECONDS) == "now"
        hold.set()
        await asyncio.gather(*greedy)

    run(work)


def test_callers_take_turns() -> None:
    begun: list[str] = []

    async def work(shared: SharedThreads) -> None:
        hold = threading.Event()
        first = asyncio.create_task(shared.run(hold.wait, "x"))
        await asyncio.sleep(0)
        rest = [
            asyncio.create_task(shared.run(lambda name=name: begun.append(name), name))
            for name in ("a", "a", "a", "b", "c")
        ]
        await asyncio.sleep(0)
        hold.set()
        await asyncio.gather(first, *rest)

    run(work, 1)
    assert begun == ["a", "b", "c", "a", "a"]


def test_work_that_nobody_waits_for_ends() -> None:
    begun, ended = threading.Event(), threading.Event()

    def long() -> None:
        begun.set()
        try:
            while True:
                check_wanted()
                time.sleep(0.001)
        except AbandonedError:
            ended.set()
            raise

    async def work(shared: SharedThreads) -> None:
        running = asyncio.create_task(shared.run(long, "a"))
        never = asyncio.create_task(shared.run(lambda: pytest.fail("begun"), "a"))
        assert await asyncio.to_thread(begun.wait, SECONDS)
        for task in (never, running):
            task.cancel()
        await asyncio.wait([never, running])
        assert ended.wait(SECONDS)
        assert await shared.run(lambda: "free", "a") == "free"

    run(work, 1)


def test_what_one_caller_has_waiting_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "MOST_WAITING", 2)

    async def work(shared: SharedThreads) -> None:
        hold = threading.Event()
        held = [asyncio.create_task(shared.run(hold.wait, "a")) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await shared.run(lambda: None, "a")
        hold.set()
        await asyncio.gather(*held)
        await shared.run(lambda: None, "a")

    run(work, 1)


def test_elsewhere_everything_is_wanted() -> None:
    check_wanted()
