"""All projects as frames for figures: read once, then updated with changes."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import sqlalchemy as sa

from features.tables.project_list import CLOSED, PATH, POOL_OF
from service.database.connection import versions
from service.database.project_store import stands
from service.database.schema import EVENTS, PROJECTS

if TYPE_CHECKING:
    from service.database.connection import Database

_COLUMNS = ("project_id", "zone_id", "unit", "source", "need_id", "industry", "amount", "stage")
_PROJECTS = pl.Schema(
    {name: pl.Float64 if name == "amount" else pl.String for name in _COLUMNS}
    | {"revision": pl.Int64}
)
_MOVES = pl.Schema(
    {"project_id": pl.String, "stage": pl.String, "number": pl.Int64, "date": pl.String}
)
_FEW = 500
"""Up to this many changed projects are looked up singly; beyond that all moves are scanned."""


class Counted(NamedTuple):
    """The data for figures.

    Attributes
    ----------
    projects : DataFrame
        One row per project: groupings, amount, stage.
    reached : DataFrame
        project_id; `opened`, its first day; for each pool of the path the first day that it was
        reached, null where it was not; `ended`, the day of its loss.
    spells : DataFrame
        project_id, pool, entered, left: each stay in a pool of the path; left is null for current
        ones.
    """

    projects: pl.DataFrame
    reached: pl.DataFrame
    spells: pl.DataFrame


class Frames:
    """Keeps the frames of a database up to date; thread-safe.

    Parameters
    ----------
    database
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._seen = ""
        nothing = pl.DataFrame(schema=_MOVES).with_columns(pl.col("date").cast(pl.Date))
        self._counted = Counted(pl.DataFrame(schema=_PROJECTS), *_counted(nothing))
        self._lock = threading.Lock()

    def counted(self) -> Counted:
        """Return the current frames."""
        with self._lock:
            found = self._database.read(self._changed, None)
            if found is not None:
                self._seen, projects, moves = found
                ids = projects["project_id"].implode()
                parts = (projects, *_counted(moves))
                kept = (f.filter(~pl.col("project_id").is_in(ids)) for f in self._counted)
                self._counted = Counted(
                    *(pl.concat([a, b]) for a, b in zip(kept, parts, strict=True))
                )
            return self._counted

    def _changed(self, connection: sa.Connection) -> tuple[str, pl.DataFrame, pl.DataFrame] | None:
        """Return the projects that have changed since the last call, with all their moves."""
        version = versions(connection).get("projects", "")
        if version == self._seen:
            return None
        last = self._counted.projects["revision"].max() or 0
        new = PROJECTS.c.revision > last
        asked = sa.select(*[PROJECTS.c[name] for name in _PROJECTS]).where(new)
        rows = [tuple(row) for row in connection.execute(asked)]
        ids = [row[0] for row in rows]
        few = len(ids) <= _FEW
        columns = [EVENTS.c.project_id, EVENTS.c.stage, EVENTS.c.number]
        # As text, which polars parses in bulk: the driver would parse each value.
        moves = sa.select(*columns, sa.cast(EVENTS.c.date, sa.Text)).where(
            EVENTS.c.project_id.in_(ids) if few else EVENTS.c.project_id.is_not(None),
            stands(),
        )
        read = [tuple(row) for row in connection.execute(moves).all()]
        return (
            version,
            pl.DataFrame(rows, schema=_PROJECTS, orient="row"),
            pl.DataFrame(read, schema=_MOVES, orient="row").with_columns(
                pl.col("date").str.to_date("%Y-%m-%d")
            ),
        )


def _counted(moves: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return `reached` and `spells` of moves, in any order.

    A skipped pool counts as reached with the jump. Pools before the first move do not, since their
    dates are unknown. A rest (停滞) is part of the stay in the previous pool.
    """
    steps = {stage: PATH.index(pool) for stage, pool in POOL_OF.items() if pool in PATH}
    project, step, date = pl.col("project_id"), pl.col("step"), pl.col("date")
    run = (
        moves.filter(pl.col("stage") != "stalled")
        .sort("project_id", "date", "number")
        .with_columns(
            step=pl.col("stage").replace_strict(steps, default=None, return_dtype=pl.Int8),
            first=project.ne_missing(project.shift(1)),
        )
    )
    reached = run.group_by("project_id").agg(
        opened=date.min(),
        **{
            pool: pl.when((step == at) | ((step > at) & ~pl.col("first"))).then(date).min()
            for at, pool in enumerate(PATH)
        },
        ended=pl.when(pl.col("stage").is_in(list(CLOSED))).then(date).max(),
    )
    turns = run.filter(pl.col("first") | step.ne_missing(step.shift(1)))
    spells = turns.with_columns(
        left=pl.when(project == project.shift(-1)).then(date.shift(-1))
    ).filter(step.is_not_null())
    pools = dict(enumerate(PATH))
    return reached, spells.select(
        "project_id",
        pool=step.replace_strict(pools, return_dtype=pl.String),
        entered="date",
        left="left",
    )
