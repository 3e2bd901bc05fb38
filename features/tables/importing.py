"""Import of a file into a table of the workspace: read, parse, check, merge, commit."""

import datetime
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from features import calendar
from features.chains import ChainMap
from features.columns import Table
from features.errors import InputError, RejectedRowsError, UsageError
from features.tables.parsing import parsed
from features.tables.reading import Rows, read_rows
from features.tables.references import (
    unknown_nodes,
    unknown_zones,
    with_known_codes,
    with_need_ids,
    with_unknown_references,
    without_empty_words,
)
from features.tables.rejecting import (
    failed_rules,
    rejected,
    repeated_keys,
    surplus_fields,
)
from features.tables.schema import ROW, ROW_SCHEMAS, SCHEMAS
from features.vocabulary import TABLES, WHOLE
from features.workspace import Workspace

SHOWN = 20
"""So many problems a report holds; `rejected.csv` holds every bad row."""


@dataclass(frozen=True)
class Problem:
    """A bad value: where it stands, by the file's own header, and what was expected."""

    file: str
    row: int
    column: str
    value: str | None
    expected: str

    def __str__(self) -> str:
        place = f"{self.file}, row {self.row}" + (f", {self.column}" if self.column else "")
        came = "is empty" if self.value is None else f"got {self.value!r}"
        return f"{place}: {came}, expected {self.expected}"


@dataclass(frozen=True)
class ImportReport:
    """What an import did.

    Parameters
    ----------
    read, added, replaced, rejected
        Rows of the file: `read` is the sum of the other three. Empty rows are not counted.
    unchanged
        How many of the replaced rows were the same before.
    problems
        The first bad values, at most `SHOWN`.
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
    problems: Sequence[Problem]
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
        A row a bad value: row, column, value, expected.
    rejected
        A row a bad row, as in `rejected.csv`.
    """

    good: pl.DataFrame
    read: int
    problems: pl.DataFrame
    rejected: pl.DataFrame
    warnings: list[str]


def import_table(
    workspace: Workspace,
    table: str,
    path: Path,
    *,
    dry_run: bool = False,
    strict: bool = False,
    today: datetime.date | None = None,
) -> ImportReport:
    """Import a CSV, Excel or Parquet file into a table.

    Good rows are loaded, a row with a known key in the place of the old one (a chains or an
    input–output table in the place of all of it); bad rows go to the workspace's `rejected.csv`.

    Parameters
    ----------
    dry_run
        Only report what would happen; write nothing.
    strict
        Load nothing when any row is bad.
    today
        Against which dates in the future are told; by default the day it is.

    Raises
    ------
    UsageError
        For an unknown table.
    InputError
        When the file as a whole cannot be used; `RejectedRowsError` for bad rows under `strict`.
    UnavailableError
        When the workspace cannot be written to.
    """
    # What was joined stays apart in what is stored, and a file may name either.
    if workspace.joins.into:
        workspace = workspace.as_stored
    definition = TABLES.get(table)
    if definition is None:
        raise UsageError(
            f"no table {table!r}: expected one of {', '.join(TABLES)}",
            field="table",
            got=table,
            expected=", ".join(TABLES),
        )
    rows, frame = _read(definition, path, today)
    with nullcontext() if dry_run else workspace.writing():
        checked = _checked(workspace, definition, path, rows, frame)
        # The raw text of a large file is not to stand in memory beside what is made from it.
        del rows, frame
        problems = _problems(path, checked.problems)
        bad = checked.rejected.height
        if strict and bad:
            if not dry_run:
                workspace.replace_rejected(checked.rejected)
            raise RejectedRowsError(
                f"nothing was imported: {bad} of {checked.read} rows are bad; first: {problems[0]}",
                field=problems[0].column,
                got=problems[0].value,
                expected=problems[0].expected,
            )
        loaded = checked.good.height
        merged, replaced, unchanged = _merged(workspace, definition, checked.good)
        # Nor are the good rows beside the table that they have become a part of.
        checked = replace(checked, good=SCHEMAS[table].create_empty())
        if not dry_run and merged is not None:
            workspace.commit({table: merged})
        if not dry_run:
            workspace.replace_rejected(checked.rejected)
        return ImportReport(
            table=table,
            file=str(path),
            read=checked.read,
            added=loaded - replaced,
            replaced=replaced,
            unchanged=unchanged,
            rejected=bad,
            warnings=checked.warnings,
            problems=problems,
            rejected_file=str(workspace.rejected_file) if bad and not dry_run else None,
            dry_run=dry_run,
            version=workspace.version(table),
        )


