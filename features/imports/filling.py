"""Columns of enterprises that are derived from others: ids, seats, industries."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.imports.seating import with_seats
from features.industry import industry_codes
from features.tables.naming import counted, some
from features.tables.schema import flag
from features.values.identity import made_id, misspelled

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from features.files.reading import Rows

_LEVELS = {
    "industry_class": 4,
    "industry_group": 3,
    "industry_division": 2,
    "industry_section": 1,
    "industry": None,
}
"""Columns with the name or code of an industry, the narrowest first, and the length of the code."""
_WHOLE = 4
"""Digits of the narrowest codes."""
_SHOWN = 3

MADE_FROM: Mapping[str, Mapping[str, Sequence[str]]] = {
    "enterprises": {
        "province": ("province", "region", "address", "city", "district"),
        "city": ("city", "region", "address", "province", "district"),
        "district": ("district", "region", "address", "province", "city"),
        "industry_code": ("industry_code", *_LEVELS),
        "founded_precision": ("founded",),
        "enterprise_id": ("enterprise_id", "name"),
    },
    "zones": {"county": ("county", "city")},
}
"""Columns that are also filled from other columns."""


def fill_enterprises(frame: pl.DataFrame, rows: Rows) -> tuple[pl.DataFrame, list[str]]:
    """Fill ids, seats and industries from other columns of the file.

    Returns
    -------
    tuple
        The frame, and warnings.
    """
    warnings = []
    if not rows.has("enterprise_id"):
        names = frame["name"].drop_nulls().unique().to_list()
        ids = {name: made_id(name) for name in names}
        made = pl.col("name").replace_strict(ids, default=None, return_dtype=pl.String)
        frame = frame.with_columns(enterprise_id=made)
        warnings.append(
            "the file has no column of codes: ids were made from the names, the same from file to "
            "file"
        )
    else:
        wrong = frame["enterprise_id"].filter(misspelled(frame["enterprise_id"]))
        if not wrong.is_empty():
            named = ", ".join(wrong.head(_SHOWN).to_list())
            warnings.append(
                f"check digit: {len(wrong)} credit code{'s' if len(wrong) > 1 else ''} may be "
                f"misspelled, such as {named}"
            )
    frame, shown = with_seats(frame, rows)
    frame, lost = _with_industries(frame, rows)
    return frame, [*warnings, *shown, *lost]


def _with_industries(frame: pl.DataFrame, rows: Rows) -> tuple[pl.DataFrame, list[str]]:
    """Derive industry codes from codes and names; a code that is not in the standard is wrong."""
    given = frame["industry_code"]
    zeros = industry_codes.lost_zeros(given.drop_nulls().unique(maintain_order=True).to_list())
    code = _codes(given, None, zeros.lost)
    wrong = given.is_not_null() & code.is_null()
    for column, digits in _LEVELS.items():
        if rows.has(column) and (code.is_null() | (code.str.len_bytes() < _WHOLE)).any():
            code = _narrower(code, _codes(frame[column], digits, {}))
    doubtful = {
        text: whole
        for text, whole in zeros.unsure.items()
        if ((given == text) & (code != whole)).any()
    }
    warnings = [
        f"industry_code: {shown} in {_rows(given, texts)}: {_pairs(texts)}"
        for shown, texts in (
            ("a leading zero that a spreadsheet drops was put back", zeros.lost),
            ("taken as stated, but a spreadsheet may have dropped a leading zero", doubtful),
        )
        if texts
    ]
    return (
        frame.with_columns(
            code.alias("industry_code"), (wrong & code.is_null()).alias(flag("industry_code"))
        ),
        warnings,
    )


def _rows(given: pl.Series, texts: Mapping[str, str]) -> str:
    return counted(int(given.is_in(list(texts)).sum()))


def _pairs(texts: Mapping[str, str]) -> str:
    return some([f"{text} → {whole}" for text, whole in list(texts.items())[:_SHOWN]], len(texts))


def _codes(texts: pl.Series, digits: int | None, known: Mapping[str, str]) -> pl.Series:
    found = {
        text: code
        for text in texts.drop_nulls().unique().to_list()
        if (code := known.get(text) or industry_codes.find(text, digits)) is not None
    }
    return texts.replace_strict(found, default=None, return_dtype=pl.String)


def _narrower(one: pl.Series, other: pl.Series) -> pl.Series:
    """Take the other code if the first is unknown, a prefix of it, or lacks its leading zero."""
    frame = pl.DataFrame({"one": one, "other": other})
    letter = pl.col("one").str.contains("^[A-Z]$")
    narrower = pl.col("other").str.starts_with(pl.col("one")) | letter
    narrower |= pl.col("other") == pl.concat_str(pl.lit("0"), "one")
    return frame.select(
        pl.when(pl.col("one").is_null() | (narrower & pl.col("other").is_not_null()))
        .then(pl.coalesce("other", "one"))
        .otherwise("one")
    ).to_series()
