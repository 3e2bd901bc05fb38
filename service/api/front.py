"""The path of a request: observe → authenticate → limit → response cache → route → engine.

Front ends request the same pages thousands of times a minute. The question that a route parsed from
a request is cached; a repeated request is answered from the response cache without routing, parsing
and validation. All other requests go to FastAPI, whose middleware and routes use the same observer,
admission and cache.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from service.access.gate import CALLER
from service.access.keys import Caller
from service.api import headers
from service.api.guards import escape_query
from service.api.observer import identify
from service.cache.local import LocalCache

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.access.gate import Admission
    from service.api.observer import Observer
    from service.api.prefix import Prefix
    from service.cache.answers import Answers
    from service.serving.questions import Question

PATH = "/v1/recommendations"
LEARN = "lianzhao.learn"
"""Key of the scope under which a route finds where to store its parsed question."""
_BYTES = 4 * 2**20
_ENTRY_BYTES = 2_400
"""Measured bytes of a question and its key besides their texts."""


class ParsedRequests:
    """The cache of parsed requests: a question and its route."""

    def __init__(self) -> None:
        self._entries: LocalCache[tuple[Question, Any]] = LocalCache(_BYTES)

    def get(self, scope: Scope, caller: Caller) -> tuple[Question, Any] | None:
        """Return question and route of a repeated request, None for a new one."""
        key = _asked(scope, caller)
        return None if key is None else self._entries.get(key)

    def learn(self, scope: Scope, question: Question) -> None:
        """Cache the question of a request that has passed all middleware."""
        if (key := _asked(scope, scope[CALLER])) is not None:
            weight = _ENTRY_BYTES + sum(map(len, key)) + len(question.key)
            self._entries.put(key, (question, scope["route"]), weight)


class Front:
    """ASGI middleware: observes every request, answers repeated ones, and passes the rest on.

    A request to be refused is passed on too, and refused by the middleware, with the same
    admission, which counts a request once.

    Parameters
    ----------
    app : ASGI app
        The FastAPI app.
    prefix, observer, admission, answers
    routes_all : bool
        Whether every request is routed by FastAPI, as tracing requires.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        prefix: Prefix,
        observer: Observer,
        admission: Admission,
        answers: Answers,
        routes_all: bool = False,
    ) -> None:
        self.app = app
        self.prefix = prefix
        self.observer = observer
        self.admission = admission
        self.answers = answers
        self.routes_all = routes_all
        self.known = ParsedRequests()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request, and record it in metrics, log and audit log."""
        started, status = time.perf_counter(), 500
        self.prefix.note(scope)
        escape_query(scope)
        request_id = (b"x-request-id", identify(scope))

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                added = self.admission.headers(scope)
                message["headers"] = [*message["headers"], request_id, *added]
            await send(message)

        try:
            response = None
            if scope["path"] == PATH and scope["method"] == "GET" and not self.routes_all:
                response = await self._known_response(scope, receive)
            await (response or self.app)(scope, receive, noted)
        finally:
            self.admission.note(scope, status)
            self.observer.note(scope, status, started)

    async def _known_response(self, scope: Scope, receive: Receive) -> Response | None:
        """Return the cached answer to a repeated request, None to pass it on."""
        caller = self.admission.authenticate(scope)
        known = self.known.get(scope, caller) if isinstance(caller, Caller) else None
        if known is None:
            scope[LEARN] = self.known.learn
        elif isinstance(caller := self.admission.admit(scope), Caller):
            question, scope["route"] = known
            try:
                return await self.answers.respond(question, caller.key_id or "", receive)
            except Exception:  # becomes a problem like any other error
                return None
        return None


def _asked(scope: Scope, caller: Caller) -> tuple[str, bytes, bytes, bytes] | None:
    """Return the cache key of a request: the zones of the caller, query, language and host.

    None for a request with an Origin, whose answer needs other headers, and for one with a repeated
    header, which is ambiguous.
    """
    given = headers.by_name(scope)
    if b"origin" in given or len(given) != len(scope["headers"]):
        return None
    # A request without a key was also admitted by its host.
    host = given.get(b"host", b"") if caller.key_id is None else b""
    return caller.scope, scope["query_string"], given.get(b"accept-language", b""), host
