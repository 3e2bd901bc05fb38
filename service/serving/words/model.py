"""Words of a language model in the office's network, requested once per text.

Its words are stored, so that lists stay the same and a batch needs no network. While it is
unavailable, too slow or gives invalid replies, only the thesaurus is used, and the answer says so.
"""

from __future__ import annotations

import asyncio
import http.client
import json
import logging
import socket
import ssl
import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol
from urllib.parse import urlsplit

from circuitbreaker import CircuitBreaker

from features.texts.text import clear
from features.words.normal import normal
from service.cache.local import LocalCache
from service.serving.words.answers import (
    MAX_ANSWER,
    MAX_TEXT,
    WrongAnswerError,
    question,
    words_of,
)
from service.serving.words.store import NAME, WordStore

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from features.need import NeedQuery
    from features.progress import Count
    from service.settings import Settings

log = logging.getLogger(__name__)

WordProblem = Literal["away", "slow", "wrong", "busy", "unasked"]

_THREADS = 4
_MOST_WAITING = 64
"""Texts that may wait for a thread; beyond that only the thesaurus is used."""
_FAILURES = 3
"""Consecutive failures after which the model is not called for `_PAUSE_SECONDS`."""
_PAUSE_SECONDS = 30
_MEMORY_BYTES = 4 * 2**20
_ENTRY_BYTES = 1_500
_FAILED_SECONDS = 60.0
_HELD = {"slow", "wrong"}
"""How long a failure for a text is remembered, and which problems prevent a new request until then;
temporary ones do not."""
_PATH = "/chat/completions"


@dataclass(frozen=True)
class Given:
    """The result of a language model for a text.

    Attributes
    ----------
    words : tuple of str
        Empty where there is a problem.
    problem : str
        Why there are none: the model was unavailable (`away`), too `slow`, its reply was invalid
        (`wrong`), too many texts were waiting (`busy`), or it was not called yet (`unasked`). Empty
        if there are words.
    """

    words: tuple[str, ...] = ()
    problem: WordProblem | Literal[""] = ""

    @property
    def mark(self) -> str:
        """Identifies these words in cache keys."""
        return self.problem or "\n".join(self.words)


class WordSource(Protocol):
    """A source of a language model's words that answers at once, without network access."""

    def known(self, text: str) -> Given | None:
        """Return the stored result for a text; None if no language model is set."""


def given_for(need: NeedQuery, words: WordSource) -> Given | None:
    """Return the stored result for a need; None if the need gives its own words."""
    return None if need.words else words.known(need.industry)


class NoWords:
    """The source without a language model."""

    def known(self, text: str) -> Given | None:  # noqa: ARG002
        """Return None."""
        return None


