"""The common form of all files: headers, and fields as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

Choose = Callable[[Sequence[str], pl.LazyFrame], Sequence[int]]
"""Selects the columns of a large file to keep, by its headers and fields."""


@dataclass(frozen=True)
class Part:
    """The columns kept of a large file.

    Parameters
    ----------
    positions
        Positions of the headers whose columns are kept, in order.
    whole
        All fields of the file, to be read again.
    """

    positions: Sequence[int]
    whole: pl.LazyFrame

    def filled(self, rows: pl.Series) -> pl.Series:
        """Return the number of non-empty fields, over all columns, of rows by their positions."""
        counts = self.whole.select(pl.sum_horizontal(pl.all().is_not_null()).alias("filled"))
        asked = counts.with_row_index("row").filter(pl.col("row").is_in(rows.implode()))
        return asked.collect(engine="streaming")["filled"]


@dataclass(frozen=True)
class Grid:
    """The fields of a file, or of one of its sheets.

    Parameters
    ----------
    headers
        Headers as in the file.
    fields
        A String column for each header (or each that is kept), in order; null for an empty field.
        Empty rows are included, so that the position of a row gives its number.
    surplus
        Number and fields of rows with more fields than headers (which are empty in `fields`).
    first_row
        Row number of the first row of `fields`; rows of the file are counted from 1.
    warnings
        Warnings about how the file was read.
    sheet
        Name of the sheet, if the file has sheets.
    unit
        Yuan per unit of amounts, if a note above the headers states one.
    part
        The columns kept, if `fields` is not the whole file.
    """

    headers: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]] = ()
    first_row: int = 2
    warnings: Sequence[str] = field(default=())
    sheet: str | None = None
    unit: float | None = None
    part: Part | None = None
