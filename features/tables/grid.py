"""What any kind of file is read into: headers, and fields as text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import polars as pl

Choose = Callable[[Sequence[str], pl.LazyFrame], Sequence[int]]
"""Which columns of a large file are kept, from its headers and its fields."""


@dataclass(frozen=True)
class Part:
    """What is kept of a large file.

    Parameters
    ----------
    positions
        Of the headers whose columns are kept, in their order.
    filled
        How many fields of each row are not empty, in all columns.
    whole
        All fields of the file, to be read again.
    """

    positions: Sequence[int]
    filled: pl.Series
    whole: pl.LazyFrame


@dataclass(frozen=True)
class Grid:
    """The fields of a file, or of one of its sheets.

    Parameters
    ----------
    headers
        Headers as they stand in the file.
    fields
        A String column for each header, or each that is kept, in its order; a null is an empty
        field. Empty rows stand in it, so that a row's position gives its number.
    surplus
        Number and fields of rows that have more fields than there are headers (and are empty in
        `fields`).
    first_row
        Number of the first row of `fields`, where the file begins with row 1.
    warnings
        What a user should know of how the file was read.
    sheet
        Name of the sheet, where the file has any.
    part
        What is kept, where `fields` are not all of the file.
    """

    headers: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]] = ()
    first_row: int = 2
    warnings: Sequence[str] = field(default=())
    sheet: str | None = None
    part: Part | None = None
