"""Answers kept in two places: some in the process, the rest in Redis, which may go at any time."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Mapping

log = logging.getLogger(__name__)

T = TypeVar("T")
_TIMEOUT = 0.1
"""Seconds that an answer of Redis is waited for: computing a page takes about as long."""
_PAUSE = 5.0
"""Seconds that Redis is left alone after it failed."""


class LocalCache(Generic[T]):
    """Keeps what was used last, up to a number of bytes, each entry for at most `ttl` seconds.

    Parameters
    ----------
    max_bytes
        What the entries may weigh together; a heavier entry alone is not kept.
    ttl
        Seconds that an entry is good for.
    clock
        Seconds from any start.
    """

    def __init__(
        self, max_bytes: int, ttl: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.max_bytes = max_bytes
        self.ttl = ttl
        self.clock = clock
        self.weight = 0
        self._entries: OrderedDict[Hashable, tuple[float, int, T]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Hashable) -> T | None:
        """Return the entry, or None when there is none or its time is over."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        if entry[0] < self.clock():
            self._drop(key)
            return None
        self._entries.move_to_end(key)
        return entry[2]

    def put(self, key: Hashable, value: T, weight: int) -> None:
        """Keep a value that weighs so many bytes, and let go of what was not used for longest."""
        self._drop(key)
        if weight > self.max_bytes:
            return
        self._entries[key] = (self.clock() + self.ttl, weight, value)
        self.weight += weight
        while self.weight > self.max_bytes:
            self._drop(next(iter(self._entries)))

    def _drop(self, key: Hashable) -> None:
        if entry := self._entries.pop(key, None):
            self.weight -= entry[1]


class RemoteCache:
    """Bytes in Redis. It never raises: while Redis is away nothing is found and nothing is kept.

    After a failure Redis is not asked for some seconds, so that its absence costs one short
    timeout now and then and not one a request.

    Parameters
    ----------
    url
        Where Redis is; None for nowhere.
    ttl
        Seconds that a value is kept there.
    """

    def __init__(
        self, url: str | None, ttl: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.ttl = ttl
        self.clock = clock
        self._closed_until = 0.0
        self._redis = _connect(url) if url else None

    @property
    def state(self) -> str:
        """What there is to say of it: up, down, or none (no Redis was set up)."""
        if self._redis is None:
            return "none"
        return "down" if self._closed_until > self.clock() else "up"

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None when there is none or Redis is away."""
        if self._redis is None or self._closed_until > self.clock():
            return None
        try:
            found = await self._redis.get(key)
        except (RedisError, OSError) as error:
            self._failed(error)
            return None
        return found if isinstance(found, bytes) else None

    async def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values for `ttl` seconds."""
        if self._redis is None or self._closed_until > self.clock():
            return
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for key, value in values.items():
                    pipeline.set(key, value, ex=self.ttl)
                await pipeline.execute()
        except (RedisError, OSError) as error:
            self._failed(error)

    async def check(self) -> str:
        """Ask Redis for a sign of life (not more often than requests do) and return the state."""
        await self.get("lianzhao:alive")
        return self.state

    async def close(self) -> None:
        """Close the connections."""
        if self._redis is not None:
            await self._redis.aclose()

    def _failed(self, error: Exception) -> None:
        self._closed_until = self.clock() + _PAUSE
        log.warning("Redis is away, answers are computed: %s", type(error).__name__)


def _connect(url: str) -> Redis:
    # A connection that Redis closed while it was idle is worth one new try; a timeout is not.
    retry = Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,))
    options: dict[str, Any] = {"socket_timeout": _TIMEOUT, "socket_connect_timeout": _TIMEOUT}
    client: Redis = Redis.from_url(url, retry=retry, **options)
    return client
