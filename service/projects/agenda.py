"""The agenda: due and overdue tasks and deadlines, with the responsible unit."""

from __future__ import annotations

import datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.errors import InputError
from features.tables.project_list import CLOSED, KNOWN_STAGES, TASK_KINDS, WITHDRAWN
from service.database import project_store
from service.database.schema import PROJECTS, TASKS
from service.projects.requests import check_role

if TYPE_CHECKING:
    from collections.abc import Mapping

    from service.access.keys import Caller
    from service.projects.projects import Projects
    from service.serving.interfaces import Document

_MOST_DAYS = 366
_ENDED = [*CLOSED, WITHDRAWN]


def agenda(
    projects: Projects,
    caller: Caller,
    *,
    zone_id: str | None = None,
    unit: str | None = None,
    days: int = 7,
) -> Document:
    """Return overdue items and those due within some days, of projects that the caller may see.

    Parameters
    ----------
    zone_id, unit
        Restrict to a zone, or to a unit's own tasks and steps.
    days
        Days to look ahead.

    Returns
    -------
    dict
        `date`; `late` and `due`, the earliest first: each with project, title, unit, deadline and
        days overdue; `units`, the number of both per unit (null for those without one).
    """
    check_role(caller)
    if zone_id is not None:
        caller.check_zone(zone_id, "zone_id")
    if not 0 <= days <= _MOST_DAYS:
        expected = f"a whole number from 0 to {_MOST_DAYS}"
        raise InputError(
            f"days: got {days}, expected {expected}", field="days", got=days, expected=expected
        )
    today = projects.clock()
    last = today + datetime.timedelta(days=days)
    nothing: list[dict[str, Any]] = []
    rows = projects.database.read(
        lambda connection: _rows(connection, caller, zone_id, unit, last), nothing
    )
    items = [_shown(row, projects, today) for row in rows]
    units: dict[str | None, dict[str, int]] = {}
    for item in items:
        counts = units.setdefault(item["unit"], {"late": 0, "due": 0})
        counts["late" if item["days_late"] > 0 else "due"] += 1
    return {
        "date": today.isoformat(),
        "until": last.isoformat(),
        "late": [item for item in items if item["days_late"] > 0],
        "due": [item for item in items if item["days_late"] <= 0],
        "units": [
            {"unit": unit, **units[unit]}
            for unit in sorted(units, key=lambda unit: (-units[unit]["late"], unit is None, unit))
        ],
    }


def _rows(
    connection: sa.Connection,
    caller: Caller,
    zone_id: str | None,
    unit: str | None,
    last: datetime.date,
) -> list[dict[str, Any]]:
    """Return open tasks and running steps whose deadline is not after a day, the earliest first."""
    seen = [*project_store.within(caller.zones), PROJECTS.c.stage.not_in(_ENDED)]
    if zone_id is not None:
        seen.append(PROJECTS.c.zone_id == zone_id)
    about = [PROJECTS.c[name] for name in ("project_id", "enterprise", "project", "zone_id")]
    own = (TASKS.c.unit, PROJECTS.c.unit)
    tasks = (
        sa.select(*about, PROJECTS.c.stage, TASKS.c.task_id, TASKS.c.kind, TASKS.c.title)
        .add_columns(sa.func.coalesce(*own).label("unit"), TASKS.c.due)
        .join(PROJECTS, PROJECTS.c.project_id == TASKS.c.project_id)
        .where(TASKS.c.state == "open", TASKS.c.due <= last, *seen)
    )
    nothing = [sa.literal(None, sa.Text).label(name) for name in ("task_id", "kind", "title")]
    steps = (
        sa.select(*about, PROJECTS.c.stage, *nothing)
        .add_columns(PROJECTS.c.unit.label("unit"), PROJECTS.c.due)
        .where(PROJECTS.c.due <= last, *seen)
    )
    if unit is not None:
        tasks = tasks.where(sa.func.coalesce(*own) == unit)
        steps = steps.where(PROJECTS.c.unit == unit)
    found = [row._asdict() for asked in (tasks, steps) for row in connection.execute(asked)]
    return sorted(found, key=lambda row: (row["due"], row["project_id"], row["task_id"] or ""))


def _shown(row: Mapping[str, Any], projects: Projects, today: datetime.date) -> Document:
    zone = projects.references.zone(row["zone_id"]) if row["zone_id"] else None
    step = f"{KNOWN_STAGES[row['stage']].gloss}阶段办理时限"
    return {
        "project_id": row["project_id"],
        "enterprise": row["enterprise"],
        "project": row["project"],
        "zone_id": row["zone_id"],
        "zone": zone["name"] if zone else None,
        "task_id": row["task_id"],
        "what": row["title"] or step,
        "kind": row["kind"] or "step",
        "kind_name": TASK_KINDS[row["kind"]].gloss if row["kind"] else "阶段时限",
        "unit": row["unit"],
        "due": row["due"].isoformat(),
        "days_late": (today - row["due"]).days,
    }
