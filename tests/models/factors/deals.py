"""Deals whose lesson is obvious: a few needs in two regions, and enterprises with habits."""

from __future__ import annotations

from datetime import date
from types import SimpleNamespace
from typing import Any

import numpy as np

from features.enterprises.history import deals
from features.places import UNKNOWN_POINT
from tests.pool import frame

TODAY = date(2020, 1, 1)
LONG_AGO = date(2010, 1, 1)


def need(
    zone: str | None,
    industry: str | None,
    *,
    region: str | None = None,
    chain: str | None = None,
    point: tuple[float, float] = UNKNOWN_POINT,
) -> Any:
    """Return what the factors read of a need."""
    said = {"zone": zone, "industry": industry, "region": region, "chain": chain}
    tokens = tuple(f"{name}={value}" for name, value in said.items() if value)
    return SimpleNamespace(need_id=f"{zone}/{industry}", tokens=tokens, point=point)


def event(enterprise: str, need_id: str | None, day: date = TODAY, **more: Any) -> dict[str, Any]:
    stated = {"enterprise_id": enterprise, "need_id": need_id, "date": day, "stage": "signed"}
    return {**stated, **more}


def history(needs, rows, *, as_of=TODAY):
    numbered = [{"event_id": f"v{at:04}", **row} for at, row in enumerate(rows)]
    return deals(frame("events", numbered), needs, as_of=as_of)


class Pool:
    """A pool of ids alone."""

    def __init__(self, *ids: str) -> None:
        self.ids = np.array(sorted(ids), dtype=np.str_)

    def __len__(self) -> int:
        return len(self.ids)