def check_rows(
    workspace: Workspace, table: str, path: Path, *, today: datetime.date | None = None
) -> Checked:
    """Read and check a file as an import would, without importing it.

    Raises
    ------
    InputError
        When the file as a whole cannot be used.
    """
    definition = TABLES[table]
    rows, frame = _read(definition, path, today)
    return _checked(workspace, definition, path, rows, frame)


def _read(table: Table, path: Path, today: datetime.date | None) -> tuple[Rows, pl.DataFrame]:
    rows = read_rows(path, table)
    return rows, parsed(rows, table, today or calendar.today())


def _checked(
    workspace: Workspace, table: Table, path: Path, rows: Rows, frame: pl.DataFrame
) -> Checked:
    if table.name == "needs":
        frame = with_need_ids(without_empty_words(frame))
    frame, warnings = with_known_codes(table, frame)
    frame = with_unknown_references(table, frame, workspace.read)
    # Taken lazily, the failures alone are made: a file without any is not copied.
    details = ROW_SCHEMAS[table.name].filter(frame.lazy()).failure.details()
    problems = [surplus_fields(rows), failed_rules(table, rows, details)]
    good = frame
    if not details.is_empty():
        good = frame.filter(~pl.col(ROW).is_in(details[ROW].implode()))
    # A struct of one column would cost ten times the column.
    key = pl.col(table.key[0]) if len(table.key) == 1 else pl.struct(table.key)
    first = good.select(key.is_first_distinct()).to_series()
    if not first.all():
        earlier = pl.col(ROW).first().over(table.key).alias("first")
        problems.append(repeated_keys(table, rows, good.with_columns(earlier).filter(~first)))
        good = good.filter(first)
    good = good.select(SCHEMAS[table.name].column_names())
    if table.name == "chains":
        _check_chain_map(path, good)
    listed = pl.concat(problems).sort("row", maintain_order=True)
    return Checked(
        good,
        frame.height + len(rows.surplus),
        listed,
        rejected(path, rows, listed),
        [
            *rows.warnings,
            *warnings,
            *unknown_zones(table, good, workspace.read),
            *unknown_nodes(table, good, workspace.read),
            *_retracted(workspace, table, good),
        ],
    )


def _retracted(workspace: Workspace, table: Table, good: pl.DataFrame) -> list[str]:
    """Warn of events that were taken back: importing them again does not bring them back."""
    if table.name != "events" or workspace.log is None:
        return []
    gone = good["event_id"].is_in(workspace.log.retracted().implode()).sum()
    return [f"event_id: {gone} of the rows were retracted and stay so"] if gone else []


def _check_chain_map(path: Path, chains: pl.DataFrame) -> None:
    """Refuse a map that does not hold together; a map with bad rows left out may not."""
    try:
        ChainMap.from_frame(chains)
    except InputError as error:
        raise InputError(
            f"{path}: {error.message}", field=error.field, got=error.got, expected=error.expected
        ) from None


def _problems(path: Path, problems: pl.DataFrame) -> list[Problem]:
    return [Problem(str(path), **problem) for problem in problems.head(SHOWN).to_dicts()]


def _merged(
    workspace: Workspace, table: Table, good: pl.DataFrame
) -> tuple[pl.DataFrame | None, int, int]:
    """Put good rows in the place of those of the same keys.

    Returns
    -------
    tuple
        The table as it will be, None where nothing changes; how many rows were replaced; and how
        many of these were the same before.
    """
    if good.is_empty():
        return None, 0, 0
    old = workspace.history() if table.name == "events" else workspace.read(table.name)
    replaced = unchanged = 0
    if not old.is_empty():
        # Whole rows are compared by hash: a join on all columns would hold them a third time.
        before = old.select(*table.key, before=old.hash_rows())
        now = good.select(*table.key, now=good.hash_rows())
        both = before.join(now, on=table.key, how="left", maintain_order="left")
        replaced = both.height - both["now"].null_count()
        unchanged = both.filter(pl.col("before") == pl.col("now")).height
    if table.name in WHOLE:
        return good, replaced, unchanged
    if unchanged == good.height:
        return None, replaced, unchanged
    if table.name == "events":  # those that were recorded stay where they are
        kept = workspace.imported("events").join(good, on=table.key, how="anti")
        good = pl.concat([kept, good])
    elif replaced < old.height:
        good = pl.concat([old.filter(both["now"].is_null()), good])
    ordered = len(table.key) == 1 and good[table.key[0]].is_sorted()
    return good if ordered else _sorted(good, table.key), replaced, unchanged


def _sorted(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """Sort column by column, emptying `rows` on the way: a large table is not held twice."""
    order = rows.select(pl.arg_sort_by(key)).to_series()
    return pl.DataFrame([rows.drop_in_place(name).gather(order) for name in rows.columns])
