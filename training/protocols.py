"""The five protocols: what is hidden, what is left to learn from, and who is then asked for.

Each one turns the tables of a workspace into tasks. A task holds the tables as they would have
been without what is hidden, so that whatever is fitted on them cannot have seen it.

======================  ==========================================================================
cold-need               whole needs are hidden, with all that is known of them
cold-enterprise         all judgements and events of whole enterprises are hidden
warm                    single pairs are hidden whose need and enterprise keep another one
time                    everything from a date on is hidden
leave-zone-out          whole zones are hidden, with all their needs
======================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from features.errors import InputError
from features.vocabulary import WON
from training.metrics import MIN_RELEVANT
from training.splits import held_pairs, parts
from training.tasks import Split, Tables, digest, grouped, relevant_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import date

    from training.fitting import TrainingData
    from training.tasks import Task

FOLDS = 5
_DEFAULT_TIME_SHARE = 0.8


def split(
    protocol: str,
    data: TrainingData,
    *,
    today: date,
    seed: int = 0,
    since: date | None = None,
) -> Split:
    """Return the tasks of a protocol.

    Parameters
    ----------
    protocol : str
        One of `PROTOCOLS`.
    data : TrainingData
        Everything known.
    today : date
        What ages are counted to (for `time` it is `since`).
    seed : int
        The same data and seed give the same tasks.
    since : date, optional
        For `time`: the first day that is hidden. By default the day from which on a fifth of the
        signed events lie.

    Raises
    ------
    InputError
        When the data do not have what the protocol hides.
    """
    if data.enterprises.is_empty() or data.needs.is_empty():
        missing = "enterprises" if data.enterprises.is_empty() else "needs"
        raise _impossible(
            protocol, f"the workspace holds no {missing}", f"lianzhao import {missing}"
        )
    tables = Tables(data, today, seed)
    day = since
    if protocol == "time":
        day = since or default_date(data)
        tasks = list(_time(tables, day))
    else:
        tasks = list(_FOLDED[protocol](tables))
    asked = [question for task in tasks for question in task.questions]
    if not any(question.relevant.any() for question in asked):
        raise _impossible(
            protocol,
            "not one hidden pair has an enterprise that is a candidate "
            f"({len(asked)} needs asked for)",
            "more judgements or events",
        )
    tables.counts["tasks"] = len(tasks)
    return Split(protocol, tuple(tasks), dict(tables.counts), digest(tasks), seed, day)


def default_date(data: TrainingData) -> date:
    """Return the day from which on a fifth of the signed events lie."""
    dates = data.events.filter(pl.col("stage").is_in(WON))["date"].drop_nulls().sort()
    if dates.is_empty():
        raise _impossible("time", "there is no event of a stage of signed or later", "events")
    found: date = dates[int(_DEFAULT_TIME_SHARE * len(dates))]
    return found


def _cold_need(tables: Tables) -> Iterable[Task]:
    groups = grouped(tables.pairs)
    usable = [need_id for need_id, relevant in groups.items() if len(relevant) >= MIN_RELEVANT]
    tables.counts["needs_never_hidden"] = tables.data.needs.height - len(usable)
    _enough("cold-need", len(usable), "needs with two relevant enterprises")
    for fold, part in enumerate(parts(len(usable), FOLDS, tables.seed)):
        held = [usable[at] for at in part.tolist()]
        data = _without(tables.data, pl.col("need_id").is_in(held), needs=True)
        hidden = tables.pairs.filter(pl.col("need_id").is_in(held))
        yield tables.task(fold, data, hidden, unjudged_only=True)


def _cold_enterprise(tables: Tables) -> Iterable[Task]:
    data = tables.data
    named = pl.concat([data.judgements["enterprise_id"], data.events["enterprise_id"]]).unique()
    pool = data.enterprises["enterprise_id"]
    ids = named.filter(named.is_in(pool.implode())).sort().to_list()
    _enough("cold-enterprise", len(ids), "enterprises with a judgement or an event")
    for fold, part in enumerate(parts(len(ids), FOLDS, tables.seed)):
        held = [ids[at] for at in part.tolist()]
        gone = pl.col("enterprise_id").is_in(held)
        yield tables.task(fold, _without(data, gone), tables.pairs.filter(gone), unjudged_only=True)


def _warm(tables: Tables) -> Iterable[Task]:
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
            name: getattr(tables.data, name).join(
                hidden, on=["need_id", "enterprise_id"], how="anti", maintain_order="left"
            )
            for name in ("judgements", "events")
        }
        data = replace(tables.data, **left)
        yield tables.task(fold, data, hidden, unjudged_only=False, without_own=True)


def _time(tables: Tables, since: date) -> Iterable[Task]:
    data = tables.data
    early = data.events.filter(pl.col("date") < since)
    late = data.events.filter(pl.col("date") >= since)
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
    tables.counts["newcomers"] = data.enterprises.height - left.height
    tables.counts["events_learnt_from"] = early.height
    tables.counts["events_hidden"] = late.height
    hidden = relevant_pairs(replace(data, judgements=data.judgements.clear(), events=late))
    tables.today = since
    yield tables.task(0, replace(data, enterprises=left, events=early), hidden, unjudged_only=False)


def _leave_zone_out(tables: Tables) -> Iterable[Task]:
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
        yield tables.task(fold, replace(left, events=events), hidden, unjudged_only=False)


_FOLDED: Mapping[str, Callable[[Tables], Iterable[Task]]] = {
    "cold-need": _cold_need,
    "cold-enterprise": _cold_enterprise,
    "warm": _warm,
    "leave-zone-out": _leave_zone_out,
}
PROTOCOLS = ("cold-need", "cold-enterprise", "warm", "time", "leave-zone-out")


def _without(data: TrainingData, gone: pl.Expr, *, needs: bool = False) -> TrainingData:
    """Return the data without the judgements and events (and needs) that an expression selects."""
    names = ("judgements", "events", *(("needs",) if needs else ()))
    kept = ~gone.fill_null(value=False)
    return replace(data, **{name: getattr(data, name).filter(kept) for name in names})


def _enough(protocol: str, there: int, what: str) -> None:
    if there < FOLDS:
        raise _impossible(
            protocol, f"it takes at least {FOLDS} {what}, there are {there}", "more of them"
        )


def _impossible(protocol: str, why: str, expected: str) -> InputError:
    return InputError(
        f"{protocol} cannot be run on this workspace: {why}; it would take: {expected}",
        field="protocol",
        got=protocol,
        expected=expected,
    )
