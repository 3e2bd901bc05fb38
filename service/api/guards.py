"""What a request must pass before it reaches a route, as small ASGI layers."""

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
"""Bytes of a body."""
MAX_UPLOAD = 64 * 2**20
"""Bytes of a body that is a file to be looked at in the console."""
BODY_SECONDS = 30.0
"""Seconds that a body may take to arrive."""
_TOO_SLOW = "the body took too long to arrive"
_UPLOADS = {"/console/data": 10}
"""Where files are sent, and how many times longer they may take."""
_SAFE = {"GET", "HEAD", "OPTIONS"}
_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::[0-9]{1,5})?")


def check_host(host: str, *, keyless: bool = True) -> None:
    """Refuse to listen beyond the loopback while there is no key: anybody could call.

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
    """Keeps other sites out of a service that asks for no key.

    A page from elsewhere that points its own name at the loopback (DNS rebinding) comes with that
    name as Host; one that posts here comes with its own Origin.

    Parameters
    ----------
    access
        Says whether there are keys: then a caller with one may call from anywhere.
    origins
        Origins that may call all the same.
    """

    def __init__(self, app: ASGIApp, access: Access, origins: Collection[str] = ()) -> None:
        self.app = app
        self.access = access
        self.origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        problem = None
        if scope["type"] == "http" and self.access.keyless:
            # What comes through a proxy is refused for that, whatever host it names.
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
    """Return the name or address in a Host header; "" for what is no host with a port at most."""
    found = _HOST.fullmatch(host)
    return found[1] if found else ""


class BodyLimit:
    """Refuses a body of too many bytes, announced or not, and one that takes long.

    `MAX_BODY` bytes are too many, or `MAX_UPLOAD` where files are sent.

    Parameters
    ----------
    seconds
        Within which a body has to be here.
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
            if whole:  # what comes now is that the client leaves, at any time
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
    """Return what sends the head of an answer alone: HEAD is a GET whose body stays here."""

    async def head_alone(message: Message) -> None:
        if message["type"] == "http.response.body":
            if message.get("more_body", False):
                return
            message = {**message, "body": b""}
        await send(message)

    return head_alone
