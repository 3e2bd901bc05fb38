"""Parquet files, read as grids of text."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.errors import InputError
from features.files import limits
from features.files.grid import Grid

if TYPE_CHECKING:
    from features.files.source import Source

_EXPECTED = "a Parquet file of texts, numbers, dates, or lists of them"


def read_parquet(source: Source) -> Grid:
    """Read a Parquet file of texts, numbers, dates, and lists of them.

    Raises
    ------
    InputError
        When the file is damaged, too large, or has a column of records.
    """
    try:
        with source.open() as file:
            schema = pl.read_parquet_schema(file)
            file.seek(0)
            rows = pl.scan_parquet(file).select(pl.len()).collect().item()
        if rows > limits.ROWS:
            raise InputError(
                f"{source} has {rows:,} rows: at most {limits.ROWS:,} are read", expected=_EXPECTED
            )
        limits.check_width(source, len(schema))
        for name, dtype in schema.items():
            _check_flat(source, name, dtype)
        frame = pl.read_parquet(source.path if source.content is None else source.content)
        cells = frame.select(_as_text(name, dtype) for name, dtype in frame.schema.items())
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{source} is not a Parquet file, or is damaged ({reason})", expected=_EXPECTED
        ) from None
    return Grid(frame.columns, cells)


def _check_flat(source: Source, name: str, dtype: pl.DataType) -> None:
    """Refuse a column of records or bytes; lists of texts and of products become texts."""
    inner = dtype.inner if isinstance(dtype, pl.List | pl.Array) else dtype
    product = (
        isinstance(dtype, pl.List)
        and isinstance(inner, pl.Struct)
        and [field.name for field in inner.fields] == ["name", "share"]
    )
    nested = isinstance(inner, pl.Struct | pl.List | pl.Array | pl.Object | pl.Binary)
    if nested and not product:
        raise InputError(
            f"{source}: the column {name} holds {dtype}: expected texts, numbers, dates, or lists "
            "of them",
            field=name,
            got=str(dtype),
            expected="a column without records in it",
        )


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.List):
        item = pl.element()
        if isinstance(dtype.inner, pl.Struct):
            product, share = (item.struct[position] for position in range(2))
            item = pl.concat_str(product, share.cast(pl.String), separator=":", ignore_nulls=True)
        return column.list.eval(item.cast(pl.String)).list.join(";")
    if isinstance(dtype, pl.Array):
        return column.arr.to_list().list.eval(pl.element().cast(pl.String)).list.join(";")
    text = column.cast(pl.String)
    return text.str.strip_suffix(".0") if dtype.is_float() else text
