"""ASGI middleware that checks requests before they reach a route."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

from starlette.exceptions import HTTPException

from features.errors import UsageError
from service.access.proxies import is_loopback
from service.api import headers
from service.api.problems import Fault, Problem

if TYPE_CHECKING:
    from collections.abc import Collection

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.access.keys import Access

MAX_BODY = 2**20
"""Maximum size of a body in bytes."""
MAX_UPLOAD = 64 * 2**20
"""Maximum size of a file uploaded to the console, in bytes."""
BODY_SECONDS = 30.0
"""Timeout for receiving a body, in seconds."""
_TOO_SLOW = "the body took too long to arrive"
_UPLOADS = {"/console/data": 10}
"""Paths of uploads, and the factor of their timeout."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


def check_host(host: str, *, keyless: bool = True) -> None:
    """Raise unless a host is loopback, as long as there is no key.

    Raises
    ------
    UsageError
        When `host` is not a loopback address.
    """
    if keyless and not is_loopback(host):
        expected = "a loopback address such as 127.0.0.1"
        raise UsageError(
            f"host must be {expected} while there is no API key, got {host}; "
            "make one with `lianzhao keys add`",
            field="host",
            got=host,
            expected=expected,
        )


class LoopbackOnly:
    """Protects a service without keys against requests by other sites.

    A site that points its own name at loopback (DNS rebinding) sends that name as Host; one that
    posts to this service sends its own Origin.

    Parameters
    ----------
    access
        Knows whether there are keys: with keys, requests are accepted from anywhere.
    origins
        Allowed origins.
    """

    def __init__(self, app: ASGIApp, access: Access, origins: Collection[str] = ()) -> None:
        self.app = app
        self.access = access
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        problem = None
        if scope["type"] == "http" and self.access.keyless:
            # Forwarded requests are refused for being forwarded, whatever their host.
            admitted = self.access.admit(scope)
            problem = admitted if isinstance(admitted, Problem) else self._refusal(scope)
        await (problem or self.app)(scope, receive, send)

    def _refusal(self, scope: Scope) -> Problem | None:
        given = headers.by_name(scope)
        host, origin = (given.get(name, b"").decode("latin-1") for name in (b"host", b"origin"))
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
    """Return the name or address in a Host header; "" if it is not a host with optional port."""
    found = _HOST.fullmatch(host)
    return found[1] if found else ""


class BodyLimit:
    """Rejects bodies that are too large, declared or not, or too slow.

    The limit is `MAX_BODY` bytes, or `MAX_UPLOAD` for uploads.

    Parameters
    ----------
    seconds
        Timeout for receiving a body.
    """

    def __init__(self, app: ASGIApp, seconds: float = BODY_SECONDS) -> None:
        self.app = app
        self.seconds = seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or scope["method"] in _SAFE:
            await self.app(scope, receive, send)
            return
        longer = _UPLOADS.get(scope["path"])
        most = MAX_UPLOAD if longer else MAX_BODY
        too_large = f"a body may have at most {most} bytes"
        announced = headers.by_name(scope).get(b"content-length", b"0")
        if announced.isdigit() and int(announced) > most:
            await Problem(413, "too-large", too_large)(scope, receive, send)
            return
        size, whole = 0, False
        until = time.monotonic() + self.seconds * (longer or 1)

        async def counted() -> Message:
            nonlocal size, whole
            if whole:  # only a disconnect can follow, at any time
                return await receive()
            try:
                message = await asyncio.wait_for(receive(), max(0.0, until - time.monotonic()))
            except TimeoutError:
                raise HTTPException(408, _TOO_SLOW) from None
            size += len(message.get("body", b""))
            whole = not message.get("more_body", False)
            if size > most:
                raise HTTPException(413, too_large)
            return message

        await self.app(scope, counted, send)


def escape_query(scope: Scope) -> None:
    """Escape a query typed in Chinese, which curl sends as raw UTF-8."""
    query = scope["query_string"]
    if not query.isascii():
        scope["query_string"] = quote(query, safe="%&=+;,:@/?!$'()*~").encode()


def without_body(send: Send) -> Send:
    """Return a `send` that drops the body: HEAD is a GET without body."""

    async def head_alone(message: Message) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {**message, "body": b""}
        await send(message)

    return head_alone
