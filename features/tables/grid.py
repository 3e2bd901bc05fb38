"""What any kind of file is read into: headers, and fields as text."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl


@dataclass(frozen=True)
class Grid:
    """The fields of a file, or of one of its sheets.

    Parameters
    ----------
    headers
        Headers as they stand in the file.
    fields
        A String column for each header, in its order; a null is an empty field. Empty rows stand
        in it, so that a row's position gives its number.
    surplus
        Number and fields of rows that have more fields than there are headers (and are empty in
        `fields`).
    first_row
        Number of the first row of `fields`, where the file begins with row 1.
    warnings
        What a user should know of how the file was read.
    sheet
        Name of the sheet, where the file has any.
    """

    headers: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]] = ()
    first_row: int = 2
    warnings: Sequence[str] = field(default=())
    sheet: str | None = None
