"""Section titles that are places: 一、长沙市（2家） counts for the rows below it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from features.geography.addresses import locate
from features.geography.place_names import resolve
from features.tables.schema import ROW

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.columns import Table
    from features.files.headers import Headers

_PLACE = "region"
_PLACES = frozenset({"province", "city", "district", _PLACE, "address"})
_NUMBER = re.compile(r"^[(（]?[一二三四五六七八九十\d]{1,3}[)）、.．]\s*")
_COUNT = re.compile(r"\s*[(（[【:：]?\s*(?:共|计|合计)?\s*\d+\s*[家户个].*$")
_LONGEST = 16


def with_places(
    table: Table,
    fields: pl.DataFrame,
    sections: pl.DataFrame,
    headers: Headers,
    names: Sequence[str],
) -> tuple[pl.DataFrame, Headers, list[str]]:
    """Add a column with the places of section titles, if the table has no places of its own.

    Parameters
    ----------
    sections
        `ROW` and text of the section titles, in order.
    """
    aids = {column.name for column in table.aids}
    if _PLACE not in aids or _PLACES & set(headers.positions):
        return fields, headers, list(names)
    texts = {text: _place(text) for text in sections["text"].unique().to_list()}
    if not any(texts.values()):
        return fields, headers, list(names)
    name = next(
        name for name in ("section", "section title", "title of the section") if name not in names
    )
    # A title that is no place ends the section of the place above.
    places = sections.select(ROW, pl.col("text").replace_strict(texts, return_dtype=pl.String))
    placed = fields.select(ROW).join_asof(places, on=ROW)["text"].alias(name)
    headers = replace(
        headers,
        positions={**headers.positions, _PLACE: len(names)},
        given={**headers.given, _PLACE: name},
    )
    return fields.with_columns(placed), headers, [*names, name]


def _place(text: str) -> str | None:
    """Return the place that a title consists of, None for another title."""
    plain = _COUNT.sub("", _NUMBER.sub("", text.strip())).strip(" :：")
    if not plain or len(plain) > _LONGEST:
        return None
    if not resolve(plain).unknown or not resolve(None, plain).unknown:
        return plain
    return plain if any(part and plain.endswith(part) for part in locate(plain)) else None
