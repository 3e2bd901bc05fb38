"""Presence: the nodes that a zone already has, how strongly, and by which enterprises.

An enterprise counts as in a zone by an event (established, signed, in construction or in production
there, and neither declined, lost nor stalled since), or by a seat in the zone's county; with a seat
only in the same city it counts as around. The strength of each node, from 0 to 1, follows from all
of them::

    present = 1 − (1 − in the zone) · (1 − 0.4 · around)
    in the zone, around = 1 − Π (1 − evidence · size · standing)     over enterprises

`evidence` is 1 for an established enterprise, 0.7 for a signed one (of the pilot city's newly
signed projects two thirds had started) and 0.8 for a seat in the county; `size` is 0.9 for a chain
leader or a large enterprise, and 0.5 otherwise; `standing` is its membership in the node. So one
ordinary enterprise makes a node weak, a chain leader or two ordinary ones make it strong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from features.geography.seats import CITY, COUNTY
from features.industry.nodes import membership
from features.industry.zone_presence import Strength, ZonePresence
from features.structures.ordered import place_of
from features.vocabulary import ENDINGS, STAGES

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from numpy.typing import NDArray

    from features.need import NeedQuery
    from features.residents import Residents
    from features.space.arrays import PoolFeatures
    from features.space.space import FeatureSpace

PRESENT = {"established": 1.0, "signed": 0.7, "construction": 1.0, "production": 1.0}
"""Evidence of presence in a zone, by stage."""
IN_COUNTY, AROUND = 0.8, 0.4
_MOST = 0.99
_MEMBERS = 5_000
"""Maximum number of enterprises considered per zone, those with the strongest evidence: the largest
cities of a large pool have more, but by then all their nodes are present."""


class LastEvent(NamedTuple):
    """The last event of an enterprise and a zone, or a need without a zone."""

    stage: str
    date: date
    need_id: str | None


class Presence:
    """Computes the presence of each zone from the tables.

    Parameters
    ----------
    space : FeatureSpace
        Fitted.
    pool : PoolFeatures
    residents : Residents
        Residents of the pool.
    events, zones, needs : DataFrame
        Tables of the workspace.
    """

    def __init__(
        self,
        space: FeatureSpace,
        pool: PoolFeatures,
        residents: Residents,
        *,
        events: pl.DataFrame,
        zones: pl.DataFrame,
        needs: pl.DataFrame,
    ) -> None:
        self._space = space
        self._pool = pool
        self._residents = residents
        self._seated: dict[str | None, dict[int, str]] = {}
        self._zones = {row["zone_id"]: row for row in zones.iter_rows(named=True)}
        shown = _with_zones(events, needs)
        self._last = _last_events(shown, "zone_id")
        self._of_needs = _last_events(shown.filter(pl.col("zone_id").is_null()), "need_id")
        decided = shown.filter(pl.col("stage").is_in([*PRESENT, *ENDINGS]))
        projects = decided.group_by("zone_id", "need_id", "enterprise_id", maintain_order=True)
        there = projects.last().filter(pl.col("stage").is_in(list(PRESENT)))
        self._there = {
            str(zone): rows.rows(named=True)
            for (zone,), rows in there.drop_nulls("zone_id")
            .partition_by("zone_id", as_dict=True, maintain_order=True)
            .items()
        }
        self._known: dict[tuple[str, str | None], ZonePresence | None] = {}

    def of(self, zone_id: str | None, *, apart_from: str | None = None) -> ZonePresence | None:
        """Return the presence of a zone; None if nothing is known.

        Parameters
        ----------
        zone_id : str or None
        apart_from : str, optional
            A need whose events are left out, so that labels do not leak into their own evaluation.
        """
        if not zone_id:
            return None
        shown = any(event["need_id"] == apart_from for event in self._there.get(zone_id, ()))
        asked = zone_id, apart_from if shown else None
        if zone_id not in self._zones and zone_id not in self._there:
            return None  # not cached: any id may be requested
        if asked not in self._known:
            self._known[asked] = self._find(*asked)
        return self._known[asked]

    def last_event(self, need: NeedQuery, enterprise_id: str) -> LastEvent | None:
        """Return the last event of an enterprise in a need's zone; without a zone, for the need."""
        return self.last_events(need).get(enterprise_id)

    def last_events(self, need: NeedQuery) -> Mapping[str, LastEvent]:
        """Return the last event of each enterprise in a need's zone; without one, for the need."""
        known, key = (self._last, need.zone_id) if need.zone_id else (self._of_needs, need.need_id)
        return known.get(key or "", {})

    def signed(self, need: NeedQuery) -> list[str]:
        """Return the enterprises that signed with a need's zone; without a zone, for the need."""
        events = self.last_events(need)
        return [id_ for id_, last in events.items() if last.stage in PRESENT]

    def seats(self, zone_id: str | None) -> dict[int, str]:
        """Return the rows of the pool seated in a zone's county or city, by row."""
        if (zone := self._zones.get(zone_id or "")) is None:
            return {}
        if zone_id not in self._seated:
            self._seated[zone_id] = self._residents.seats.near(zone)
        return self._seated[zone_id]

    def _find(self, zone_id: str, apart_from: str | None) -> ZonePresence | None:
        members: dict[int, tuple[str, float]] = {
            row: (how, IN_COUNTY if how == COUNTY else 1.0)
            for row, how in self.seats(zone_id).items()
        }
        for event in self._there.get(zone_id, ()):
            row = place_of(self._pool.ids, event["enterprise_id"])
            stated = PRESENT[event["stage"]]
            if row is None or (apart_from is not None and event["need_id"] == apart_from):
                continue
            how, before = members.get(row, (CITY, 0.0))
            if how == CITY or stated >= before:
                members[row] = event["stage"], stated
        rows = np.array([row for row in members if not self._residents.closed[row]], dtype=np.intp)
        if not len(rows):
            return None
        evidence = np.array([members[row][1] for row in rows.tolist()], dtype=np.float32)
        weights = evidence * self._residents.size[rows]
        own = np.array([members[row][0] != CITY for row in rows.tolist()])
        order = np.lexsort((rows, -weights, ~own))[:_MEMBERS]
        return self._gather(rows[order], weights[order], own[order], members)

    def _gather(
        self,
        rows: NDArray[np.intp],
        weights: NDArray[np.float32],
        own: NDArray[np.bool_],
        members: Mapping[int, tuple[str, float]],
    ) -> ZonePresence | None:
        graph, pool = self._space.supply, self._pool
        fits = [pool.nodes.fit[rows]] + ([pool.stations.fit[rows]] if graph.by_sectors else [])
        stands = [np.nan_to_num(membership(fit)) for fit in fits]
        known = np.any([stand.any(axis=1) for stand in stands], axis=0)
        if not known.any():
            return None
        rows, weights, own = rows[known], weights[known], own[known]
        found = [_strength(stand[known] * weights[:, None], own) for stand in stands]
        stations = found[-1]
        return ZonePresence(
            ids=tuple(pool.ids[rows].tolist()),
            names=tuple(pool.names[row] for row in rows.tolist()),
            hows=tuple(members[row][0] for row in rows.tolist()),
            nodes=found[0],
            stations=stations,
            chains=tuple(node.chain_id for node in self._space.chain_map.nodes),
            graph=graph,
            pulls=graph.pulls(stations.whole[None, :])[:, 0],
            pulls_apart=graph.pulls(stations.apart),
        )