class WordModel:
    """Calls an OpenAI-compatible server and stores its words; thread-safe.

    Only the need's text is sent. Calls are made in separate threads, so that no other request
    waits; after several consecutive failures the server is not called for a while.

    Parameters
    ----------
    url : str
        Such as http://host:8000/v1.
    model : str
    key : str or None
    timeout : float
        Seconds to wait for a reply.
    store : WordStore
    pause : int
        Seconds without calls after repeated failures.
    """

    def __init__(
        self,
        url: str,
        model: str,
        key: str | None,
        timeout: float,
        store: WordStore,
        pause: int = _PAUSE_SECONDS,
    ) -> None:
        self.model = model
        self.timeout = timeout
        self.store = store
        self._server = _Server(url, key, timeout)
        self._breaker = CircuitBreaker(_FAILURES, pause, OSError, "language model")
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="words")
        self._lock = threading.RLock()
        self._flights: dict[str, Future[Given]] = {}
        self._given: LocalCache[Given] = LocalCache(_MEMORY_BYTES)
        self._failed: LocalCache[Given] = LocalCache(_MEMORY_BYTES // 8, _FAILED_SECONDS)

    @property
    def state(self) -> Literal["up", "down"]:
        """Whether the last call succeeded, or none was made yet."""
        return "down" if self._breaker.opened else "up"

    def known(self, text: str) -> Given:
        """Return the stored result for a text, from memory or disk, without a call."""
        form = _form(text)
        with self._lock:
            given, failed = self._given.get(form), self._failed.get(form)
        return given or self._kept(form) or failed or Given((), "unasked")

    def at_hand(self, text: str) -> Given | None:
        """Return the result for a text in memory, unless it has to be requested again."""
        form = _form(text)
        with self._lock:
            failed = self._failed.get(form)
            held = failed if failed and failed.problem in _HELD else None
            return self._given.get(form) or held

    def ask(self, text: str) -> Future[Given]:
        """Request the words of a text in a thread, unless they are known or being requested."""
        form = _form(text)
        done: Future[Given] = Future()
        if known := self.at_hand(text):
            done.set_result(known)
            return done
        with self._lock:
            if form in self._flights:
                return self._flights[form]
            if len(self._flights) >= _MOST_WAITING:
                done.set_result(self._fail(form, "busy"))
                return done
            flight = self._flights[form] = self._threads.submit(self._found, form)
        flight.add_done_callback(lambda _: self._flights.pop(form, None))
        return flight

    async def asked(self, text: str) -> Given:
        """Return the words of a text, waiting no longer than `timeout` for them."""
        flight = asyncio.wrap_future(self.ask(text))
        try:
            return await asyncio.wait_for(asyncio.shield(flight), self.timeout)
        except TimeoutError:
            return self._fail(_form(text), "slow")

    def warm(self, texts: Iterable[str], progress: Count | None = None) -> dict[str, int]:
        """Request the words of every text that is not known yet, a few at a time.

        Returns
        -------
        dict of str to int
            Counts of texts that were `known` before, requested with success (`asked`), and without
            words (`without`).
        """
        forms = list(dict.fromkeys(map(_form, texts)))
        missing = [form for form in forms if not self.known(form).words]
        without = 0
        for start in range(0, len(missing), _THREADS):
            flights = [self.ask(form) for form in missing[start : start + _THREADS]]
            without += sum(not flight.result().words for flight in flights)
            if progress is not None:
                progress(min(start + _THREADS, len(missing)), len(missing))
        known = len(forms) - len(missing)
        return {"known": known, "asked": len(missing) - without, "without": without}

    def close(self) -> None:
        """Stop making requests, and close connections."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._server.close()

    def _kept(self, form: str) -> Given | None:
        words = self.store.get(self.model, form)
        return self._keep(form, Given(words)) if words else None

    def _keep(self, form: str, given: Given) -> Given:
        with self._lock:
            self._given.put(form, given, _ENTRY_BYTES)
        return given

    def _fail(self, form: str, problem: WordProblem) -> Given:
        given = Given((), problem)
        with self._lock:
            self._failed.put(form, given, _ENTRY_BYTES)
        return given

    def _found(self, form: str) -> Given:
        """Return the words of a text from the disk, or else from the server."""
        if kept := self._kept(form):
            return kept
        if self._breaker.opened:
            return self._fail(form, "away")
        try:
            body = self._breaker.call(self._server.answer, question(self.model, form))
            words = words_of(body)
        except TimeoutError:
            log.warning("the language model did not answer within %g s", self.timeout)
            return self._fail(form, "slow")
        except OSError as error:
            log.warning("the language model did not answer: %s", error)
            return self._fail(form, "away")
        except WrongAnswerError as error:
            log.warning("invalid reply of the language model: %s", error)
            return self._fail(form, "wrong")
        return self._keep(form, Given(self.store.put(self.model, form, words)))


class _Server:
    """A client for chat completions; follows no redirects and uses no proxy."""

    def __init__(self, url: str, key: str | None, timeout: float) -> None:
        parts = urlsplit(url)
        path = parts.path.rstrip("/") or "/v1"
        self.path = path if path.endswith(_PATH) else path + _PATH
        if parts.query:
            self.path += f"?{parts.query}"
        self.timeout = timeout
        self._headers = {"Content-Type": "application/json", "Accept": "application/json"}
        if key:
            self._headers["Authorization"] = f"Bearer {key}"
        host, port = parts.hostname or "", parts.port
        self._connect: Callable[[], http.client.HTTPConnection]
        if parts.scheme == "https":
            context = ssl.create_default_context()
            self._connect = lambda: http.client.HTTPSConnection(
                host, port, timeout=timeout, context=context
            )
        else:
            self._connect = lambda: http.client.HTTPConnection(host, port, timeout=timeout)
        self._open: set[socket.socket] = set()

    def answer(self, asked: object) -> bytes:
        """Return the body of a reply, at most `MAX_ANSWER` bytes of it.

        Raises
        ------
        TimeoutError
            When it is not complete in time, even if it keeps arriving slowly.
        OSError
            When there is no reply, or an error status.
        """
        ends = time.monotonic() + self.timeout
        connection = self._connect()
        try:
            connection.connect()
            with self._cut_at(ends, connection.sock):
                body = json.dumps(asked, ensure_ascii=False).encode()
                connection.request("POST", self.path, body, self._headers)
                with connection.getresponse() as reply:
                    found = reply.read(MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, TimeoutError) or time.monotonic() >= ends:
                raise TimeoutError from error
            raise ConnectionError(type(error).__name__) from error
        finally:
            connection.close()
        if time.monotonic() >= ends:
            raise TimeoutError
        if reply.status != http.client.OK:
            raise ConnectionError(f"HTTP {reply.status}")
        return found

    def close(self) -> None:
        """Shut down the connections that wait for a reply."""
        for own in list(self._open):
            _cut(own)

    @contextmanager
    def _cut_at(self, ends: float, own: socket.socket) -> Iterator[None]:
        """Shut down a connection at a deadline: its own timeout restarts with every byte."""
        self._open.add(own)
        timer = threading.Timer(max(ends - time.monotonic(), 0), _cut, [own])
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            self._open.discard(own)


def _cut(own: socket.socket) -> None:
    with suppress(OSError):
        own.shutdown(socket.SHUT_RDWR)


def _form(text: str) -> str:
    """Return the canonical form of a need's text, which is requested, sent and stored."""
    return normal(clear(text))[:MAX_TEXT]


def word_model(settings: Settings) -> WordModel | None:
    """Return the configured language model, None if there is none."""
    if settings.words_url is None:
        return None
    key = settings.words_key.get_secret_value() if settings.words_key else None
    store = WordStore(settings.home / NAME)
    return WordModel(settings.words_url, settings.words_model, key, settings.words_timeout, store)
