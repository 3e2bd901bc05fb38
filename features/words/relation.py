"""How a product or an item of a business scope relates to a word of a need, by its letters.

In a Chinese compound the head stands last: 背光LED器件 is a kind of LED器件, 工程机械齿轮 is a part
for 工程机械 and none of it.
"""

from __future__ import annotations

import re
from enum import IntEnum
from functools import lru_cache

from features.words.normal import normal

_ADDITION = (
    r"(?:[(（].*[)）]|及.*|等.*|系列|产品|制品|材料|类|业务|服务|板块|项目"
    r"|(?:施工|总承包)|的?(?:研发|生产|制造|(?:精|深|初|精深)?加工|销售|批发|零售|贸易|经营|收入)|\W)"
)
_TRAIL, _LAST = re.compile(f"{_ADDITION}+$"), re.compile(f"{_ADDITION}$")
_FRAGMENT = re.compile(r"^(?:含|除|型|其(?!他|它)|以下|及|和|与|等|按|非.+类$|.$)|[-—]$|^其他$")
"""What an item looks like that was cut out of a table of revenue: 含电磁水表, 以下电缆料, MW-."""
_EVERYBODYS = re.compile(
    r"^(?:(?:主营|其他|自有|自产|外购)?(?:业务|产品|商品|服务|销售|贸易|新?材料|使用费|配件|零件|零部件|设备|工程|工业|商业|制造业?|加工|其他)){1,2}类?$"
)
_TRADE = re.compile(
    r"(?:贸易|电商|电子商务|零售|批发|流通|分销|配送|经销|代理|安装|维修|租赁|运输|物流|仓储)"
)
_LATIN = re.compile(r"[a-z]+")
_LONGEST_ABBREVIATION = 4
_WORDS = {"mini": "Mini", "micro": "Micro"}
_HEAD, _COMMON = 2, 3
_KEPT = 50_000


class Relation(IntEnum):
    """How an item relates to a word, from nothing in common to the same."""

    NONE = 0
    INPUT = 1
    """The word's product is made from the item, among other things."""
    NEAR = 2
    """One contains the other, but not as its head."""
    SIBLING = 3
    """Both belong to one concept."""
    BROADER = 4
    """The word's product is a kind of the item: 煤炭 for 焦煤."""
    AKIN = 5
    """Both end alike: 软件解决方案 and 银行IT解决方案."""
    KIND = 6
    """The item is a kind of the word's product."""
    SAME = 7


@lru_cache(_KEPT)
def form_of(text: str) -> str:
    """Return the normal form of a text, kept: the same items and words are met in every list."""
    return normal(text)


@lru_cache(_KEPT)
def core_of(item: str) -> str:
    """Return the normal form of an item without additions such as 销售, 系列, (军品)."""
    text = form_of(item)
    return _TRAIL.sub("", text) or text


@lru_cache(_KEPT)
def forms_of(item: str) -> tuple[str, ...]:
    """Return the normal form of an item, then without one addition after the other.

    Examples
    --------
    >>> forms_of("医药批发业务")
    ('医药批发业务', '医药批发', '医药')
    """
    found = [form_of(item)]
    while (shorter := _LAST.sub("", found[-1])) and shorter != found[-1]:
        found.append(shorter)
    return tuple(found)


@lru_cache(_KEPT)
def is_plain(item: str) -> bool:
    """Return whether an item is specific: neither a fragment nor common to most enterprises."""
    text = form_of(item)
    return not (_FRAGMENT.search(text) or _EVERYBODYS.match(text))


def denies(item: str, word: str) -> bool:
    """Return whether an item negates a word: 非色纺纱线 for 色纺纱线."""
    return f"非{form_of(word)}" in form_of(item)


@lru_cache(_KEPT)
def is_trade(text: str) -> bool:
    """Return whether a text speaks of trade in products, or of a service with them: 金属贸易."""
    return bool(_TRADE.search(text))


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
    if denies(item, word):
        return Relation.NONE
    if core.endswith(word) or _is_parted(item, word):
        return Relation.KIND
    if f"{word}级" in item or f"{word}用" in item:
        return Relation.INPUT
    if word in item or (len(item) >= _COMMON and item in word):
        return Relation.NEAR
    return Relation.NONE


def _is_parted(item: str, word: str) -> bool:
    """Return whether an item is a word with an insertion: 改性工程塑料 for 改性塑料."""
    modifier, head = word[:-_HEAD], word[-_HEAD:]
    return len(modifier) >= _HEAD and item.endswith(head) and modifier in item


def same_head(item: str, word: str) -> bool:
    """Return whether both end alike: 软件解决方案 and 银行IT解决方案, 正极材料 and 锂电正极材料."""
    one, other = (core_of(text) for text in (item, word))
    return one[-_COMMON:] == other[-_COMMON:] or (len(one) >= _HEAD and other.endswith(one))


def in_common(item: str, word: str) -> list[str]:
    """Return the common pieces of three characters or more, the longest first.

    蛋白粉 and 钛白粉 have but two characters in common, and nothing else.
    """
    one, other = form_of(item), form_of(word)
    return [
        one[at : at + size]
        for size in range(min(len(one), len(other)), _COMMON - 1, -1)
        for at in range(len(one) - size + 1)
        if one[at : at + size] in other
    ]


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
