"""Reading of files (text, workbooks, Parquet, a zip of one) into rows of raw text."""

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import polars as pl

from features.columns import Table
from features.errors import InputError, UsageError
from features.files import limits
from features.files.blocks import blocks
from features.files.delimited import read_delimited
from features.files.grid import Choose, Grid, Part
from features.files.headers import Headers, matched
from features.files.layout import BESIDE, FILLED, find_body, lacks_required
from features.files.parquet import read_parquet
from features.files.sections import with_places
from features.files.sheets import ENDINGS, read_workbook
from features.files.source import Source, open_source
from features.tables.schema import ROW

Reread = Callable[[pl.Series], pl.DataFrame]
_LOOKED_AT = 1_000
"""Number of first rows that are searched for a value of each column before the whole file is."""
_SMALL = 1 << 22
"""Bytes of a file that is always kept as a whole."""
SHEET_SHIFT = 21
"""Offset between the row numbers of sheets; a sheet has at most 2 ** 20 rows."""


@dataclass(frozen=True)
class Rows:
    """Raw rows of a file, for one table.

    Parameters
    ----------
    headers
        The matched headers.
    names
        Names of the fields, in order: the headers, made unique.
    fields
        `ROW` and a String column for each of `names`, for a large file only for those that match a
        column. Without empty rows and personal data.
    surplus
        Number and fields of rows with more fields than headers, which are not in `fields`.
    warnings
        Warnings about how the file was read.
    sheets
        Names of the sheets of the rows, if there are several.
    reread
        Reads rows again by their numbers, with all fields except personal data; None if `fields`
        has all of them.
    """

    headers: Headers
    names: Sequence[str]
    fields: pl.DataFrame
    surplus: Sequence[tuple[int, Sequence[str]]]
    warnings: Sequence[str]
    sheets: Sequence[str] = ()
    reread: Reread | None = None

    def has(self, column: str) -> bool:
        """Whether the file has a canonical column."""
        return column in self.headers.positions

    def raw(self, column: str) -> pl.Series | None:
        """Return the fields of a canonical column; None if the file has no such column."""
        if not self.has(column):
            return None
        name = self.names[self.headers.positions[column]]
        if name in self.fields.columns:
            return self.fields[name]
        return self.whole(self.fields[ROW])[name]

    def forget(self, column: str) -> None:
        """Free the fields of a canonical column if they can be read again."""
        if self.reread is not None:
            self.fields.drop_in_place(self.names[self.headers.positions[column]])

    def whole(self, numbers: pl.Series) -> pl.DataFrame:
        """Return `ROW` and all fields of rows, given their numbers."""
        if self.reread is None:
            return self.fields.filter(pl.col(ROW).is_in(numbers.implode()))
        return self.reread(numbers)

    def place(self, row: int) -> tuple[str, int]:
        """Return the sheet, if there are several, and the row number in it."""
        if not self.sheets:
            return "", row
        return self.sheets[row >> SHEET_SHIFT], row & ((1 << SHEET_SHIFT) - 1)


