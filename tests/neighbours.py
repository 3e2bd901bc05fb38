"""A zone with neighbours: enterprises that stand in stated nodes, events and seats."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from features.presence import Presence
from features.residents import Residents
from tests.pool import frame

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from features.space.arrays import PoolFeatures
    from features.space.space import FeatureSpace

ZONES = [
    {"zone_id": "a", "name": "甲区", "county": "襄垣县", "city": "长治市", "province": "山西省"},
    {"zone_id": "b", "name": "乙区", "city": "太原市", "province": "山西省"},
    {"zone_id": "c", "name": "丙区"},
]


def enterprise(id_: str, *nodes: str, **known: Any) -> dict[str, Any]:
    return {"enterprise_id": id_, "name": f"{id_}公司", "nodes": list(nodes) or None, **known}


def event(
    enterprise_id: str,
    stage: str,
    *,
    zone_id: str | None = "c",
    need_id: str | None = None,
    on: str = "2024-01-01",
) -> dict[str, Any]:
    return {
        "enterprise_id": enterprise_id,
        "stage": stage,
        "date": date.fromisoformat(on),
        "zone_id": zone_id,
        "need_id": need_id,
    }


def presence(
    space: FeatureSpace,
    enterprises: Sequence[dict[str, Any]],
    events: Sequence[dict[str, Any]] = (),
    needs: Sequence[dict[str, Any]] = (),
) -> tuple[Presence, PoolFeatures]:
    """Return the presence of the three zones, and the pool."""
    table = frame("enterprises", enterprises)
    pool = space.pool(table)
    numbered = [{"event_id": f"v{number:03}", **row} for number, row in enumerate(events)]
    told = frame("events", numbered) if numbered else empty("events")
    asked = frame("needs", needs) if needs else empty("needs")
    tables = {"events": told, "needs": asked, "zones": frame("zones", ZONES)}
    return Presence(space, pool, Residents.of(table), **tables), pool


def empty(table: str) -> pl.DataFrame:
    return frame(table, [{}]).clear()
