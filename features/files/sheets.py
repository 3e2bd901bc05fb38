"""Workbooks of Excel, WPS and LibreOffice, read as grids of text. Macros are never run."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import fastexcel
import polars as pl

from features.errors import InputError, UsageError
from features.files.grid import Grid
from features.files.headers import is_complete, recognised
from features.files.layout import SEARCHED, HeaderPlace, find_headers, is_explanation
from features.files.packages import Extent, check_extent, extents

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.columns import Table
    from features.files.source import Source

ENDINGS = (".xlsx", ".xls", ".xlsm", ".xlsb", ".ods", ".et", ".xltx", ".ett")
ALL = "all"
"""Value for the name of a sheet: all sheets with a table."""

_EXPECTED = "a workbook: .xlsx, .xls, .xlsm, .xlsb, .ods or .et"
_LOCKED = "EncryptedPackage".encode("utf-16-le")
_OLD = b"\xd0\xcf\x11\xe0"
_ZIP = b"PK\x03\x04"


def read_workbook(path: Source, table: Table, sheet: str | None = None) -> list[Grid]:
    """Read the first sheet with a table, the named one, or `ALL` of them.

    Raises
    ------
    InputError
        When the file is not a workbook, is locked, is too large, or has no table.
    UsageError
        When it has no sheet of that name.
    """
    content = path.read()
    _check_content(path, content)
    spans = extents(path, content)
    if path.suffix == ".ods":  # all of its sheets are read when the file is opened
        for name, extent in spans.items():
            check_extent(path, name, extent)
    try:
        workbook = fastexcel.read_excel(content)
        names = workbook.sheet_names
    except BaseException as error:
        raise _no_workbook(path, content, error) from None
    wanted = _wanted(path, names, sheet)
    grids: list[tuple[str, Grid | None, int]] = []
    for name in wanted:
        extent = spans.get(name, Extent())
        check_extent(path, name, extent)
        try:
            loaded = workbook.load_sheet(name, header_row=None, skip_rows=0, dtypes="string")
            cells, visible = loaded.to_polars(), loaded.visible == "visible"
        except BaseException as error:
            raise _no_workbook(path, content, error) from None
        grid = _grid(table, name, cells, extent)
        found = 0
        if grid is not None and visible and not is_explanation(table, grid.headers, grid.fields):
            found = recognised(table, grid.headers)
        grids.append((name, grid, found))
        # A page of instructions names one column at most.
        if sheet is None and grid is not None and found > 1 and is_complete(table, grid.headers):
            break
    return _chosen(path, names, sheet, grids)


def _check_content(path: Source, content: bytes) -> None:
    if content.startswith((_OLD, _ZIP)):
        return
    start = content[:256].lstrip().lower()
    if start.startswith((b"<html", b"<!doctype", b"<table", b"<?xml")):
        what = "is a web page or XML: open it in Excel or WPS and save it as .xlsx"
    elif content.startswith(b"%PDF"):
        what = "is a PDF file"
    else:
        what = "is not an Excel file, or is damaged"
    raise InputError(f"{path} {what}: expected {_EXPECTED}", expected=_EXPECTED)


def _no_workbook(path: Source, content: bytes, error: BaseException) -> BaseException:
    """Return the error for a failure of the reader, which panics on some damaged files."""
    if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError | InputError):
        return error
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    if _LOCKED in content or "password" in reason.lower() or "encrypt" in reason.lower():
        return InputError(
            f"{path} is locked by a password: save it without one", expected=_EXPECTED
        )
    return InputError(
        f"{path} is not an Excel file, or is damaged or locked by a password ({reason}): "
        f"expected {_EXPECTED}",
        expected=_EXPECTED,
    )


def _wanted(path: Source, names: Sequence[str], sheet: str | None) -> Sequence[str]:
    if sheet is None or sheet.strip().lower() == ALL:
        return names
    for name in names:
        if name.strip().lower() == sheet.strip().lower():
            return [name]
    raise UsageError(
        f"{path} has no sheet {sheet!r}: it has {', '.join(names)}",
        field="sheet",
        got=sheet,
        expected=", ".join(names),
    )


def _grid(table: Table, name: str, cells: pl.DataFrame, extent: Extent) -> Grid | None:
    """Return a sheet as a grid; None if it is empty."""
    if cells.is_empty():
        return None
    cells = _with_merged(cells, extent)
    place = find_headers(table, cells.head(SEARCHED).rows())
    if place is None:
        return None
    # Dates are returned with the time of midnight.
    fields = cells.slice(place.row + 1).with_columns(
        pl.all().str.replace(r"^(\d{4}-\d\d-\d\d) 00:00:00$", "${1}")
    )
    fields, headers = _narrowed(fields, place)
    return Grid(
        headers,
        fields,
        first_row=place.row + 2,
        warnings=_above(place),
        sheet=name,
        unit=place.unit,
    )


def _above(place: HeaderPlace) -> list[str]:
    if not place.row:
        return []
    return [f"the headers were found in row {place.row + 1}; the rows above are left out"]


def _narrowed(fields: pl.DataFrame, place: HeaderPlace) -> tuple[pl.DataFrame, list[str]]:
    """Leave out columns that have neither a header nor a value."""
    filled = fields.select(pl.all().is_not_null().any()).row(0) if fields.height else ()
    kept = [
        at for at, header in enumerate(place.headers) if header or (at < len(filled) and filled[at])
    ]
    return fields[:, kept], [place.headers[at] for at in kept]


def _with_merged(cells: pl.DataFrame, extent: Extent) -> pl.DataFrame:
    """Copy the value of vertically merged cells into each of them."""
    for top, left, bottom, right in extent.merged:
        if bottom == top or left != right or left >= cells.width or top >= cells.height:
            continue
        column = cells.to_series(left)
        rows = list(range(top, min(bottom + 1, cells.height)))
        cells = cells.with_columns(column.scatter(rows, column[top]))
    return cells


def _chosen(
    path: Source, names: Sequence[str], sheet: str | None, grids: list[tuple[str, Grid | None, int]]
) -> list[Grid]:
    if sheet is not None and sheet.strip().lower() == ALL:
        chosen = [grid for _, grid, found in grids if grid is not None and found]
    else:
        filled = [(found, grid) for _, grid, found in grids if grid is not None]
        best = max(filled, key=lambda one: one[0], default=(0, None))[1]
        chosen = [] if best is None else [best]
    read = {grid.sheet for grid in chosen}
    left = [name for name in names if name not in read]
    if not chosen:
        which = f"the sheet {grids[0][0]}" if len(grids) == 1 else f"all of {', '.join(names)}"
        raise InputError(f"{path}: {which} is empty", expected=_EXPECTED)
    if not left:
        return chosen
    warning = (
        f"sheets without a table, left out: {', '.join(left)}"
        if len(chosen) > 1
        else f"only the sheet {chosen[0].sheet} was read; there is also: {', '.join(left)} "
        "(--sheet NAME or --sheet all)"
    )
    first = chosen[0]
    return [replace(first, warnings=(*first.warnings, warning)), *chosen[1:]]
