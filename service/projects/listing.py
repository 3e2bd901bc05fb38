"""Conditions on the projects of a list, and the totals of their pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.errors import InputError
from features.tables.project_list import CLOSED, PATH, POOLS, WITHDRAWN
from service.database import project_store
from service.database.schema import PROJECTS
from service.projects.gated import wanted_states
from service.projects.requests import check_role

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from service.access.keys import Caller
    from service.serving.interfaces import Document

_EQUAL = ("zone_id", "stage", "unit", "source", "need_id", "enterprise_id", "industry")
FILTERS = (*_EQUAL, "pool", "late", "gate", "q")


def conditions_of(
    filters: Mapping[str, Any], caller: Caller, today: datetime.date
) -> list[sa.ColumnElement[bool]]:
    """Return the conditions on projects by filters and the caller's rights.

    Raises
    ------
    ForbiddenError
        For a role without rights to projects, or a zone that the caller may not see.
    InputError
        For an unknown pool, gate or state of a gate.
    """
    check_role(caller)
    if filters.get("zone_id") is not None:
        caller.check_zone(filters["zone_id"], "zone_id")
    found = project_store.within(caller.zones)
    found.append(PROJECTS.c.stage != WITHDRAWN)
    for name in _EQUAL:
        if filters.get(name) is not None:
            found.append(PROJECTS.c[name] == filters[name])
    if (pool := filters.get("pool")) is not None:
        if pool not in POOLS:
            expected = f"one of {', '.join(POOLS)}"
            raise InputError(
                f"pool: got {pool!r}, expected {expected}",
                field="pool",
                got=pool,
                expected=expected,
            )
        found.append(PROJECTS.c.stage.in_(POOLS[pool].stages))
    if filters.get("late") is not None:
        passed = sa.func.coalesce(PROJECTS.c.due < today, sa.false())
        late = sa.and_(passed, PROJECTS.c.stage.not_in(CLOSED))
        found.append(late if filters["late"] else ~late)
    wanted_states(filters.get("gate") or ())  # raises before the database is queried
    if q := (filters.get("q") or "").strip():
        like = [PROJECTS.c[n].contains(q, autoescape=True) for n in ("enterprise", "project")]
        found.append(sa.or_(*like))
    return found


def pool_sums(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    today: datetime.date,
) -> list[Document]:
    """Return the totals of each pool; the five of the path always, the others if not empty.

    `amount` covers projects with a known amount, and is null without any.
    """
    sums = {row["stage"]: row for row in project_store.pools(connection, conditions, today)}
    shown = []
    for name, pool in POOLS.items():
        rows = [sums[stage] for stage in pool.stages if stage in sums]
        if not rows and name not in PATH:
            continue
        projects, known = (sum(r[n] for r in rows) for n in ("projects", "amounts_known"))
        amount = sum(r["amount"] for r in rows if r["amount"] is not None) if known else None
        shown.append(
            {
                "pool": name,
                "name": pool.gloss,
                "projects": projects,
                "amount": amount,
                "amount_unknown": projects - known,
                "late": sum(int(r["late"]) for r in rows),
            }
        )
    return shown


def first_of(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    pool: str,
    each: int,
) -> list[dict[str, Any]]:
    """Return the `each` most recently moved projects of a pool.

    By stage: each is read from an index in order, whereas several would have to be sorted.
    """
    rows = [
        row
        for stage in POOLS[pool].stages
        for row in project_store.page(connection, [*conditions, PROJECTS.c.stage == stage], each)
    ]
    rows.sort(key=lambda row: (row["moved"], row["project_id"]), reverse=True)
    return rows[:each]
