"""Allocation of enterprises to the needs of a city's zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from features.errors import InputError, NotFoundError
from service.projects.sharing import Candidates, deepest, share_out

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from features.need import NeedQuery
    from features.progress import Count
    from service.projects.references import References
    from service.serving.interfaces import Document, Engine

SCHEMA = pl.Schema(
    {
        "need_id": pl.String,
        "rank": pl.Int64,
        "enterprise_id": pl.String,
        "score": pl.Float64,
        "plain_rank": pl.Int64,
        "zone_id": pl.String,
        "zone": pl.String,
        "industry": pl.String,
    }
)


class Allocation(NamedTuple):
    """Allocated lists, one row per lead, and a summary.

    Attributes
    ----------
    lists : DataFrame
        need_id, rank, enterprise_id, score, plain_rank (in the list of that need alone), zone_id,
        zone, industry.
    summary : dict
    """

    lists: pl.DataFrame
    summary: Document


def allocate(
    engine: Engine,
    references: References,
    city: str,
    *,
    k: int = 20,
    max_zones: int = 2,
    industry: str | None = None,
    held: Mapping[str, str] | None = None,
    settled: Collection[str] = (),
    progress: Count | None = None,
) -> Allocation:
    """Allocate enterprises to the needs of a city's zones.

    Parameters
    ----------
    city
        With or without its suffix: 长治 is 长治市.
    k
        Enterprises per need.
    max_zones
        Maximum number of zones per enterprise, with one need in each.
    industry
        Only needs of this industry.
    held
        Enterprises in talks with a zone, and that zone: only it can get them.
    settled
        Enterprises already in the city, which are not allocated.

    Raises
    ------
    NotFoundError
        When no zone of the city is known.
    InputError
        When none of its zones has such a need.
    """
    needs = _needs(engine, references, city, industry)
    numbers: dict[str, int] = {}
    zones = [numbers.setdefault(str(need.zone_id), len(numbers)) for need in needs]
    talks = held or {}
    depth = deepest(k, max_zones, zones) + len(talks)
    left_out: list[str] = []
    ranked = engine.batch(
        needs,
        depth,
        within=engine.without(sorted(settled)),
        explained=0,
        described=False,
        progress=progress,
        refuse=lambda need, _: left_out.append(str(need.need_id)),
    ).select("need_id", "enterprise_id", "score", plain_rank="rank")
    order = pl.DataFrame(
        {
            "need_id": [need.need_id for need in needs],
            "zone_id": [need.zone_id for need in needs],
            "industry": [need.industry for need in needs],
            "need": np.arange(len(needs)),
        }
    )
    holder = pl.DataFrame(
        {"enterprise_id": list(talks), "holder": list(talks.values())},
        schema={"enterprise_id": pl.String, "holder": pl.String},
    )
    every = ranked.join(order, on="need_id").join(holder, on="enterprise_id", how="left")
    free = every.filter((pl.col("holder") == pl.col("zone_id")).fill_null(value=True))
    free = free.sort("need", "plain_rank")
    chosen = free.filter(pl.Series(share_out(_candidates(free), zones, k, max_zones)))
    plain = every.filter(pl.col("plain_rank") <= k)
    lists = _lists(chosen, references)
    return Allocation(lists, _summary(city, needs, left_out, lists, plain, k, max_zones))


def _needs(
    engine: Engine, references: References, city: str, industry: str | None
) -> list[NeedQuery]:
    zones = set(references.zones_of(city))
    if not zones:
        known = sorted({z["city"] for z in references.zones().values() if z["city"]})
        raise NotFoundError(
            f"no zone of {city!r} is known",
            field="city",
            got=city,
            expected=f"one of: {', '.join(known)}" if known else "a city of the zones table",
        )
    ids = [
        need["need_id"] for need in engine.needs() if (need["zone"] or {}).get("zone_id") in zones
    ]
    needs = [need for id_ in ids if industry in (None, (need := engine.need(id_)).industry)]
    if not needs:
        raise InputError(
            f"no zone of {city} has a need" + (f" for {industry!r}" if industry else ""),
            field="industry" if industry else "city",
            got=industry or city,
            expected="an industry that one of its zones has fixed",
        )
    return needs


def _candidates(free: pl.DataFrame) -> Candidates:
    ids = free["enterprise_id"].rank("dense").cast(pl.Int64).to_numpy() - 1
    ranks: NDArray[Any] = free.select(pl.int_range(pl.len()).over("need")).to_series().to_numpy()
    return Candidates(
        free["need"].to_numpy().astype(np.intp),
        ids.astype(np.intp),
        free["score"].to_numpy().astype(np.float64),
        ranks.astype(np.intp),
    )


def _lists(chosen: pl.DataFrame, references: References) -> pl.DataFrame:
    names = {id_: zone["name"] for id_, zone in references.zones().items()}
    zone = pl.col("zone_id").replace_strict(names, default=None, return_dtype=pl.String)
    rank = pl.col("plain_rank").rank("ordinal").over("need").cast(pl.Int64)
    return chosen.with_columns(rank=rank, zone=zone).sort("need", "rank").select(SCHEMA.names())


def _summary(
    city: str,
    needs: Sequence[NeedQuery],
    left_out: Sequence[str],
    lists: pl.DataFrame,
    plain: pl.DataFrame,
    k: int,
    max_zones: int,
) -> Document:
    means = (
        plain.group_by("need_id")
        .agg(plain=pl.col("score").mean())
        .join(
            lists.group_by("need_id").agg(pl.len(), mean=pl.col("score").mean()),
            on="need_id",
            how="left",
        )
    )
    of_need = {row["need_id"]: row for row in means.iter_rows(named=True)}
    before, after = (_zones_each(frame) for frame in (plain, lists))
    plain_mean, mean = (_mean(frame["score"]) for frame in (plain, lists))
    return {
        "city": city,
        "k": k,
        "max_zones": max_zones,
        "needs": len(needs) - len(left_out),
        "left_out": list(left_out),
        "places": lists.height,
        "enterprises": len(after),
        "mean_score": mean,
        "plain_mean_score": plain_mean,
        "mean_loss": None if mean is None or plain_mean is None else plain_mean - mean,
        "plain_enterprises": len(before),
        "plain_beyond": sum(count > max_zones for count in before.values()),
        "plain_most_zones": max(before.values(), default=0),
        "most_zones": max(after.values(), default=0),
        "lists": [
            {
                "need_id": need.need_id,
                "places": of_need[need.need_id]["len"] or 0,
                "mean_score": of_need[need.need_id]["mean"],
                "plain_mean_score": of_need[need.need_id]["plain"],
            }
            for need in needs
            if need.need_id in of_need
        ],
    }


def _zones_each(frame: pl.DataFrame) -> dict[str, int]:
    """Return the number of zones whose lists contain each enterprise."""
    counted = frame.group_by("enterprise_id").agg(pl.col("zone_id").n_unique())
    return dict(counted.iter_rows())


def _mean(scores: pl.Series) -> float | None:
    return float(scores.mean()) if len(scores) else None  # type: ignore[arg-type]