def _strength(shares: NDArray[np.float32], own: NDArray[np.bool_]) -> Strength:
    logs = np.log1p(-np.minimum(shares, _MOST))
    here, around = logs[own].sum(axis=0), logs[~own].sum(axis=0)

    def together(inside: Any, outside: Any) -> NDArray[np.float32]:
        absent = np.exp(inside) * (1 - AROUND * (1 - np.exp(outside)))
        return np.asarray(np.clip(1 - absent, 0, 1), dtype=np.float32)

    apart = np.where(own[:, None], together(here - logs, around), together(here, around - logs))
    alone = shares * np.where(own, 1, AROUND).astype(np.float32)[:, None]
    return Strength(alone, together(here, around), apart)


def _with_zones(events: pl.DataFrame, needs: pl.DataFrame) -> pl.DataFrame:
    """Return events with their zones, oldest first; endings last within a day."""
    order = {stage: at for at, stage in enumerate((*STAGES, *ENDINGS))}
    of_need = needs.select("need_id", of_need="zone_id")
    return (
        events.join(of_need, on="need_id", how="left")
        .with_columns(
            pl.coalesce("zone_id", "of_need").alias("zone_id"),
            pl.col("stage").replace_strict(order, return_dtype=pl.Int64).alias("order"),
        )
        .sort("date", "order", "event_id")
        .select("zone_id", "need_id", "enterprise_id", "stage", "date")
    )


def _last_events(events: pl.DataFrame, key: str) -> dict[str, dict[str, LastEvent]]:
    """Return the last event of each enterprise, by zone or need."""
    found: dict[str, dict[str, LastEvent]] = {}
    for row in events.drop_nulls(key).iter_rows(named=True):
        stated = LastEvent(row["stage"], row["date"], row["need_id"])
        found.setdefault(row[key], {})[row["enterprise_id"]] = stated
    return found
