"""Wants: what a need asks for, item by item, and what each item is to the ask.

A part is a wanted item (LED支架、载带). A need may also state whom the item is for
(给彩电厂做注塑件), or ask for what goes into a product or is made of it (聚氨酯原料, 甲醇下游).
"""

from __future__ import annotations

import re
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from features.words.compounds import PARTS_OF, named_by, processed, whole_of, without_process

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.words.fillers import Fillers
    from features.words.thesaurus import Thesaurus

MAX_PARTS = 12
"""Maximum number of parts; further ones are listed as ignored."""

_SEPARATOR = re.compile(
    r"[、，,;；/|\n。！!？?：:+＋&]+|\s{2,}|以及|及其|或者|或|等(?=.)|制成|做成|加工成|转化为|^能?把(?=..)|生产(?!设备|装备|机械|线|基地)(?=..)|(?<=..)做(?=..)"
)
_AND = re.compile(r"(?<=.)[和与及](?=.)")
_SPACE = re.compile(r"(?<=[\u4e00-\u9fff])\s+(?=[\u4e00-\u9fff])")
_TRAILING = re.compile(r"(?<=..)[和与及]$")
_ONE_NAME = 0.6
_SUPPLIED = re.compile(r"(?:给(?!水|排水|料|主)|为)(.{2,}?)(?:整机|主机)?厂?$")
_RAW = re.compile(r"(.{2,}?)的?(?:(?:上游)?原(?:材)?料|上游(?:[原辅]?材料?|产品))$")
"""What something is made of: 聚氨酯原料."""
_FOR = re.compile(
    r"(?:围绕|给(?!水|排水|料|主)|为)?(.{2,}?)(?:厂|企业)?(?:配套|产业链|上游|下游|发展|供货|提供)+的?(.{2,})$"
)
"""A want after whom or what it is for: 给电池厂配套的结构件, 煤制烯烃下游聚丙烯."""


class Role(Enum):
    """What an item is to the ask."""

    WANTED = "wanted"
    SUPPLIED = "supplied"
    """What it is made of is wanted as well: 白酒配套."""
    SERVED = "served"
    """The customer's product: what is wanted goes into it."""
    RAW = "raw"
    """What it is made of is wanted."""
    PARTS = "parts"
    """Parts of something that have no concept of their own are wanted: 人形机器人零部件."""
    MATERIAL = "material"
    """What is made of it is wanted."""


class Want(NamedTuple):
    """An item of a need.

    Attributes
    ----------
    text : str
        In normal form.
    role : Role
    subject : str
        What to look up in the thesaurus for it.
    """

    text: str
    role: Role
    subject: str


def wants_of(text: str, thesaurus: Thesaurus, fillers: Fillers) -> tuple[list[Want], list[str]]:
    """Return the wants of a text in its normal form, and what was left out as fillers."""
    wants: dict[str, Want] = {}
    ignored: list[str] = []
    parts = parts_of(text, thesaurus) if text else []
    for part in parts:
        core, left_out = fillers.strip(part, thesaurus)
        core, subject, role = _TRAILING.sub("", core), "", Role.WANTED
        if (len(parts) > 1 or "配套" in left_out) and (customer := _SUPPLIED.match(core)):
            core, role = customer[1], Role.SERVED
        elif not named_by(core, thesaurus):
            core, role, customer_text = _read(core, thesaurus, fillers)
            if customer_text:
                wants.setdefault(customer_text, Want(customer_text, Role.SERVED, customer_text))
        elif "下游" in left_out:
            subject = processed(core, thesaurus)
            role = Role.MATERIAL if subject == core else Role.WANTED
        elif part.endswith("上游"):
            role = Role.RAW
        elif any("加工" in word for word in left_out):
            subject = processed(core, thesaurus)
        elif len(parts) == 1 and part.endswith("配套"):
            role = Role.SUPPLIED
        if len(core) == 1 and core.isascii():  # a single letter or digit is meaningless
            core, left_out = "", (*left_out, core)
        ignored += filter(str.strip, left_out)
        if core in PARTS_OF and wants:
            core = without_process(next(reversed(wants)), thesaurus) + core
            if not named_by(core, thesaurus):
                core, role, _ = _read(core, thesaurus, fillers)
        if any(character.isalnum() for character in core):
            subject = subject or (_whole(core, fillers, thesaurus) if role is Role.PARTS else core)
            if core not in wants or wants[core].role is Role.WANTED:
                wants[core] = Want(core, role, subject)
    found = list(wants.values())
    return found[:MAX_PARTS], ignored + [one.text for one in found[MAX_PARTS:]]


def _read(core: str, thesaurus: Thesaurus, fillers: Fillers) -> tuple[str, Role, str]:
    """Return the item that a phrase is about, its role, and a customer if it states one."""
    if product := _RAW.match(core):
        return product[1], Role.RAW, ""
    if named := _FOR.match(core):
        customer, _ = fillers.strip(named[1], thesaurus)
        item, _ = fillers.strip(named[2], thesaurus)
        if named_by(customer + item, thesaurus):
            return customer + item, Role.WANTED, ""
        if thesaurus.find(item) or (core.startswith(("给", "为")) and "配套" in core):
            return item, Role.WANTED, customer
    role = Role.PARTS if _whole(core, fillers, thesaurus) else Role.WANTED
    return core, role, ""


def _whole(core: str, fillers: Fillers, thesaurus: Thesaurus) -> str:
    """Return what a text states parts of if the thesaurus knows it, else an empty text."""
    whole = whole_of(core)
    whole = fillers.strip(whole, thesaurus)[0] if whole else ""
    return whole if thesaurus.find(whole) else ""


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
    if halves[-1] not in PARTS_OF and not all(map(thesaurus.find, halves)):
        near = thesaurus.near(piece, 1)
        if near and near[0][1] >= _ONE_NAME:
            return [piece]
    return [half for half in halves if half]


def _joined(pieces: Sequence[str], thesaurus: Thesaurus) -> list[str]:
    """Distribute the head of the last piece: 金属与玻璃容器 is 金属容器, 玻璃容器."""
    if len(pieces) < 2:
        return list(pieces)
    last, found = pieces[-1], []
    if last in PARTS_OF:
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
