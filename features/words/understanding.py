"""Understanding of needs: parts, concepts, and words to search for.

A part is a wanted item (LED支架、载带). It is looked up literally, then without fillers
(想引进…的企业); if no concept has that name, by the names within it, the last of which is the head
of the compound, and by the most similar concept. The certainty of a concept determines the weight
of its words relative to the need's own.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from features.words.normal import normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.words.fillers import Fillers
    from features.words.thesaurus import Named, Thesaurus

NO_PRODUCT = "nothing_of_a_product"
"""The note on a need that names no product."""
MAX_PARTS = 12
"""Maximum number of parts; further ones are listed as ignored."""
MAX_WORDS = 60
OWN_WEIGHT = {"product": 2.0, "sector": 1.0}
"""Weight of a part's own text relative to a word of its concept, by level: products are called by
their name, but rarely by that of their sector."""

_SEPARATOR = re.compile(
    r"[、，,;；/|\n。！!？?：:+＋&]+|\s{2,}|以及|及其|或者|或|等(?=.)|制成|做成|加工成|转化为|^能?把(?=..)|生产(?=..)|(?<=..)做(?=..)"
)
_AND = re.compile(r"(?<=.)[和与及](?=.)")
_SPACE = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_LEAST_SURE = 0.15
_NEAR, _NEAREST = 0.25, 0.75
"""Similarities at which a near concept starts to count, and counts fully."""
_FULL_WORDS = 12
"""Number of words of a concept with full weight; later ones have less."""
_LATER = 0.6
_ONE_NAME = 0.6
_WORD = 3
_NO_MODIFIERS = 0.6
_LEADING = 0.5
_WITHOUT_PROCESS = 0.5
"""Weight of a head if a near concept includes the process: 锂电池 in 废旧锂电池回收."""
_OUT_OF_CONTEXT, _SHORT = 0.5, 2
_SUPPLIED = re.compile(r"(?:给(?!水|排水|料)|为)(.{2,}?)(?:整机|主机)?厂?$")
_SERVED = 0.3
"""Weight of a customer next to the wants: 彩电 in 给彩电整机厂做注塑件.

Without a stated want, inputs of the customer's product are wanted: 给新能源汽车配套."""
_SUPPLIES = re.compile(r"([给为](?!水|排水|料|主).{2,}?)(?:提供|做)?配套的?(?=..)")
"""A customer and what it is supplied with in one clause: 给白酒配套的酒瓶."""
_EQUIPMENT = re.compile(r"(?<=..)(?:设备|装备|机械|整机|产品)$")
_PAIR = 2
_PROCESSED = ("深加工", "加工", "制品")
_RAW = re.compile(r"(.{2,}?)(?:的?(?:上游)?原(?:材)?料)$")
"""What something is made of: 聚氨酯原料."""
_LATIN = re.compile(r"[a-z0-9]+")
_PARTS_OF = ("关键零部件", "核心零部件", "零部件", "零配件", "零组件", "配件", "部件", "组件")
"""Parts that depend on the want before them: 智能手机整机及零部件."""
_PROCESS = re.compile(
    r"(?<=..)(?:种植|养殖|栽培|屠宰|加工|制造|生产|研发|冶炼|回收|处理|处置|运营|服务|销售|整机|成品)+$"
)


@dataclass(frozen=True)
class FoundConcept:
    """A concept that a need was understood as.

    Attributes
    ----------
    name : str
    sure : float
        0 to 1: 1 if the need names it.
    source : str
        "thesaurus", "chain map" or "language model".
    """

    name: str
    sure: float
    source: str = "thesaurus"


@dataclass(frozen=True)
class Understood:
    """How a need was understood.

    Attributes
    ----------
    parts : tuple of str
        Its wants, in normal form.
    concepts : tuple of FoundConcept
        The most certain first.
    words : tuple of (str, float)
        Words to search for in profiles, and their weights, the largest first.
    ignored : tuple of str
        Parts left out as fillers.
    notes : tuple of str
        Codes of notes; see `NOTES`.
    of_model : tuple of str
        The words from a language model.
    unanswered : str
        Why a configured language model gave none, by code; otherwise empty.
    """

    parts: tuple[str, ...]
    concepts: tuple[FoundConcept, ...]
    words: tuple[tuple[str, float], ...]
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = field(default=())
    of_model: tuple[str, ...] = ()
    unanswered: str = ""


