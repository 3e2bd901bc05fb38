"""Seats of enterprises and zones: present names for former ones, and derived divisions."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import polars as pl

from features.geography.addresses import seated
from features.geography.divisions import divisions
from features.geography.place_names import is_zone
from features.tables.naming import counted, some

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.files.reading import Rows
    from features.geography.divisions import FormerDivision
    from features.geography.place_names import Found

_COLUMNS = {
    "enterprises": ("province", "city", "district"),
    "zones": ("province", "city", "county"),
}
_AIDS = ("region", "address")
_BEGINNING = (
    r"^[\x20-\x7e]+$|"
    r"^(?:(?:邮编|邮政编码)?[:：\s]*\d{6}\s*)?[^\d路街道号镇乡村巷弄幢栋]{2,24}[市区县旗]?"
)
"""The part of an address before the street; it has few distinct values. In English it is last."""
_SHOWN = 5


def with_seats(
    frame: pl.DataFrame, rows: Rows, table: str = "enterprises"
) -> tuple[pl.DataFrame, list[str]]:
    """Replace names of places by present ones, and fill in the divisions that they imply.

    In zones only the county of a city that has become a county is filled in: other divisions are
    derived when needed, so that an office sees its zones as it stated them.

    Returns
    -------
    tuple
        The frame, and warnings about unknown places and former names, each with the number of rows.
    """
    columns = _COLUMNS[table]
    shown = [name for name in columns if rows.has(name)]
    aids = [name for name in _AIDS if name in frame.columns and rows.has(name)]
    if not shown and not aids:
        return frame, []
    parts = frame.select(columns)
    for aid in aids:
        text = frame[aid]
        if {"province", "city"} <= set(shown):
            # Where province and city are known, addresses and joined fields are not read.
            known = frame["province"].is_not_null() & frame["city"].is_not_null()
            text = pl.select(pl.when(~known).then(text)).to_series()
        if aid == "address":
            text = text.str.extract(_BEGINNING, 0)
        parts = parts.with_columns(text.alias(aid))
    distinct = parts.group_by(parts.columns, maintain_order=True).len("rows")
    counts = distinct["rows"].to_list()
    stated = distinct.select(columns).rows()
    seats = [seated(*row) for row in distinct.drop("rows").iter_rows()]
    names = [list(one.seat) for one in seats]
    if table == "zones":
        names = [
            [row[0] and province, row[1] and city, (row[1] or row[2]) and county]
            for row, (province, city, county) in zip(stated, names, strict=True)
        ]
    found = distinct.drop("rows").with_columns(
        pl.Series(f"{name} found", [row[at] for row in names], dtype=pl.String)
        for at, name in enumerate(columns)
    )
    keys = parts.columns
    joined = parts.join(found, on=keys, how="left", maintain_order="left", nulls_equal=True)
    frame = frame.with_columns(joined[f"{name} found"].alias(name) for name in columns)
    return frame, _warnings(columns, stated, seats, counts)


def _warnings(
    columns: Sequence[str],
    stated: Sequence[tuple[str | None, ...]],
    seats: Sequence[Found],
    counts: Sequence[int],
) -> list[str]:
    unknown: dict[str, Counter[str]] = {name: Counter() for name in columns}
    empty: dict[str, Counter[str]] = {name: Counter() for name in columns}
    former: Counter[str] = Counter()
    divided: Counter[str] = Counter()
    fields = dict(zip(("province", "city", "county"), range(len(columns)), strict=True))
    for row, one, count in zip(stated, seats, counts, strict=True):
        for field in one.unknown:
            text = row[fields[field]]
            if text and not (field == "county" and is_zone(text)):
                unknown[columns[fields[field]]][text] += count
        if one.seat.city is None:
            for field in one.empty:
                empty[columns[fields[field]]][row[fields[field]] or ""] += count
        for _, change in one.former:
            lost = (
                len({divisions().city_of(code) for code in change.codes}) > 1 and not one.seat.city
            )
            lost |= len(change.codes) > 1 and len(change.path) > 2 and not one.seat.district
            (divided if lost else former)[_change(change)] += count
    lines = [
        f"{name}: unknown places in {_rows(texts)}, kept as stated: {_some(texts)}"
        for name, texts in unknown.items()
        if texts
    ]
    lines += [
        f"{name}: no city is named in {_rows(texts)}, so it is unknown there: {_some(texts)}"
        for name, texts in empty.items()
        if texts
    ]
    if divided:
        lines.append(
            f"places: divided since then in {_rows(divided)}, and unknown where it is unclear "
            f"which part is meant: {_some(divided)}"
        )
    if former:
        lines.append(f"places: former names in {_rows(former)}, stored as {_some(former)}")
    return lines


def _change(change: FormerDivision) -> str:
    now = "、".join(_name(code) for code in change.codes)
    return f"{change.path[-1]} → {now} ({change.until})"


def _name(code: str) -> str:
    seat = divisions().seat(code)
    return "".join(part for part in (seat.city, seat.district) if part) or (seat.province or "")


def _rows(texts: Counter[str]) -> str:
    return counted(texts.total())


def _some(texts: Counter[str]) -> str:
    return some([text for text, _ in texts.most_common(_SHOWN)], len(texts))
