"""Files as they come (text, workbooks, Parquet, a zip of one) → rows of raw text of a table."""

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from features.columns import Table
from features.errors import InputError, UsageError
from features.tables import limits
from features.tables.delimited import read_delimited
from features.tables.grid import Grid
from features.tables.headers import Headers, matched
from features.tables.layout import find_body
from features.tables.schema import ROW
from features.tables.sheets import ENDINGS, read_workbook
from features.tables.source import Source, open_source

SHEET_SHIFT = 21
"""Rows of the sheets of one file are numbered apart: a sheet has at most 2 ** 20 of them."""


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
        `ROW` and a String column for each of `names`. Empty rows are left out, and so is what is
        said of persons.
    surplus
        Number and fields of rows with more fields than headers; they are not in `fields`.
    warnings
        What a user should know of how the file was read.
    sheets
        Names of the sheets that the rows come from, where there are several.
    """

    headers: Headers
    names: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]]
    warnings: Sequence[str]
    sheets: Sequence[str] = ()

    def raw(self, column: str) -> pl.Series | None:
        """Fields of a canonical column; None when the file has no such column."""
        position = self.headers.positions.get(column)
        return None if position is None else self.fields[self.names[position]]

    def place(self, row: int) -> tuple[str, int]:
        """Return the sheet, where there are several, and the number that a row has in it."""
        if not self.sheets:
            return "", row
        return self.sheets[row >> SHEET_SHIFT], row & ((1 << SHEET_SHIFT) - 1)


def read_rows(
    path: Path,
    table: Table,
    *,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Rows:
    """Read a file whose headers are the table's columns, in English or Chinese.

    Parameters
    ----------
    sheet
        Name of a workbook's sheet, or "all"; by default the first one that holds the table.
    mapping
        Header → canonical column, beside the headers that are known.

    Raises
    ------
    InputError
        When there is no such file, or it is not what its name promises, is empty, changes while it
        is read, or lacks a required column.
    UsageError
        When it has no such sheet, or the mapping names what is not there.
    """
    reader = _READERS.get(path.suffix.lower())
    try:
        if (reader is None and path.suffix.lower() != ".zip") or path.is_dir():
            what = "is a folder" if path.is_dir() else f"ends in {path.suffix or 'nothing'}"
            raise InputError(f"{path} {what}: expected {_EXPECTED}", expected=_EXPECTED)
        before = path.stat()
        if before.st_size == 0:
            raise InputError(f"{path} is empty: expected headers and rows", expected=_EXPECTED)
        source = open_source(path, _READERS.keys())
        grids = _READERS[source.suffix](source, table, sheet)
        if _stamp(path.stat()) != _stamp(before):
            raise InputError(
                f"{path} has changed while it was read: try again when it is finished",
                expected="a file that is not being written",
            )
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", expected=_EXPECTED) from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", expected=_EXPECTED
        ) from None
    rows = [_rows(str(source), table, grid, mapping) for grid in grids]
    return rows[0] if len(rows) == 1 else _joined(rows, [grid.sheet or "" for grid in grids])


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _rows(source: str, table: Table, grid: Grid, mapping: Mapping[str, str] | None) -> Rows:
    limits.check_width(source, len(grid.headers))
    fields = grid.fields
    filled = fields.select(pl.all().is_not_null().any()).row(0) if fields.height else ()
    empty = {at for at, any_ in enumerate(filled) if not any_}
    headers = matched(table, grid.headers, source, empty=empty, mapping=mapping)
    names = _distinct([header.strip() for header in grid.headers])
    fields = fields.rename(dict(zip(fields.columns, names, strict=True)))
    fields = fields.with_row_index(ROW, offset=grid.first_row)
    blank = fields.select(pl.all_horizontal(pl.col(names).is_null())).to_series()
    if blank.any():
        fields = fields.filter(~blank)
    body = find_body(table, fields, ROW, headers)
    if body.kept is not None:
        fields = fields.filter(body.kept)
    personal = {
        name for name, h in zip(names, grid.headers, strict=True) if h.strip() in headers.personal
    }
    warnings = [*grid.warnings, *body.warnings, *_said(table, headers)]
    if fields.is_empty() and not grid.surplus:
        warnings.append(f"{source} has headers and no rows")
    return Rows(headers, names, fields.drop(personal), grid.surplus, warnings)


def _said(table: Table, headers: Headers) -> list[str]:
    """Say which columns were left out, and why."""
    warnings = []
    if headers.doubles:
        shown = ", ".join(f"{left} (taken: {taken})" for left, taken in headers.doubles.items())
        warnings.append(f"columns left out, because another one means the same: {shown}")
    if headers.personal:
        warnings.append(f"columns about persons, never stored: {', '.join(headers.personal)}")
    if headers.unknown:
        warnings.append(f"columns left out, unknown for {table.name}: {', '.join(headers.unknown)}")
    for header, (known, column) in headers.suggested.items():
        warnings.append(f"{header} looks like {known}: --map {header}={column} takes it as that")
    return warnings


def _joined(parts: Sequence[Rows], sheets: Sequence[str]) -> Rows:
    """Put the rows of several sheets below each other, under the canonical columns."""
    given: dict[str, str] = {}
    units: dict[str, float] = {}
    for part in parts:
        given = {**part.headers.given, **given}
    for column in given:
        stated = {p.headers.units.get(column) for p in parts if column in p.headers.given}
        if len(stated) > 1:
            raise UsageError(
                f"the sheets have {column} in different units: import them one by one",
                field="sheet",
            )
        if (unit := stated.pop()) is not None:
            units[column] = unit
    columns = list(given)
    frames = []
    for at, part in enumerate(parts):
        raw = {column: part.raw(column) for column in columns}
        number = part.fields[ROW].cast(pl.UInt32) + pl.Series([at << SHEET_SHIFT], dtype=pl.UInt32)
        height = part.fields.height
        frames.append(
            pl.DataFrame(
                [number.alias(ROW)]
                + [
                    pl.Series(column, texts if texts is not None else [None] * height, pl.String)
                    for column, texts in raw.items()
                ]
            )
        )
    surplus = [
        (row + (at << SHEET_SHIFT), fields)
        for at, part in enumerate(parts)
        for row, fields in part.surplus
    ]
    warnings = [
        f"sheet {sheet}: {warning}"
        for sheet, part in zip(sheets, parts, strict=True)
        for warning in part.warnings
    ]
    positions = {column: at for at, column in enumerate(columns)}
    headers = Headers(positions, given, units, ())
    return Rows(headers, columns, pl.concat(frames), surplus, warnings, sheets)


def _distinct(headers: Sequence[str]) -> list[str]:
    names: list[str] = []
    for position, header in enumerate(headers, start=1):
        name = header or f"column {position}"
        names.append(name if name not in (*names, ROW) else f"{name} (column {position})")
    return names


def _read_text(source: Source, table: Table, sheet: str | None) -> list[Grid]:
    if sheet is not None and sheet != "all":
        raise UsageError(f"{source} is a text file: it has no sheets", field="sheet", got=sheet)
    return [read_delimited(source, table)]


def _read_parquet(source: Source, table: Table, sheet: str | None) -> list[Grid]:  # noqa: ARG001
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
            f"{source} is no Parquet file, or is damaged ({reason})", expected=_EXPECTED
        ) from None
    return [Grid(frame.columns, cells)]


def _check_flat(source: Source, name: str, dtype: pl.DataType) -> None:
    """Refuse a column of records or bytes; a list of texts or of products is one of texts."""
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


_EXPECTED = (
    "a file named .csv, .tsv, .txt, .xlsx, .xls, .xlsm, .xlsb, .ods, .et or .parquet, or a .zip of "
    "one"
)
_Reader = Callable[[Source, Table, str | None], list[Grid]]
_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_text),
    **dict.fromkeys(ENDINGS, read_workbook),
    ".parquet": _read_parquet,
}
