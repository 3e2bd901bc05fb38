"""What an import is asked for, and what it says it did."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    import polars as pl

    from features.tables.matching import Matched

SHOWN = 20
"""So many problems a report holds; `rejected.csv` holds every bad row."""

_LONGEST = 200

SAMPLED = 3
"""So many rows a report shows as they were read."""


@dataclass(frozen=True)
class Options:
    """How a file is read and what becomes of its rows.

    Parameters
    ----------
    sheet
        Name of a workbook's sheet, or "all"; by default the first one that holds the table.
    mapping
        Header → canonical column, beside the headers that are known.
    rates
        Currency → yuan in one unit; an amount in another currency is unknown.
    replace
        Whether an empty cell erases what is stored.
    source, date
        Where enterprises come from and what day that says, of rows that do not say so themselves.
    """

    sheet: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    replace: bool = False
    source: str | None = None
    date: datetime.date | None = None


@dataclass(frozen=True)
class RowProblem:
    """A bad value: where it stands, by the file's own header, and what was expected."""

    file: str
    row: int
    column: str
    value: str | None
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" + (f", {self.column}" if self.column else "")
        came = "is empty" if self.value is None else f"got {_shortened(self.value)!r}"
        return f"{place}: {came}, expected {self.expected}"


def _shortened(value: str) -> str:
    """Return what of a value is shown; `rejected.csv` has all of it."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters)"


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Parameters
    ----------
    read, added, replaced, rejected
        Rows of the file: `read` is the sum of the other three. Empty rows are not counted.
    unchanged
        How many of the replaced rows were the same before.
    warnings
        What a user should know, the first values that could not be read among it.
    problems
        The first bad values of rejected rows, at most `SHOWN`.
    unread, unread_values
        The first values that could not be read and are unknown, at most `SHOWN`; and how many.
    columns
        Header → what it was taken for: the column, and its unit where the header names one.
    sample
        The first rows as they were read, at most `SAMPLED`.
    rejected_file
        Where all bad rows stand; None without any, and after a dry run.
    version
        Version of the table afterwards.
    """

    table: str
    file: str
    read: int
    added: int
    replaced: int
    unchanged: int
    rejected: int
    warnings: Sequence[str]
    problems: Sequence[RowProblem]
    unread: Sequence[RowProblem]
    unread_values: int
    columns: Mapping[str, str]
    sample: Sequence[Mapping[str, Any]]
    rejected_file: str | None
    dry_run: bool
    version: str

    @property
    def failed(self) -> bool:
        """Whether the file had rows and every one of them was bad."""
        return self.read > 0 and self.read == self.rejected


@dataclass(frozen=True)
class Checked:
    """The good rows of a file, and what was wrong with the others.

    Parameters
    ----------
    good
        Good rows in the canonical columns of the table, in the order of the file.
    read
        How many rows the file has, empty ones not counted.
    problems
        One row per bad value: row, column, value, expected.
    unread
        The same of values that could not be read and are unknown.
    rejected
        One row per bad row, as in `rejected.csv`.
    present
        Columns that the file says anything of.
    columns
        Header → what it was taken for.
    matched
        Enterprises that are one with others; None for other tables.
    """

    good: pl.DataFrame
    read: int
    problems: pl.DataFrame
    unread: pl.DataFrame
    rejected: pl.DataFrame
    warnings: list[str]
    present: frozenset[str] = frozenset()
    columns: Mapping[str, str] = field(default_factory=dict)
    matched: Matched | None = None
