"""The way of a request: observe → authenticate → limit → response cache → route → engine.

A front end asks for the same pages thousands of times a minute. What the route of recommendations
made of such a request is kept; when the request comes again, it is answered from the response
cache without routing, parsing and validation. All other requests go to the framework, whose layers
and routes use the same observer, admission and cache.
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
"""Where in the scope of a request a route finds what keeps the question that it makes of it."""
_BYTES = 4 * 2**20
_ENTRY_BYTES = 2_400
"""What a question and its key weigh besides their texts, as measured."""


class Known:
    """What requests were routed to: a question and the route."""

    def __init__(self) -> None:
        self._entries: LocalCache[tuple[Question, Any]] = LocalCache(_BYTES)

    def get(self, scope: Scope, caller: Caller) -> tuple[Question, Any] | None:
        """Return question and route of a request like one before, None for a new one."""
        key = _asked(scope, caller)
        return None if key is None else self._entries.get(key)

    def learn(self, scope: Scope, question: Question) -> None:
        """Keep the question of a request that has passed all layers."""
        if (key := _asked(scope, scope[CALLER])) is not None:
            weight = _ENTRY_BYTES + sum(map(len, key)) + len(question.key)
            self._entries.put(key, (question, scope["route"]), weight)


class Front:
    """ASGI: observes every request, answers what is known, and passes the rest on.

    A request that is to be refused is passed on, too: the layers of the framework refuse it, by the
    same admission, which counts a request once.

    Parameters
    ----------
    app : ASGI app
        The framework.
    prefix, observer, admission, answers
    routes_all : bool
        Whether the framework routes every request: a trace needs its span.
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
        self.known = Known()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, and note in metrics, log and audit log what was answered."""
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
        """Return the answer to a request like one before, None where the framework is to answer."""
        caller = self.admission.authenticate(scope)
        known = self.known.get(scope, caller) if isinstance(caller, Caller) else None
        if known is None:
            scope[LEARN] = self.known.learn
        elif isinstance(caller := self.admission.admit(scope), Caller):
            question, scope["route"] = known
            try:
                return await self.answers.respond(question, caller.key_id or "", receive)
            except Exception:  # of which the framework makes a problem, as of any other
                return None
        return None


def _asked(scope: Scope, caller: Caller) -> tuple[str, bytes, bytes, bytes] | None:
    """Return what an answer depends on: the zones of the caller, query, language and host.

    None for a request from a page of another origin, whose answer needs other headers, and for
    one with a header that comes twice, of which others may take another one.
    """
    given = headers.by_name(scope)
    if b"origin" in given or len(given) != len(scope["headers"]):
        return None
    # A request without a key was admitted for its host, too.
    host = given.get(b"host", b"") if caller.key_id is None else b""
    return caller.scope, scope["query_string"], given.get(b"accept-language", b""), host
