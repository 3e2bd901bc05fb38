"""Gates before a promise: each says pass, fail or unknown, with its source and date.

Unknown never passes silently: a gate that lacks what it needs says so, and what that is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import sqlalchemy as sa

from features.errors import NotFoundError
from features.industry_codes import normalise
from features.vocabulary import FLAGS
from service.database import project_store
from service.database.schema import TASKS
from service.projects.requests import check_role, no_project

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from service.access.keys import Caller
    from service.projects.projects import Projects
    from service.projects.rules import Rules
    from service.serving.interfaces import Document

PASS, FAIL, UNKNOWN = "pass", "fail", "unknown"
STATES: Mapping[str, str] = {PASS: "通过", FAIL: "不通过", UNKNOWN: "待核实"}
GATES: Mapping[str, str] = {
    "credit": "信用",
    "standing": "存续",
    "energy": "两高",
    "exclusions": "开发区禁入",
    "filing": "分级报备",
}
_PROFILE = "企业表"


class Verdict(NamedTuple):
    """What a gate says."""

    state: str
    text: str
    source: str
    date: str | None


def gates_of(
    projects: Projects, enterprise_id: str, zone_id: str | None, caller: Caller
) -> list[Document]:
    """Return the gates of an enterprise for a zone, before there is a project.

    Raises
    ------
    NotFoundError
        When the enterprise is not known.
    ForbiddenError
        For a zone that the caller may not see.
    """
    check_role(caller)
    if zone_id is not None:
        caller.check_zone(zone_id, "zone_id")
    profile = projects.references.enterprise(enterprise_id)
    if profile is None:
        raise NotFoundError(
            f"no enterprise {enterprise_id!r} is known", field="enterprise_id", got=enterprise_id
        )
    return _shown(of_enterprise(projects, profile, zone_id))


def gates_of_project(projects: Projects, project_id: str, caller: Caller) -> list[Document]:
    """Return the gates of a project, that of its amount included (NotFoundError)."""
    check_role(caller)

    def work(connection: sa.Connection) -> tuple[Mapping[str, Any], Sequence[Any]] | None:
        row = project_store.find(connection, project_id, caller.zones)
        if row is None:
            return None
        filed = sa.select(TASKS.c.closed_on).where(
            TASKS.c.project_id == project_id, TASKS.c.kind == "filing", TASKS.c.state == "done"
        )
        return row, connection.execute(filed).scalars().all()

    found = projects.database.read(work, None)
    if found is None:
        raise no_project(project_id)
    row, filed = found
    id_ = row["enterprise_id"]
    profile = projects.references.enterprise(id_) if id_ else None
    verdicts = of_enterprise(projects, profile, row["zone_id"])
    verdicts["filing"] = _filing(row["amount"], [day for day in filed if day], projects.rules)
    return _shown(verdicts)


def of_enterprise(
    projects: Projects, profile: Mapping[str, Any] | None, zone_id: str | None
) -> dict[str, Verdict]:
    """Return what the gates say of a profile; all unknown where there is none."""
    date = projects.references.enterprises_of()
    if profile is None:
        unknown = Verdict(UNKNOWN, "企业不在企业库中", _PROFILE, date)
        return dict.fromkeys(("credit", "standing", "energy", "exclusions"), unknown)
    code = normalise(profile["industry_code"] or "")
    rules = projects.rules
    return {
        "credit": _credit(profile["credit"], date),
        "standing": _standing(profile, date),
        "energy": _energy(code, rules, date),
        "exclusions": _exclusions(profile, code, zone_id, rules, date),
    }


def _credit(text: str | None, date: str | None) -> Verdict:
    source = f"{_PROFILE}「信用状况」"
    if text is None:
        return Verdict(UNKNOWN, "信用状况不详，请查询信用中国", source, date)
    bad = FLAGS["bad-credit"].raised(text)
    return Verdict(FAIL if bad else PASS, text, source, date)


def _standing(profile: Mapping[str, Any], date: str | None) -> Verdict:
    source, text = f"{_PROFILE}「登记状态」", profile["status"]
    if text is None:
        return Verdict(UNKNOWN, "登记状态不详，请查询企业信用信息公示系统", source, date)
    return Verdict(FAIL if profile["struck_off"] else PASS, text, source, date)


def _energy(code: str | None, rules: Rules, date: str | None) -> Verdict:
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


def _exclusions(
    profile: Mapping[str, Any],
    code: str | None,
    zone_id: str | None,
    rules: Rules,
    date: str | None,
) -> Verdict:
    source = rules.source("exclusions")
    own = [row for row in rules.rows("exclusions") if row["zone_id"] in (zone_id, "*")]
    if zone_id is None or not own:
        return Verdict(UNKNOWN, "尚未维护本区禁入清单", source, None)
    products = [product["name"] for product in profile["products"] or ()]
    said = " ".join([profile["name"], *products])
    for row in own:
        known = normalise(row["code"]) if row["code"] else None
        hit = bool(known and code and code.startswith(known))
        if hit or (row["word"] and row["word"] in said):
            return Verdict(
                FAIL, f"本区不引进：{row['gloss'] or row['word'] or known}", source, date
            )
    if code is None and any(row["code"] for row in own):
        return Verdict(UNKNOWN, "国标行业代码不详，无法比对禁入清单", source, date)
    return Verdict(PASS, "不在本区禁入清单", source, date)


def _filing(amount: float | None, filed: Sequence[datetime.date], rules: Rules) -> Verdict:
    source = rules.source("thresholds")
    if filed:
        return Verdict(PASS, "已报备", "项目台账", max(filed).isoformat())
    if amount is None:
        return Verdict(UNKNOWN, "投资额不详，无法判断是否需要报备", source, None)
    over = [row for row in rules.rows("thresholds") if amount >= float(row["amount"])]
    if not over:
        return Verdict(PASS, f"{amount:g} 亿元低于报备门槛", source, None)
    highest = max(over, key=lambda row: float(row["amount"]))
    text = f"{amount:g} 亿元须{highest['gloss'] or highest['level']}；办结报备任务后通过"
    return Verdict(FAIL, text, source, None)


def _shown(verdicts: Mapping[str, Verdict]) -> list[Document]:
    return [
        {
            "gate": gate,
            "name": GATES[gate],
            "state": verdict.state,
            "state_name": STATES[verdict.state],
            "text": verdict.text,
            "source": verdict.source,
            "date": verdict.date,
        }
        for gate, verdict in verdicts.items()
    ]
