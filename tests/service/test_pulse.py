from __future__ import annotations

import asyncio

from service.pulse import Pulse
from tests.waiting import SECONDS


def test_it_beats_from_opening_to_closing() -> None:
    beats = 0

    async def work() -> None:
        nonlocal beats
        beats += 1

    async def use() -> None:
        pulse = Pulse(0.001, work)
        await asyncio.sleep(0.01)
        assert beats == 0
        pulse.open()
        while beats < 3:
            await asyncio.sleep(0.001)
        await pulse.close()
        closed_at = beats
        await asyncio.sleep(0.01)
        assert beats == closed_at
        await pulse.close()  # as one that was never opened

    asyncio.run(use())


def test_closing_ends_work_under_way() -> None:
    begun, ended = asyncio.Event(), False

    async def work() -> None:
        nonlocal ended
        begun.set()
        await asyncio.sleep(2 * SECONDS)
        ended = True

    async def use() -> None:
        pulse = Pulse(0.0, work)
        pulse.open()
        await begun.wait()
        await asyncio.wait_for(pulse.close(), SECONDS)
        assert not ended

    asyncio.run(use())
