"""Sentences about a zone: the partner of a supply link, and the gap that a lead would fill."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.vocabulary import ENDINGS, GAPS, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from features.industry.chains import Node
    from models.factors.gap import Filling
    from models.factors.supply import Link

THERE: Mapping[str, tuple[str, str]] = {
    "established": ("本区已有的", "established in the zone"),
    "signed": ("本区已签约的", "signed for the zone"),
    "construction": ("本区在建的", "under construction in the zone"),
    "production": ("本区已投产的", "in production in the zone"),
    "county": ("本区县的", "seated in the zone's county"),
    "city": ("本市的", "seated in the zone's city"),
}
"""Why an enterprise counts as present in a zone: by the stage of its event or by its seat."""

SEATS: Mapping[str, str] = {"county": "本区县企业", "city": "本市企业"}
_SHOWN = 3


def link_text(link: Link | None, *, chinese: bool) -> str:
    """Return the sentence of a supply link: supplier, customer and product."""
    if link is None:
        return (
            "与本区已有企业有供需联系" if chinese else "it can trade with enterprises of the zone"
        )
    ours, theirs = _name(link.ours, chinese=chinese), _name(link.theirs, chinese=chinese)
    there = THERE[link.how][0 if chinese else 1]
    if chinese:
        whom = f"{there}「{link.with_whom}」（{theirs}）"
        if link.supplies:
            return f"可为{whom}供应「{ours}」"
        return f"可就近采购{whom}的产品，用于「{ours}」"
    whom = f"{link.with_whom} ({theirs}), {there}"
    if link.supplies:
        return f"could supply “{ours}” to {whom}"
    return f"could buy for its “{ours}” from {whom}"


def gap_text(filling: Filling | None, node: Node | None, *, chinese: bool) -> str:
    """Return the sentence of a gap: the node is missing, weak or strong, with its enterprises."""
    if filling is None or node is None:
        return "补链强链" if chinese else "it fills a gap of the chain"
    name, kind = _name(node, chinese=chinese), GAPS[filling.state].gloss
    how = filling.others[0][1] if filling.others else "city"
    others = [other for other, known_by in filling.others if known_by == how][:_SHOWN]
    if chinese:
        besides = "除该企业外，" if filling.is_there else ""
        if filling.state == "missing":
            return f"{kind}：本系统数据中，{besides}本区未见「{name}」环节的企业"
        known = f"{THERE[how][0]}{''.join(f'「{other}」' for other in others)}"
        if filling.state == "weak":
            return f"{kind}：{besides}本区「{name}」环节尚弱（{known}）"
        return f"{kind}：{besides}本区「{name}」环节已强（{known}），可延伸"
    besides = " besides itself" if filling.is_there else ""
    if filling.state == "missing":
        return f"nothing of “{name}” is known in the zone{besides} (a missing node)"
    known = f"{', '.join(others)}, {THERE[how][1]}"
    if filling.state == "weak":
        return f"“{name}” is weak in the zone{besides} ({known})"
    return f"“{name}” is strong in the zone{besides} ({known}) and can be extended"


def stage_text(stage: str, *, chinese: bool) -> str:
    """Return the name of a stage or an ending."""
    return {**STAGES, **ENDINGS}[stage].gloss if chinese else stage


def progress_text(lead: Mapping[str, Any]) -> str | None:
    """Return, in Chinese, the stage of a lead in the zone, else its seat relative to the zone."""
    if lead["stage"]:
        return f"进展：{stage_text(lead['stage']['stage'], chinese=True)}"
    return SEATS[lead["seat"]] if lead["seat"] else None


def _name(node: Node, *, chinese: bool) -> str:
    return node.name if chinese else node.name_en or node.name
