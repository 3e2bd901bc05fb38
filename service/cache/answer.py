"""An encoded answer: its bytes, compressed on request, and their headers."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, get_args

from starlette.responses import Response

from service.api import headers
from service.api.compression import SMALLEST, ContentEncoding, compress, encoding_for
from service.api.observer import CACHE_STATE
from service.telemetry import State

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Receive, Scope, Send

    from service.serving.interfaces import Language

_Headers = list[tuple[bytes, bytes]]
_X_CACHE = {state: (b"x-cache", state.encode()) for state in get_args(State)}
_ENTRY_BYTES = 1024
"""Estimated bytes of an entry besides its body."""
_FORM_BYTES = 512
"""Estimated bytes of a compressed form besides its body."""
_ENCODED = re.compile(rb'[-;]{1,2}(?:gzip|br|zstd|deflate)"$')


class Answer:
    """The exact bytes of an answer, with their headers.

    It has no secrets of the caller; compressed forms are kept beside it, so that a list that is
    requested repeatedly is compressed once.

    Parameters
    ----------
    body, model_version, language
    missing
        The shards that it was made without, see `service.cache.lists.missing_of`.
    """

    def __init__(
        self, body: bytes, model_version: str, language: Language | None, missing: str = ""
    ) -> None:
        self.body = body
        self.model_version = model_version
        self.missing = missing
        self.tag = blake2b(body, digest_size=16).hexdigest().encode()
        self.packing = asyncio.Lock()
        self.grown: Callable[[int], None] = _uncounted
        """Called with the number of bytes by which it grew."""
        varies = b"Accept-Encoding"
        self._common = [
            # A version that is not valid in a header would be our error, not the caller's.
            (b"x-model-version", model_version.encode("latin-1", "replace")),
            (b"cache-control", b"private, no-cache"),
        ]
        if language:
            self._common.append((b"content-language", language.encode()))
            varies = b"Accept-Language, " + varies
        self._common.append((b"vary", varies))
        self._forms: dict[ContentEncoding | None, tuple[_Headers, bytes]] = {}
        self.keep(None, body)

    def keep(self, encoding: ContentEncoding | None, body: bytes) -> None:
        """Keep a compressed form of the body."""
        if encoding:
            self.grown(len(body) + _FORM_BYTES)
        shown = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            (b"etag", self._etag(encoding)),
            *self._common,
        ]
        if encoding:
            shown.append((b"content-encoding", encoding.encode()))
        self._forms[encoding] = shown, body

    def form(self, scope: Scope) -> ContentEncoding | None:
        """Return the encoding to send to a caller; small bodies are not compressed."""
        return encoding_for(scope) if len(self.body) >= SMALLEST else None

    def has(self, form: ContentEncoding | None) -> bool:
        """Whether this form is available."""
        return form in self._forms

    def reply(
        self, state: State, held: bytes | None, form: ContentEncoding | None = None
    ) -> tuple[int, _Headers, bytes]:
        """Return status, headers and body for a caller with this If-None-Match, or without one."""
        if held is not None and self.is_named_by(held):
            return 304, [(b"etag", self._etag(form)), *self._common, _X_CACHE[state]], b""
        shown, body = self._forms[form]
        return 200, [*shown, _X_CACHE[state]], body

    def is_named_by(self, held: bytes) -> bool:
        """Whether an If-None-Match matches this answer, in any encoding."""
        # The weak comparison of RFC 9110.
        tags = [_ENCODED.sub(b'"', tag.strip().removeprefix(b"W/")) for tag in held.split(b",")]
        return self._etag(None) in tags or tags == [b"*"]

    @property
    def weight(self) -> int:
        """Estimated bytes in memory."""
        return len(self.body) + _ENTRY_BYTES

    def _etag(self, form: ContentEncoding | None) -> bytes:
        # Each encoding has its own tag.
        return b'"%s-%s"' % (self.tag, form.encode()) if form else b'"%s"' % self.tag


def _uncounted(_: int) -> None:
    pass


class AnswerResponse(Response):
    """Sends an answer: 304 if the client has it already, compressed if the client accepts that.

    Parameters
    ----------
    answer, state
    work
        Runs short work in a thread.
    """

    def __init__(
        self,
        answer: Answer,
        state: State,
        work: Callable[[Callable[[], Any]], Awaitable[Any]],
    ) -> None:
        self.answer = answer
        self.state = state
        self.background = None
        self._work = work
        self.body = answer.body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        answer = self.answer
        held = headers.by_name(scope).get(b"if-none-match") if scope["method"] == "GET" else None
        form = answer.form(scope)
        if form and not answer.has(form) and not (held and answer.is_named_by(held)):
            async with answer.packing:
                if not answer.has(form):
                    answer.keep(form, await self._work(partial(compress, answer.body, form)))
        scope[CACHE_STATE] = self.state
        status, shown, body = answer.reply(self.state, held, form)
        await send({"type": "http.response.start", "status": status, "headers": shown})
        await send({"type": "http.response.body", "body": body})
