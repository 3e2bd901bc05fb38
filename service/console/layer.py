"""ASGI layer for /console: errors as pages, protective headers, compression."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import orjson
from starlette.datastructures import MutableHeaders
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from service.access.keys import CONSOLE
from service.api import headers
from service.api.prefix import prefixed
from service.api.problems import Fault, Problem
from service.console.frame import Frame
from service.console.sessions import COOKIE

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.api.routes.context import Parts
    from service.console.sessions import Sessions

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # With the policy no-referrer, browsers send no origin with a form.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PROBLEM = b"application/problem+json"
_SAFE = {"GET", "HEAD", "OPTIONS"}
_SMALLEST = 1024


class Pages:
    """Sends responses under /console as pages; others are not changed.

    Parameters
    ----------
    parts, sessions
        Parts of the app.
    """

    def __init__(self, app: ASGIApp, parts: Parts, sessions: Sessions) -> None:
        self.app = app
        self.parts = parts
        self.sessions = sessions
        self._packed = GZipMiddleware(self._answer, minimum_size=_SMALLEST, compresslevel=5)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        own = scope["type"] == "http" and f"{scope['path']}/".startswith(f"{CONSOLE}/")
        await (self._packed if own else self.app)(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        held: list[Message] = []

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                if (b"content-type", _PROBLEM) in message["headers"]:
                    held.append(message)
                    return
                _protect(message)
            elif held:
                held.append(message)
                return
            await send(message)

        foreign = scope["method"] not in _SAFE and _is_foreign(scope)
        await (_FOREIGN if foreign else self.app)(scope, receive, watched)
        if held:
            body = b"".join(message.get("body", b"") for message in held[1:])
            request = Request(scope, receive)
            page = self._page(request, orjson.loads(body))
            if retry := dict(held[0]["headers"]).get(b"retry-after"):
                page.headers["Retry-After"] = retry.decode()
            held.clear()
            await page(scope, receive, watched)

    def _page(self, request: Request, problem: dict[str, object]) -> Response:
        """Return the page of a problem, or the sign-in page if a key is required."""
        frame = Frame(request, self.parts, self.sessions)
        status = int(str(problem["status"]))
        if status == HTTPStatus.UNAUTHORIZED:
            asked = request.scope["path"]
            if query := request.scope["query_string"].decode("latin-1"):
                asked = f"{asked}?{query}"
            why = problem["code"] if problem["code"] != "no-key" else None
            back = asked if request.method == "GET" else None
            response: Response = RedirectResponse(frame.url("/sign-in", next=back, why=why), 303)
            if why:
                response.delete_cookie(COOKIE, path=prefixed(request.scope, CONSOLE))
            return response
        return HTMLResponse(frame.text("error.html", problem=problem, status=status), status)


def _protect(message: Message) -> None:
    found = MutableHeaders(raw=list(message["headers"]))
    for name, value in _HEADERS.items():
        found[name] = value
    if "cache-control" not in found:
        found["Cache-Control"] = "no-store"
    message["headers"] = found.raw


def _is_foreign(scope: Scope) -> bool:
    """Whether a form was sent from a page of another site, according to the browser."""
    given = headers.by_name(scope)
    if (site := given.get(b"sec-fetch-site")) is not None:
        return site not in (b"same-origin", b"none")
    # Browsers from before 2020 to 2023 send only the page's address; for them a proxy has to
    # forward the host.
    origin = given.get(b"origin", b"").decode("latin-1")
    host = given.get(b"host", b"").decode("latin-1")
    return bool(origin) and urlsplit(origin).netloc.lower() != host.lower()


_FOREIGN = Problem(
    403,
    "foreign-origin",
    "a page of another site may not do this",
    faults=[Fault("Origin", None, "a page of this service")],
)
