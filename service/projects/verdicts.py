"""Verdicts of the gates on an enterprise: pass, fail or unknown, with source and date.

Unknown never passes silently: a gate that lacks what it needs says so, and what that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from features.industry.industry_codes import normalise
from features.values.standing import standing
from features.vocabulary import FLAGS, GATES

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from service.projects.rules import Row, Rules
    from service.serving.interfaces import Document

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
STATES: Mapping[str, str] = {PASS: "通过", FAIL: "不通过", UNKNOWN: "待核实"}
NAMES: Mapping[str, str] = {name: own.gloss for name, own in GATES.items()} | {"filing": "分级报备"}
FIXED: Mapping[str, str] = {"credit": "credit", "standing": "status", "energy": "industry_code"}
"""Gates that a column of the profile alone decides, whatever the zone."""
_PROFILE = "企业表"


class Verdict(NamedTuple):
    """The verdict of a gate."""

    state: str
    text: str
    source: str
    date: str | None


def verdicts(
    profile: Mapping[str, Any] | None, zone_id: str | None, rules: Rules, date: str | None
) -> dict[str, Verdict]:
    """Return the verdicts of the gates on a profile for a zone; all unknown without a profile.

    Parameters
    ----------
    profile
        A row of the enterprises.
    zone_id
        Whose exclusions count.
    rules
    date
        Of the last change of the enterprises.
    """
    if profile is None:
        unknown = Verdict(UNKNOWN, "企业不在企业库中", _PROFILE, date)
        return dict.fromkeys(GATES, unknown)
    code = normalise(profile["industry_code"] or "")
    return {
        **{gate: of_column(gate, profile[name], rules, date) for gate, name in FIXED.items()},
        "exclusions": _exclusions(profile, code, zone_id, rules, date),
    }


def of_column(gate: str, value: str | None, rules: Rules, date: str | None) -> Verdict:
    """Return the verdict of one of the gates `FIXED` on a value of its column."""
    if gate == "credit":
        return _credit(value, date)
    if gate == "standing":
        return _standing(value, date)
    return energy(normalise(value or ""), rules, date)


def _credit(text: str | None, date: str | None) -> Verdict:
    source = f"{_PROFILE}「信用状况」"
    if text is None:
        return Verdict(UNKNOWN, "信用状况不详，请查询信用中国", source, date)
    bad = FLAGS["bad-credit"].raised(text)
    return Verdict(FAIL if bad else PASS, text, source, date)


def _standing(text: str | None, date: str | None) -> Verdict:
    source, found = f"{_PROFILE}「登记状态」", standing(text)
    if text is None:
        return Verdict(UNKNOWN, "登记状态不详，请查询企业信用信息公示系统", source, date)
    if found is None:
        return Verdict(UNKNOWN, f"登记状态「{text}」不能说明是否存续", source, date)
    return Verdict(PASS if found == "active" else FAIL, text, source, date)


def energy(code: str | None, rules: Rules, date: str | None) -> Verdict:
    """Return whether a code is of a kind that takes much energy or emits much (两高)."""
    source = rules.source("energy")
    if code is None:
        return Verdict(UNKNOWN, "国标行业代码不详", source, date)
    for row in rules.rows("energy"):
        kind = str(normalise(row["code"]))
        if code.startswith(kind):
            return Verdict(
                FAIL, f"{code} 属两高行业：{row['gloss']}（{row['basis']}）", source, date
            )
        if kind.startswith(code):
            text = f"行业代码 {code} 过粗，其中 {kind}（{row['gloss']}）属两高行业"
            return Verdict(UNKNOWN, text, source, date)
    if code.isalpha():
        return Verdict(UNKNOWN, f"行业代码 {code} 过粗", source, date)
    return Verdict(PASS, f"{code} 不在两高行业目录", source, date)


def exclusions_of(zone_id: str | None, rules: Rules) -> list[Row]:
    """Return the rows of exclusions that hold for a zone."""
    if zone_id is None:
        return []
    return [row for row in rules.rows("exclusions") if row["zone_id"] in (zone_id, "*")]


def excluded_code(code: str | None, own: Sequence[Row]) -> str:
    """Return what these exclusions say of a code alone."""
    known = [str(normalise(row["code"])) for row in own if row["code"]]
    if code is None:
        return UNKNOWN if known else PASS
    return FAIL if any(code.startswith(kind) for kind in known) else PASS


def _exclusions(
    profile: Mapping[str, Any],
    code: str | None,
    zone_id: str | None,
    rules: Rules,
    date: str | None,
) -> Verdict:
    source, own = rules.source("exclusions"), exclusions_of(zone_id, rules)
    if not own:
        return Verdict(UNKNOWN, "尚未维护本区禁入清单", source, None)
    products = [product["name"] for product in profile["products"] or ()]
    said = " ".join([profile["name"], *products])
    for row in own:
        hit = code is not None and row["code"] and excluded_code(code, [row]) == FAIL
        if hit or (row["word"] and row["word"] in said):
            told = row["gloss"] or row["word"] or row["code"]
            return Verdict(FAIL, f"本区不引进：{told}", source, date)
    if excluded_code(code, own) == UNKNOWN:
        return Verdict(UNKNOWN, "国标行业代码不详，无法比对禁入清单", source, date)
    return Verdict(PASS, "不在本区禁入清单", source, date)


def verdict_documents(found: Mapping[str, Verdict]) -> list[Document]:
    """Return verdicts as they are shown, each with its source and date."""
    return [
        {
            "gate": gate,
            "name": NAMES[gate],
            "state": verdict.state,
            "state_name": STATES[verdict.state],
            "text": verdict.text,
            "source": verdict.source,
            "date": verdict.date,
        }
        for gate, verdict in found.items()
    ]
