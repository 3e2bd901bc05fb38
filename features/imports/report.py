"""Options and report of an import."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    import polars as pl

    from features.values.matching import Matched

SHOWN = 20
"""Maximum number of problems in a report; `rejected.csv` has every bad row."""

_LONGEST = 200

SAMPLED = 3
"""Number of parsed rows in a report."""


@dataclass(frozen=True)
class Options:
    """How a file is read and its rows are stored.

    Parameters
    ----------
    sheet
        Name of a workbook's sheet, or "all"; by default the first one with the table.
    mapping
        Header → canonical column, in addition to the known headers.
    rates
        Exchange rates: currency → yuan; an amount in another currency is unknown.
    replace
        Whether an empty cell erases the stored value.
    source, date
        Source and date of enterprises, for rows that do not state their own.
    """

    sheet: str | None = None
    mapping: Mapping[str, str] = field(default_factory=dict)
    rates: Mapping[str, float] = field(default_factory=dict)
    replace: bool = False
    source: str | None = None
    date: datetime.date | None = None


@dataclass(frozen=True)
class RowProblem:
    """A bad value: its row, the header in the file, and what was expected."""

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
    """Return a value, shortened; `rejected.csv` has the whole one."""
    return value if len(value) <= _LONGEST else f"{value[:_LONGEST]}… ({len(value):,} characters)"


@dataclass(frozen=True)
class ImportReport:
    """The result of an import.

    Parameters
    ----------
    read, added, replaced, rejected
        Numbers of rows of the file; `read` is the sum of the other three. Without empty rows.
    unchanged
        Number of replaced rows that did not change.
    warnings
        Warnings, including the first values that could not be parsed.
    problems
        The first bad values of rejected rows, at most `SHOWN`.
    unread, unread_values
        The first values that could not be parsed and are unknown, at most `SHOWN`; and their
        number.
    columns
        Header → its interpretation: the column, and the unit if the header names one.
    sample
        The first parsed rows, at most `SAMPLED`.
    rejected_file
        The file with all bad rows; None if there are none, and after a dry run.
    version
        Version of the table after the import.
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
    """The good rows of a file, and the problems of the others.

    Parameters
    ----------
    good
        Good rows in the canonical columns of the table, in the order of the file.
    read
        Number of rows of the file without empty ones.
    problems
        One row per bad value: row, column, value, expected.
    unread
        The same for values that could not be parsed and are unknown.
    rejected
        One row per bad row, as in `rejected.csv`.
    present
        Columns that the file provides.
    columns
        Header → its interpretation.
    matched
        Enterprises that were matched with stored ones; None for other tables.
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
