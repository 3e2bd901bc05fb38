"""Import and export of lists of projects: Chinese headers, one row per project."""

from __future__ import annotations

import secrets
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from features.errors import LianzhaoError
from features.files.reading import read_rows
from features.imports.rejecting import failed_rules, surplus_fields
from features.tables.project_list import KNOWN_STAGES, POOL_OF, POOLS, PROJECTS, SOURCES
from features.tables.schema import LOADED, ROW, ROW_SCHEMAS
from features.values.parsing import parsed
from service.database.audit_log import of_command
from service.database.schema import PROJECTS as STORED
from service.projects.gated import with_gates
from service.projects.listing import conditions_of
from service.projects.moves import check_due, check_move
from service.projects.requests import no_project
from service.projects.values import (
    DESCRIPTION,
    REFERENCE,
    check_values,
    horizon,
    likeness,
    resolve_references,
    to_the_yuan,
)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping
    from pathlib import Path

    from service.access.keys import Caller
    from service.projects.projects import Projects

_SHOWN = 20


@dataclass
class ListReport:
    """The result of an import of a list of projects.

    Attributes
    ----------
    read, added, moved, changed, unchanged, rejected : int
        Numbers of rows. A moved one may also have been changed.
    warnings, problems : list of str
    """

    file: str
    read: int = 0
    added: int = 0
    moved: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    dry_run: bool = False
    warnings: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)


class _DryRunError(Exception):
    """Raised to roll back a transaction."""


def import_list(
    projects: Projects,
    path: Path,
    *,
    dated: datetime.date | None = None,
    source: str | None = None,
    confirmed: bool = False,
    dry_run: bool = False,
) -> ListReport:
    """Import a list of projects: new ones are created, known ones changed and moved.

    Known ones are identified by `project_id`, else by code, else by place, enterprise, project and
    industry together. Empty cells change nothing. All valid rows are written in one transaction.

    Parameters
    ----------
    dated
        The date of rows without one; by default today.
    source
        The source of rows without one.
    confirmed
        Accept unusual amounts.

    Raises
    ------
    InputError
        When the file cannot be read.
    """
    today = projects.clock()
    rows = read_rows(path, PROJECTS)
    frame = parsed(rows, PROJECTS, horizon(today))
    details = ROW_SCHEMAS[PROJECTS.name].filter(frame.lazy()).failure.details()
    wrong = pl.concat([surplus_fields(rows), failed_rules(PROJECTS, rows, details)])
    bad = set(wrong["row"])
    report = ListReport(str(path), dry_run=dry_run, warnings=list(rows.warnings))
    report.read = frame.height + len(rows.surplus)
    report.rejected = len(bad)
    for row in wrong.iter_rows(named=True):
        came = "is empty" if row["value"] is None else f"got {row['value']!r}"
        report.problems.append(
            f"row {row['row']}, {row['column']}: {came}, expected {row['expected']}"
        )
    good = [row for row in frame.iter_rows(named=True) if row[ROW] not in bad]
    names = LOADED[PROJECTS.name].column_names()
    done: Counter[str] = Counter()

    def work(connection: sa.Connection) -> None:
        done.clear()
        failed = []
        for row in good:
            values = to_the_yuan({name: row[name] for name in names})
            values["source"] = values["source"] or source
            done["undated"] += values["date"] is None
            values["date"] = values["date"] or dated or today
            try:
                with connection.begin_nested():
                    done.update(_taken_over(projects, connection, values, confirmed=confirmed))
            except LianzhaoError as error:
                failed.append(f"row {row[ROW]}, {error.message}")
        of_command(connection, "projects import", path.name)
        done["rejected"] = len(failed)
        failures[:] = failed
        if dry_run:
            raise _DryRunError

    failures: list[str] = []
    with suppress(_DryRunError):
        projects.database.write(work)
    report.rejected += done["rejected"]
    report.problems = (report.problems + failures)[:_SHOWN]
    for name in ("added", "moved", "changed", "unchanged"):
        setattr(report, name, done[name])
    if done["undated"]:
        day = dated or today
        report.warnings.append(
            f"date: {done['undated']} rows have none: what is new or has moved counts from {day}"
        )
    for count, what in (
        (done["no zone"], "no zone is known of the place: they are the city's"),
        (done["unknown"], "no enterprise of that name is in the pool: nothing is learnt from them"),
    ):
        if count:
            report.warnings.append(f"{count} rows: {what}")
    return report


