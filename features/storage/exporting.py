"""Export of tables, with the columns of an import."""

from __future__ import annotations

import polars as pl

from features.columns import Column, Kind
from features.tables.catalogue import TABLES
from features.values.standing import standings


def exported(table: str, frame: pl.DataFrame, *, numbers: bool = True) -> pl.DataFrame:
    """Return a table as texts and numbers; importing it again changes nothing.

    Dates keep their precision, lists are separated by `;`, products are `name:share`. Enterprises
    have the column `standing` in addition to their status.

    Parameters
    ----------
    numbers
        Whether amounts stay numbers; otherwise they are texts without trailing zeros.
    """
    definition = TABLES[table]
    columns: list[pl.Expr] = []
    for column in definition.columns:
        if column.derived:
            continue
        value = _text(column, frame)
        if not numbers and column.kind in (Kind.MONEY, Kind.NUMBER):
            value = value.cast(pl.String).str.strip_suffix(".0")
        columns.append(value.alias(column.name))
        if table == "enterprises" and column.name == "status":
            columns.append(pl.lit(standings(frame["status"])).alias("standing"))
    return frame.select(columns)


def _text(column: Column, frame: pl.DataFrame) -> pl.Expr:
    value = pl.col(column.name)
    match column.kind:
        case Kind.TEXTS:
            return value.list.join(";")
        case Kind.PRODUCTS:
            share = pl.element().struct["share"].cast(pl.String).str.strip_suffix(".0")
            one = pl.concat_str(
                pl.element().struct["name"], pl.concat_str(pl.lit(":"), share), ignore_nulls=True
            )
            return value.list.eval(one).list.join(";")
        case Kind.DATE:
            precision = f"{column.name}_precision"
            whole = value.dt.to_string("%Y-%m-%d")
            if precision not in frame.columns:
                return whole
            length = pl.col(precision).replace_strict(
                {"year": 4, "month": 7}, default=10, return_dtype=pl.UInt32
            )
            return whole.str.head(length)
        case _:
            return value
