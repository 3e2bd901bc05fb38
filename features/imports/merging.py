"""Merging of a file's rows into a table: only columns and values that the file has."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from features.imports.origins import has_origins, with_newest
from features.tables.catalogue import WHOLE
from features.values.parsing import with_defaults

if TYPE_CHECKING:
    from collections.abc import Collection

    from features.columns import Table


@dataclass(frozen=True)
class Merged:
    """The merged table.

    Parameters
    ----------
    frame
        None if nothing changes.
    replaced, unchanged
        Number of rows with known keys, and how many of these are unchanged.
    """

    frame: pl.DataFrame | None
    replaced: int
    unchanged: int


def merge(
    table: Table,
    old: pl.DataFrame,
    good: pl.DataFrame,
    present: Collection[str],
    *,
    replace: bool = False,
    kept: pl.DataFrame | None = None,
) -> Merged:
    """Merge good rows with the stored rows of the same keys.

    In a known row, the columns in the file replace the stored values, and an empty cell keeps them.

    Parameters
    ----------
    old
        All known rows.
    present
        Columns in the file.
    replace
        Whether an empty cell erases the stored value.
    kept
        Rows that are stored in the table, if these are not all known ones.
    """
    if good.is_empty():
        return Merged(None, 0, 0)
    key = list(table.key)
    if table.name in WHOLE or old.is_empty():
        good = with_defaults(table, good)
        same = _same(old, good, key)
        return Merged(_sorted(table, good), same[0], same[1])
    places = good.select(key).join(
        old.select(key).with_row_index("place"), on=key, how="left", maintain_order="left"
    )["place"]
    known = places.is_not_null()
    replaced = int(known.sum())
    if replaced:
        good = _with_stored(table, old, good, places, present, replace=replace)
    good = with_defaults(table, good)
    before = old[places.filter(known)] if replaced else old.clear()
    unchanged = int((before.hash_rows() == good.filter(known).hash_rows()).sum()) if replaced else 0
    if unchanged == good.height:
        return Merged(None, replaced, unchanged)
    rest = old if kept is None else kept
    if replaced < rest.height or kept is not None:
        rest = rest.join(good.select(key), on=key, how="anti", maintain_order="left")
        good = pl.concat([rest, good])
    return Merged(_sorted(table, good), replaced, unchanged)


def _with_stored(
    table: Table,
    old: pl.DataFrame,
    good: pl.DataFrame,
    places: pl.Series,
    present: Collection[str],
    *,
    replace: bool,
) -> pl.DataFrame:
    """Complete rows with their stored values; `places` are their positions in `old`, or null."""
    if table.name == "enterprises":
        stored = old[places.drop_nulls()]
        if has_origins(stored, good):
            known = places.is_not_null()
            newest = with_newest(stored, good.filter(known), present, replace=replace)
            order = pl.concat([known.arg_true(), (~known).arg_true()]).arg_sort()
            return pl.concat([newest, good.filter(~known)])[order]
    columns = {}
    for name in good.columns:
        if replace and name in present:
            columns[name] = good[name]
        else:
            stored_values = old[name].gather(places)
            columns[name] = pl.select(pl.coalesce(good[name], stored_values)).to_series()
    return pl.DataFrame([series.alias(name) for name, series in columns.items()])


def _same(old: pl.DataFrame, good: pl.DataFrame, key: list[str]) -> tuple[int, int]:
    """Count the rows with known keys, and the unchanged ones among them."""
    if old.is_empty():
        return 0, 0
    before = old.select(*key, before=old.hash_rows())
    now = good.select(*key, now=good.hash_rows())
    both = before.join(now, on=key, how="inner")
    return both.height, both.filter(pl.col("before") == pl.col("now")).height


def _sorted(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    """Sort column by column and empty `rows` meanwhile, so that a large table is not held twice."""
    key = list(table.key)
    if table.name in WHOLE or (len(key) == 1 and rows[key[0]].is_sorted()):
        return rows
    order = rows.select(pl.arg_sort_by(key)).to_series()
    return pl.DataFrame([rows.drop_in_place(name).gather(order) for name in rows.columns])
