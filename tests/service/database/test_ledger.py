"""Reads, writes and the look for changed keys do not wait for one another."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING

from service.access.keys import Caller
from service.database.ledger import _READ_BYTES, _READS_BYTES, AnsweredRequest, Ledger
from service.settings import Settings
from tests.waiting import SECONDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

GREEDY, OTHER = Caller("greedy", "analyst"), Caller("other", "analyst")


def run(home: Path, work: Callable[[Ledger], Awaitable[None]]) -> None:
    async def done() -> None:
        ledger = Ledger(Settings.load(home=home))
        await ledger.open()
        try:
            await work(ledger)
        finally:
            await ledger.close()

    asyncio.run(done())


def test_one_callers_reads_stop_nobody_else(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        hold = threading.Event()
        held = [asyncio.create_task(ledger.read(hold.wait, GREEDY)) for _ in range(50)]
        await asyncio.sleep(0)
        key_id, _ = ledger.keys.add("analyst")
        assert await asyncio.wait_for(ledger.read(lambda: "read", OTHER), SECONDS) == "read"
        assert await asyncio.wait_for(ledger.change(lambda: "changed", OTHER), SECONDS) == "changed"
        assert not ledger.access.keyless
        ledger.keys.revoke(key_id)
        await asyncio.wait_for(ledger._look(), SECONDS)
        hold.set()
        await asyncio.gather(*held)

    run(tmp_path, work)


def test_changes_made_at_once_share_a_look_that_began_after_them(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        before = ledger._looks
        await asyncio.gather(*(ledger.change(lambda: None, OTHER) for _ in range(40)))
        assert 1 <= ledger._looks - before < 40

    run(tmp_path, work)


def test_reads_that_are_noted_are_bounded_by_what_they_weigh(tmp_path: Path) -> None:
    async def work(ledger: Ledger) -> None:
        size = 30_000
        for number in range(1_000):
            query = b"%d" % number + b"x" * size
            ledger.note(AnsweredRequest("k", "analyst", "GET", "other", "/v1/needs", query, 200))
        assert ledger._reads_weigh <= _READS_BYTES + _READ_BYTES
        assert sum(ledger._reads.values()) == 1_000
        ledger._reads.clear()

    run(tmp_path, work)
