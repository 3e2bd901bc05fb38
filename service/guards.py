"""What a request must pass before it reaches a route, as small ASGI layers."""

from __future__ import annotations

import ipaddress
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.exceptions import HTTPException

from features.errors import UsageError
from service.problems import Fault, Problem

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.settings import RateLimit

MAX_BODY = 2**20
"""Bytes of a body."""
_TOO_LARGE = f"a body may have at most {MAX_BODY} bytes"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_UNLIMITED = ("/health/", "/metrics")
_MAX_CLIENTS = 100_000


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def check_host(host: str) -> None:
    """Refuse to listen beyond the loopback: without keys anybody could call.

    Raises
    ------
    UsageError
        When `host` is not a loopback address.
    """
    if not is_loopback(host):
        expected = "a loopback address such as 127.0.0.1"
        raise UsageError(
            f"host must be {expected} while there is no API key, got {host}",
            field="host",
            got=host,
            expected=expected,
        )


class LoopbackOnly:
    """Keeps other sites out of a service that asks for no key.

    A page from elsewhere that points its own name at the loopback (DNS rebinding) comes with that
    name as Host; one that posts here comes with its own Origin.

    Parameters
    ----------
    origins
        Origins that may call all the same.
    """

    def __init__(self, app: ASGIApp, origins: Collection[str] = ()) -> None:
        self.app = app
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] == "http" and (problem := self._refusal(scope)):
            await problem(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        host = origin = ""
        for name, value in scope["headers"]:
            if name == b"host":
                host = value.decode("latin-1")
            elif name == b"origin":
                origin = value.decode("latin-1")
        if host and not is_loopback(_without_port(host)):
            fault = Fault("Host", host, "localhost or a loopback address")
            detail = f"without API keys the service is called as localhost or 127.0.0.1, not {host}"
            return Problem(421, "wrong-host", detail, faults=[fault])
        foreign = origin and urlsplit(origin).netloc.lower() != host.lower()
        if foreign and scope["method"] not in _SAFE and not {origin, "*"} & set(self.origins):
            fault = Fault("Origin", origin, "this service, or one of LIANZHAO_CORS_ORIGINS")
            return Problem(403, "foreign-origin", f"{origin} may not do this", faults=[fault])
        return None


def _without_port(host: str) -> str:
    return host.partition("]")[0] if host.startswith("[") else host.rpartition(":")[0] or host


class BodyLimit:
    """Refuses a body of more than `MAX_BODY` bytes, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        announced = next((v for k, v in scope["headers"] if k == b"content-length"), b"0")
        if announced.isdigit() and int(announced) > MAX_BODY:
            await Problem(413, "too-large", _TOO_LARGE)(scope, receive, send)
            return
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > MAX_BODY:
                raise HTTPException(413, _TOO_LARGE)
            return message

        await self.app(scope, counted, send)


class RateLimiter:
    """Answers 429 to a client that asks too often, counted in fixed windows in this process.

    With several workers each counts for itself. Health and metrics are not counted.
    """

    def __init__(
        self, app: ASGIApp, limit: RateLimit, clock: Callable[[], float] = time.time
    ) -> None:
        self.app = app
        self.limit = limit
        self.clock = clock
        self._window = 0
        self._asked: dict[str, int] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["path"].startswith(_UNLIMITED):
            await self.app(scope, receive, send)
            return
        now = self.clock()
        window = int(now // self.limit.seconds)
        if window != self._window or len(self._asked) > _MAX_CLIENTS:
            self._window, self._asked = window, {}
        client = scope["client"][0] if scope.get("client") else ""
        asked = self._asked[client] = self._asked.get(client, 0) + 1
        if asked <= self.limit.requests:
            await self.app(scope, receive, send)
            return
        wait = int((window + 1) * self.limit.seconds - now) + 1
        detail = f"{self.limit.requests} requests in {self.limit.seconds} s are allowed"
        headers = {"Retry-After": str(wait)}
        await Problem(429, "too-many-requests", detail, headers=headers)(scope, receive, send)
