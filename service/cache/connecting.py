"""Connections to Redis: one server, sentinels or a cluster, with or without TLS."""

from __future__ import annotations

import re
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.cluster import RedisCluster
from redis.asyncio.connection import SSLConnection, parse_url
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError, ResponseError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from urllib.parse import SplitResult

Client: TypeAlias = "Redis | RedisCluster"

TIMEOUT = 0.1
"""Timeout of a call to Redis in seconds: computing a page takes about as long."""

_SCHEMES = ("redis", "rediss", "unix")
_SENTINELS = {"redis+sentinel": "redis", "rediss+sentinel": "rediss", "sentinel": "redis"}
_SENTINEL_PORT = 26379
_OPTIONS = frozenset(
    [
        "db",
        "username",
        "password",
        "client_name",
        "protocol",
        "socket_timeout",
        "socket_connect_timeout",
        "socket_keepalive",
        "retry_on_timeout",
        "health_check_interval",
        "max_connections",
    ]
)
"""Options of redis-py that a URL may have. With others, such as decode_responses, values would not
be returned as bytes."""
_TLS_OPTIONS = frozenset(
    [
        "ssl_ca_certs",
        "ssl_ca_path",
        "ssl_ca_data",
        "ssl_certfile",
        "ssl_keyfile",
        "ssl_password",
        "ssl_cert_reqs",
        "ssl_check_hostname",
        "ssl_min_version",
        "ssl_ciphers",
    ]
)
_SENTINEL_OPTIONS = frozenset({"sentinel_username", "sentinel_password"})
_SWITCHES = frozenset({"0", "1", "f", "t", "n", "y", "false", "true", "no", "yes"})
_RULES: Mapping[str, tuple[str, Callable[[str], bool]]] = {
    **dict.fromkeys(
        ("socket_timeout", "socket_connect_timeout"),
        ("seconds, more than 0", lambda text: 0 < float(text) < inf),
    ),
    **dict.fromkeys(
        ("db", "health_check_interval"), ("a whole number from 0 on", lambda text: int(text) >= 0)
    ),
    "max_connections": ("a whole number from 1 on", lambda text: int(text) >= 1),
    "client_name": (
        "a name without blanks",
        lambda text: re.fullmatch(r"[!-~]+", text) is not None,
    ),
    **dict.fromkeys(
        ("socket_keepalive", "retry_on_timeout", "ssl_check_hostname"),
        ("true or false", lambda text: text.lower() in _SWITCHES),
    ),
    **dict.fromkeys(
        ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"),
        ("an existing file", lambda text: Path(text).is_file()),
    ),
    "ssl_ca_path": ("an existing folder", lambda text: Path(text).is_dir()),
}
"""Values that redis-py accepts but that then fail at every call."""
_HOST = re.compile(r"[^\s,\x00-\x1f\x7f]+")


class WrongAddressError(ValueError):
    """An invalid Redis URL; the message names the wrong part and has no secrets."""


def check_address(url: str) -> None:
    """Check a URL as far as possible without a connection.

    Raises
    ------
    WrongAddressError
        Naming the part that redis-py would fail at.
    """
    try:
        parts = urlsplit(url)
        port = None if parts.scheme in _SENTINELS else parts.port
    except ValueError:
        raise WrongAddressError(stray_mark(url) or "host or port cannot be read") from None
    if parts.scheme not in (*_SCHEMES, *_SENTINELS):
        raise WrongAddressError("the scheme is another")
    if parts.scheme != "unix" and (hint := stray_mark(url)):
        raise WrongAddressError(hint)
    _check_options(parts)
    if parts.scheme in _SENTINELS:
        _sentinels(parts)
        url = _as_single(parts)
    elif parts.scheme == "unix":
        if not parts.path.strip("/") or parts.hostname:
            raise WrongAddressError("it names no socket: that begins with a /, as in unix:///run/x")
    else:
        number = parts.path.strip("/")
        if not parts.hostname or port == 0:
            raise WrongAddressError("it names no host" if port != 0 else "there is no port 0")
        if not _HOST.fullmatch(unquote(parts.hostname)):
            raise WrongAddressError("it names one host; several are of redis+sentinel://")
        if number and not number.isdecimal():
            raise WrongAddressError("the database is a number")
    try:
        pool = ConnectionPool.from_url(url)
        connection = pool.connection_class(**pool.connection_kwargs)
        if isinstance(connection, SSLConnection):
            connection.ssl_context.get()
    except (ValueError, RedisError) as error:
        raise WrongAddressError(str(error)) from None
    except Exception as error:
        raise WrongAddressError(f"redis-py refuses it ({type(error).__name__})") from None


