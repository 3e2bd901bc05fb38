"""Compounds: which concepts of the thesaurus a text means that none of them is named by.

The head of a Chinese compound is its end; what precedes it is a modifier (光伏组件边框), a process
follows it (党参种植), and names side by side are all meant (党参黄芪).
"""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.words.thesaurus import Named, Thesaurus

PARTS_OF = ("关键零部件", "核心零部件", "零部件", "零配件", "零组件", "配件", "部件", "组件")
"""Parts that depend on the want before them: 智能手机整机及零部件."""
_NEAR, _NEAREST = 0.25, 0.75
"""Similarities at which a near concept starts to count, and counts fully."""
_NO_MODIFIERS = 0.6
_WITHOUT_PROCESS = 0.5
"""Weight of a head if a near concept includes the process: 锂电池 in 废旧锂电池回收."""
_OTHER_MODIFIER = 0.6
"""Weight of a near concept whose modifier is another one: 钠离子电池正极材料 for 锂电池正极材料."""
_PAIR = 2
_PROCESSED = ("深加工", "加工", "制品")
_CLOSE = 3
"""Maximum number of steps in the thesaurus between concepts that are named side by side."""
_EQUIPMENT = re.compile(r"(?<=..)(?:设备|装备|机械|整机|产品)$")
_MACHINES = ("设备", "机械", "装备", "专用设备", "生产设备", "加工设备", "制造设备")
_MACHINE = re.compile(r"(..+?)(?:专用|生产|加工|制造|成套)?(?:设备|机械|装备)$")
_LATIN = re.compile(r"[a-z0-9]+")
_PROCESS = re.compile(
    r"(?<=..)(?<!再)(?:种植|养殖|栽培|屠宰|加工|制造|生产|研发|冶炼|回收|处理|处置|运营|服务|销售|整机|成品)+$"
)


def look_up(part: str, thesaurus: Thesaurus) -> dict[int, float]:
    """Return the possible concepts of a part, with certainties."""
    named = named_by(part, thesaurus)
    if named:
        return dict.fromkeys(named, 1.0)
    core = without_process(part, thesaurus)
    named = thesaurus.find(core)
    if named:
        return dict.fromkeys(named, 0.95)
    inner = thesaurus.within(core)
    if _are_siblings(inner, core, thesaurus):
        # A broader concept before a narrower one is its modifier: 光伏 in 光伏组件边框.
        above = {
            (place, at)
            for place, one in enumerate(inner)
            for own in one.concepts
            for at in thesaurus.broader(own)
        }
        return {
            at: 0.9
            for place, one in enumerate(inner)
            for at in one.concepts
            if not any((later, at) in above for later in range(place + 1, len(inner)))
        }
    heads = {at for one in inner if one.stop == len(core) for at in one.concepts}
    found: dict[int, float] = {}
    for at, likeness, text in thesaurus.near(part, 1):
        if heads and at not in heads and text in core and not core.endswith(text):
            continue  # a modifier, see below: 算力中心 in 算力中心液冷
        if part.isascii() and set(_LATIN.findall(part)).isdisjoint(_LATIN.findall(text)):
            continue  # single Latin letters are not compared: aaa is not PaaS
        found[at] = 0.9 * min(max((likeness - _NEAR) / (_NEAREST - _NEAR), 0.0), 1.0)
        if heads and at not in heads and part not in text and not set(text) <= set(part):
            found[at] *= _OTHER_MODIFIER
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


def whole_of(part: str) -> str:
    """Return what a text states parts of, empty if it states none."""
    ending = next((own for own in PARTS_OF if part.endswith(own)), "")
    return part.removesuffix(ending) if ending else ""


def named_by(part: str, thesaurus: Thesaurus) -> tuple[int, ...]:
    """Return the concepts that a text names.

    Parts of something may have another name (煤机零部件 is 煤机配件), and so may machines
    (木工设备 is 木工机械).
    """
    if found := thesaurus.find(part):
        return found
    if whole := whole_of(part):
        names = [own + end for own in (whole, _EQUIPMENT.sub("", whole)) for end in PARTS_OF]
    elif machine := _MACHINE.match(part):
        names = [machine[1] + end for end in _MACHINES]
    else:
        return ()
    return next(filter(None, map(thesaurus.find, names)), ())


def processed(core: str, thesaurus: Thesaurus) -> str:
    """Return the name of what is made of a product if there is one: 苹果加工.

    What a sector makes is processed already: 服装加工厂 is 服装.
    """
    if any(thesaurus.concepts[at].level == "sector" for at in thesaurus.find(core)):
        return core
    return next((core + end for end in _PROCESSED if thesaurus.find(core + end)), core)


def without_process(part: str, thesaurus: Thesaurus) -> str:
    """Return a part without its process, unless its head includes that: 锂电池回收 is 电池回收."""
    core = _PROCESS.sub("", part)
    inner = thesaurus.within(part) if core != part else []
    spans = inner and inner[-1].start < len(core) and inner[-1].stop == len(part)
    return part if spans else core


def _are_siblings(inner: Sequence[Named], core: str, thesaurus: Thesaurus) -> bool:
    """Return whether a text lists names: close ones (党参黄芪), or with one head (白酒啤酒)."""
    if len(inner) < _PAIR or sum(one.stop - one.start for one in inner) < len(core):
        return False
    levels = {thesaurus.concepts[at].level for one in inner for at in one.concepts}
    if len({core[one.stop - 1] for one in inner}) == len(levels) == 1:
        return True
    if len(inner) > _PAIR:  # hardly a modifier and its head: 西服校服职业装
        above = [{up for at in one.concepts for up in thesaurus.broader(at)} for one in inner]
        if set.intersection(*above):
            return True
    return all(
        _are_close(one, other, thesaurus) and not _goes_into(other, one, thesaurus)
        for one, other in pairwise(inner)
    )


def _are_close(one: Named, other: Named, thesaurus: Thesaurus) -> bool:
    """Return whether few steps lead from one concept to the other, up and down."""
    above, others = (
        {
            at: steps
            for own in named.concepts
            for steps, at in reversed([*enumerate((own, *thesaurus.broader(own)))])
        }
        for named in (one, other)
    )
    return min((above[at] + others[at] for at in above.keys() & others), default=9) <= _CLOSE


def _goes_into(one: Named, other: Named, thesaurus: Thesaurus) -> bool:
    """Return whether a concept is what another is made of: the head of 锂电池隔膜, not its like."""
    return any(
        not set(part.all_names).isdisjoint(whole.made_of)
        or not set(whole.all_names).isdisjoint(part.goes_into)
        for part in (thesaurus.concepts[at] for at in one.concepts)
        for whole in (thesaurus.concepts[at] for at in other.concepts)
    )
