"""The protocols of evaluation: what is hidden, what is left to learn from, and what is asked.

Each one turns the tables of a workspace into tasks. A task has the tables without what is hidden,
so that nothing fitted on them can have used it.

======================  ==========================================================================
cold-need               whole needs are hidden, with all that is known of them
cold-enterprise         all judgements and events of whole enterprises are hidden
warm                    single pairs are hidden whose need and enterprise keep another one
time                    everything from a date on is hidden, at several such dates in turn
leave-zone-out          whole zones are hidden, with all their needs
phrases                 all needs with graded judgements are hidden together; gains 2^grade - 1
prose                   all judged needs are hidden together; a grade of 1 or more is a member
======================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.errors import InputError
from features.vocabulary import WON
from training.splits import (
    FOLDS,
    YEARS_JUDGED,
    Cut,
    held_pairs,
    need_folds,
    parts,
    without_pairs,
)
from training.tasks import Split, Tables, digest, grouped, relevant_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence

    from training.data import TrainingData
    from training.tasks import EvaluationTask

CUTS = 6
_DEFAULT_TIME_SHARE = 0.8


def split(
    protocol: str,
    data: TrainingData,
    *,
    today: date,
    seed: int = 0,
    since: date | None = None,
    asked: Collection[str] | None = None,
) -> Split:
    """Return the tasks of a protocol.

    Parameters
    ----------
    protocol : str
        One of `PROTOCOLS`.
    data : TrainingData
        All data.
    today : date
        The day at which ages are computed (for `time` it is `since`).
    seed : int
        The same data and seed give the same tasks.
    since : date, optional
        For `time`: the first hidden day. By default several in turn, see `rolling_dates`, or else
        the day from which on the last fifth of the signed events lies.
    asked : collection of str, optional
        For `phrases` and `prose`: the needs to ask for; by default all with such judgements.

    Raises
    ------
    InputError
        When the data lack what the protocol hides.
    """
    if data.enterprises.is_empty() or data.needs.is_empty():
        missing = "enterprises" if data.enterprises.is_empty() else "needs"
        raise _impossible(
            protocol, f"the workspace holds no {missing}", f"lianzhao import {missing}"
        )
    tables = Tables(data, today, seed)
    days: Sequence[date] = ()
    if protocol == "time":
        days = (since,) if since else rolling_dates(data) or (default_date(data),)
        tasks = [_time(tables, fold, day) for fold, day in enumerate(days)]
        if len(tasks) > 1:  # a cut after which only newcomers signed shows nothing
            tasks = [task for task in tasks if any(q.relevant.any() for q in task.questions)]
            days = [task.as_of for task in tasks]
    elif protocol in JUDGED_PROTOCOLS:
        tasks = [_judged(protocol, tables, asked)]
    else:
        tasks = list(_FOLDED[protocol](tables))
    questions = [question for task in tasks for question in task.questions]
    if not any(question.relevant.any() for question in questions):
        raise _impossible(
            protocol,
            "not one hidden pair has an enterprise that is a candidate "
            f"({len(questions)} needs asked for)",
            "more judgements or events",
        )
    tables.counts["tasks"] = len(tasks)
    return Split(protocol, tuple(tasks), dict(tables.counts), digest(tasks), seed, tuple(days))


def rolling_dates(data: TrainingData) -> tuple[date, ...]:
    """Return the first days of up to six years with deals before it and in the two years from it.

    The latest is the year before the last with a signed event; empty with fewer than two.
    """
    signed = data.events.filter(pl.col("stage").is_in(WON))["date"].drop_nulls()
    years = set(signed.dt.year().to_list())
    if not years:
        return ()
    latest = max(years) - YEARS_JUDGED + 1
    found = [
        date(year, 1, 1)
        for year in range(latest - CUTS + 1, latest + 1)
        if min(years) < year and years & set(range(year, year + YEARS_JUDGED))
    ]
    return tuple(found) if len(found) > 1 else ()


def default_date(data: TrainingData) -> date:
    """Return the day from which on the last fifth of the signed events lies."""
    dates = data.events.filter(pl.col("stage").is_in(WON))["date"].drop_nulls().sort()
    if dates.is_empty():
        raise _impossible("time", "there is no event of a stage of signed or later", "events")
    found: date = dates[int(_DEFAULT_TIME_SHARE * len(dates))]
    return found


def _cold_need(tables: Tables) -> Iterable[EvaluationTask]:
    groups = grouped(tables.pairs)
    sizes = np.array([len(relevant) for relevant in groups.values()], dtype=np.intp)
    folds = need_folds(sizes, tables.seed, least=0)
    usable, ids = sum(len(rows) for rows in folds), list(groups)
    tables.counts["needs_never_hidden"] = tables.data.needs.height - usable
    _enough("cold-need", usable, "needs with two relevant enterprises")
    for fold, rows in enumerate(folds):
        held = [ids[row] for row in rows.tolist()]
        data = _without(tables.data, pl.col("need_id").is_in(held), needs=True)
        hidden = tables.pairs.filter(pl.col("need_id").is_in(held))
        yield tables.task(fold, data, hidden, unjudged_only=True, whole_pool=True)


def _judged(protocol: str, tables: Tables, asked: Collection[str] | None) -> EvaluationTask:
    """Hide all labels of the judged needs, and ask for the judged enterprises."""
    data = tables.data
    graded = data.judgements
    if protocol == "phrases":
        graded = graded.filter((pl.col("grade") != 1).any().over("need_id"))
    needs = graded["need_id"].unique()
    if asked is not None:
        needs = needs.filter(needs.is_in(list(asked)))
    gone = pl.col("need_id").is_in(needs.implode())
    hidden = relevant_pairs(replace(data, events=data.events.clear())).filter(gone)
    if hidden.is_empty():
        graded_too = ", and one of another grade than 1" if protocol == "phrases" else ""
        raise _impossible(
            protocol,
            f"there is no need with a judgement of 1 or more{graded_too}",
            "lianzhao import judgements, or --needs and --judgements",
        )
    kept = _without(data, gone, needs=True)
    return tables.task(0, kept, hidden, graded=protocol == "phrases")


def _cold_enterprise(tables: Tables) -> Iterable[EvaluationTask]:
    data = tables.data
    named = pl.concat([data.judgements["enterprise_id"], data.events["enterprise_id"]]).unique()
    pool = data.enterprises["enterprise_id"]
    ids = named.filter(named.is_in(pool.implode())).sort().to_list()
    _enough("cold-enterprise", len(ids), "enterprises with a judgement or an event")
    for fold, part in enumerate(parts(len(ids), FOLDS, tables.seed)):
        held = [ids[at] for at in part.tolist()]
        gone = pl.col("enterprise_id").is_in(held)
        yield tables.task(fold, _without(data, gone), tables.pairs.filter(gone), unjudged_only=True)


def _warm(tables: Tables) -> Iterable[EvaluationTask]:
    pairs = tables.pairs
    needs, enterprises = (
        pairs[name].rank("dense").cast(pl.Int64).to_numpy() - 1
        for name in ("need_id", "enterprise_id")
    )
    folds = held_pairs(needs, enterprises, FOLDS, tables.seed)
    held = sum(len(fold) for fold in folds)
    tables.counts["pairs_never_hidden"] = pairs.height - held
    _enough("warm", held, "relevant pairs whose need and whose enterprise have another one")
    for fold, part in enumerate(folds):
        hidden = pairs[part]
        left = {
            name: without_pairs(getattr(tables.data, name), hidden)
            for name in ("judgements", "events")
        }
        data = replace(tables.data, **left)
        yield tables.task(fold, data, hidden, without_own=True)


def _time(tables: Tables, fold: int, since: date) -> EvaluationTask:
    data = tables.data
    cut = Cut(since)
    early, late = cut.before(data.events), cut.after(data.events)
    relevant = pl.col("stage").is_in(WON)
    for name, events in (("before", early), ("from", late)):
        if events.filter(relevant).is_empty():
            raise _impossible(
                "time",
                f"there is no event of a stage of signed or later {name} {since}",
                "another --date, or more events",
            )
    first = data.events.group_by("enterprise_id").agg(first=pl.col("date").min())
    there = data.enterprises.join(first, on="enterprise_id", how="left").filter(
        (pl.col("first") < since)
        | (pl.col("first").is_null() & (pl.col("founded").is_null() | (pl.col("founded") < since)))
    )
    left = data.enterprises.join(there, on="enterprise_id", how="semi", maintain_order="left")
    tables.counts["newcomers"] += data.enterprises.height - left.height
    tables.counts["events_learnt_from"] += early.height
    tables.counts["events_hidden"] += late.height
    hidden = relevant_pairs(replace(data, judgements=data.judgements.clear(), events=late))
    tables.today = since
    return tables.task(fold, replace(data, enterprises=left, events=early), hidden)


def _leave_zone_out(tables: Tables) -> Iterable[EvaluationTask]:
    data = tables.data
    pairs = tables.pairs.join(data.needs.select("need_id", "zone_id"), on="need_id", how="left")
    zones = pairs["zone_id"].drop_nulls().unique().sort().to_list()
    tables.counts["relevant_pairs_without_a_zone"] = pairs["zone_id"].null_count()
    _enough("leave-zone-out", len(zones), "zones with a relevant pair")
    for fold, part in enumerate(parts(len(zones), FOLDS, tables.seed)):
        held = [zones[at] for at in part.tolist()]
        needs = data.needs.filter(pl.col("zone_id").is_in(held))["need_id"].implode()
        left = _without(data, pl.col("need_id").is_in(needs), needs=True)
        events = left.events.filter(~pl.col("zone_id").is_in(held).fill_null(value=False))
        hidden = tables.pairs.filter(pl.col("need_id").is_in(needs))
        yield tables.task(fold, replace(left, events=events), hidden)


_FOLDED: Mapping[str, Callable[[Tables], Iterable[EvaluationTask]]] = {
    "cold-need": _cold_need,
    "cold-enterprise": _cold_enterprise,
    "warm": _warm,
    "leave-zone-out": _leave_zone_out,
}
JUDGED_PROTOCOLS = ("phrases", "prose")
PROTOCOLS = ("cold-need", "cold-enterprise", "warm", "time", "leave-zone-out", *JUDGED_PROTOCOLS)


def _without(data: TrainingData, gone: pl.Expr, *, needs: bool = False) -> TrainingData:
    """Return the data without the judgements and events (and needs) selected by an expression."""
    names = ("judgements", "events", *(("needs",) if needs else ()))
    kept = ~gone.fill_null(value=False)
    return replace(data, **{name: getattr(data, name).filter(kept) for name in names})


def _enough(protocol: str, there: int, what: str) -> None:
    if there < FOLDS:
        raise _impossible(
            protocol, f"at least {FOLDS} {what} are required, got {there}", "more of them"
        )


def _impossible(protocol: str, why: str, expected: str) -> InputError:
    return InputError(
        f"{protocol} cannot be run on this workspace: {why}; expected: {expected}",
        field="protocol",
        got=protocol,
        expected=expected,
    )