def understand(text: str, thesaurus: Thesaurus, fillers: Fillers) -> Understood:
    """Return how a text is understood.

    Parameters
    ----------
    text : str
        The industry of a need, or any phrase.
    thesaurus : Thesaurus
    fillers : Fillers
    """
    whole = normal(text)
    # Before splitting: 新质生产力 does not ask for a product 力.
    rest, policy = fillers.without_policy(whole, thesaurus)
    ignored = list(policy)
    wants: list[str] = []
    served: set[str] = set()
    raw: set[str] = set()
    supplied: set[str] = set()
    rest = _SUPPLIES.sub(r"、\1、", rest)
    processed: dict[str, str] = {}
    parts = parts_of(rest, thesaurus) if rest else []
    for part in parts:
        core, left_out = fillers.strip(part, thesaurus)
        if (len(parts) > 1 or "配套" in left_out) and (customer := _SUPPLIED.match(core)):
            core = customer[1]
            served.add(core)
        elif not thesaurus.find(core) and (product := _RAW.match(core)):
            core = product[1]
            raw.add(core)
        elif any("加工" in word for word in left_out):
            processed[core] = _processed(core, thesaurus)
        elif len(parts) == 1 and part.endswith("配套"):
            supplied.add(core)
        if len(core) == 1 and core.isascii():  # a single letter or digit is meaningless
            core, left_out = "", (*left_out, core)
        ignored += filter(str.strip, left_out)
        if core in _PARTS_OF and wants:
            core = _without_process(wants[-1], thesaurus) + core
        if any(character.isalnum() for character in core):
            wants.append(core)
    wants = list(dict.fromkeys(wants))
    ignored += wants[MAX_PARTS:]
    wants = wants[:MAX_PARTS]
    weights = {} if wants else {whole: 1.0}
    sures: dict[int, float] = {}
    for part in wants:
        found = _concepts_of(processed.get(part, part), thesaurus, alone=len(wants) == 1)
        levels = {thesaurus.concepts[at].level for at, sure in found.items() if sure >= _LEADING}
        weights[part] = OWN_WEIGHT["sector" if levels == {"sector"} else "product"]
        if part in raw | supplied or (part in served and len(wants) == 1):
            for at, sure in found.items():
                supplies = map(normal, thesaurus.concepts[at].made_of)
                weights |= {word: max(weights.get(word, 0.0), sure) for word in supplies}
        if part in served or part in raw:
            weights[part] *= _SERVED
            inputs = _inputs(found, thesaurus) if part in raw else {}
            found = {at: sure * _SERVED for at, sure in found.items()} | inputs
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


def _concepts_of(part: str, thesaurus: Thesaurus, *, alone: bool) -> dict[int, float]:
    """Return the concepts of a want that are certain enough, with their certainties.

    A short want among several has lost its context: 运输 in 天然气的储存和运输.
    """
    found = {at: sure for at, sure in look_up(part, thesaurus).items() if sure >= _LEAST_SURE}
    if alone or len(part) > _SHORT:
        return found
    return {
        at: sure * (_OUT_OF_CONTEXT if thesaurus.concepts[at].level == "sector" else 1.0)
        for at, sure in found.items()
    }


def _inputs(found: dict[int, float], thesaurus: Thesaurus) -> dict[int, float]:
    """Return the concepts that others are made of, as certain as these."""
    return {
        supply: sure
        for at, sure in found.items()
        for name in thesaurus.concepts[at].made_of
        for supply in thesaurus.find(name)
    }


def strongest(weights: dict[str, float]) -> tuple[tuple[str, float], ...]:
    """Return the words with the largest weights, at most `MAX_WORDS`."""
    ranked = sorted(weights.items(), key=lambda one: (-one[1], one[0]))
    return tuple((word, round(weight, 4)) for word, weight in ranked[:MAX_WORDS])


def concept_words(thesaurus: Thesaurus, at: int) -> list[tuple[str, float]]:
    """Return the weighted words of a concept, its own name first."""
    concept = thesaurus.concepts[at]
    words = dict.fromkeys(normal(word) for word in (concept.name, *concept.words))
    return [(word, 1.0 if place <= _FULL_WORDS else _LATER) for place, word in enumerate(words)]


def parts_of(text: str, thesaurus: Thesaurus) -> list[str]:
    """Return the wants of a text in its normal form; names of concepts are never split."""
    if thesaurus.find(text):
        return [text]
    found: list[str] = []
    for piece in _SEPARATOR.split(_SPACE.sub("、", text)):
        piece = piece.strip()
        # With too many parts, concepts are not needed.
        joined = len(found) < MAX_PARTS and _AND.search(piece)
        found += _halves(piece, thesaurus) if joined else filter(None, [piece])
    return found or [text]


