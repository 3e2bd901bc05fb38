"""Made-up projects, to show their figures."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

INDUSTRIES = ("现代煤化工", "装备制造", "新材料", "光电LED", "现代医药", "食品")
SOURCES = ("推荐名单", "外出拜访", "委托招商", "以商招商")
UNITS = ("招商局一科", "招商局二科", "产业服务中心", None)
STAGES = ("lead", "negotiation", "signed", "construction", "production")
_GO_ON = (0.75, 0.6, 0.65, 0.4)
"""The share of projects that move on from each stage to the next."""
_DAYS = (25, 45, 90, 160)
"""After about this many days."""


def example_lists(
    zone_ids: Sequence[str], today: date, count: int = 120, seed: int = 0
) -> list[pl.DataFrame]:
    """Return lists of made-up projects, one per stage, each moving those of the previous list.

    Parameters
    ----------
    zone_ids : sequence of str
        Their zones; unknown if empty.
    today : date
        No move is later.
    count : int
        Number of projects at the first stage.
    seed : int
    """
    random = np.random.default_rng(seed)
    rows: list[dict[str, Any]] = []
    for at in range(count):
        begin = today - timedelta(days=int(random.integers(30, 540)))
        amount = round(float(random.lognormal(0.5, 1)), 2) if random.random() < 0.8 else None
        about = {
            "code": f"示例{at + 1:03}",
            "project": f"虚构项目{at + 1}",
            "zone_id": zone_ids[at % len(zone_ids)] if zone_ids else None,
            "industry": INDUSTRIES[int(random.integers(len(INDUSTRIES)))],
            "source": SOURCES[int(random.integers(len(SOURCES)))],
            "unit": UNITS[int(random.integers(len(UNITS)))],
            "amount": None if amount is None else f"{amount}亿元",
        }
        rows.append({**about, "stage": STAGES[0], "date": begin})
    lists = [_listed(rows)]
    for stage, share, days in zip(STAGES[1:], _GO_ON, _DAYS, strict=True):
        later: list[dict[str, Any]] = []
        for row in rows:
            day = row["date"] + timedelta(days=1 + int(random.exponential(days)))
            if random.random() < share and day <= today:
                later.append({**row, "stage": stage, "date": day})
        rows = later
        if rows:
            lists.append(_listed(rows))
    return lists


def _listed(rows: list[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col("date").cast(pl.String))
