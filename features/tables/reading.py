"""Files as they come (CSV, Excel, Parquet) → rows of raw text, under a table's own columns."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import fastexcel
import polars as pl

from features.columns import Table
from features.errors import InputError
from features.tables.delimited import read_delimited
from features.tables.grid import Grid
from features.tables.headers import Headers, matched, recognised
from features.tables.schema import ROW

_TITLE_ROWS = 10
"""Within so many rows the headers of an Excel sheet are looked for, below a title."""


@dataclass(frozen=True)
class Rows:
    """Raw rows of a file, for one table.

    Parameters
    ----------
    headers
        What the headers mean.
    names
        Names of the fields, in their order: the headers, made different where they are not.
    fields
        `ROW` and a String column for each of `names`. Empty rows are left out.
    surplus
        Number and fields of rows with more fields than headers; they are not in `fields`.
    warnings
        What a user should know of how the file was read.
    """

    headers: Headers
    names: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]]
    warnings: Sequence[str]

    def raw(self, column: str) -> pl.Series | None:
        """Fields of a canonical column; None when the file has no such column."""
        position = self.headers.positions.get(column)
        return None if position is None else self.fields[self.names[position]]


def read_rows(path: Path, table: Table) -> Rows:
    """Read a file whose headers are the table's columns, in English or Chinese.

    Raises
    ------
    InputError
        When there is no such file, or it is not what its name promises, is empty, or lacks a
        required column.
    """
    reader = _READERS.get(path.suffix.lower())
    try:
        if reader is None or path.is_dir():
            what = "is a folder" if path.is_dir() else f"ends in {path.suffix or 'nothing'}"
            raise InputError(
                f"{path} {what}: expected a file named .csv, .xlsx or .parquet", expected=_EXPECTED
            )
        if path.stat().st_size == 0:
            raise InputError(f"{path} is empty: expected headers and rows", expected=_EXPECTED)
        grid = reader(path, table)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", expected=_EXPECTED) from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", expected=_EXPECTED
        ) from None
    return _rows(path, table, grid)


def _rows(path: Path, table: Table, grid: Grid) -> Rows:
    headers = matched(table, grid.headers, str(path))
    names = _distinct([header.strip() for header in grid.headers])
    fields = grid.fields.rename(dict(zip(grid.fields.columns, names, strict=True)))
    fields = fields.with_row_index(ROW, offset=grid.first_row)
    empty = fields.select(pl.all_horizontal(pl.col(names).is_null())).to_series()
    if empty.any():
        fields = fields.filter(~empty)
    warnings = list(grid.warnings)
    if headers.unknown:
        warnings.append(f"columns left out, unknown for {table.name}: {', '.join(headers.unknown)}")
    if fields.is_empty() and not grid.surplus:
        warnings.append(f"{path} has headers and no rows")
    return Rows(headers, names, fields, grid.surplus, warnings)


def _distinct(headers: Sequence[str]) -> list[str]:
    names: list[str] = []
    for position, header in enumerate(headers, start=1):
        name = header or f"column {position}"
        names.append(name if name not in (*names, ROW) else f"{name} (column {position})")
    return names


def _read_excel(path: Path, table: Table) -> Grid:
    try:
        workbook = fastexcel.read_excel(path)
        sheets = workbook.sheet_names
        sheet = workbook.load_sheet(0, header_row=None, skip_rows=0, dtypes="string").to_polars()
    except fastexcel.FastExcelError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} is no Excel file, or is damaged or locked by a password ({reason}): "
            "expected an .xlsx workbook",
            expected=_EXPECTED,
        ) from None
    if sheet.is_empty():
        raise InputError(f"{path}: the first sheet, {sheets[0]}, is empty", expected=_EXPECTED)
    above = [
        ["" if cell is None else cell for cell in row] for row in sheet.head(_TITLE_ROWS).rows()
    ]
    header_row = max(range(len(above)), key=lambda row: recognised(table, above[row]))
    warnings = []
    if header_row:
        warnings.append(
            f"the headers were found in row {header_row + 1}; what is above is left out"
        )
    if len(sheets) > 1:
        others = ", ".join(sheets[1:])
        warnings.append(f"only the first sheet, {sheets[0]}, was read; there is also: {others}")
    # A date comes with its time of midnight.
    cells = sheet.slice(header_row + 1).with_columns(
        pl.all().str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "${1}")
    )
    return Grid(above[header_row], cells, first_row=header_row + 2, warnings=warnings)


def _read_parquet(path: Path, table: Table) -> Grid:  # noqa: ARG001
    try:
        frame = pl.read_parquet(path)
        cells = frame.select(_as_text(name, dtype) for name, dtype in frame.schema.items())
    except pl.exceptions.PolarsError as error:
        reason = str(error).splitlines()[0]
        raise InputError(
            f"{path} is no Parquet file, or is damaged ({reason})", expected=_EXPECTED
        ) from None
    return Grid(frame.columns, cells)


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    column = pl.col(name)
    if isinstance(dtype, pl.List):
        item = pl.element()
        if isinstance(dtype.inner, pl.Struct):
            product, share = (item.struct[position] for position in range(2))
            item = pl.concat_str(product, share.cast(pl.String), separator=":", ignore_nulls=True)
        return column.list.eval(item.cast(pl.String)).list.join(";")
    text = column.cast(pl.String)
    return text.str.strip_suffix(".0") if dtype.is_float() else text


_EXPECTED = "a CSV, Excel (.xlsx) or Parquet file"
_READERS: Mapping[str, Callable[[Path, Table], Grid]] = {
    ".csv": read_delimited,
    ".xlsx": _read_excel,
    ".parquet": _read_parquet,
}