def _halves(piece: str, thesaurus: Thesaurus) -> list[str]:
    """Return the wants of a piece with 和 or 与: one if it is a name, or very similar to one.

    Names on both sides are two wants: 水泥和商品混凝土.
    """
    if thesaurus.find(piece):
        return [piece]
    halves = _joined(_AND.split(piece), thesaurus)
    if halves[-1] not in _PARTS_OF and not all(map(thesaurus.find, halves)):
        near = thesaurus.near(piece, 1)
        if near and near[0][1] >= _ONE_NAME:
            return [piece]
    return [half for half in halves if half]


def _joined(pieces: Sequence[str], thesaurus: Thesaurus) -> list[str]:
    """Distribute the head of the last piece: 金属与玻璃容器 is 金属容器, 玻璃容器."""
    if len(pieces) < 2:
        return list(pieces)
    last, found = pieces[-1], []
    if last in _PARTS_OF:
        return list(pieces)
    for piece in pieces[:-1]:
        heads = (last[-size:] for size in range(min(4, len(last) - 1), 0, -1))
        whole = next((piece + head for head in heads if thesaurus.find(piece + head)), None)
        if whole == last:  # 酵母和酵母抽提物 are two
            whole = None
        found.append(
            piece if whole is None or (thesaurus.find(piece) and len(piece) > 3) else whole
        )
    first = pieces[0]
    openings = (first[:size] for size in range(min(4, len(first) - 1), 1, -1))
    opened = next((o + last for o in openings if thesaurus.find(o + last)), None)
    found.append(last if opened is None else opened)
    return found


def look_up(part: str, thesaurus: Thesaurus) -> dict[int, float]:
    """Return the possible concepts of a part, with certainties."""
    named = thesaurus.find(part) or _of_a_whole(part, thesaurus)
    if named:
        return dict.fromkeys(named, 1.0)
    core = _without_process(part, thesaurus)
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
            continue  # a modifier, see below: 算力中心 in 算力中心液冷
        if part.isascii() and set(_LATIN.findall(part)).isdisjoint(_LATIN.findall(text)):
            continue  # single Latin letters are not compared: aaa is not PaaS
        found[at] = 0.9 * min(max((likeness - _NEAR) / (_NEAREST - _NEAR), 0.0), 1.0)
    sure_enough = max(found.values(), default=0.0) >= _NO_MODIFIERS
    for one in inner:
        covered = (one.stop - one.start) / len(core)
        if one.stop == len(core):
            sure = 0.35 + 0.6 * covered
            if sure_enough and core != part and not heads & found.keys():
                sure *= _WITHOUT_PROCESS
        elif sure_enough:
            continue  # the near concept includes the modifier
        else:
            sure = 0.05 + 0.45 * covered
        for at in one.concepts:
            found[at] = max(found.get(at, 0.0), sure)
    return found


def _of_a_whole(part: str, thesaurus: Thesaurus) -> tuple[int, ...]:
    """Return the concepts of the parts of something by another name: 煤机零部件 is 煤机配件."""
    ending = next((own for own in _PARTS_OF if part.endswith(own)), "")
    whole = part.removesuffix(ending)
    if not ending or not whole:
        return ()
    wholes = (whole, _EQUIPMENT.sub("", whole))
    names = (thesaurus.find(own + other) for own in wholes for other in _PARTS_OF)
    return next(filter(None, names), ())


def _without_process(part: str, thesaurus: Thesaurus) -> str:
    """Return a part without its process, unless its head includes that: 锂电池回收 is 电池回收."""
    core = _PROCESS.sub("", part)
    inner = thesaurus.within(part) if core != part else []
    spans = inner and inner[-1].start < len(core) and inner[-1].stop == len(part)
    return part if spans else core


def _processed(core: str, thesaurus: Thesaurus) -> str:
    """Return the name of what is made of a product if there is one: 苹果加工.

    What a sector makes is processed already: 服装加工厂 is 服装.
    """
    if any(thesaurus.concepts[at].level == "sector" for at in thesaurus.find(core)):
        return core
    return next((core + end for end in _PROCESSED if thesaurus.find(core + end)), core)


def _are_siblings(inner: Sequence[Named], core: str, thesaurus: Thesaurus) -> bool:
    """Return whether a text lists names: siblings (党参黄芪), or with one head (白酒啤酒)."""
    if len(inner) < _PAIR or sum(one.stop - one.start for one in inner) < len(core):
        return False
    if len({core[one.stop - 1] for one in inner}) == 1:
        return True
    # Three names are hardly a modifier and its head: 西服校服职业装.
    levels = 1 if len(inner) == _PAIR else None
    above = [{up for at in one.concepts for up in thesaurus.broader(at)[:levels]} for one in inner]
    return bool(set.intersection(*above))
