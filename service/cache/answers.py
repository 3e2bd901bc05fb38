"""The path of a question: local cache, Redis or engine, then the encoded answer."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson
from starlette.responses import Response

from features.errors import DamagedError, UnavailableError
from features.tables.schema import schema_hash
from models.storage.artifact import FORMAT
from service.cache.answer import Answer, AnswerResponse
from service.cache.lists import Formers, missing_of
from service.cache.local import LocalCache
from service.serving.questions import trimmed
from service.serving.words.model import Given
from service.threads import SharedThreads

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.types import Receive

    from service.cache.lists import ListId
    from service.cache.tiers import RemoteCache
    from service.serving.interfaces import Engine, EngineSource
    from service.serving.questions import Question
    from service.serving.words.model import WordModel
    from service.telemetry import State, Telemetry

log = logging.getLogger(__name__)

_Key = tuple[str, str, str, bytes]
"""Cache key: model, pool, words of a language model, question."""
_NOTHING_GIVEN = Given()
_LOCAL_BYTES = 32 * 2**20
_LAST_BYTES = 8 * 2**20
_MADE_BY = (str(FORMAT), schema_hash())
_RANKING_THREADS = 4
_LOOKUP_THREADS = 2
_SOON = 0.05
"""Seconds after which a disconnect of the client is watched for."""
CLIENT_LEFT = 499
"""The status in metrics and log of a request whose client disconnected before the answer."""
_AWAY = (UnavailableError, DamagedError, OSError)
"""Failures of the engine as a whole, as opposed to a wrong question."""


class _ClientLeftError(Exception):
    """The client has disconnected."""


class _Flight:
    """An answer in progress, and the number of requests that wait for it."""

    def __init__(self, task: asyncio.Task[tuple[Answer, State]]) -> None:
        self.task = task
        self.waiters = 0

    async def wait(self, receive: Receive | None) -> tuple[Answer, State]:
        """Return the answer; a disconnect does not cancel it for others (_ClientLeftError)."""
        if receive is None:
            return await asyncio.shield(self.task)
        await asyncio.wait({self.task}, timeout=_SOON)
        if self.task.done():
            return self.task.result()
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({self.task, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if self.task.done():
                return self.task.result()
            raise _ClientLeftError
        finally:
            leaving.cancel()


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


class Answers:
    """Answers questions from the local cache, Redis or the engine, in this order.

    The key contains model, pool, language, question and the words of a language model, so that
    answers of another model or pool are never returned, and equal requests get equal bytes. When no
    engine is available, the last answer to the same question is returned as stale, whichever model
    it came from, provided that the tables are unchanged; otherwise the error is raised. Equal
    concurrent questions are computed once, across workers if there is Redis. An expired answer is
    returned as stale while it is refreshed.
    """

    def __init__(
        self,
        source: EngineSource,
        remote: RemoteCache,
        telemetry: Telemetry,
        words: WordModel | None = None,
    ) -> None:
        self.source = source
        self.words = words
        self.remote = remote
        self.telemetry = telemetry
        self.count = telemetry.answered
        self._local: LocalCache[Answer] = LocalCache(_LOCAL_BYTES, remote.ttl, remote.ttl)
        self._last: LocalCache[Answer] = LocalCache(_LAST_BYTES, remote.ttl)
        self._flights: dict[_Key, _Flight] = {}
        self._lock = asyncio.Lock()
        self._formers = Formers()
        # Ranking is slow: neither look-ups nor the loading of an engine wait behind it.
        self._ranking = SharedThreads("ranking", _RANKING_THREADS)
        self._lookups = SharedThreads("lookups", _LOOKUP_THREADS)
        self._loading = SharedThreads("loading", 1)

    async def engine(self) -> Engine:
        """Return an engine that is up to date with the workspace; it is loaded in a thread."""
        if (engine := self._ready()) is not None:
            return engine
        async with self._lock:
            ready = self._ready()  # another request may have loaded it meanwhile
            return ready if ready is not None else await self._loading.run(self.source.current)

    async def look_up(self, work: Callable[[], Any], caller: str = "") -> Any:
        """Run short blocking work in a thread that ranking does not use."""
        return await self._in(self._lookups, work, caller)

    async def _in(self, threads: SharedThreads, work: Callable[[], Any], caller: str) -> Any:
        waiting, has_begun = self.telemetry.waiting, False

        def begun() -> Any:
            nonlocal has_begun
            has_begun = True
            waiting.dec()
            return work()

        waiting.inc()
        try:
            return await threads.run(begun, caller)
        finally:
            if not has_begun:
                waiting.dec()

    async def respond(
        self, asked: Question, caller: str = "", receive: Receive | None = None
    ) -> Response:
        """Return the answer as a response.

        Parameters
        ----------
        asked
        caller
            The caller to whose share of the threads the computation counts.
        receive
            The ASGI channel, for disconnects: work that no other request waits for is then
            cancelled.
        """
        state: State = "hit"
        try:
            answer = self._at_hand(asked)
            if answer is None:
                answer, state = await self._answer(asked, caller, receive)
        except _ClientLeftError:
            return Response(status_code=CLIENT_LEFT)
        except _AWAY as error:
            # A stale answer may be of another model than the previous pages.
            found = None if asked.list_id else await self._stale(asked)
            if found is None:
                raise
            log.warning("the last answer is returned as stale: %s", error)
            answer, state = found, "stale"
        if asked.list_id is not None and asked.list_id.missing != answer.missing:
            raise asked.list_id.of_other_shards
        self.count(state)
        return AnswerResponse(answer, state, self.look_up)

    async def close(self) -> None:
        """Close threads and connections."""
        for threads in (self._ranking, self._lookups, self._loading):
            threads.close()
        if self.words is not None:
            self.words.close()
        await self.remote.close()

    def _ready(self) -> Engine | None:
        ready = self.source.ready()
        if (in_service := self.source.engine) is not None:
            self._formers.note(in_service)
        return ready

    def _at_hand(self, asked: Question) -> Answer | None:
        """Return the answer if it is in the local cache and nothing has to be awaited."""
        engine = self._ready()
        if (of := asked.list_id) is not None:
            engine = self._formers.get(of.model_version, of.pool_version)
        if engine is None:
            return None
        given: Given | None = _NOTHING_GIVEN
        if self.words is not None and (text := asked.text(engine)):
            given = self.words.at_hand(text)
        if given is None or (of is not None and not of.has_words(given.words)):
            return None
        answer = self._local.get(_key(engine, asked, given))
        if answer is not None:
            self.telemetry.looked_up("local", found=True)
        return answer

    async def _of_list(self, asked: Question, of: ListId) -> Engine | Answer:
        """Return the engine of a list, or the cached page (GoneListError)."""
        with suppress(*_AWAY):  # the engine of the list may still be there
            await self.engine()
        model_version, pool_version = of.model_version, of.pool_version
        if engine := self._formers.get(model_version, pool_version):
            return engine
        if of.words:  # pages with other words have other keys, which are not known
            raise of.gone
        key = model_version, pool_version, _NOTHING_GIVEN.mark, asked.key
        if found := self._local.get(key):
            return found
        if (body := await self.remote.get(_name(*key))) is None:
            raise of.gone
        return Answer(body, model_version, asked.language)

    async def _answer(
        self, asked: Question, caller: str, receive: Receive | None
    ) -> tuple[Answer, State]:
        if asked.list_id is None:
            engine = await self.engine()
        else:
            known = await self._of_list(asked, asked.list_id)
            if isinstance(known, Answer):
                return known, "hit"
            engine = known
        given = _NOTHING_GIVEN
        if self.words is not None and (text := asked.text(engine)):
            given = await self.words.asked(text)  # before taking a thread that others wait for
        if asked.list_id is not None and not asked.list_id.has_words(given.words):
            raise asked.list_id.gone
        key = _key(engine, asked, given)
        found = self._local.get(key)
        self.telemetry.looked_up("local", found is not None)
        if found:
            return found, "hit"
        flight = self._flights.get(key)
        if flight is None:
            flight = _Flight(asyncio.create_task(self._fetch(engine, asked, key, caller)))
            self._flights[key] = flight
            flight.task.add_done_callback(lambda _: self._landed(key, flight))
        if aged := self._local.aged(key):
            flight.waiters += 1  # refreshed in the background
            return aged, "stale"
        flight.waiters += 1
        try:
            return await flight.wait(receive)
        finally:
            flight.waiters -= 1
            if not flight.waiters and not flight.task.done():
                del self._flights[key]
                flight.task.cancel()

    def _landed(self, key: _Key, flight: _Flight) -> None:
        if self._flights.get(key) is flight:
            del self._flights[key]
        if not flight.task.cancelled() and (error := flight.task.exception()):
            # There may be no waiting request any more.
            log.debug("an answer could not be fetched: %s", error)

    async def _fetch(
        self, engine: Engine, asked: Question, key: _Key, caller: str
    ) -> tuple[Answer, State]:
        name = _name(*key)
        state: State = "hit"
        body = await self.remote.get(name)
        self.telemetry.looked_up("redis", body is not None)
        if body is None:
            async with self.remote.claim(name) as body:
                if body is None:
                    state = "miss"
                    threads = self._ranking if asked.ranks else self._lookups
                    body, missing = await self._in(
                        threads, lambda: _computed(engine, asked), caller
                    )
                    if missing:  # never kept: the next one may be whole
                        return Answer(body, engine.model_version, asked.language, missing), state
                    pointer = f"{engine.model_version}\n{name}".encode()
                    last = _name("last", engine.pool_version, asked.key)
                    await self.remote.put({name: body, last: pointer})
        answer = Answer(body, engine.model_version, asked.language)
        weight, last_key = answer.weight + len(asked.key), (engine.pool_version, asked.key)
        self._local.put(key, answer, weight)
        self._last.put(last_key, answer, weight)
        answer.grown = partial(self._grown, key, last_key)
        self._grown(key, last_key, 0)
        return answer, state

    def _grown(self, key: _Key, last_key: tuple[str, bytes], more: int) -> None:
        self._local.grow(key, more)
        self._last.grow(last_key, more)
        self.telemetry.cache_bytes.set(self._local.weight + self._last.weight)

    async def _stale(self, asked: Question) -> Answer | None:
        try:
            pool_version = await self.look_up(self.source.pool_version)
        except _AWAY:
            return None
        if found := self._last.get((pool_version, asked.key)):
            return found
        pointer = await self.remote.get(_name("last", pool_version, asked.key))
        if pointer is None:
            return None
        version, _, name = pointer.decode().partition("\n")
        body = await self.remote.get(name)
        return None if body is None else Answer(body, version, asked.language)


async def warm(
    remote: RemoteCache, engine: Engine, asked: Question, given: Given = _NOTHING_GIVEN
) -> bool:
    """Store the answer in Redis, where workers find it once the engine is in service.

    Parameters
    ----------
    remote, engine, asked
    given
        The stored result of a language model for it.

    Returns
    -------
    bool
        Whether it had to be computed.
    """
    name = _name(*_key(engine, asked, given))
    if await remote.get(name) is not None:
        return False
    body, missing = _computed(engine, asked)
    if not missing:
        await remote.put({name: body})
    return True


def _computed(engine: Engine, asked: Question) -> tuple[bytes, str]:
    """Return the body of an answer, and the shards that it was made without."""
    document = asked.answer(engine)
    body = trimmed(orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY))
    return body, missing_of(document) if asked.ranks else ""


def _key(engine: Engine, asked: Question, given: Given) -> _Key:
    return engine.model_version, engine.pool_version, given.mark, asked.key


def _name(*parts: str | bytes) -> str:
    """Return the key of a value in Redis, which other versions of the project may share."""
    digest = blake2b(digest_size=20)
    for part in (*_MADE_BY, *parts):
        digest.update(blake2b(part.encode() if isinstance(part, str) else part).digest())
    return f"lianzhao:{digest.hexdigest()}"
