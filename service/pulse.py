"""Periodic work of a worker."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Pulse:
    """Runs work periodically, from `open` to `close`.

    Parameters
    ----------
    seconds
        From the end of one run to the start of the next.
    work
        Called each time. It must handle its own errors: one that it raises ends the pulse.
    """

    def __init__(self, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        self.seconds = seconds
        self.work = work
        self._beating: asyncio.Task[None] | None = None

    def open(self) -> None:
        """Start; the first run is `seconds` from now."""
        self._beating = asyncio.create_task(self._beat())

    async def close(self) -> None:
        """Stop, cancelling work in progress."""
        if self._beating:
            self._beating.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._beating
            self._beating = None

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self.seconds)
            await self.work()
