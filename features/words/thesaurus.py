"""The thesaurus of industries and products (产业与产品词表): concepts with names and words.

A need often consists of a name such as 氮肥; the thesaurus maps it to 尿素, 合成氨 and 碳酸氢铵. It
covers from sectors of the economy down to single products, one row per concept, without
enterprises. An office adds its own rows with `lianzhao import words`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from functools import cache, cached_property, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.structures.character_index import CharacterIndex
from features.words.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl
    from numpy.typing import NDArray

COLUMNS = ("concept", "level", "names", "words", "made_of", "goes_into", "broader")
LEVELS = ("sector", "product")
_LISTS = ("names", "words", "made_of", "goes_into")

_DECORATION = re.compile(r"\s|[(].*?[)]|[ⅰⅱⅲ]+$|(?<=[\u4e00-\u9fff])i{1,3}$")
"""White space, brackets, and level suffixes of classifications."""
_ENDING = re.compile(
    r"(?<=..)(?:制造业|产业链|产业|行业|制造|生产|企业|公司|供应商|经销商|制造商|生产商|服务商|业者|业)$"
)
_LETTERS = re.compile(r"[a-z]{2}")
_OF_A_WORD = {"product": 0.85, "sector": 0.5}
"""Weight of the similarity to a concept's word, relative to one of its names, by level: who wants
铜箔 wants no other word of a sector that lists it."""


class Concept(NamedTuple):
    """One row of the thesaurus.

    Attributes
    ----------
    name : str
    level : str
        "sector" or "product".
    names : tuple of str
        Synonyms.
    words : tuple of str
        Typical products and services of its makers, the most typical first.
    made_of, goes_into : tuple of str
        Main inputs, and uses.
    broader : str
        The broader concept; empty at the top.
    """

    name: str
    level: str
    names: tuple[str, ...]
    words: tuple[str, ...]
    made_of: tuple[str, ...] = ()
    goes_into: tuple[str, ...] = ()
    broader: str = ""

    @property
    def all_names(self) -> tuple[str, ...]:
        """Its name and its synonyms."""
        return (self.name, *self.names)


class Named(NamedTuple):
    """A name of the thesaurus within a text, from `start` to `stop`, and its concepts."""

    start: int
    stop: int
    concepts: tuple[int, ...]


class Thesaurus:
    """Concepts, indexed by name and by similarity.

    Parameters
    ----------
    concepts : iterable of Concept
        A name shared by several belongs to the one whose main name it is, else to all that have it
        as a synonym: 机床 may be 机床工具 and 工业母机.
    """

    def __init__(self, concepts: Iterable[Concept]) -> None:
        self.concepts = tuple(concepts)
        self._exact, self._short = self._claims(_plain), self._claims(_short)
        self._longest = max(map(len, self._exact), default=0)

    def _claims(self, form: Any) -> dict[str, tuple[int, ...]]:
        found: dict[str, tuple[int, ...]] = {}
        for own_name in (True, False):
            claims: dict[str, dict[int, None]] = defaultdict(dict)
            for at, concept in enumerate(self.concepts):
                for name in (concept.name,) if own_name else concept.names:
                    claims[form(name)][at] = None
            for name, columns in claims.items():
                found.setdefault(name, tuple(columns))
        return found

    def __len__(self) -> int:
        return len(self.concepts)

    def find(self, text: str) -> tuple[int, ...]:
        """Return the numbers of the concepts named by a text.

        Width, case, script, white space, brackets, Ⅱ, Ⅲ and endings such as 行业 or 制造业 do not
        matter.
        """
        return self._exact.get(_plain(text)) or self._short.get(_short(text), ())

    def within(self, text: str) -> list[Named]:
        """Return the names within a text in its normal form, without overlaps.

        Of overlapping names the longest is used, of equally long ones the last: the head of a
        Chinese compound is its end. Names of one character are ignored, and those that are a part
        of a Latin word: ICS in GICS.
        """
        spans = [
            (start, stop)
            for start in range(len(text))
            for stop in range(start + 2, min(len(text), start + self._longest) + 1)
            if text[start:stop] in self._exact and not _within_latin(text, start, stop)
        ]
        spans.sort(key=lambda span: (span[0] - span[1], -span[1]))
        taken: set[int] = set()
        found = []
        for start, stop in spans:
            if taken.isdisjoint(range(start, stop)):
                taken.update(range(start, stop))
                found.append(Named(start, stop, self._exact[text[start:stop]]))
        return sorted(found)

    def head(self, text: str) -> tuple[int, ...]:
        """Return the concepts that the end of a text in its normal form names, the longest end.

        The head of a Chinese compound is its end: 午餐肉罐头 is a 罐头. Ends of one character are
        left out.
        """
        for start in range(max(len(text) - self._longest, 0), len(text) - 1):
            if found := self._exact.get(text[start:]):
                return found
        return ()

    def near(self, text: str, count: int) -> list[tuple[int, float, str]]:
        """Return the concepts nearest to a text: number, similarity (0 to 1), nearest name or word.

        Similarity is the cosine of TF-IDF weighted character 1-3-grams with the nearest name, or
        a part of that with the nearest word, see `_OF_A_WORD`.
        """
        index = self._index
        likeness = index.characters.cosines([normal(text)])[0] * index.strength
        best = np.zeros(len(self), dtype=np.float32)
        np.maximum.at(best, index.concept, likeness)
        ranked = np.argsort(-best, kind="stable")[:count]
        found = []
        for at in ranked[best[ranked] > 0].tolist():
            own = np.flatnonzero(index.concept == at)
            found.append((at, float(best[at]), index.texts[own[np.argmax(likeness[own])]]))
        return found

    def broader(self, at: int) -> list[int]:
        """Return the broader concepts of a concept, the nearest first."""
        found: list[int] = []
        while (name := self.concepts[at].broader) and (above := self.find(name)):
            if above[0] in found or above[0] == at:
                break
            at = above[0]
            found.append(at)
        return found

    def narrower(self, at: int) -> tuple[int, ...]:
        """Return the numbers of the narrower concepts of a concept."""
        return self._narrower.get(self.concepts[at].name, ())

    @cached_property
    def _narrower(self) -> dict[str, tuple[int, ...]]:
        found: dict[str, list[int]] = defaultdict(list)
        for at, concept in enumerate(self.concepts):
            if concept.broader:
                found[concept.broader].append(at)
        return {name: tuple(own) for name, own in found.items()}

    @cached_property
    def going_into(self) -> dict[int, list[int]]:
        """For each concept, those that list it under `goes_into`."""
        return self._naming("goes_into")

    @cached_property
    def made_from(self) -> dict[int, list[int]]:
        """For each concept, those that list it under `made_of`."""
        return self._naming("made_of")

    def _naming(self, part: str) -> dict[int, list[int]]:
        found: dict[int, list[int]] = defaultdict(list)
        for at, concept in enumerate(self.concepts):
            for name in getattr(concept, part):
                for own in self.find(name):
                    found[own].append(at)
        return dict(found)

    def open(self) -> None:
        """Build the index of `near` in advance, which takes about a second."""
        _ = self._index

    @cached_property
    def _index(self) -> _Index:
        return _Index(self.concepts)

    def with_own(self, rows: pl.DataFrame) -> Thesaurus:
        """Return the thesaurus with an office's own rows, from the table `words`.

        A row for an existing concept replaces it, keeping its names; others are added.
        """
        if rows.is_empty():
            return self
        known = {_plain(concept.name): concept for concept in self.concepts}
        for row in rows.iter_rows(named=True):
            former = known.get(_plain(row["concept"]))
            known[_plain(row["concept"])] = Concept(
                row["concept"],
                former.level if former else "product",
                tuple(dict.fromkeys([*(row["names"] or ()), *(former.names if former else ())])),
                tuple(row["words"]),
                former.made_of if former else (),
                former.goes_into if former else (),
                row["broader"] or (former.broader if former else ""),
            )
        return Thesaurus(known.values())

    def to_bytes(self) -> NDArray[np.uint8]:
        """Return the thesaurus as the bytes of a CSV file, to be saved with a model."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(COLUMNS)
        for concept in self.concepts:
            writer.writerow(
                ";".join(value) if isinstance(value, tuple) else value for value in concept
            )
        return np.frombuffer(text.getvalue().encode(), dtype=np.uint8)

    @classmethod
    def from_bytes(cls, data: NDArray[np.uint8]) -> Thesaurus:
        """Restore from `to_bytes`; the same bytes give the same (immutable) object."""
        return _restored(data.tobytes())


