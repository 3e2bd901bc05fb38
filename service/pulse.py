"""Work that a worker does again and again beside its requests."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pulse:
    """Does something every so often, from `open` to `close`.

    Parameters
    ----------
    seconds
        From the end of one time to the next.
    work
        What is done; it has to deal with its own errors, since one that it raises ends the pulse.
    """

    def __init__(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        self.seconds = seconds
        self.work = work
        self._beating: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Begin; the first time is `seconds` from now."""
        self._beating = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """End, within work that is under way too."""
        if self._beating:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
            self._beating = None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            await self.work()
