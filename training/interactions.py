"""Interactions: judgements and events of pairs of need and enterprise, as matrices.

For a pair with both, a deal takes precedence over a grade of 0, and for ranking a grade of 1 or
more takes precedence over a refusal: the expert says that they suit each other, the refusal that no
deal came about, and both may be true. For the probability the refusal counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from training.outcomes import AGAINST, FOR, outcomes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date

    from numpy.typing import NDArray

RELEVANT_GRADE = 1
ALL_REFUSED = "every judgement says no"
_PAIR = ("need_id", "enterprise_id")


@dataclass(frozen=True)
class Interactions:
    """Labels of m needs and n enterprises.

    Attributes
    ----------
    gains : csr_array of shape (m, n), float32
        Targets of learning: up to 1, negative if an expert or the enterprise declined; no entry for
        unlabelled pairs.
    relevant : csr_array of shape (m, n), bool
        The pairs that count in metrics: a grade of 1 or more, or won. Each has a gain above 0.
    closed : csr_array of shape (m, n), int8
        1 for a lead that was won, -1 for one that was refused.
    with_events : ndarray of bool, shape (n,)
        Which enterprises have an event.
    notes : tuple of str
        Contradictions, and how they were resolved.
    """

    gains: sparse.csr_array
    relevant: sparse.csr_array
    closed: sparse.csr_array
    with_events: NDArray[np.bool_]
    notes: tuple[str, ...] = ()


def interactions(
    judgements: pl.DataFrame,
    events: pl.DataFrame,
    need_ids: Sequence[str],
    enterprise_ids: NDArray[np.str_],
    *,
    as_of: date,
) -> Interactions:
    """Gather judgements and events over the given needs and enterprises.

    Pairs of other enterprises or needs are left out.

    Parameters
    ----------
    judgements, events : DataFrame
    need_ids : sequence of str
    enterprise_ids : ndarray of str
    as_of : date
        The day at which ages of events are computed; later events are left out.
    """
    needs = pl.DataFrame({"need_id": list(need_ids)}, schema={"need_id": pl.String})
    pool = pl.DataFrame(
        {"enterprise_id": enterprise_ids.astype(object).tolist()},
        schema={"enterprise_id": pl.String},
    )
    stated = labels(judgements, events, as_of=as_of)
    pairs = (
        stated.join(needs.with_row_index("row"), on="need_id")
        .join(pool.with_row_index("column"), on="enterprise_id")
        .sort("row", "column")
    )
    shape = needs.height, pool.height

    def matrix(values: pl.Expr, dtype: type) -> sparse.csr_array:
        own = pairs.with_columns(value=values).filter(pl.col("value") != 0)
        return sparse.csr_array(
            (own["value"].to_numpy(), (own["row"].to_numpy(), own["column"].to_numpy())),
            shape=shape,
            dtype=dtype,
        )

    seen = pool["enterprise_id"].is_in(events["enterprise_id"].unique().implode())
    return Interactions(
        gains=matrix(pl.col("gain"), np.float32),
        relevant=matrix(pl.col("relevant").cast(pl.Int8), np.bool_),
        closed=matrix(pl.col("won").cast(pl.Int8) * 2 - 1, np.int8),
        with_events=seen.to_numpy(),
        notes=(*_refused(pairs), *_contradictions(pairs)),
    )


def labels(judgements: pl.DataFrame, events: pl.DataFrame, *, as_of: date) -> pl.DataFrame:
    """Return the label of every pair, from judgements and events.

    Returns
    -------
    DataFrame
        need_id, enterprise_id; `gain` and `relevant`; `grade` and `lowest`, the highest and the
        lowest that it was judged with; `won` and `torn`, from `training.outcomes`. Sorted by pair.
    """
    grade = pl.col("grade")
    judged = judgements.group_by(_PAIR).agg(grade=grade.max(), lowest=grade.min())
    suits = (grade >= RELEVANT_GRADE).fill_null(value=False)
    happened = pl.col("gain").fill_null(0.0)
    return (
        judged.join(outcomes(events, as_of=as_of), on=_PAIR, how="full", coalesce=True)
        .with_columns(
            gain=pl.when(suits)
            .then(FOR)
            .when((happened == 0) & (grade < RELEVANT_GRADE))
            .then(AGAINST)
            .otherwise(happened)
            .cast(pl.Float32),
            relevant=suits | pl.col("won").fill_null(value=False),
            torn=pl.col("torn").fill_null(value=False),
        )
        .sort(_PAIR)
    )


def _refused(pairs: pl.DataFrame) -> tuple[str, ...]:
    """Return a note if there are judgements, but no relevant pair."""
    grades = pairs["grade"].drop_nulls()
    if grades.is_empty() or pairs["relevant"].any():
        return ()
    return (
        f"{ALL_REFUSED} ({len(grades)}): whom they are about is left out of the list of that need, "
        "and nothing else can be learnt from them or held out",
    )


def _contradictions(pairs: pl.DataFrame) -> tuple[str, ...]:
    """Return notes on contradictions in pairs, from `labels`."""
    suits, won = pl.col("grade") >= RELEVANT_GRADE, pl.col("won")
    kinds = {
        "have grades both of 0 and of 1 or more: the highest counts": suits
        & (pl.col("lowest") < RELEVANT_GRADE),
        "were judged 1 or more, and declined or were lost: the grade counts in ranking, the "
        "outcome for the probability": suits & ~won,
        "were judged 0, and signed: that they signed counts": ~suits & won,
        "signed and were declined or lost on the same day: the loss counts": pl.col("torn"),
    }
    counts = pairs.select(
        kind.fill_null(value=False).sum().alias(shown) for shown, kind in kinds.items()
    )
    return tuple(
        f"{count} pairs {shown}" for shown, count in counts.row(0, named=True).items() if count
    )