class _Index:
    """An index of names and words of all concepts, by their characters.

    Attributes
    ----------
    texts : list of t str
    concept : ndarray of shape (t,)
        The concept of each text.
    strength : ndarray of shape (t,)
    characters : CharacterIndex
    """

    def __init__(self, concepts: Sequence[Concept]) -> None:
        self.texts: list[str] = []
        owners: list[int] = []
        strengths: list[float] = []
        for at, concept in enumerate(concepts):
            for texts, strength in (
                (concept.all_names, 1.0),
                (concept.words, _OF_A_WORD[concept.level]),
            ):
                self.texts += map(normal, texts)
                owners += [at] * len(texts)
                strengths += [strength] * len(texts)
        self.concept = np.array(owners, dtype=np.intp)
        self.strength = np.array(strengths, dtype=np.float32)
        self.characters = CharacterIndex(self.texts, counting_unknown=True)


@lru_cache(maxsize=2)
def _restored(data: bytes) -> Thesaurus:
    """Cache the last ones: one takes 80 MB with its index, and versions of a model share it."""
    return Thesaurus(_concepts(data.decode()))


@cache
def shipped_thesaurus() -> Thesaurus:
    """Return the shipped thesaurus, `features/reference/thesaurus.csv`."""
    source = files("features") / "reference" / "thesaurus.csv"
    return Thesaurus(_concepts(source.read_text(encoding="utf-8")))


def _concepts(text: str) -> Iterator[Concept]:
    for row in csv.DictReader(io.StringIO(text)):
        names, words, made_of, goes_into = (_split(row[column]) for column in _LISTS)
        yield Concept(
            row["concept"], row["level"], names, words, made_of, goes_into, row["broader"]
        )


def _split(text: str) -> tuple[str, ...]:
    return tuple(part for part in text.split(";") if part)


def _within_latin(text: str, start: int, stop: int) -> bool:
    """Return whether a span begins or ends in the middle of a Latin word."""
    return any(
        0 < at < len(text) and _LETTERS.fullmatch(text[at - 1 : at + 1]) for at in (start, stop)
    )


def _plain(name: str) -> str:
    form = normal(name)
    return _DECORATION.sub("", form) or form


def _short(name: str) -> str:
    return _ENDING.sub("", _plain(name))
