"""What a need means: its parts, the concepts that they name, and the words to look for.

A part is one thing looked for (LED支架、载带). It is looked up as it is written, then without what
says nothing of a product (想引进…的企业); where no concept has that name, by the names that stand
within it, the last of which is the head of the compound, and by the concept whose texts are most
alike. How sure a concept is decides how much its words count beside the need's own.
"""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

from features.normal import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from features.thesaurus import Named, Thesaurus

NO_PRODUCT = "nothing_of_a_product"
"""The note of a need that names no product."""
MAX_PARTS = 12
"""Parts beyond these are left out, and named as ignored."""
MAX_WORDS = 60
OWN_WEIGHT = {"product": 2.0, "sector": 1.0}
"""What a part as it is written counts next to a word of its concept, by the concept's level: a
product is called by its name, few products by that of their sector."""

_SEPARATOR = re.compile(
    r"[、，,;；/|\n。！!？?：:+＋&]+|\s{2,}|以及|及其|或者|或|等(?=.)|制成|做成|加工成|转化为|生产(?=..)|(?<=..)做(?=..)"
)
_AND = re.compile(r"(?<=.)[和与及](?=.)")
_SPACE = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_LEAST_SURE = 0.15
_NEAR, _NEAREST = 0.25, 0.75
"""Likeness at which a near concept begins to count, and at which it counts as much as it can."""
_FULL_WORDS = 12
"""Words of a concept that count in full; later ones count a part."""
_LATER = 0.6
_ONE_NAME = 0.6
_WORD = 3
_NO_MODIFIERS = 0.6
_LEADING = 0.5
_WITHOUT_PROCESS = 0.5
"""What a head counts where what is near has the process in it: 锂电池 of 废旧锂电池回收."""
_OUT_OF_CONTEXT = 0.5
_SUPPLIED = re.compile(r"(?:给(?!水|排水|料)|为)(.{2,}?)(?:整机|主机)?厂?$")
_SERVED = 0.3
"""What a customer counts beside the wants: 彩电 of 给彩电整机厂做注塑件.

Where no want is stated, what the customer's product is made of is wanted: 给新能源汽车配套."""
_LATIN = re.compile(r"[a-z0-9]+")
_PROCESS = re.compile(
    r"(?<=..)(?:种植|养殖|栽培|屠宰|加工|制造|生产|研发|冶炼|回收|处理|处置|运营|服务|销售|整机|成品)+$"
)


@dataclass(frozen=True)
class FoundConcept:
    """A concept that a need was taken for.

    Attributes
    ----------
    name : str
    sure : float
        0 to 1: 1 where the need names it.
    source : str
        "thesaurus", "chain map" or "language model".
    """

    name: str
    sure: float
    source: str = "thesaurus"