def _taken_over(
    projects: Projects, connection: sa.Connection, values: dict[str, Any], *, confirmed: bool
) -> Counter[str]:
    """Write a row; return the result."""
    today, id_ = projects.clock(), values.pop("project_id")
    stage, day = values["stage"], values["date"]
    found = resolve_references(values, projects.references)
    check_values(connection, found, projects.rules, confirmed=confirmed)
    move = {
        "event_id": f"move-{secrets.token_hex(8)}",
        "stage": stage,
        "date": day,
        "reason": projects.rules.reason(values.get("reason")),
        "amount": values["amount"],
        "note": values["note"],
    }
    done = Counter({"no zone": found["zone_id"] is None, "unknown": found["enterprise_id"] is None})
    known = STORED.c.project_id == id_ if id_ else STORED.c.likeness == likeness(found)
    row = connection.execute(sa.select(STORED).where(known)).first()
    if row is None:
        if id_:
            raise no_project(id_)
        check_move(None, move, today)
        check_due(found["due"], day)
        projects.insert(connection, found, move, None)
        return done + Counter(added=1)
    before = row._asdict()
    named = (*REFERENCE, *DESCRIPTION)
    new = {n: before[n] if found[n] is None else found[n] for n in named}
    if changed := any(before[name] != value for name, value in new.items()):
        check_due(new["due"], before["since"])
        projects.update(connection, before, new)
    if moved := before["stage"] != stage:
        check_move(before, move, today)
        projects.append(connection, {**before, **new}, move, {"due": found["due"]}, None)
    return done + Counter(moved=moved, changed=changed, unchanged=not (moved or changed))


def listed(projects: Projects, filters: Mapping[str, Any], caller: Caller) -> pl.DataFrame:
    """Return the projects that a caller may see as a frame, one row per project, Chinese headers.

    It has the columns of an import, so that it can be imported again, and further ones for readers.
    """
    today = projects.clock()
    conditions = conditions_of(filters, caller, today)
    order = STORED.c.zone_id, STORED.c.stage, STORED.c.since, STORED.c.project_id

    def work(connection: sa.Connection) -> list[dict[str, Any]]:
        which = with_gates(connection, conditions, filters, projects.references, projects.rules)
        asked = sa.select(STORED).where(*which).order_by(*order)
        return [row._asdict() for row in connection.execute(asked)]

    nothing: list[dict[str, Any]] = []
    rows = projects.database.read(work, nothing)
    return pl.DataFrame([_listed(row, projects, today) for row in rows], schema=_SCHEMA)


def _listed(row: Mapping[str, Any], projects: Projects, today: datetime.date) -> dict[str, Any]:
    zone = projects.references.zone(row["zone_id"]) if row["zone_id"] else None
    source = SOURCES.get(row["source"] or "")
    pool = POOL_OF.get(row["stage"])
    return {
        **{PROJECTS.column(name).gloss: row[name] for name in _AS_STORED},
        "所在开发区": zone["name"] if zone else None,
        PROJECTS.column("stage").gloss: KNOWN_STAGES[row["stage"]].gloss,
        PROJECTS.column("date").gloss: row["since"],
        PROJECTS.column("source").gloss: source.gloss if source else row["source"],
        "项目库": POOLS[pool].gloss if pool else None,
        "在库天数": (today - row["since"]).days,
    }


_AS_STORED = (
    *("project_id", "code", "project", "enterprise", "enterprise_id", "place", "zone_id"),
    *(
        "need_id",
        "industry",
        "amount",
        "unit",
        "handler",
        "due",
        "production_site",
        "research_site",
        "note",
    ),
)
_ORDER = (
    *("code", "project", "enterprise", "place", "industry", "stage", "date", "amount", "unit"),
    *("handler", "due", "source", "production_site", "research_site", "note"),
    *("enterprise_id", "zone_id", "need_id", "project_id"),
)
_TYPES = {"date": pl.Date, "due": pl.Date, "amount": pl.Float64}
_SCHEMA = pl.Schema(
    {PROJECTS.column(name).gloss: _TYPES.get(name, pl.String) for name in _ORDER}
    | {"所在开发区": pl.String, "项目库": pl.String, "在库天数": pl.Int64}
)
