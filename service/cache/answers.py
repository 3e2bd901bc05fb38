"""A request's way through the service: cache, else engine, then the bytes that go out."""

from __future__ import annotations

import asyncio
import logging
import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Literal, get_args

import orjson
from starlette.responses import Response

from features.errors import DamagedError, UnavailableError
from features.tables.schema import schema_hash
from service.api import headers
from service.cache.lists import Formers
from service.cache.tiers import LocalCache

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from starlette.types import Receive, Scope, Send

    from service.cache.lists import ListId
    from service.cache.tiers import RemoteCache
    from service.serving.interfaces import Document, Engine, EngineSource, Language
    from service.telemetry import Telemetry

log = logging.getLogger(__name__)

State = Literal["hit", "miss", "stale"]
_Headers = list[tuple[bytes, bytes]]
_X_CACHE = {state: (b"x-cache", state.encode()) for state in get_args(State)}
_LOCAL_BYTES = 32 * 2**20
_LAST_BYTES = 8 * 2**20
_ENTRY_BYTES = 1024
"""What an entry weighs besides its body."""
_OF_COMPRESSED = re.compile(rb'[-;]{1,2}(?:gzip|br|zstd|deflate)"$')
_MADE_BY = ("3", schema_hash())
"""The number is changed when the same model and pool would give other bytes than before."""
_THREADS = 4
_AWAY = (UnavailableError, DamagedError, OSError)
"""Failures of the engine as a whole, and not of a question put to it."""


@dataclass(frozen=True)
class Question:
    """What is asked of the engine, in a form that is equal for equal requests.

    Parameters
    ----------
    asked
        Name of the call and its normalised arguments, as bytes.
    language
        Language of the texts in the answer; None when it has none.
    work
        Computes the answer.
    of
        The list that it is a next page of: then it is of the same model and pool, or refused.
    """

    asked: bytes
    language: Language | None
    work: Callable[[Engine], Document]
    of: ListId | None = None


def question(
    call: str,
    arguments: Mapping[str, Any],
    work: Callable[[Engine], Document],
    language: Language | None = None,
    scope: str = "",
    of: ListId | None = None,
) -> Question:
    """Build a question; equal arguments in another order give an equal question.

    `scope` says which zones the caller may see (`Caller.scope`): an answer is kept for those of
    the same scope alone, so that none reaches somebody who may not see all of it.
    """
    asked = orjson.dumps([call, language, scope, arguments], option=orjson.OPT_SORT_KEYS)
    return Question(trimmed(asked), language, work, of)


def trimmed(data: bytes) -> bytes:
    """Return the same bytes in no more memory than they need: orjson leaves room behind them."""
    return bytes(memoryview(data))


class Answer:
    """The exact bytes of an answer, with the headers that go with them."""

    def __init__(self, body: bytes, model_version: str, language: Language | None) -> None:
        self.body = body
        self.model_version = model_version
        self.etag = f'"{blake2b(body, digest_size=16).hexdigest()}"'.encode()
        self.headers = [
            (b"etag", self.etag),
            # A version that cannot stand in a header would be a fault of ours, not of the caller.
            (b"x-model-version", model_version.encode("latin-1", "replace")),
            (b"cache-control", b"private, no-cache"),
        ]
        if language:
            self.headers += [
                (b"content-language", language.encode()),
                (b"vary", b"Accept-Language"),
            ]
        self._headers_with_body = [
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
            *self.headers,
        ]

    def reply(self, state: State, held: bytes | None) -> tuple[int, _Headers, bytes]:
        """Return status, headers and body for a caller with this If-None-Match, or without one."""
        if held is None or not self._is_named_by(held):
            return 200, [*self._headers_with_body, _X_CACHE[state]], self.body
        return 304, [*self.headers, _X_CACHE[state]], b""

    def _is_named_by(self, held: bytes) -> bool:
        # The weak comparison of RFC 9110, whatever a server before this one added when it
        # compressed the answer.
        tags = [
            _OF_COMPRESSED.sub(b'"', tag.strip().removeprefix(b"W/")) for tag in held.split(b",")
        ]
        return self.etag in tags or tags == [b"*"]

    @property
    def weight(self) -> int:
        """Bytes that it takes in memory, as an estimate."""
        return len(self.body) + _ENTRY_BYTES


