"""Rows of projects in the database, within the caller's transaction."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features.tables.project_list import CLOSED, POOLS, WITHDRAWN
from service.database.connection import renew
from service.database.schema import EVENTS, PROJECTS, RETRACTIONS

if TYPE_CHECKING:
    import datetime
    from collections.abc import Collection, Mapping, Sequence

NAMES = tuple(str(column.name) for column in PROJECTS.columns)
_OPEN = [stage for pool in POOLS.values() for stage in pool.stages if stage not in CLOSED]


def insert(connection: sa.Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Add projects, each as version 1 with the next revision."""
    first = _next_revision(connection)
    numbered = [{**row, "version": 1, "revision": first + at} for at, row in enumerate(rows)]
    connection.execute(sa.insert(PROJECTS), numbered)


def update(connection: sa.Connection, project_id: str, values: Mapping[str, Any]) -> None:
    """Change a project: version + 1, with the next revision."""
    revision = _next_revision(connection)
    changed = sa.update(PROJECTS).where(PROJECTS.c.project_id == project_id)
    version = PROJECTS.c.version + 1
    connection.execute(changed.values({**values, "version": version, "revision": revision}))


def find(
    connection: sa.Connection, project_id: str, zones: Collection[str] | None, *, lock: bool = False
) -> dict[str, Any] | None:
    """Return a project that a caller of these zones may see; None for any other id.

    Parameters
    ----------
    zones
        None for all. Part of the query, so that a project of another zone takes as long as a
        missing one.
    lock
        Lock the row until this transaction ends (SQLite locks anyway).
    """
    asked = sa.select(PROJECTS).where(PROJECTS.c.project_id == project_id, *within(zones))
    found = connection.execute(asked.with_for_update() if lock else asked).first()
    return None if found is None else found._asdict()


def within(zones: Collection[str] | None) -> list[sa.ColumnElement[bool]]:
    """Return the condition that a project belongs to one of these zones; no condition for None."""
    if zones is None:
        return []
    own = sorted(zones)
    # For one zone the index yields the rows in the wanted order.
    return [PROJECTS.c.zone_id == own[0] if len(own) == 1 else PROJECTS.c.zone_id.in_(own)]


def among(
    connection: sa.Connection, column: sa.ColumnElement[Any], values: Sequence[str]
) -> sa.ColumnElement[bool]:
    """Return the condition that a column has one of these values, however many they are.

    They go as one JSON text, since a database takes only so many parameters.
    """
    text = json.dumps(list(values))
    if connection.dialect.name == "sqlite":
        taken = sa.func.json_each(text)
    else:
        taken = sa.func.json_array_elements_text(sa.cast(sa.cast(text, sa.Text), sa.JSON))
    return column.in_(sa.select(taken.table_valued("value").c.value))


def moves(connection: sa.Connection, project_id: str) -> list[dict[str, Any]]:
    """Return the moves of a project that are not retracted, oldest first."""
    asked = (
        sa.select(EVENTS)
        .where(EVENTS.c.project_id == project_id, stands())
        .order_by(EVENTS.c.date, EVENTS.c.number)
    )
    return [row._asdict() for row in connection.execute(asked)]


def settle(connection: sa.Connection, project_id: str) -> None:
    """Set the stage of a project from its current moves."""
    run = moves(connection, project_id)
    update(connection, project_id, stage_after(run))


