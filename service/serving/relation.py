"""How a product or an item of a business scope relates to a word of a need, by its letters.

In a Chinese compound the head stands last: 背光LED器件 is a kind of LED器件, 工程机械齿轮 is a part
for 工程机械 and none of it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from features.normal import normal

_TRAIL = re.compile(
    r"(?:[(（].*[)）]|及.*|等.*|系列|产品|制品|材料|类|业务|服务|板块|项目|的?(?:研发|生产|制造|加工|销售|经营|收入)|\W)+$"
)
_LATIN = re.compile(r"[a-z]+")
_LONGEST_ABBREVIATION = 4
_WORDS = {"mini": "Mini", "micro": "Micro"}
_HEAD, _COMMON = 2, 3
_KEPT = 50_000


class Relation(IntEnum):
    """From nothing in common to the same."""

    NONE = 0
    NEAR = 1
    """The word stands in the item, or the other way round, but not as its head."""
    KIND = 2
    """The item is a kind of what the word says."""
    SAME = 3


@lru_cache(_KEPT)
def form_of(text: str) -> str:
    """Return the normal form of a text, kept: the same items and words are met in every list."""
    return normal(text)


@lru_cache(_KEPT)
def core_of(item: str) -> str:
    """Return the normal form of an item without what says how it is had: 销售, 系列, (军品)."""
    text = form_of(item)
    return _TRAIL.sub("", text) or text


@lru_cache(_KEPT)
def relation(item: str, word: str) -> Relation:
    """Return how an item relates to a word; both in whatever form.

    Examples
    --------
    >>> relation("背光LED器件", "led器件").name, relation("工程机械齿轮", "工程机械").name
    ('KIND', 'NEAR')
    """
    core, item, word = core_of(item), form_of(item), form_of(word)
    if word in (item, core):
        return Relation.SAME
    if core.endswith(word):
        return Relation.KIND
    if word in item or (len(item) >= _HEAD and item in word):
        return Relation.NEAR
    return Relation.NONE


def same_head(item: str, word: str) -> bool:
    """Return whether both end alike: 软件解决方案 and 银行IT解决方案, 正极材料 and 锂电正极材料."""
    one, other = (core_of(text) for text in (item, word))
    return one[-_COMMON:] == other[-_COMMON:] or (len(one) >= _HEAD and other.endswith(one))


def in_common(item: str, word: str) -> bool:
    """Return whether a piece of both is long enough to mean something, or both begin alike.

    蛋白粉 and 钛白粉 have but two characters in common, and nothing else.
    """
    one, other = form_of(item), form_of(word)
    if one[:_HEAD] == other[:_HEAD]:
        return True
    pieces = (one[at : at + _COMMON] for at in range(len(one) - _COMMON + 1))
    return any(piece in other for piece in pieces)


def spelt(word: str, items: tuple[str, ...] = ()) -> str:
    """Return a word, which is in its normal form, as it is written: LED封装 for led封装.

    As an item that holds it writes it; else short Latin words are taken for abbreviations.
    """
    if not _LATIN.search(word):
        return word
    for item in items:
        at = item.lower().find(word)
        if at >= 0 and len(item.lower()) == len(item):
            return item[at : at + len(word)]
    return _LATIN.sub(_abbreviation, word)


def _abbreviation(found: re.Match[str]) -> str:
    text = found[0]
    if text in _WORDS:
        return _WORDS[text]
    return text.upper() if len(text) <= _LONGEST_ABBREVIATION else text
