"""Headers of proxies, and which proxies are trusted."""

from __future__ import annotations

import ipaddress
import re
from typing import TYPE_CHECKING, TypeAlias

from service.api import headers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from starlette.types import Scope

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Network: TypeAlias = "ipaddress.IPv4Network | ipaddress.IPv6Network"

_NAMES = frozenset(
    b"via x-real-ip x_real_ip true-client-ip x-client-ip x-cluster-client-ip client-ip "
    b"fastly-client-ip fly-client-ip do-connecting-ip ali-cdn-real-ip eagleeye-traceid cdn-loop "
    b"cdn-src-ip x-cdn-src-ip x-from-cdn x-bfe-ip x-nginx-proxy x-scheme remote-addr remote-ip "
    b"x-remote-ip x-remote-addr x-proxyuser-ip proxy-client-ip wl-proxy-client-ip x-varnish "
    b"x-amzn-trace-id".split()
)
_BEGINNINGS = tuple(
    b"forwarded x-forwarded x_forwarded x-original- x-proxy- x-envoy- x-arr- x-azure- x-amz-cf- "
    b"x-appengine- x-rewrite- cf-".split()
)
_HTTP_1_0 = ("1", "1.0")
"""The forms of a Unix socket's address, by Granian and others."""
_FORWARDED_FOR = b"x-forwarded-for"
_PREFIX = b"x-forwarded-prefix"
_SANE_PREFIX = re.compile(r"(?:/[A-Za-z0-9._~-]+)+")


def is_forwarded(scope: Scope) -> bool:
    """Whether a request was visibly forwarded by a proxy.

    Recognised by a header that proxies add, or by HTTP/1.0 with `Connection: close`, which nginx
    sends by default and hardly any client does. A proxy that adds nothing cannot be recognised.
    """
    given = headers.by_name(scope)
    if not _NAMES.isdisjoint(given) or any(name.startswith(_BEGINNINGS) for name in given):
        return True
    return scope.get("http_version") in _HTTP_1_0 and given.get(b"connection") == b"close"


class Proxies:
    """The proxies whose headers on the origin of a request are trusted.

    Parameters
    ----------
    trusted : sequence of str
        Addresses, or networks such as 10.0.0.0/8.
    """

    def __init__(self, trusted: Sequence[str] = ()) -> None:
        self._networks = [network(text) for text in trusted]

    def trusts(self, scope: Scope) -> bool:
        """Whether the request was forwarded by one of them."""
        return bool(self._networks) and self._holds(address(_peer(scope)))

    def client(self, scope: Scope) -> str:
        """Return the address of the client; "" where there is none.

        The address of the connection, or if that is a trusted proxy, the last one in
        `X-Forwarded-For` that is not a trusted proxy: earlier ones, and all other headers, may have
        been written by the client.
        """
        peer = _peer(scope)
        if not self.trusts(scope):
            return peer
        found = peer
        named = [value for name, value in scope["headers"] if name == _FORWARDED_FOR]
        for text in reversed(b",".join(named).decode("latin-1").split(",")):
            hop = address(text)
            if hop is None:
                break
            found = str(hop)
            if not self._holds(hop):
                break
        return found

    def prefix(self, scope: Scope) -> str | None:
        """Return the path prefix that a trusted proxy states; None if it states no valid one."""
        stated = headers.by_name(scope).get(_PREFIX)
        if stated is None or not self.trusts(scope):
            return None
        text = stated.decode("latin-1").strip().rstrip("/")
        return text if not text or is_path_prefix(text) else None

    def _holds(self, found: Address | None) -> bool:
        return found is not None and _within(found, self._networks)


def is_path_prefix(text: str) -> bool:
    """Whether a text is a path such as /leads, without a slash at its end."""
    return _SANE_PREFIX.fullmatch(text) is not None and not {".", ".."} & set(text.split("/"))


def network(text: str) -> Network:
    """Parse an address or a network; ValueError on anything else."""
    return ipaddress.ip_network(text.strip().strip("[]"), strict=False)


def address(text: str) -> Address | None:
    """Parse an address as proxies write it, optionally with a port; None for anything else.

    Examples
    --------
    >>> str(address("[2001:db8::7]:4711")), str(address(" ::ffff:10.0.0.1")), address("unknown")
    ('2001:db8::7', '10.0.0.1', None)
    """
    text = text.strip().strip('"')
    if text.startswith("["):
        text = text[1:].partition("]")[0]
    elif text.count(":") == 1:
        text = text.partition(":")[0]
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, ipaddress.IPv6Address) else None
    return mapped or found


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    found = address(host)
    return found is not None and found.is_loopback


def _peer(scope: Scope) -> str:
    client = scope.get("client")
    return client[0] if client else ""


def _within(found: Address, networks: Iterable[Network]) -> bool:
    return any(found.version == known.version and found in known for known in networks)
