"""The cache in Redis, which may be unavailable at any time."""

from __future__ import annotations

import asyncio
import logging
import re
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from circuitbreaker import CircuitBreaker
from redis.asyncio.lock import Lock
from redis.exceptions import LockError, OutOfMemoryError, ReadOnlyError, ResponseError

from service.cache.connecting import TIMEOUT, connect, disconnect
from service.cache.local import jittered
from service.cache.seal import Seal

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

    from service.cache.connecting import Client

log = logging.getLogger(__name__)

_LIMIT = 2.5 * TIMEOUT
"""Seconds for everything that a call of Redis may need: connection, handshake, reply."""
_CALLS = 32
"""Maximum number of concurrent calls, and so connections."""
_QUOTES = re.compile(r"['\"`:]")
_ALIVE = "lianzhao:alive"
_REFUSALS = {OutOfMemoryError: "full", ReadOnlyError: "read-only"}
_FAILURES = 3
"""Consecutive failures after which Redis is not called for a while."""
_NEVER = 10**9
_HOLD = 10.0
"""Expiry in seconds of the lock for computing an answer, if its holder is gone."""
_WAIT = 3.0
"""Timeout in seconds for another worker's answer."""
_LOOK = 0.02
"""Polling interval for it in seconds."""


class RemoteCache:
    """Bytes in Redis. It never raises: while Redis is unavailable, nothing is found or kept.

    After several consecutive failures Redis is not called, and one task probes it periodically: its
    absence costs a few short timeouts in all, not one per request.

    Parameters
    ----------
    url
        The address of Redis; None for none.
    ttl
        Seconds until a value expires, randomly up to a tenth less.
    pause
        Seconds between two probes.
    patience
        Factor of the timeouts.
    seal
        Seals values; by default valid in this process only.
    """

    def __init__(
        self,
        url: str | None,
        ttl: int,
        pause: float = 1.0,
        *,
        patience: float = 1.0,
        seal: Seal | None = None,
    ) -> None:
        self.url = url
        self.ttl = ttl
        self.pause = pause
        self.patience = patience
        self.seal = seal or Seal()
        self._refusal: str | None = None
        self._unsealed = False
        self._client: Client | None = None
        self._connecting: asyncio.Task[Client] | None = None
        self._calls = asyncio.Semaphore(_CALLS)
        # Its half-open state would let every concurrent request try; one task probes instead.
        self._breaker = CircuitBreaker(_FAILURES, _NEVER, _is_away, "redis")
        self._revival: asyncio.Task[None] | None = None

    @property
    def state(self) -> str:
        """The state: up, down, or none (no Redis is configured).

        Where it answers but rejects writes: full, read-only (a replica), or refusing.
        """
        if self.url is None:
            return "none"
        if self._breaker.opened:
            return "down"
        return self._refusal or "up"

    async def get(self, key: str) -> bytes | None:
        """Return the value, or None if there is no valid one or Redis is unavailable."""
        found = await self._ask(lambda redis: redis.get(key))
        if not isinstance(found, bytes):
            return None
        value = self.seal.opened(key, found)
        if value is None and not self._unsealed:
            self._unsealed = True
            log.warning("Redis holds values that this service did not write; they are ignored")
        return value

    async def put(self, values: Mapping[str, bytes]) -> None:
        """Keep values for `ttl` seconds."""

        async def send(redis: Client) -> bool:
            async with redis.pipeline(transaction=False) as pipeline:
                for key, value in values.items():
                    kept = self.seal.sealed(key, value)
                    pipeline.set(key, kept, px=int(1000 * jittered(self.ttl)))
                await pipeline.execute()
            return True

        if await self._ask(send):
            self._refusal = None

    @asynccontextmanager
    async def claim(self, key: str) -> AsyncIterator[bytes | None]:
        """Hold the lock, among all workers, for computing the value of `key`.

        Yields the value if another holder has written it meanwhile, and None if it is to be
        computed here: then the lock is held, or Redis is unavailable, or the other took too long.
        """
        name = f"{key}:lock"
        ends = time.monotonic() + _WAIT
        while True:
            lock: Lock | None = None
            taken = await self._ask(lambda redis: _take(redis, name))
            if isinstance(taken, Lock):
                lock = taken
                break
            if taken is None or time.monotonic() > ends:
                break
            await asyncio.sleep(_LOOK)
            if (found := await self.get(key)) is not None:
                yield found
                return
        try:
            # Another holder may have finished between the lookup and the lock.
            yield await self.get(key) if lock else None
        finally:
            if lock:
                await self._ask(lambda _: _leave(lock))

    async def check(self) -> str:
        """Probe Redis, unless it is known to be unavailable, and return the state."""
        # The probe writes: a replica and a full server would still answer reads.
        if await self._ask(lambda redis: redis.set(_ALIVE, b"1", px=60_000)):
            self._refusal = None
        return self.state

    async def close(self) -> None:
        """Close the connections."""
        for task in (self._revival, self._connecting):
            if task is not None:
                task.cancel()
        if self._client is not None:
            await disconnect(self._client)

    async def _ask(self, call: Callable[[Client], Awaitable[object]]) -> object:
        """Return the result of a call, None if Redis is unavailable or refuses it."""
        if self.url is None or self._breaker.opened:
            return None
        try:
            return await self._breaker.call_async(self._called, call)
        except ResponseError as error:
            refusal = _REFUSALS.get(type(error), "refusing")
            if self._refusal != refusal:
                log.warning("Redis refuses a call: %s", _shown(error))
            self._refusal = refusal
        # Whatever else redis-py raises, such as a TypeError for a malformed reply.
        except Exception as error:
            log.warning("Redis did not answer: %s", type(error).__name__)
            if self._breaker.opened and (self._revival is None or self._revival.done()):
                log.warning("Redis is unavailable, answers are computed")
                self._revival = asyncio.create_task(self._revive())
        return None

    async def _called(self, call: Callable[[Client], Awaitable[object]]) -> object:
        async with asyncio.timeout(self.patience * _LIMIT), self._calls:
            return await call(self._client or await self._connected())

    async def _connected(self) -> Client:
        """Return a client; discovering a cluster may take longer than a call may."""
        if self._connecting is None or (self._connecting.done() and self._client is None):
            self._connecting = asyncio.create_task(connect(self.url or "", self.patience))
            # The call that waited for it may have run out of time.
            self._connecting.add_done_callback(lambda done: done.cancelled() or done.exception())
        self._client = await asyncio.shield(self._connecting)
        return self._client

    async def _revive(self) -> None:
        while self._breaker.opened:
            await asyncio.sleep(jittered(self.pause))
            try:
                await self._called(lambda redis: redis.get(_ALIVE))
            except Exception:
                continue
            self._breaker.reset()
            log.info("Redis is back")


def _is_away(kind: type[BaseException], _: BaseException) -> bool:
    """Whether an error means that Redis is unavailable, rather than that it refuses one call."""
    return issubclass(kind, Exception) and not issubclass(kind, ResponseError)


def _shown(error: ResponseError) -> str:
    """Return the message of a refusal without quoted values, which may be part of an answer."""
    return f"{type(error).__name__}: {_QUOTES.split(str(error))[0].strip()}"


async def _take(redis: Client, name: str) -> Lock | bool:
    lock = Lock(redis, name, timeout=_HOLD, thread_local=False)
    return lock if await lock.acquire(blocking=False) else False


async def _leave(lock: Lock) -> None:
    try:
        await lock.release()
    except LockError:
        log.info("an answer took longer to compute than its lock lasts")
