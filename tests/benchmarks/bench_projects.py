"""A board of a zone and the figures of a city over 100,000 projects with a million moves."""

from __future__ import annotations

import itertools
import tempfile
import time
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import sqlalchemy as sa

from features.tables.schema import SCHEMAS
from features.workspace import Workspace
from service.access.keys import Caller
from service.database.connection import Database, renew, utc_now
from service.database.event_log import EventLog
from service.database.project_store import NAMES, stage_after
from service.database.schema import EVENTS, PROJECTS
from service.projects.figures import figures
from service.projects.projects import Projects
from tests.benchmarks.report import progress, report
from tests.faults.servers import Postgres

if TYPE_CHECKING:
    from collections.abc import Callable

_PROJECTS, _MOVES, _ZONES = 100_000, 10, 13
_CHUNK = 20_000
TODAY = date(2026, 6, 30)
_STAGES = ("lead", "contacted", "lead", "contacted", "negotiation", "signed", "construction")
_CITY = Caller("c", "analyst")


def fill(projects: Projects, count: int = _PROJECTS, moves: int = _MOVES) -> None:
    """Write projects with their moves straight into the tables: made up, by a fixed seed."""
    random = np.random.default_rng(0)
    reach = random.integers(1, len(_STAGES) + 1, count)
    amounts = np.round(random.lognormal(0, 1, count), 2)
    begins = random.integers(0, 700, count)
    number = 0
    for start in range(0, count, _CHUNK):
        rows, events = [], []
        for at in range(start, min(start + _CHUNK, count)):
            day = TODAY - timedelta(days=int(begins[at]) + 30)
            zone = f"z{at % _ZONES}"
            run = []
            for step in range(moves):
                stage = _STAGES[min(step, int(reach[at]) - 1)]
                day = min(day + timedelta(days=3), TODAY)
                number += 1
                run.append({"stage": stage, "date": day})
                events.append(
                    {
                        "event_id": f"m{number}",
                        "enterprise_id": f"e{at}",
                        "project_id": f"p{at}",
                        "zone_id": zone,
                        "recorded_at": utc_now(),
                        "number": number,
                        **run[-1],
                    }
                )
            rows.append(
                {
                    **dict.fromkeys(NAMES),
                    "project_id": f"p{at}",
                    "enterprise_id": f"e{at}",
                    "enterprise": f"企业{at}有限公司",
                    "zone_id": zone,
                    "industry": f"产业{at % 12}",
                    "unit": f"单位{at % 40}" if at % 5 else None,
                    "amount": float(amounts[at]) if at % 3 else None,
                    "due": TODAY + timedelta(days=at % 60 - 20) if at % 2 else None,
                    **stage_after(run),
                    "version": 1,
                    "revision": at + 1,
                    "created_at": utc_now(),
                }
            )

        def work(connection: sa.Connection, rows: Any = rows, events: Any = events) -> None:
            connection.execute(sa.insert(PROJECTS), rows)
            connection.execute(sa.insert(EVENTS), events)
            renew(connection, "projects")
            renew(connection, "events")

        projects.database.write(work)


def fill_enterprises(home: Path, count: int = _PROJECTS) -> None:
    """Write the enterprises of the projects, a third of them without an industry code."""
    codes = ("3110", "1431", None)
    made = pl.DataFrame(
        {
            "enterprise_id": [f"e{at}" for at in range(count)],
            "name": [f"企业{at}有限公司" for at in range(count)],
            "industry_code": [codes[at % 3] for at in range(count)],
        }
    )
    empty = SCHEMAS["enterprises"].create_empty()
    Workspace(home).commit({"enterprises": pl.concat([empty, made], how="diagonal")})


def bench(home: Path, url: str | None, name: str) -> None:
    """Measure on one database."""
    database = Database(home, url)
    projects = Projects(Workspace(home, EventLog(database)), database, lambda: TODAY)
    progress(f"{name}: {_PROJECTS} projects with {_MOVES} moves each, of as many enterprises")
    fill_enterprises(home)
    fill(projects)
    zone = Caller("z", "official", frozenset({"z1"}))
    stages = itertools.cycle(("contacted", "negotiation"))

    def moved() -> None:
        projects.move("p7", {"stage": next(stages)})

    def counted() -> None:
        figures(projects, _CITY)

    def both() -> None:
        moved()
        counted()

    for figure, work, times, target in (
        ("board_of_a_zone", lambda: projects.board({}, zone), 7, "≤ 50"),
        ("page_of_a_zone", lambda: projects.page({}, zone), 7, "≤ 50"),
        ("board_of_a_zone_by_gate", lambda: projects.board({"gate": ["energy"]}, zone), 7, "≤ 50"),
        ("board_of_the_city_by_gate", lambda: projects.board({"gate": ["energy"]}, _CITY), 7, None),
        ("board_of_the_city", lambda: projects.board({}, _CITY), 7, None),
        ("figures_first", counted, 1, None),
        ("figures_of_the_city", counted, 7, "≤ 300"),
        ("move", moved, 7, None),
        ("move_and_figures", both, 7, "≤ 300"),
    ):
        taken, busy = _medians(work, times)
        report(f"projects_{figure}_{name}", taken, "ms", target=target, processor=round(busy, 1))
    database.close()


def _medians(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the median of milliseconds, and of those of this process's processor time."""
    took = []
    for _ in range(times):
        begin = time.perf_counter(), time.process_time()
        work()
        took.append((time.perf_counter() - begin[0], time.process_time() - begin[1]))
    taken, busy = 1000 * np.median(took, axis=0)
    return float(taken), float(busy)


def run(_: object) -> None:
    """Measure on SQLite, and on PostgreSQL where it is installed."""
    with tempfile.TemporaryDirectory() as folder:
        bench(Path(folder), None, "sqlite")
    try:
        server = Postgres()
    except FileNotFoundError as reason:
        progress(f"PostgreSQL skipped: {reason}")
        return
    try:
        with tempfile.TemporaryDirectory() as folder:
            bench(Path(folder), server.fresh(), "postgresql")
    finally:
        server.remove()
