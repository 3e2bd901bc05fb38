from __future__ import annotations

from datetime import datetime
from typing import Any

import polars as pl
import pytest

from features.storage.retractions import SCHEMA, retracted, zone_of
from features.tables.schema import SCHEMAS

NEEDS = pl.DataFrame(
    [("a/led", "LED", "a"), ("a/car", "car", "a"), ("b/led", "LED", "b"), ("free", "LED", None)],
    schema=["need_id", "industry", "zone_id"],
    orient="row",
)
AT = datetime(2026, 1, 1)


def frame(*rows: tuple[str, str | None, str | None]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA.names()[:3], schema_overrides=SCHEMA, orient="row")


def test_the_zone_of_an_event_is_that_of_its_need() -> None:
    rows = frame(("1", "b/led", None), ("2", None, "a"), ("3", "free", None), ("4", "gone", "c"))
    assert rows.select(zone_of(NEEDS)).to_series().to_list() == ["b", "a", None, "c"]
    none = SCHEMAS["needs"].create_empty()
    assert rows.select(zone_of(none)).to_series().to_list() == [None, "a", None, "c"]


@pytest.mark.parametrize(
    ("event", "made_for", "counts"),
    [
        (("a/led", None), ("a/led", None), True),
        (("a/car", None), ("a/led", None), True),
        ((None, "a"), ("a/led", None), True),
        (("b/led", None), ("a/led", None), False),
        ((None, "b"), (None, "a"), False),
        (("free", None), ("free", None), True),
        (("free", None), ("a/led", None), False),
        (("b/led", None), (None, None), True),
    ],
)
def test_a_retraction_counts_for_the_zone_it_was_made_for(
    event: Any, made_for: Any, counts: bool
) -> None:
    taken = frame(("v", *made_for)).with_columns(retracted_at=pl.lit(AT))
    found = retracted(frame(("v", *event), ("w", *event)), taken, NEEDS)
    assert found.rows() == ([("v", AT)] if counts else [])
