"""Bad rows, with row, column, value and what was expected."""

from pathlib import Path

import orjson
import polars as pl

from features.columns import LONGEST_ID, Column, Table
from features.files.reading import Rows
from features.tables.schema import ROW, flag
from features.values.identity import SPOILED, SPOILED_EXPECTED

PROBLEMS = pl.Schema(
    {"row": pl.UInt32(), "column": pl.String(), "value": pl.String(), "expected": pl.String()}
)
"""Columns of a frame of problems: one row per bad value."""

_OWNERS = {
    "need_id": "the need_id of a known need (import needs first)",
    "enterprise_id": "the enterprise_id of a known enterprise (import enterprises first)",
    "zone_id": "the zone_id of a known zone (import zones or needs first)",
}


def failed_rules(table: Table, rows: Rows, details: pl.DataFrame) -> pl.DataFrame:
    """Return the values that failed a rule of the row schema.

    Parameters
    ----------
    details
        Bad rows with a column for each rule, as returned by dataframely.
    """
    problems = [pl.DataFrame(schema=PROBLEMS)]
    for column in table.columns:
        places = (f"{column.name}|", f"{flag(column.name)}|")
        rules = [name for name in details.columns if name.startswith(places)]
        bad = details.filter(pl.any_horizontal(pl.col(rules) == "invalid"))
        if bad.is_empty():
            continue
        raw = rows.raw(column.name)
        given = pl.DataFrame(
            {ROW: rows.fields[ROW], "value": raw}, schema_overrides={"value": pl.String}
        )
        problems.append(
            bad.select(ROW, missing=pl.col(column.name).is_null())
            .join(given, on=ROW, how="left")
            .select(
                pl.col(ROW).alias("row"),
                pl.lit(rows.headers.given.get(column.name, column.name)).alias("column"),
                pl.col("value").replace("", None),
                _expected(table, column).alias("expected"),
            )
        )
    return pl.concat(problems)


def unread_values(
    table: Table, rows: Rows, frame: pl.DataFrame
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Treat values of optional columns that cannot be parsed as unknown.

    Returns
    -------
    tuple
        The frame, in which they are no longer failures, and the list of these values.
    """
    problems = [pl.DataFrame(schema=PROBLEMS)]
    needed = {*table.key, *table.either}
    read = []
    for column in table.columns:
        wrong = frame[flag(column.name)]
        if column.required or column.name in needed or not wrong.any():
            continue
        raw = rows.raw(column.name)
        problems.append(
            pl.DataFrame({"row": rows.fields[ROW], "value": raw, "wrong": wrong}, strict=False)
            .filter("wrong")
            .select(
                "row",
                pl.lit(rows.headers.given.get(column.name, column.name)).alias("column"),
                pl.col("value").cast(pl.String),
                pl.lit(column.expected or "text in the file's encoding").alias("expected"),
            )
        )
        read.append(pl.lit(value=False).alias(flag(column.name)))
    return frame.with_columns(read), pl.concat(problems).sort("row", maintain_order=True)


def repeated_keys(table: Table, rows: Rows, repeated: pl.DataFrame) -> pl.DataFrame:
    """Return the rows whose key occurs in an earlier row.

    Parameters
    ----------
    repeated
        `ROW`, the columns of the key and `first`, the number of the earlier row.
    """
    key = ", ".join(table.key)
    return repeated.select(
        pl.col(ROW).alias("row"),
        pl.lit(", ".join(rows.headers.given.get(name, name) for name in table.key)).alias("column"),
        pl.concat_str(table.key, separator=", ").alias("value"),
        pl.format(f"each {key} once; row {{}} has it already", "first").alias("expected"),
    )


def surplus_fields(rows: Rows) -> pl.DataFrame:
    """Return the rows with more fields than headers."""
    width = len(rows.names)
    return pl.DataFrame(
        [
            (
                row,
                "",
                ", ".join(fields[width:]),
                f"{width} fields as in the headers, not {len(fields)}",
            )
            for row, fields in rows.surplus
        ],
        schema=PROBLEMS,
        orient="row",
    )


def rejected(path: Path, rows: Rows, problems: pl.DataFrame) -> pl.DataFrame:
    """Return a row for each bad row: file, row, column, value, expected, and raw as JSON.

    Several bad values of a row are separated by " | ".
    """
    shown = [pl.col(name).fill_null("").str.join(" | ") for name in ("column", "value", "expected")]
    bad = problems["row"].unique()
    raw = rows.fields.clear() if bad.is_empty() else rows.whole(bad)
    surplus = [(row, orjson.dumps(fields).decode()) for row, fields in rows.surplus]
    originals = pl.concat(
        [
            raw.select(row=ROW, raw=pl.struct(pl.exclude(ROW)).struct.json_encode()),
            pl.DataFrame(surplus, schema={"row": pl.UInt32, "raw": pl.String}, orient="row"),
        ]
    )
    listed = (
        problems.group_by("row", maintain_order=True)
        .agg(shown)
        .join(originals, on="row", how="left", maintain_order="left")
    )
    if rows.sheets:
        places = [rows.place(row) for row in listed["row"].to_list()]
        listed = listed.with_columns(pl.Series("row", [row for _, row in places], dtype=pl.UInt32))
        named = [f"{path} [{sheet}]" for sheet, _ in places]
        return listed.select(pl.Series("file", named, dtype=pl.String), pl.all())
    return listed.select(pl.lit(str(path)).alias("file"), pl.all())


def _expected(table: Table, column: Column) -> pl.Expr:
    if column.name == "enterprise_id":
        spoiled = pl.col("value").str.contains(SPOILED)
        return pl.when(spoiled).then(pl.lit(SPOILED_EXPECTED)).otherwise(_owned(table, column))
    if column.name == "industry":
        # The id of a need consists of the id of its zone and its industry.
        long = pl.col("value").str.len_chars() > LONGEST_ID // 2
        longest = pl.lit(f"at most {LONGEST_ID} characters together with its zone")
        return pl.when(long).then(longest).otherwise(pl.lit(column.expected))
    return pl.lit(column.expected) if column.expected else _owned(table, column)


def _owned(table: Table, column: Column) -> pl.Expr:
    either = " or ".join(table.either) if column.name in table.either else column.name
    unknown = pl.lit(_OWNERS.get(column.name, column.name))
    return (
        pl.when(pl.col("value").str.len_chars() > LONGEST_ID)
        .then(pl.lit(f"at most {LONGEST_ID} characters"))
        .when("missing")
        .then(pl.lit(f"a value: {either} must not be empty"))
        .otherwise(unknown)
    )
