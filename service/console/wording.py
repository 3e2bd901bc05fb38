"""Formatting of values on pages: amounts, shares, dates, and terms of the vocabulary."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from features.tables.catalogue import TABLES
from features.vocabulary import ENDINGS, FLAGS, GAPS, POSITIONS, ROLES, STAGES
from service.serving.explanation.sentences import FACTORS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

UNKNOWN = "—"
"""Placeholder for an unknown value; never 0."""
_ENGLISH = {
    "missing": "missing",
    "weak": "weak",
    "strong": "strong",
    "unknown": "unknown",
    "partial": "partial",
}
_STATES = {"missing": "缺失", "weak": "薄弱", "strong": "已强", "unknown": "未知"}
_FITS = {"strong": "符合", "partial": "部分符合", "weak": "较弱"}
_SEATS = {
    "county": ("本区县企业", "seated in the county"),
    "city": ("本市企业", "seated in the city"),
}
_ENDING_NAMES = {
    "established": "established",
    "lead": "lead",
    "contacted": "contacted",
    "negotiation": "in negotiation",
    "signed": "signed",
    "construction": "under construction",
    "production": "in production",
    "declined": "declined",
    "lost": "lost",
    "stalled": "stalled",
}
_BASES = {"article": "报道", "news": "新闻", "plan": "规划"}
_TEN_THOUSAND = 10_000


_FILTERS = {
    "province": "省份",
    "city": "城市",
    "region": "重点区域",
    "node": "环节",
    "tag": "企业标签",
    "stage": "进展",
    "seat": "所在地",
    "flag": "风险提示",
    "standing": "登记状态",
    "gate": "准入关口",
    "industry_code": "行业",
    "listed": "是否上市",
    "min_capital": "注册资本",
    "min_revenue": "营业收入",
    "max_revenue": "营业收入",
    "max_age": "成立日期",
}


def number(value: float | None, digits: int = 0) -> str:
    """Return a number with thousands separators."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:,.{digits}f}"


def percent(value: float | None, digits: int = 0) -> str:
    """Return a share in per cent."""
    return UNKNOWN if value is None or not math.isfinite(value) else f"{value:.{digits}%}"


def signed(value: float, digits: int = 2) -> str:
    """Return a contribution with its sign, without one if it rounds to zero."""
    text = f"{value:+.{digits}f}"
    return text.replace("-", "−") if text.strip("+-0.") else text[1:]


def money(value: float | None, language: str = "zh") -> str:
    """Return an amount in 万元, or in 亿元 from 1 亿 on."""
    if value is None:
        return UNKNOWN
    if language != "zh":
        return f"{value / 100:,.1f} m yuan"
    if abs(value) >= _TEN_THOUSAND:
        return f"{value / _TEN_THOUSAND:,.2f}".rstrip("0").rstrip(".") + " 亿元"
    return f"{value:,.0f} 万元"


def role(value: str | None, language: str = "zh") -> str:
    """Return the name of an industry's role, leading or auxiliary."""
    if value is None:
        return ""
    return ROLES[value].gloss if language == "zh" else value


def stage(value: str, language: str = "zh") -> str:
    """Return the name of a stage or an ending of an event."""
    return {**STAGES, **ENDINGS}[value].gloss if language == "zh" else _ENDING_NAMES[value]


def flag(value: str, language: str = "zh") -> str:
    """Return the name of a flag."""
    return FLAGS[value].gloss if language == "zh" else value.replace("-", " ")


def chief(reasons: Iterable[Mapping[str, Any]], most: int | None = None) -> list[dict[str, Any]]:
    """Return the reasons for an enterprise with their contributions, the largest first.

    Factors with the same text are one reason with the sum of their contributions.
    """
    found: dict[str, float] = {}
    for reason in reasons:
        if reason["contribution"] > 0 and reason["factor"] != "constant":
            found[reason["text"]] = found.get(reason["text"], 0.0) + reason["contribution"]
    ordered = sorted(found.items(), key=lambda one: -one[1])[:most]
    return [{"text": text, "contribution": added} for text, added in ordered]


def factor(value: str, language: str = "zh") -> str:
    """Return the name of a factor."""
    if language == "zh" and value in FACTORS:
        return FACTORS[value].gloss
    return value.replace("_", " ")


def state(value: str, language: str = "zh") -> str:
    """Return the name of a node's state of presence."""
    return (_STATES if language == "zh" else _ENGLISH)[value]


def gap(value: str, language: str = "zh") -> str:
    """Return the effect of an enterprise at a node in this state: 补链, 强链 or 延链."""
    return GAPS[value].gloss if language == "zh" else value


def fit(value: str, language: str = "zh") -> str:
    """Return the name of a level of fit."""
    return (_FITS if language == "zh" else _ENGLISH)[value]


def position(value: str | None, language: str = "zh") -> str:
    """Return the name of a node's position in its chain."""
    if value is None:
        return "位置未定" if language == "zh" else "unplaced"
    return POSITIONS[value].gloss if language == "zh" else value


def seat(value: str, language: str = "zh") -> str:
    """Return the name of a seat relative to the zone."""
    return _SEATS[value][language != "zh"]


def filter_of(value: str, language: str = "zh") -> str:
    """Return the name of a filter of the list."""
    return _FILTERS.get(value, value) if language == "zh" else value.replace("_", " ")


def table(value: str, language: str = "zh") -> str:
    """Return the name of a table."""
    return TABLES[value].gloss if language == "zh" else value.replace("_", " ")


def basis(value: str | None, language: str = "zh") -> str:
    """Return the source of a need; an illustrative one is marked as an example."""
    if not value:
        return ""
    if value == "illustrative":
        return "示例" if language == "zh" else "illustrative"
    kind, _, rest = value.partition(" ")
    if language != "zh":
        return f"basis: {value}"
    return f"依据 {_BASES.get(kind, kind)} {rest}".rstrip()


def protocol(value: str, language: str = "zh") -> str:
    """Return the name of a protocol."""
    names = {
        "cold": ("没有学过的需求", "held-out needs"),
        "warm": ("没有学过的企业", "held-out enterprises"),
        "time": ("后来的项目", "later deals"),
    }
    return names[value][language != "zh"] if value in names else value


def ranker(value: str, language: str = "zh") -> str:
    """Return the name of a ranker."""
    names = {
        "blend": ("本模型", "this model"),
        "character_tfidf": ("只比文字（基线）", "text only (baseline)"),
        "gain_over_character_tfidf": ("高出基线", "above the baseline"),
        "prior_weights": ("未学习权重", "prior weights"),
    }
    return names[value][language != "zh"] if value in names else value.replace("_", " ")


FILTERS: Mapping[str, Callable[..., Any]] = {
    "number": number,
    "percent": percent,
    "signed": signed,
    "money": money,
    "role_name": role,
    "stage_name": stage,
    "flag_name": flag,
    "factor_name": factor,
    "chief": chief,
    "state_name": state,
    "gap_name": gap,
    "fit_name": fit,
    "position_name": position,
    "seat_name": seat,
    "filter_name": filter_of,
    "table_name": table,
    "basis_name": basis,
    "protocol_name": protocol,
    "ranker_name": ranker,
}