@dataclass(frozen=True)
class Understood:
    """What a need was taken for.

    Attributes
    ----------
    parts : tuple of str
        Its wants, each in the normal form.
    concepts : tuple of FoundConcept
        The surest first.
    words : tuple of (str, float)
        What is looked for in profiles, and how much it counts; the largest weight first.
    ignored : tuple of str
        What was left out as saying nothing of a product.
    notes : tuple of str
        What else is to be known of it, by code; see `NOTES`.
    of_model : tuple of str
        Those of the words that a language model gave.
    unanswered : str
        Why a language model that is set gave none, by code; empty else.
    """

    parts: tuple[str, ...]
    concepts: tuple[FoundConcept, ...]
    words: tuple[tuple[str, float], ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    of_model: tuple[str, ...] = ()
    unanswered: str = ""


class Fillers:
    """Words that say nothing of a product.

    Parameters
    ----------
    words : mapping of str to str
        Each with its kind: `filler`, `policy` or `scope`.
    """

    def __init__(self, words: Iterable[tuple[str, str]]) -> None:
        kinds: dict[str, set[str]] = {"filler": set(), "policy": set(), "scope": set()}
        for word, kind in words:
            kinds[kind].add(normal(word))
        self.fillers, self.policy, self.scope = kinds["filler"], kinds["policy"], kinds["scope"]
        self._either = sorted(self.fillers | self.policy, key=len, reverse=True)
        self._policies = sorted(self.policy, key=len, reverse=True)

    def without_policy(self, text: str, thesaurus: Thesaurus) -> tuple[str, tuple[str, ...]]:
        """Return a text without policy words, wherever they stand but within a longer name."""
        stated = [word for word in self._policies if word in text]
        names = [text[one.start : one.stop] for one in thesaurus.within(text)] if stated else []
        left_out = []
        for word in stated:
            if word in text and not any(word in name and word != name for name in names):
                text = text.replace(word, " ").strip()
                left_out.append(word)
        return text, tuple(left_out)

    def strip(self, text: str) -> tuple[str, tuple[str, ...]]:
        """Return a text without what says nothing at its ends.

        All of a text that holds nothing else is left out.
        """
        left_out: list[str] = []
        again = bool(text)
        while again:
            again = False
            for word in self._either:
                if text.startswith(word) or text.endswith(word):
                    text = (
                        text.removeprefix(word)
                        if text.startswith(word)
                        else text.removesuffix(word)
                    )
                    text, again = text.strip(" 的"), True
                    left_out.append(word)
                    break
        return text.rstrip(" 的") or text, tuple(left_out)


@cache
def shipped_fillers() -> Fillers:
    """Return the words that the project ships, `features/reference/fillers.csv`."""
    source = files("features") / "reference" / "fillers.csv"
    rows = csv.DictReader(source.read_text(encoding="utf-8").splitlines())
    return Fillers((row["word"], row["kind"]) for row in rows)


def understand(text: str, thesaurus: Thesaurus, fillers: Fillers) -> Understood:
    """Return what a text is taken for.

    Parameters
    ----------
    text : str
        The industry of a need, or any phrase.
    thesaurus : Thesaurus
    fillers : Fillers
    """
    whole = normal(text)
    # Before the text is cut: 新质生产力 is no want to produce 力.
    rest, policy = fillers.without_policy(whole, thesaurus)
    ignored = list(policy)
    wants: list[str] = []
    served: set[str] = set()
    parts = parts_of(rest, thesaurus) if rest else []
    for part in parts:
        core, left_out = (part, ()) if thesaurus.find(part) else fillers.strip(part)
        if (len(parts) > 1 or "配套" in left_out) and (customer := _SUPPLIED.match(core)):
            core = customer[1]
            served.add(core)
        if len(core) == 1 and core.isascii():  # a letter or digit says nothing
            core, left_out = "", (*left_out, core)
        ignored += filter(str.strip, left_out)
        if any(character.isalnum() for character in core):
            wants.append(core)
    wants = list(dict.fromkeys(wants))
    ignored += wants[MAX_PARTS:]
    wants = wants[:MAX_PARTS]
    weights = {} if wants else {whole: 1.0}
    sures: dict[int, float] = {}
    for part in wants:
        found = {at: sure for at, sure in look_up(part, thesaurus).items() if sure >= _LEAST_SURE}
        if len(wants) > 1 and len(part) <= 2:
            # A short part of several has lost its context: 运输 of 天然气的储存和运输.
            found = {
                at: sure * (_OUT_OF_CONTEXT if thesaurus.concepts[at].level == "sector" else 1.0)
                for at, sure in found.items()
            }
        levels = {thesaurus.concepts[at].level for at, sure in found.items() if sure >= _LEADING}
        weights[part] = OWN_WEIGHT["sector" if levels == {"sector"} else "product"]
        if part in served:
            weights[part] *= _SERVED
            for at, sure in found.items() if len(wants) == 1 else ():
                supplies = map(normal, thesaurus.concepts[at].made_of)
                weights |= {word: max(weights.get(word, 0.0), sure) for word in supplies}
            found = {at: sure * _SERVED for at, sure in found.items()}
        share = 1 / max(sum(found.values()), 1.0)
        for at, sure in found.items():
            sures[at] = max(sures.get(at, 0.0), sure)
            for word, weight in concept_words(thesaurus, at):
                weights[word] = max(weights.get(word, 0.0), sure * share * weight)
    ranked = sorted(sures, key=lambda at: (-sures[at], at))
    return Understood(
        tuple(wants or [whole]),
        tuple(FoundConcept(thesaurus.concepts[at].name, round(sures[at], 3)) for at in ranked),
        strongest(weights),
        tuple(dict.fromkeys(ignored)),
        () if wants else (NO_PRODUCT,),
    )


def strongest(weights: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the words that count most, at most `MAX_WORDS`."""
    ranked = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return tuple((word, round(weight, 4)) for word, weight in ranked[:MAX_WORDS])


def concept_words(thesaurus: Thesaurus, at: int) -> list[tuple[str, float]]:
    """Return the words of a concept, its own name first, each with its weight."""
    concept = thesaurus.concepts[at]
    words = dict.fromkeys(normal(word) for word in (concept.name, *concept.words))
    return [(word, 1.0 if place <= _FULL_WORDS else _LATER) for place, word in enumerate(words)]


def parts_of(text: str, thesaurus: Thesaurus) -> list[str]:
    """Return the wants of a text in its normal form: what is named as a whole is never cut."""
    if thesaurus.find(text):
        return [text]
    found: list[str] = []
    for piece in _SEPARATOR.split(_SPACE.sub("、", text)):
        piece = piece.strip()
        if len(found) >= MAX_PARTS or not _AND.search(piece) or _is_one(piece, thesaurus):
            halves = [piece]  # with more parts than are read, concepts are not needed
        else:
            halves = _joined(_AND.split(piece), thesaurus)
        found += [half for half in halves if half]
    return found or [text]


def _is_one(piece: str, thesaurus: Thesaurus) -> bool:
    """Return whether a name, or one very like it, stands for the whole of a piece with 和 or 与."""
    if thesaurus.find(piece):
        return True
    near = thesaurus.near(piece, 1)
    return bool(near) and near[0][1] >= _ONE_NAME


def _joined(pieces: Sequence[str], thesaurus: Thesaurus) -> list[str]:
    """Give each piece the head that only the last one has: 金属与玻璃容器 is 金属容器, 玻璃容器."""
    if len(pieces) < 2:
        return list(pieces)
    last, found = pieces[-1], []
    for piece in pieces[:-1]:
        heads = (last[-size:] for size in range(min(4, len(last) - 1), 0, -1))
        whole = next((piece + head for head in heads if thesaurus.find(piece + head)), None)
        found.append(
            piece if whole is None or (thesaurus.find(piece) and len(piece) > 3) else whole
        )
    first = pieces[0]
    openings = (first[:size] for size in range(min(4, len(first) - 1), 1, -1))
    opened = next((o + last for o in openings if thesaurus.find(o + last)), None)
    found.append(last if opened is None else opened)
    return found


def look_up(part: str, thesaurus: Thesaurus) -> dict[int, float]:
    """Return the concepts that a part may mean, each with how sure it is."""
    named = thesaurus.find(part)
    if named:
        return dict.fromkeys(named, 1.0)
    core = _PROCESS.sub("", part)
    named = thesaurus.find(core)
    if named:
        return dict.fromkeys(named, 0.95)
    inner = thesaurus.within(core)
    if _are_siblings(inner, core, thesaurus):
        return {at: 0.9 for one in inner for at in one.concepts}
    heads = {at for one in inner if one.stop == len(core) for at in one.concepts}
    found: dict[int, float] = {}
    for at, likeness, text in thesaurus.near(part, 1):
        if heads and at not in heads and text in core and not core.endswith(text):
            continue  # a modifier, see below: 算力中心 of 算力中心液冷
        if part.isascii() and set(_LATIN.findall(part)).isdisjoint(_LATIN.findall(text)):
            continue  # letters of which Latin words are made say nothing: aaa is not PaaS
        found[at] = 0.9 * min(max((likeness - _NEAR) / (_NEAREST - _NEAR), 0.0), 1.0)
    sure_enough = max(found.values(), default=0.0) >= _NO_MODIFIERS
    for one in inner:
        covered = (one.stop - one.start) / len(core)
        if one.stop == len(core):
            sure = 0.35 + 0.6 * covered
            if sure_enough and core != part and not heads & found.keys():
                sure *= _WITHOUT_PROCESS
        elif sure_enough:
            continue  # what is near has the modifier in it
        else:
            sure = 0.05 + 0.45 * covered
        for at in one.concepts:
            found[at] = max(found.get(at, 0.0), sure)
    return found


def _are_siblings(inner: Sequence[Named], core: str, thesaurus: Thesaurus) -> bool:
    """Return whether names that fill a text stand side by side in the thesaurus: 党参黄芪."""
    if len(inner) < 2 or sum(one.stop - one.start for one in inner) < len(core):
        return False
    above = [{thesaurus.concepts[at].broader for at in one.concepts} - {""} for one in inner]
    return bool(set.intersection(*above))
