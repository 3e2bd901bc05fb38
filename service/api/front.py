"""The short way for a list that was asked for before: no routing, no parsing, no validation.

A front end asks for the same pages thousands of times a minute. The route of recommendations tells
what a request came to. When it comes again and the answer is in this process, it goes out from the
`Front`, before every other layer; when the answer has to be fetched, the `Shortcut`, after them
all, saves the framework's part.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from features.errors import LianzhaoError
from service import tracing
from service.access.gate import CALLER, SECURITY_HEADERS
from service.access.keys import Caller
from service.api import headers
from service.api.observer import identify
from service.cache.local import LocalCache

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from service.access.gate import Admission
    from service.api.observer import Observer
    from service.cache.answers import Answers
    from service.serving.questions import Question

PATH = "/v1/recommendations"
_BYTES = 4 * 2**20
_ENTRY_BYTES = 2_400
"""What a question and its key weigh besides their texts, as measured."""
_FOREVER = float("inf")


class Known:
    """What requests came to: a question and the route."""

    def __init__(self) -> None:
        self._entries: LocalCache[tuple[Question, Any]] = LocalCache(_BYTES, _FOREVER)

    def get(self, scope: Scope, caller: Caller) -> tuple[Question, Any] | None:
        """Return question and route of a request like one before, None for a new one."""
        key = _asked(scope, caller)
        return None if key is None else self._entries.get(key)

    def learn(self, scope: Scope, question: Question) -> None:
        """Keep what a request came to, which passed all layers."""
        if (key := _asked(scope, scope[CALLER])) is not None:
            weight = _ENTRY_BYTES + sum(map(len, key)) + len(question.key)
            self._entries.put(key, (question, scope["route"]), weight)


class Front:
    """Before the framework and all layers: answers from memory what it can.

    Admission and observer are those that the layers use. Whatever is to be refused is left to the
    layers, where the same admission refuses it without counting it again.
    """

    def __init__(
        self,
        answers: Answers,
        known: Known,
        admission: Admission,
        observer: Observer,
    ) -> None:
        self.answers = answers
        self.known = known
        self.admission = admission
        self.observer = observer

    async def answered(self, scope: Scope, send: Send) -> bool:
        """Answer a request, or return False: it is for the framework."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
            return False
        started = time.perf_counter()
        caller = self.admission.ledger.access.admit(scope)
        if not isinstance(caller, Caller) or not (known := self.known.get(scope, caller)):
            return False
        answer = self.answers.at_hand(known[0])
        if answer is None or not isinstance(self.admission.admit(scope), Caller):
            return False
        scope["route"] = known[1]
        self.answers.telemetry.hit()
        held = headers.by_name(scope).get(b"if-none-match")
        reply, shown, body = answer.reply("hit", held)
        shown += (*SECURITY_HEADERS, (b"x-request-id", identify(scope)))
        status = 500
        try:
            await send({"type": "http.response.start", "status": reply, "headers": shown})
            await send({"type": "http.response.body", "body": body})
            status = reply
        finally:
            self.admission.note(scope, status)
            self.observer.observe(scope, status, "hit", started)
        return True


class Shortcut:
    """ASGI, the last layer: puts the question of a request like one before, without routing."""

    def __init__(self, app: ASGIApp, answers: Answers, known: Known) -> None:
        self.app = app
        self.answers = answers
        self.known = known

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it on."""
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "GET":
            await self.app(scope, receive, send)
        elif known := self.known.get(scope, scope[CALLER]):
            question, scope["route"] = known
            tracing.name_span(scope)
            try:
                caller: Caller = scope[CALLER]
                response = await self.answers.respond(question, caller.key_id or "", receive)
            except LianzhaoError:
                await self.app(scope, receive, send)  # which tells the error as any other
            else:
                await response(scope, receive, send)
        else:
            scope["lianzhao.learn"] = self.known.learn
            await self.app(scope, receive, send)


def _asked(scope: Scope, caller: Caller) -> tuple[str, bytes, bytes, bytes] | None:
    """Return what a request asks, where, and on behalf of which zones.

    None for one from a page of another origin: the answer would need headers of its own. None
    too for one with a header that comes twice, of which others may take another one.
    """
    given = headers.by_name(scope)
    if b"origin" in given or len(given) != len(scope["headers"]):
        return None
    # A request without a key passed for its host, too.
    host = given.get(b"host", b"") if caller.key_id is None else b""
    return caller.scope, scope["query_string"], given.get(b"accept-language", b""), host
