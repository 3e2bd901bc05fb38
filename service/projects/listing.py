"""Which projects a list is about, and the sums of their pools."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.errors import InputError
from features.project_list import CLOSED, PATH, POOLS, WITHDRAWN
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
    """Return the conditions for the projects that filters leave, and the caller may see.

    Raises
    ------
    ForbiddenError
        For a role that sees no projects, or a zone that is not the caller's.
    InputError
        For a pool, a gate or a state of a gate that there is not.
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
    wanted_states(filters.get("gate") or ())  # refused before the database is asked
    if q := (filters.get("q") or "").strip():
        like = [PROJECTS.c[n].contains(q, autoescape=True) for n in ("enterprise", "project")]
        found.append(sa.or_(*like))
    return found


def pool_sums(
    connection: sa.Connection,
    conditions: list[sa.ColumnElement[bool]],
    today: datetime.date,
) -> list[Document]:
    """Return the sums of each pool; the five of the path always, the others where there is any.

    `amount` is that of the projects whose amount is known, and null without any.
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
    """Return the `each` last moved projects of a pool.

    Stage by stage: each comes out of an index in its order, both together would have to be sorted.
    """
    rows = [
        row
        for stage in POOLS[pool].stages
        for row in project_store.page(connection, [*conditions, PROJECTS.c.stage == stage], each)
    ]
    rows.sort(key=lambda row: (row["moved"], row["project_id"]), reverse=True)
    return rows[:each]
