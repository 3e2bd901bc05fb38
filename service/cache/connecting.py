"""The way to Redis, whatever stands there: one server or a cluster, with a password, with TLS."""

from __future__ import annotations

from typing import Any, TypeAlias

from redis.asyncio import Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

Client: TypeAlias = "Redis | RedisCluster"

TIMEOUT = 0.1
"""Seconds that one answer of Redis is waited for: computing a page takes about as long."""


async def connect(url: str, patience: float = 1.0) -> Client:
    """Return a client of the server at `url`, of the whole cluster where it is a node of one.

    It waits `patience` times as long as a request may. Options of redis-py may follow in the
    address, such as `?ssl_ca_certs=/etc/ca.pem`.

    Raises
    ------
    RedisError, OSError
        When nothing answers there, or not to this password.
    """
    options: dict[str, Any] = {
        "socket_timeout": patience * TIMEOUT,
        "socket_connect_timeout": patience * TIMEOUT,
        # A connection that Redis closed while it was idle is worth one new try; a timeout is not.
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    single: Redis = Redis.from_url(url, **options)
    try:
        clustered = (await single.info("cluster")).get("cluster_enabled")
    except ResponseError:
        clustered = False  # an account that may not ask has been told where to go
    except BaseException:
        await single.aclose()
        raise
    if not clustered:
        return single
    await single.aclose()
    cluster: RedisCluster = RedisCluster.from_url(url, **options)
    return await cluster.initialize()