def stage_after(run: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return stage, since and moved after these moves, oldest first; withdrawn without any."""
    if not run:
        return {"stage": WITHDRAWN}
    since = run[-1]["date"]
    for move in reversed(run):
        if move["stage"] != run[-1]["stage"]:
            break
        since = move["date"]
    return {"stage": run[-1]["stage"], "since": since, "moved": run[-1]["date"]}


def part_from(connection: sa.Connection, column: str, id_: str) -> None:
    """Clear a removed enterprise or need in projects."""
    of_it = PROJECTS.c[column] == id_
    for project_id in connection.execute(sa.select(PROJECTS.c.project_id).where(of_it)).scalars():
        update(connection, project_id, {column: None})


def join_moves(connection: sa.Connection, project_id: str, values: Mapping[str, Any]) -> None:
    """Copy the enterprise, need and zone of a project to its moves."""
    rewrite(connection, EVENTS.c.project_id == project_id, values)
    renew(connection, "events")
    renew(connection, "rewritten")


def rewrite(
    connection: sa.Connection, which: sa.ColumnElement[bool], values: Mapping[str, Any]
) -> None:
    """Set another enterprise, need or zone for moves; retracted ones stay retracted."""
    about = {n: value or "" for n, value in values.items() if n in ("need_id", "zone_id")}
    if about:
        ids = sa.select(EVENTS.c.event_id).where(which)
        taken = sa.update(RETRACTIONS).where(RETRACTIONS.c.event_id.in_(ids))
        connection.execute(taken.values(about))
    connection.execute(sa.update(EVENTS).where(which).values(dict(values)))


def pools(
    connection: sa.Connection, conditions: Sequence[sa.ColumnElement[bool]], today: datetime.date
) -> list[dict[str, Any]]:
    """Return the sums of each stage: projects, known amounts, and deadlines that have passed."""
    late = PROJECTS.c.due.is_not(None) & (PROJECTS.c.due < today) & PROJECTS.c.stage.in_(_OPEN)
    asked = (
        sa.select(
            PROJECTS.c.stage,
            sa.func.count().label("projects"),
            sa.func.sum(PROJECTS.c.amount).label("amount"),
            sa.func.count(PROJECTS.c.amount).label("amounts_known"),
            sa.func.sum(sa.case((late, 1), else_=0)).label("late"),
        )
        .where(*conditions)
        .group_by(PROJECTS.c.stage)
    )
    return [row._asdict() for row in connection.execute(asked)]


def page(
    connection: sa.Connection,
    conditions: Sequence[sa.ColumnElement[bool]],
    limit: int,
    offset: int = 0,
) -> list[dict[str, Any]]:
    """Return projects, the most recently moved first."""
    asked = (
        sa.select(PROJECTS)
        .where(*conditions)
        .order_by(PROJECTS.c.moved.desc(), PROJECTS.c.project_id.desc())
        .limit(limit)
        .offset(offset)
    )
    return [row._asdict() for row in connection.execute(asked)]


def usual_amount(connection: sa.Connection, least: int) -> float | None:
    """Return the median of the known amounts; None if there are fewer than `least`."""
    known = PROJECTS.c.amount.is_not(None) & (PROJECTS.c.amount > 0)
    counted = sa.select(sa.func.count()).select_from(PROJECTS).where(known)
    count = connection.execute(counted).scalar_one()
    if count < least:
        return None
    amounts = sa.select(PROJECTS.c.amount).where(known).order_by(PROJECTS.c.amount)
    return float(connection.execute(amounts.offset(count // 2).limit(1)).scalar_one())


def stands() -> sa.ColumnElement[bool]:
    """Return the condition that an event is not retracted, see `features.storage.retractions`."""
    need_id, zone_id = RETRACTIONS.c.need_id, RETRACTIONS.c.zone_id
    about = sa.func.coalesce(EVENTS.c.need_id, ""), sa.func.coalesce(EVENTS.c.zone_id, "")
    anywhere = (need_id == "") & (zone_id == "")
    same = (need_id == about[0]) & (zone_id == about[1])
    of_it = sa.select(RETRACTIONS.c.event_id).where(
        RETRACTIONS.c.event_id == EVENTS.c.event_id, anywhere | same
    )
    return ~of_it.exists()


def _next_revision(connection: sa.Connection) -> int:
    # First, so that other writers wait: revisions are then given in the order of the commits.
    renew(connection, "projects")
    last = connection.execute(sa.select(sa.func.max(PROJECTS.c.revision))).scalar()
    return int(last or 0) + 1