def read_rows(
    path: Path,
    table: Table,
    *,
    sheet: str | None = None,
    mapping: Mapping[str, str] | None = None,
    lean: bool = False,
) -> Rows:
    """Read a file whose headers are the table's columns, in English or Chinese.

    Parameters
    ----------
    sheet
        Name of a workbook's sheet, or "all"; by default the first one with the table.
    mapping
        Header → canonical column, in addition to the known headers.
    lean
        Whether to keep only matched columns of a file that can be read again.

    Raises
    ------
    InputError
        When the file does not exist, is not of the type of its extension, is empty, changes while
        it is read, or lacks a required column.
    UsageError
        When it has no such sheet, or the mapping names an unknown header or column.
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
        choose = (
            partial(_chosen, table, mapping, str(source))
            if lean and before.st_size > _SMALL
            else None
        )
        grids = _READERS[source.suffix](source, table, sheet, choose)
        _check_same(path, before)
    except FileNotFoundError:
        raise InputError(f"{path} does not exist", expected=_EXPECTED) from None
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}", expected=_EXPECTED
        ) from None
    grids = [block for grid in grids for block in blocks(table, grid)]
    rows = [_rows(str(source), table, grid, mapping) for grid in grids]
    if len(rows) == 1 and (again := rows[0].reread) is not None:

        def reread(numbers: pl.Series) -> pl.DataFrame:
            found = again(numbers)
            _check_same(path, before)
            return found

        return replace(rows[0], reread=reread)
    return rows[0] if len(rows) == 1 else _joined(table, rows, [grid.sheet or "" for grid in grids])


def _check_same(path: Path, before: os.stat_result) -> None:
    if _stamp(path.stat()) != _stamp(before):
        raise InputError(
            f"{path} has changed while it was read: try again when it is finished",
            expected="a file that is not being written",
        )


def _stamp(found: os.stat_result) -> tuple[int, ...]:
    return found.st_size, found.st_mtime_ns, found.st_ino


def _rows(source: str, table: Table, grid: Grid, mapping: Mapping[str, str] | None) -> Rows:
    limits.check_width(source, len(grid.headers))
    fields, part = grid.fields, grid.part
    positions = range(len(grid.headers)) if part is None else part.positions
    any_ = fields.select(pl.all().is_not_null().any()).row(0) if fields.height else ()
    filled = {at for at, found in zip(positions, any_, strict=False) if found}
    empty = set(range(len(grid.headers))) - filled if any_ else set()
    headers = matched(table, grid.headers, source, empty=empty, mapping=mapping, unit=grid.unit)
    names = _distinct([header.strip() for header in grid.headers])
    fields = fields.rename({fields.columns[n]: names[at] for n, at in enumerate(positions)})
    fields = fields.with_columns(_filled(table, fields, headers, names, part).alias(FILLED))
    fields = fields.with_row_index(ROW, offset=grid.first_row)
    if (fields[FILLED] == 0).any():
        fields = fields.filter(pl.col(FILLED) > 0)
    body = find_body(table, fields, ROW, headers, names)
    if body.kept is not None:
        fields = fields.filter(body.kept)
    if body.sections is not None and part is None:
        fields, headers, names = with_places(table, fields, body.sections, headers, names)
    personal = {
        name for name, h in zip(names, grid.headers, strict=False) if h.strip() in headers.personal
    }
    warnings = [*grid.warnings, *body.warnings, *_said(table, headers)]
    if fields.is_empty() and not grid.surplus:
        warnings.append(f"{source} has headers and no rows")
    fields = fields.drop(FILLED, *(personal.intersection(fields.columns)))
    reread = None
    if part is not None:
        kept = [name for name in names if name not in personal]
        reread = partial(_reread, part.whole, names, kept, grid.first_row)
    return Rows(headers, names, fields, grid.surplus, warnings, reread=reread)


def _filled(
    table: Table, fields: pl.DataFrame, headers: Headers, names: Sequence[str], part: Part | None
) -> pl.Series:
    """Return the number of non-empty fields of each row; exact for rows without a required value.

    Only for those is the number used, and only those are read again of a large file.
    """
    if part is None or not names:
        return fields.select(pl.sum_horizontal(pl.all().is_not_null())).to_series()
    lacking = fields.select(lacks_required(table, headers, names)).to_series().arg_true()
    filled = pl.select(pl.repeat(len(names), fields.height, dtype=pl.UInt32)).to_series()
    return filled if lacking.is_empty() else filled.scatter(lacking, part.filled(lacking))


def _reread(
    whole: pl.LazyFrame,
    names: Sequence[str],
    kept: Sequence[str],
    first_row: int,
    numbers: pl.Series,
) -> pl.DataFrame:
    """Read rows of a file again, given their numbers."""
    own = {f"column_{at + 1}": name for at, name in enumerate(names)}
    found = whole.rename(own).with_row_index(ROW, offset=first_row).select(ROW, *kept)
    return found.filter(pl.col(ROW).is_in(numbers.implode())).collect(engine="streaming")


def _chosen(
    table: Table,
    mapping: Mapping[str, str] | None,
    source: str,
    headers: Sequence[str],
    whole: pl.LazyFrame,
) -> list[int]:
    """Return the columns to keep: the matched ones, and the first three for the layout."""

    def positions(empty: Collection[int]) -> Mapping[str, int]:
        return matched(table, headers, source, empty=empty, mapping=mapping).positions

    def empty(columns: Sequence[int], rows: pl.LazyFrame) -> list[int]:
        asked = rows.select(pl.nth(columns).is_not_null().any()).collect(engine="streaming")
        return [at for at, any_ in zip(columns, asked.row(0), strict=True) if not any_]

    unsure = empty(range(len(headers)), whole.head(_LOOKED_AT))
    found = positions(unsure)
    if found != positions(()):
        found = positions(empty(unsure, whole))
    return sorted({*found.values(), *range(min(BESIDE, len(headers)))})


def _said(table: Table, headers: Headers) -> list[str]:
    """Return warnings about the columns that were left out."""
    warnings = []
    if headers.doubles:
        shown = ", ".join(f"{left} (taken: {taken})" for left, taken in headers.doubles.items())
        warnings.append(f"columns left out, because another one means the same: {shown}")
    if headers.personal:
        warnings.append(f"columns of personal data, never stored: {', '.join(headers.personal)}")
    if headers.unknown:
        warnings.append(f"columns left out, unknown for {table.name}: {', '.join(headers.unknown)}")
    for header, (known, column) in headers.suggested.items():
        warnings.append(f"{header} looks like {known}: --map {header}={column} takes it as that")
    return warnings


def _joined(table: Table, parts: Sequence[Rows], sheets: Sequence[str]) -> Rows:
    """Concatenate the rows of several sheets, under the canonical columns."""
    given: dict[str, str] = {}
    units: dict[str, float] = {}
    for part in parts:
        given = {**part.headers.given, **given}
    usual = {column.name: column.unit for column in table.readable}
    for column in given:
        having = [part.headers for part in parts if column in part.headers.given]
        stated = {part.units.get(column, usual[column]) for part in having}
        if len(stated) > 1:
            raise UsageError(
                f"the sheets have {column} in different units: import them one by one",
                field="sheet",
            )
        if any(column in part.units for part in having):
            units[column] = stated.pop()
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


def _read_text(
    source: Source, table: Table, sheet: str | None, choose: Choose | None
) -> list[Grid]:
    if sheet is not None and sheet != "all":
        raise UsageError(f"{source} is a text file: it has no sheets", field="sheet", got=sheet)
    return [read_delimited(source, table, choose)]


def _read_sheets(
    source: Source,
    table: Table,
    sheet: str | None,
    choose: Choose | None,  # noqa: ARG001
) -> list[Grid]:
    return read_workbook(source, table, sheet)


def _read_columns(
    source: Source,
    table: Table,  # noqa: ARG001
    sheet: str | None,  # noqa: ARG001
    choose: Choose | None,  # noqa: ARG001
) -> list[Grid]:
    return [read_parquet(source)]


_EXPECTED = (
    "a file named .csv, .tsv, .txt, .xlsx, .xls, .xlsm, .xlsb, .ods, .et or .parquet, or a .zip of "
    "one"
)
_Reader = Callable[[Source, Table, str | None, Choose | None], list[Grid]]
_READERS: Mapping[str, _Reader] = {
    **dict.fromkeys((".csv", ".tsv", ".txt"), _read_text),
    **dict.fromkeys(ENDINGS, _read_sheets),
    ".parquet": _read_columns,
}
