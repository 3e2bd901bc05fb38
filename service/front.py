"""The short way for a list that was asked for before: no routing, no parsing, no validation.

A front end asks for the same pages thousands of times a minute. The route of recommendations tells
the front what a query string and an Accept-Language came to; when they come again and the answer
is in this process, it goes out from here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from service.answers import AnswerResponse
from service.cache import LocalCache
from service.gate import CALLER

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from service.answers import Answers, Question

PATH = "/v1/recommendations"
_BYTES = 4 * 2**20
_ENTRY_BYTES = 512
_FOREVER = float("inf")


class Front:
    """ASGI: answers from memory what it can, and passes everything else on."""

    def __init__(self, app: ASGIApp, answers: Answers) -> None:
        self.app = app
        self.answers = answers
        self._known: LocalCache[tuple[Question, Any]] = LocalCache(_BYTES, _FOREVER)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request or pass it on."""
        if scope["type"] == "http" and scope["path"] == PATH and scope["method"] == "GET":
            if known := self._known.get(_asked(scope)):
                question, scope["route"] = known
                if answer := self.answers.at_hand(question):
                    self.answers.count("hit")
                    await AnswerResponse(answer, "hit")(scope, receive, send)
                    return
            else:
                scope["lianzhao.learn"] = self.learn
        await self.app(scope, receive, send)

    def learn(self, scope: Scope, question: Question) -> None:
        """Keep what the query string and the language of a request came to."""
        key = _asked(scope)
        weight = _ENTRY_BYTES + sum(map(len, key)) + len(question.asked)
        self._known.put(key, (question, scope["route"]), weight)


def _asked(scope: Scope) -> tuple[str, bytes, bytes]:
    """Return what a request asks, and on behalf of which zones."""
    zones = scope[CALLER].scope
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return zones, scope["query_string"], value
    return zones, scope["query_string"], b""
