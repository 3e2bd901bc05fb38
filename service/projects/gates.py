"""Gates of an enterprise for a zone, and of a project with its amount."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.errors import NotFoundError
from service.database import project_store
from service.database.schema import TASKS
from service.projects.requests import check_role, no_project
from service.projects.verdicts import FAIL, PASS, UNKNOWN, Verdict, verdict_documents, verdicts

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from service.access.keys import Caller
    from service.projects.projects import Projects
    from service.projects.rules import Rules
    from service.serving.interfaces import Document


def gates_of(
    projects: Projects, enterprise_id: str, zone_id: str | None, caller: Caller
) -> list[Document]:
    """Return the gates of an enterprise for a zone, without a project.

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
    return verdict_documents(of_enterprise(projects, profile, zone_id))


def gates_of_project(projects: Projects, project_id: str, caller: Caller) -> list[Document]:
    """Return the gates of a project, including that of its amount (NotFoundError)."""
    check_role(caller)

    def work(connection: sa.Connection) -> tuple[Mapping[str, Any], Sequence[Any]] | None:
        row = project_store.find(connection, project_id, caller.zones)
        if row is None:
            return None
        filed = sa.select(TASKS.c.closed_on).where(
            TASKS.c.project_id == project_id, TASKS.c.kind == "filing", TASKS.c.state == "done"
        )
        return row, connection.execute(filed).scalars().all()

    read = projects.database.read(work, None)
    if read is None:
        raise no_project(project_id)
    row, filed = read
    id_ = row["enterprise_id"]
    profile = projects.references.enterprise(id_) if id_ else None
    found = of_enterprise(projects, profile, row["zone_id"])
    found["filing"] = _filing(row["amount"], [day for day in filed if day], projects.rules)
    return verdict_documents(found)


def of_enterprise(
    projects: Projects, profile: Mapping[str, Any] | None, zone_id: str | None
) -> dict[str, Verdict]:
    """Return the verdicts on a profile; all unknown without one."""
    return verdicts(profile, zone_id, projects.rules, projects.references.enterprises_of())


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