class AnswerResponse(Response):
    """Sends an answer: 304 to a caller who has it already."""

    def __init__(self, answer: Answer, state: State) -> None:
        self.answer = answer
        self.state = state
        self.background = None
        self.status_code, self.raw_headers, self.body = answer.reply(state, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send it."""
        held = headers.by_name(scope).get(b"if-none-match") if scope["method"] == "GET" else None
        self.status_code, self.raw_headers, self.body = self.answer.reply(self.state, held)
        start = {"type": "http.response.start", "status": self.status_code}
        await send({**start, "headers": self.raw_headers})
        await send({"type": "http.response.body", "body": self.body})


class Answers:
    """Answers questions: from the process, from Redis, or from the engine, in this order.

    The key carries model, pool, language and question, so an answer of another model or pool is
    never found, and equal requests get equal bytes. When no engine can be had, the last answer
    to the same question is given as stale, whatever model it came from, if the tables are still
    those it was made from; without one the error goes to the caller. Equal questions asked at
    once are computed once, by all workers together where there is Redis. An answer whose time is
    over is given as stale while it is fetched anew.
    """

    def __init__(self, source: EngineSource, remote: RemoteCache, telemetry: Telemetry) -> None:
        self.source = source
        self.remote = remote
        self.telemetry = telemetry
        self.count = telemetry.answered
        self._local: LocalCache[Answer] = LocalCache(_LOCAL_BYTES, remote.ttl, remote.ttl)
        self._last: LocalCache[Answer] = LocalCache(_LAST_BYTES, remote.ttl)
        self._flights: dict[tuple[str, str, bytes], asyncio.Task[tuple[Answer, State]]] = {}
        self._loading = asyncio.Lock()
        self._formers = Formers()
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="engine")

    async def engine(self) -> Engine:
        """Return the engine of what is in the workspace now; it is loaded in a thread."""
        if (engine := self._ready()) is not None:
            return engine
        async with self._loading:
            return self._ready() or await self.run(self.source.current)

    async def run(self, work: Callable[[], Any]) -> Any:
        """Do blocking work in a thread."""
        waiting = self.telemetry.waiting
        waiting.inc()

        def begun() -> Any:
            waiting.dec()
            return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, begun)

    def at_hand(self, asked: Question) -> Answer | None:
        """Return the answer if it is in this process and nothing has to be waited for."""
        if asked.of is not None:
            return self._local.get((*asked.of[:2], asked.asked))
        engine = self._ready()
        return self._local.get(_key(engine, asked)) if engine else None

    async def respond(self, asked: Question) -> AnswerResponse:
        """Return the answer as a response.

        Raises
        ------
        GoneListError
            For a next page of a list whose engine is gone, and that nobody has asked for before.
        """
        try:
            answer, state = await (self._answer(asked) if asked.of is None else self._next(asked))
        except _AWAY as error:
            # What is stale may be of another model than the pages before.
            found = None if asked.of else await self._stale(asked)
            if found is None:
                raise
            log.warning("the last answer is given, as stale: %s", error)
            answer, state = found, "stale"
        self.count(state)
        return AnswerResponse(answer, state)

    async def close(self) -> None:
        """Let go of threads and connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        await self.remote.close()

    def _ready(self) -> Engine | None:
        # Asked first: the look may put another engine in service.
        changed, engine = self.source.changed(), self.source.engine
        if engine is not None:
            self._formers.note(engine)
        return None if changed else engine

    async def _next(self, asked: Question) -> tuple[Answer, State]:
        """Answer with the engine of the list, or from what is kept of it."""
        assert asked.of is not None
        with suppress(*_AWAY):  # the engine of the list may be there all the same
            await self.engine()
        model_version, pool_version, _ = asked.of
        if engine := self._formers.get(model_version, pool_version):
            return await self._answer(asked, engine)
        key = model_version, pool_version, asked.asked
        if found := self._local.get(key):
            return found, "hit"
        if (body := await self.remote.get(_name(*key))) is None:
            raise asked.of.gone
        return Answer(body, model_version, asked.language), "hit"

    async def _answer(self, asked: Question, engine: Engine | None = None) -> tuple[Answer, State]:
        engine = engine or await self.engine()
        key = _key(engine, asked)
        found = self._local.get(key)
        self.telemetry.looked_up("local", found is not None)
        if found:
            return found, "hit"
        flight = self._flights.get(key)
        if flight is None:
            flight = asyncio.create_task(self._fetch(engine, asked, key))
            self._flights[key] = flight
            flight.add_done_callback(lambda done: self._landed(key, done))
        if aged := self._local.aged(key):
            return aged, "stale"
        # A caller who hangs up must not take the answer from the others.
        return await asyncio.shield(flight)

    def _landed(
        self, key: tuple[str, str, bytes], flight: asyncio.Task[tuple[Answer, State]]
    ) -> None:
        self._flights.pop(key, None)
        if not flight.cancelled() and (error := flight.exception()):
            # Nobody may be waiting for it any more.
            log.debug("an answer was not to be had: %s", error)

    async def _fetch(
        self, engine: Engine, asked: Question, key: tuple[str, str, bytes]
    ) -> tuple[Answer, State]:
        name = _name(*key)
        state: State = "hit"
        body = await self.remote.get(name)
        self.telemetry.looked_up("redis", body is not None)
        if body is None:
            async with self.remote.claim(name) as body:
                if body is None:
                    state = "miss"
                    body = await self.run(lambda: _computed(engine, asked))
                    pointer = f"{engine.model_version}\n{name}".encode()
                    last = _name("last", engine.pool_version, asked.asked)
                    await self.remote.put({name: body, last: pointer})
        answer = Answer(body, engine.model_version, asked.language)
        weight = answer.weight + len(asked.asked)
        self._local.put(key, answer, weight)
        self._last.put((engine.pool_version, asked.asked), answer, weight)
        self.telemetry.cache_bytes.set(self._local.weight + self._last.weight)
        return answer, state

    async def _stale(self, asked: Question) -> Answer | None:
        try:
            pool_version = await self.run(self.source.pool_version)
        except _AWAY:
            return None
        if found := self._last.get((pool_version, asked.asked)):
            return found
        pointer = await self.remote.get(_name("last", pool_version, asked.asked))
        if pointer is None:
            return None
        version, _, name = pointer.decode().partition("\n")
        body = await self.remote.get(name)
        return None if body is None else Answer(body, version, asked.language)


async def warm(remote: RemoteCache, engine: Engine, asked: Question) -> bool:
    """Have the answer in Redis, where workers find it once the engine is in service.

    Returns
    -------
    bool
        Whether it had to be computed.
    """
    name = _name(*_key(engine, asked))
    if await remote.get(name) is not None:
        return False
    await remote.put({name: _computed(engine, asked)})
    return True


def _computed(engine: Engine, asked: Question) -> bytes:
    return trimmed(orjson.dumps(asked.work(engine), option=orjson.OPT_SERIALIZE_NUMPY))


def _key(engine: Engine, asked: Question) -> tuple[str, str, bytes]:
    return engine.model_version, engine.pool_version, asked.asked


def _name(*parts: str | bytes) -> str:
    """Return the name of a value in Redis, which other versions of the project may share."""
    digest = blake2b(digest_size=20)
    for part in (*_MADE_BY, *parts):
        digest.update(blake2b(part.encode() if isinstance(part, str) else part).digest())
    return f"lianzhao:{digest.hexdigest()}"
