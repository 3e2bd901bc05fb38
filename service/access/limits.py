"""Rate limits: requests are counted in the process, and summed through Redis in the background."""

from __future__ import annotations

import logging
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from service.cache.connecting import connect, disconnect
from service.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.cache.connecting import Client
    from service.settings import RateLimit

log = logging.getLogger(__name__)

_MAX_CLIENTS = 100_000
_EVERY = 0.5
"""Interval in seconds at which counts are exchanged through Redis."""


class Limiter:
    """Counts requests in fixed windows.

    A request never waits for Redis: counts of other workers are added when they arrive, and while
    Redis is unavailable each worker counts on its own.

    Parameters
    ----------
    limit
        Requests per window.
    redis_url
        Where counts are summed; None to count in this process only.
    clock
        Returns seconds since 1970; workers share windows by it. By default monotonic from the time
        of the start: setting the system clock must neither restart nor repeat a window.
    """

    def __init__(
        self,
        limit: RateLimit,
        redis_url: str | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.limit = limit
        self.clock = clock or _steady()
        self._own: dict[str, int]
        self._sent: dict[str, int]
        self._others: dict[str, int]
        self._begin(0)
        self.redis_url = redis_url
        self._redis: Client | None = None
        self._away = False
        self._meeting = Pulse(_EVERY, self._meet)

    def wait(self, who: str) -> int:
        """Count a request and return 0, or the seconds until the next one is allowed."""
        now = self.clock()
        # A clock that was set back ends the window too, which must not last forever.
        if not self._begins <= now < self._ends or len(self._own) > _MAX_CLIENTS:
            self._begin(int(now // self.limit.seconds))
        asked = self._own[who] = self._own.get(who, 0) + 1
        if asked + self._others.get(who, 0) <= self.limit.requests:
            return 0
        return int(self._ends - now) + 1

    def _begin(self, window: int) -> None:
        self._window, self._own, self._sent, self._others = window, {}, {}, {}
        self._begins = window * self.limit.seconds
        self._ends = self._begins + self.limit.seconds

    def open(self) -> None:
        """Start exchanging counts."""
        if self.redis_url:
            self._meeting.open()

    async def close(self) -> None:
        """Stop exchanging counts."""
        await self._meeting.close()
        if self._redis is not None:
            await disconnect(self._redis)

    async def exchange(self) -> None:
        """Send the counts since the last exchange, and receive those of others."""
        window, own, sent = self._window, dict(self._own), self._sent
        news = [(who, count - sent.get(who, 0)) for who, count in own.items()]
        if not news:
            return
        if self._redis is None:
            self._redis = await connect(self.redis_url or "")
        async with self._redis.pipeline(transaction=False) as pipeline:
            for who, more in news:
                name = _name(window, self.limit.seconds, who)
                pipeline.incrby(name, more)
                pipeline.expire(name, 2 * self.limit.seconds)
            answers = await pipeline.execute()
        if window == self._window and sent is self._sent:
            for (who, _), total in zip(news, answers[::2], strict=True):
                self._sent[who] = own[who]
                self._others[who] = max(0, int(total) - own[who])

    async def _meet(self) -> None:
        try:
            await self.exchange()
            self._away = False
        except Exception as error:  # whatever redis-py raises: Redis is unavailable
            if not self._away:
                log.warning("rates are counted in each worker: %s", type(error).__name__)
            self._away = True


def _steady() -> Callable[[], float]:
    start = time.time() - time.monotonic()
    return lambda: start + time.monotonic()


def _name(window: int, seconds: int, who: str) -> str:
    """Return the key of a count; addresses are stored in Redis only as a hash."""
    hidden = blake2b(who.encode(), digest_size=16).hexdigest()
    return f"lianzhao:rate:{seconds}:{window}:{hidden}"
