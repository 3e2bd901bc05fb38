"""Figures of projects: signed, started, rates, time in pools, funnels, and what is unknown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from features.errors import InputError
from features.tables.project_list import PATH, POOLS, SOURCES
from service.projects.requests import check_role
from service.projects.survival import stay

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping

    from service.access.keys import Caller
    from service.projects.frames import Counted
    from service.projects.projects import Projects
    from service.serving.interfaces import Document

GROUPS = ("zone", "unit", "source", "chain", "month")
NOTES = {
    "signed": "期内首次进入签约库的项目；后来终止的也计入。",
    "start_rate": "开工率 = 期内新签约且截至期末已开工的项目数 ÷ 期内新签约项目数。",
    "production_rate": "投产率 = 期内新签约且截至期末已投产的项目数 ÷ 期内新签约项目数。",
    "entered": "期内进入各库的项目，不论何时签约：签约、开工、投产不是同一批项目，不能相除。",
    "stays": "在库时长按 Kaplan–Meier 估计，仍在库的项目按截尾处理；搁置时间计入所在库。",
    "amount": "投资额为已知投资额之和（亿元），不详的另行计数。",
}
_UNKNOWN = "（不详）"


def figures(
    projects: Projects,
    caller: Caller,
    filters: Mapping[str, Any] | None = None,
    *,
    since: datetime.date | None = None,
    until: datetime.date | None = None,
    by: str = "zone",
) -> Document:
    """Return the figures of a period, as of its last day.

    Parameters
    ----------
    filters
        Any of zone_id, unit and source.
    since, until
        The first and the last day; from the beginning, and to today, by default.
    by
        Grouping of the funnel: zone, unit, source, chain, or month (of the first move).

    Raises
    ------
    InputError
        For a period that ends before it begins, or in the future; or an unknown grouping.
    ForbiddenError
        For a zone that the caller may not see.
    """
    check_role(caller)
    wanted, today = filters or {}, projects.clock()
    last = until or today
    if by not in GROUPS:
        raise _wrong("by", by, f"one of {', '.join(GROUPS)}")
    if last > today:
        raise _wrong("until", str(last), f"a day up to {today}")
    if since is not None and since > last:
        raise _wrong("since", str(since), f"a day up to {last}")
    if wanted.get("zone_id") is not None:
        caller.check_zone(wanted["zone_id"], "zone_id")
    rows, spells = _selected(projects.frames.counted(), caller, wanted, last)
    rows = _grouped(rows, projects, by)
    return {
        "since": since.isoformat() if since else None,
        "until": last.isoformat(),
        "by": by,
        **_rates(rows, since, last),
        "entered": {pool: _sums(rows.filter(_within(pool, since, last))) for pool in PATH},
        "stays": _stays(spells, last),
        "groups": [
            {"key": key, "name": _name(key, projects, by), **_funnel(own, since, last)}
            for key, own in sorted(
                ((key[0], own) for key, own in rows.partition_by("key", as_dict=True).items()),
                key=lambda item: (item[0] is None, str(item[0])),
            )
        ],
        "notes": NOTES,
    }


def _selected(
    counted: Counted, caller: Caller, filters: Mapping[str, Any], last: datetime.date
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return the projects that had started by a day, with the dates on which they reached pools."""
    projects = counted.projects
    if caller.zones is not None:
        projects = projects.filter(pl.col("zone_id").is_in(sorted(caller.zones)))
    for name in ("zone_id", "unit", "source"):
        if filters.get(name) is not None:
            projects = projects.filter(pl.col(name) == filters[name])
    days = [pl.when(pl.col(name) <= last).then(pl.col(name)) for name in (*PATH, "ended")]
    rows = projects.join(
        counted.reached.filter(pl.col("opened") <= last).with_columns(days), on="project_id"
    )
    spells = counted.spells.filter(pl.col("entered") <= last)
    if projects.height < counted.projects.height:
        spells = spells.join(rows.select("project_id"), on="project_id", how="semi")
    return rows, spells


def _grouped(rows: pl.DataFrame, projects: Projects, by: str) -> pl.DataFrame:
    if by == "month":
        key = pl.col("opened").dt.strftime("%Y-%m")
    elif by == "chain":
        ids = rows["need_id"].drop_nulls().unique()
        needs = {id_: projects.references.need(id_) for id_ in ids}
        chains = {id_: (need or {}).get("chain") for id_, need in needs.items()}
        of_need = pl.col("need_id").replace_strict(chains, default=None, return_dtype=pl.String)
        key = pl.coalesce(of_need, "industry")
    else:
        key = pl.col({"zone": "zone_id"}.get(by, by))
    return rows.with_columns(key=key)


def _rates(rows: pl.DataFrame, since: datetime.date | None, last: datetime.date) -> Document:
    signed = rows.filter(_within("signed", since, last))
    started = signed.filter(pl.col("construction").is_not_null())
    produced = signed.filter(pl.col("production").is_not_null())
    return {
        "signed": _sums(signed),
        "started": _sums(started),
        "start_rate": started.height / signed.height if signed.height else None,
        "produced": _sums(produced),
        "production_rate": produced.height / signed.height if signed.height else None,
    }


def _funnel(rows: pl.DataFrame, since: datetime.date | None, last: datetime.date) -> Document:
    """Return the funnel of a group of projects, and the rates of the period."""
    sums = _sums(rows)
    return {
        **sums,
        "reached": {pool: rows[pool].count() for pool in PATH},
        "ended": rows["ended"].count(),
        **_rates(rows, since, last),
    }


def _stays(spells: pl.DataFrame, last: datetime.date) -> Document:
    left = pl.col("left") <= last
    ends = pl.when(left).then(pl.col("left")).otherwise(pl.lit(last))
    days = spells.select(
        "pool",
        days=(ends - pl.col("entered")).dt.total_days(),
        left=left.fill_null(value=False),
    )
    found = {}
    for pool in PATH[:-1]:
        own = days.filter(pl.col("pool") == pool)
        found[pool] = stay(own["days"].to_numpy(), own["left"].to_numpy())
    return found


def _within(pool: str, since: datetime.date | None, last: datetime.date) -> pl.Expr:
    within = pl.col(pool) <= last
    return within if since is None else within & (pl.col(pool) >= since)


def _sums(rows: pl.DataFrame) -> Document:
    known = rows["amount"].count()
    return {
        "projects": rows.height,
        "amount": round(float(rows["amount"].sum()), 8) if known else None,
        "amount_unknown": rows.height - known,
    }


def _name(key: str | None, projects: Projects, by: str) -> str:
    if key is None:
        return _UNKNOWN
    if by == "zone":
        zone = projects.references.zone(key)
        return (zone and zone["name"]) or key
    if by == "source":
        return SOURCES[key].gloss if key in SOURCES else key
    return key


def pool_name(pool: str) -> str:
    """Return the Chinese name of a pool."""
    return POOLS[pool].gloss


def _wrong(field: str, got: str, expected: str) -> InputError:
    return InputError(
        f"{field}: got {got!r}, expected {expected}", field=field, got=got, expected=expected
    )