async def connect(url: str, patience: float = 1.0) -> Client:
    """Return a client of the server at `url`; of the cluster if it is a node of one.

    Its timeouts are `patience` times those of a request. The URL may have options of redis-py, such
    as `?ssl_ca_certs=/etc/ca.pem`. Sentinels are asked for their master:
    `redis+sentinel://host:26379,host2:26379/name/0`.

    Raises
    ------
    RedisError, OSError
        When nothing answers there, or the password is wrong.
    """
    options: dict[str, Any] = {
        "socket_timeout": patience * TIMEOUT,
        "socket_connect_timeout": patience * TIMEOUT,
        # A connection that Redis closed while idle is retried once; a timeout is not.
        "retry": Retry(NoBackoff(), 1, supported_errors=(RedisConnectionError,)),
    }
    parts = urlsplit(url)
    if parts.scheme in _SENTINELS:
        return await _master(parts, options)
    single: Redis = Redis.from_url(url, **options)
    try:
        clustered = (await single.info("cluster")).get("cluster_enabled")
    except ResponseError:
        clustered = False  # an account without the right to ask was redirected
    except BaseException:
        await single.aclose()
        raise
    if not clustered:
        return single
    await single.aclose()
    cluster: RedisCluster = RedisCluster.from_url(url, **options)
    return await cluster.initialize()


async def disconnect(client: Client) -> None:
    """Close a client, and its connections to sentinels."""
    await client.aclose()
    pool = getattr(client, "connection_pool", None)
    if isinstance(pool, SentinelConnectionPool):
        for sentinel in pool.sentinel_manager.sentinels:
            await sentinel.aclose()


async def _master(parts: SplitResult, options: dict[str, Any]) -> Redis:
    hosts, name = _sentinels(parts)
    asked = parse_qs(parts.query)
    own: dict[str, Any] = {
        option.removeprefix("sentinel_"): asked[option][0]
        for option in sorted(_SENTINEL_OPTIONS & asked.keys())
    }
    # Options stated in the URL take precedence.
    stated = {**options, **parse_url(_as_single(parts))}
    for given in ("host", "port", "connection_class"):
        stated.pop(given, None)
    if _SENTINELS[parts.scheme] == "rediss":
        own["ssl"] = stated["ssl"] = True
    manager = Sentinel(hosts, sentinel_kwargs={**options, **own})  # type: ignore[no-untyped-call]
    client: Redis = manager.master_for(name, **stated)
    try:
        await client.ping()
    except BaseException:
        await disconnect(client)
        raise
    return client


def _sentinels(parts: SplitResult) -> tuple[list[tuple[str, int]], str]:
    """Return the sentinels of a URL and the name of the master that they watch."""
    name = unquote(parts.path.strip("/").partition("/")[0])
    hosts = []
    for text in parts.netloc.rpartition("@")[2].split(","):
        try:
            one = urlsplit(f"//{text}")
            hosts.append((one.hostname or "", _SENTINEL_PORT if one.port is None else one.port))
        except ValueError:
            raise WrongAddressError("a sentinel's port cannot be read") from None
    if not name or not all(port and _HOST.fullmatch(unquote(host)) for host, port in hosts):
        expected = "redis+sentinel://host:26379,host2:26379/NAME-OF-THE-MASTER/0"
        raise WrongAddressError(f"an address of sentinels is {expected}")
    return hosts, name


def _as_single(parts: SplitResult) -> str:
    """Return the URL of one server with the account, the database and the options."""
    account, at, _ = parts.netloc.rpartition("@")
    number = parts.path.strip("/").partition("/")[2]
    if number and not number.isdecimal():
        raise WrongAddressError("the database is a number")
    pairs = [
        pair for pair in parts.query.split("&") if pair.partition("=")[0] not in _SENTINEL_OPTIONS
    ]
    return f"{_SENTINELS[parts.scheme]}://{account}{at}localhost/{number}?{'&'.join(pairs)}"


def _check_options(parts: SplitResult) -> None:
    known = _OPTIONS
    if parts.scheme.startswith("rediss"):
        known |= _TLS_OPTIONS
    if parts.scheme in _SENTINELS:
        known |= _SENTINEL_OPTIONS
    for name, values in parse_qs(parts.query, keep_blank_values=True).items():
        if name not in known:
            raise WrongAddressError(
                f"there is no option {name!r} here; there are: {', '.join(sorted(known))}"
            )
        if len(values) > 1:
            raise WrongAddressError(f"the option {name!r} is there {len(values)} times")
        if name in _RULES and not _follows(_RULES[name][1], values[0]):
            raise WrongAddressError(f"{name!r} is {_RULES[name][0]}")


def _follows(rule: Callable[[str], bool], text: str) -> bool:
    try:
        return rule(text)
    except ValueError:
        return False


def stray_mark(url: str) -> str | None:
    """Return a hint on escaping, if a character of a password ends the part before the host."""
    _, _, rest = url.partition("://")
    ends = min((at for at in map(rest.find, "/?#") if at >= 0), default=len(rest))
    if "#" in rest or ("@" in rest[ends:] and "@" not in rest[:ends]):
        return "a # in a user or a password is written %23, a / %2F, a ? %3F, an @ %40"
    return None
