"""Retracted events: a retraction applies only to rows of the zone that it was made for."""

from __future__ import annotations

import polars as pl

SCHEMA = pl.Schema(
    {
        "event_id": pl.String(),
        "need_id": pl.String(),
        "zone_id": pl.String(),
        "retracted_at": pl.Datetime("us"),
    }
)
"""The schema of retractions: the event, its need or zone at the time, and the time.

Retractions without need and zone were made before these were stored, and apply to every zone."""


def zone_of(needs: pl.DataFrame) -> pl.Expr:
    """Return an expression for the zone of a row: that of its need_id, else its zone_id.

    Parameters
    ----------
    needs : DataFrame
        The needs table.
    """
    known = needs.select("need_id", "zone_id").drop_nulls()
    of_need = pl.col("need_id").replace_strict(known["need_id"], known["zone_id"], default=None)
    return pl.coalesce(of_need, "zone_id")


def retracted(events: pl.DataFrame, retractions: pl.DataFrame, needs: pl.DataFrame) -> pl.DataFrame:
    """Return event_id and retracted_at of retracted events.

    An id may be reused: an import may bring an event of another zone under an id that was recorded
    and retracted before. That event is not retracted.

    Parameters
    ----------
    events : DataFrame
        With event_id, need_id and zone_id; an id once.
    retractions : DataFrame
        As `SCHEMA` says.
    needs : DataFrame
        The needs table.
    """
    zone = zone_of(needs)
    anywhere = pl.all_horizontal(pl.col("need_id", "zone_id").is_null())
    made_for = retractions.select("event_id", "retracted_at", for_zone=zone, anywhere=anywhere)
    return (
        events.select("event_id", zone=zone)
        .join(made_for, on="event_id")
        .filter(pl.col("anywhere") | pl.col("zone").eq_missing(pl.col("for_zone")))
        .group_by("event_id", maintain_order=True)
        .agg(pl.col("retracted_at").min())
    )
