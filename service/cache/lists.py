"""Ids of lists, and the former engines that answer their further pages for a while."""

from __future__ import annotations

import time
from collections import OrderedDict
from hashlib import blake2b
from typing import TYPE_CHECKING, NamedTuple, Self

from features.errors import ConflictError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from service.serving.interfaces import Document, Engine

KEPT_SECONDS = 900.0
"""Seconds for which the engine of a list is kept after another one came into service."""
_MOST = 100
_MOST_PREPARED = 3
"""Maximum number of former engines: each may take much memory."""
_BETWEEN = "~"
_BEFORE_WORDS = "."
_BEFORE_MISSING = "-"


class GoneListError(ConflictError):
    """A further page of a list whose model or pool is no longer available."""

    code = "list-gone"


class ListId(NamedTuple):
    """Identifies a list by its model, pool, question, a language model's words, and missing shards.

    The same question of the same model and pool has the same id in every worker.
    """

    model_version: str
    pool_version: str
    asked: str
    words: str = ""
    missing: str = ""

    @classmethod
    def of(cls, engine: Engine, asked: bytes, words: Sequence[str] = (), missing: str = "") -> Self:
        """Return the id of a list.

        Parameters
        ----------
        engine : Engine
        asked : bytes
            The question without the page.
        words : sequence of str
            Those of a language model.
        missing : str
            The shards that the list is made without, see `missing_of`.
        """
        digest = blake2b(asked, digest_size=8).hexdigest()
        return cls(engine.model_version, engine.pool_version, digest, _digest_of(words), missing)

    def has_words(self, words: Sequence[str]) -> bool:
        """Whether the list was made with these words of a language model."""
        return self.words == _digest_of(words)

    @classmethod
    def parse(cls, text: str, asked: bytes) -> Self:
        """Parse the id given with a question (InputError for the id of another question)."""
        found = cls.read(text)
        if found.asked != blake2b(asked, digest_size=8).hexdigest():
            raise _wrong(text, "the list_id of a page with the same need, filters and language")
        return found

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse an id (InputError if it is invalid)."""
        parts = text.split(_BETWEEN)
        if len(parts) != 3 or not all(parts):
            raise _wrong(text, "the list_id of a page of leads")
        asked, _, missing = parts[2].partition(_BEFORE_MISSING)
        asked, _, words = asked.partition(_BEFORE_WORDS)
        return cls(parts[0], parts[1], asked, words, missing)

    def __str__(self) -> str:
        text = _BETWEEN.join(self[:3])
        words = f"{_BEFORE_WORDS}{self.words}" if self.words else ""
        return text + words + (f"{_BEFORE_MISSING}{self.missing}" if self.missing else "")

    @property
    def gone(self) -> GoneListError:
        """The error for a further page that is no longer available."""
        return self._gone("model, tables or the words of a language model have changed since")

    @property
    def of_other_shards(self) -> GoneListError:
        """The error for a further page when other shards are unavailable than for the first."""
        return self._gone("other shards of the pool are unavailable than for its first page")

    def _gone(self, reason: str) -> GoneListError:
        return GoneListError(
            f"this list is gone: {reason}; begin again without list_id",
            field="list_id",
            got=str(self),
            expected="the list_id of a list that is not older than a quarter of an hour",
        )


def missing_of(document: Document) -> str:
    """Return which shards a list is made without, as a digest; empty if it is whole."""
    partial = document.get("partial")
    return _digest_of([str(one["shard"]) for one in partial["missing"]]) if partial else ""


def _digest_of(words: Sequence[str]) -> str:
    return blake2b("\n".join(words).encode(), digest_size=4).hexdigest() if words else ""


def _wrong(text: str, expected: str) -> InputError:
    message = f"list_id must be {expected}"
    return InputError(message, field="list_id", got=text, expected=expected)


class Formers:
    """Former engines, each kept for a while.

    Parameters
    ----------
    clock
        Returns seconds, from any start.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.clock = clock
        self._last: Engine | None = None
        self._kept: OrderedDict[tuple[str, str], tuple[float, Engine]] = OrderedDict()

    def note(self, engine: Engine) -> None:
        """Note the engine in service; the previous one is kept from now on."""
        if engine is self._last:
            return
        former, self._last = self._last, engine
        self._kept.pop((engine.model_version, engine.pool_version), None)
        if former is not None:
            former.rest()
            key = former.model_version, former.pool_version
            self._kept[key] = self.clock() + KEPT_SECONDS, former
            self._kept.move_to_end(key)
        self._tidy()

    def get(self, model_version: str, pool_version: str) -> Engine | None:
        """Return the engine of a model and a pool, or None if it is no longer kept."""
        if (last := self._last) and (last.model_version, last.pool_version) == (
            model_version,
            pool_version,
        ):
            return last
        self._tidy()
        found = self._kept.get((model_version, pool_version))
        return found[1] if found else None

    def _tidy(self) -> None:
        now, seen = self.clock(), {id(getattr(self._last, "prepared", None))}
        for key, (until, engine) in reversed(list(self._kept.items())):
            ready = id(getattr(engine, "prepared", None))
            if (ready not in seen and len(seen) > _MOST_PREPARED) or until < now:
                del self._kept[key]
            else:
                seen.add(ready)
        while len(self._kept) > _MOST:
            self._kept.popitem(last=False)
