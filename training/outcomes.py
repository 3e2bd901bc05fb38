"""Outcomes of pairs of need and enterprise, from dated events weighted by age.

The last decided event of a pair counts: a project that signed after a refusal was won, one lost
after a signature was lost. An established enterprise counts for a need like a signed one, but was
not pursued as a lead: it is no outcome, and not relevant in metrics. Open or stalled leads are
censored: neither for nor against. Being listed or contacted is the office's own action and no
information; a negotiation shows interest.

The weight of an event halves every `models.factors.deal_counts.HALF_LIFE` years: ten, as for
the history of deals, where figures measured on later deals hardly differ from 6 to 20 years.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.vocabulary import ENDINGS, REFUSED, STAGES, WON
from models.factors.deal_counts import HALF_LIFE

if TYPE_CHECKING:
    from datetime import date

FOR, AGAINST = 1.0, -0.5
"""The gain of each stage for a pair. A refusal may be due to terms or timing, and therefore counts
half (an assumption); an enterprise that was never contacted counts 0."""

STAGE_GAINS = {
    "established": FOR,
    "lead": 0.0,
    "contacted": 0.0,
    "negotiation": 0.4,
    "signed": FOR,
    "construction": FOR,
    "production": FOR,
    "declined": AGAINST,
    "lost": AGAINST,
    "stalled": 0.0,
}
"""The target of learning at each stage. Progress of a signed project shows its age, not how well it
suits."""

_DECIDED = ("established", *WON, *REFUSED)
_PAIR = ("need_id", "enterprise_id")
_ORDER = {stage: at for at, stage in enumerate((*STAGES, *ENDINGS))}
_DAYS_A_YEAR = 365.25


def credible(
    events: pl.DataFrame, enterprises: pl.DataFrame, *, as_of: date
) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Return the plausible events, and notes on the others.

    Events after `as_of`, and before the founding of their enterprise, are left out. A date given as
    a year or a month is stored as its first day, and counts as its last day here.
    """
    day, founded = pl.col("date"), pl.col("founded")
    latest = (
        pl.when((day.dt.month() == 1) & (day.dt.day() == 1))
        .then(day.dt.offset_by("1y") - pl.duration(days=1))
        .when(day.dt.day() == 1)
        .then(day.dt.month_end())
        .otherwise(day)
    )
    seen = events.join(
        enterprises.select("enterprise_id", "founded"),
        on="enterprise_id",
        how="left",
        maintain_order="left",
    ).select(
        future=(day > as_of).fill_null(value=False),
        early=(latest < founded).fill_null(value=False),
    )
    future, early = seen["future"], seen["early"] & ~seen["future"]
    notes = []
    if future.any():
        notes.append(f"{future.sum()} events are dated after {as_of}: left out until they happen")
    if early.any():
        notes.append(
            f"{early.sum()} events are dated before their enterprise was founded: left out"
        )
    return events.filter(~(future | early)), tuple(notes)


def outcomes(events: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return the outcomes of all pairs with events up to a day.

    Events of a zone without a need have no industry and are left out. Of several events on one day
    the last in the order of the vocabulary counts, endings after all stages.

    Returns
    -------
    DataFrame
        need_id, enterprise_id; `gain`, the target of learning weighted by age, 0 if censored;
        `won`, True for a last outcome of signed or later and False for a refusal, null without any;
        `torn`, whether both happened on that day. Sorted by pair.
    """
    stage, day = pl.col("stage"), pl.col("date")
    decided, closed = stage.is_in(_DECIDED), stage.is_in([*WON, *REFUSED])
    known = events.filter(pl.col("need_id").is_not_null() & (day <= as_of)).with_columns(
        gain=stage.replace_strict(STAGE_GAINS, return_dtype=pl.Float64),
        age=(pl.lit(as_of) - day).dt.total_days() / _DAYS_A_YEAR,
        order=stage.replace_strict(_ORDER, return_dtype=pl.Int64),
    )
    aged = pl.col("gain") * 0.5 ** (pl.col("age") / HALF_LIFE)
    won = stage.is_in(WON)
    last_day = won.filter(closed & (day == day.filter(closed).max()))
    return (
        known.sort("date", "order", "event_id")
        .group_by(_PAIR, maintain_order=True)
        .agg(
            gain=pl.when(decided.any())
            .then(aged.filter(decided).last())
            .when(stage.last() == "stalled")
            .then(0.0)
            .otherwise(aged.max())
            .cast(pl.Float32),
            won=won.filter(closed).last(),
            torn=last_day.any() & ~last_day.all(),
        )
        .sort(_PAIR)
    )
