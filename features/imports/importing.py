"""Import of a file into a table of the workspace: read, parse, check, merge, commit."""

import datetime
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import polars as pl

from features import calendar
from features.columns import Kind, Table
from features.errors import InputError, RejectedRowsError, UsageError
from features.files.reading import Rows, read_rows
from features.imports.filling import MADE_FROM, fill_enterprises
from features.imports.merging import Merged, merge
from features.imports.references import (
    check_concepts,
    unknown_nodes,
    unknown_zones,
    with_joined_ids,
    with_known_codes,
    with_named_enterprises,
    with_need_ids,
    with_signal_ids,
    with_unknown_references,
    without_empty_words,
)
from features.imports.rejecting import (
    failed_rules,
    rejected,
    repeated_keys,
    surplus_fields,
    unread_values,
)
from features.imports.report import SAMPLED, SHOWN, Checked, ImportReport, Options, RowProblem
from features.imports.seating import with_seats
from features.industry.chains import ChainMap
from features.tables.catalogue import TABLES
from features.tables.schema import ROW, ROW_SCHEMAS, SCHEMAS
from features.values.cleaning import differ
from features.values.matching import Matched, Read, match_enterprises
from features.values.parsing import parsed
from features.workspace import Workspace

_DEFAULTS = Options()


def import_table(
    workspace: Workspace,
    table: str,
    path: Path,
    *,
    dry_run: bool = False,
    strict: bool = False,
    today: datetime.date | None = None,
    options: Options = _DEFAULTS,
) -> ImportReport:
    """Import a file into a table.

    Good rows are loaded. For a row with a known key, the columns in the file replace the stored
    values, and an empty cell keeps them (a chains or an input–output table is replaced as a whole).
    Bad rows are written to the workspace's `rejected.csv`.

    Parameters
    ----------
    dry_run
        Report what would happen, without writing.
    strict
        Load nothing if any row is bad or any value cannot be parsed.
    today
        The latest day for dates; today by default.

    Raises
    ------
    UsageError
        For an unknown table, or options that do not fit the file.
    InputError
        When the file cannot be used as a whole; `RejectedRowsError` for bad rows with `strict`.
    UnavailableError
        When the workspace cannot be written to.
    """
    # Joined enterprises are stored separately, and a file may name either.
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
    rows, frame = _read(definition, path, today, options)
    with nullcontext() if dry_run else workspace.writing():
        checked = _checked(workspace, definition, path, rows, frame, strict=strict)
        # Free the raw text of a large file before its rows are merged.
        del rows, frame
        problems = _problems(checked.problems)
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
        sample = checked.good.head(SAMPLED).to_dicts()
        if table == "enterprises":
            checked = replace(checked, good=_with_source(checked.good, options))
        merged = _merged(workspace, definition, checked, options)
        # Free the good rows, which are now part of the table.
        checked = replace(checked, good=SCHEMAS[table].create_empty())
        if table == "words" and merged.frame is not None:
            check_concepts(path, merged.frame)
        if not dry_run and merged.frame is not None:
            workspace.commit({table: merged.frame})
        if not dry_run:
            workspace.replace_rejected(checked.rejected)
        unread = _problems(checked.unread)
        return ImportReport(
            table=table,
            file=str(path),
            read=checked.read,
            added=loaded - merged.replaced,
            replaced=merged.replaced,
            unchanged=merged.unchanged,
            rejected=bad,
            warnings=[*checked.warnings, *_told_unread(unread, checked.unread.height)],
            problems=problems,
            unread=unread,
            unread_values=checked.unread.height,
            columns=checked.columns,
            sample=sample,
            rejected_file=str(workspace.rejected_file) if bad and not dry_run else None,
            dry_run=dry_run,
            version=workspace.version(table),
        )


def check_rows(
    workspace: Workspace,
    table: str,
    path: Path,
    *,
    today: datetime.date | None = None,
    read: Read | None = None,
) -> Checked:
    """Read and check a file as an import does, without importing it.

    Parameters
    ----------
    workspace, table, path, today
        As for an import.
    read
        Reads the tables that rows refer to; those of the workspace by default.

    Raises
    ------
    InputError
        When the file cannot be used as a whole.
    """
    definition = TABLES[table]
    rows, frame = _read(definition, path, today, _DEFAULTS)
    return _checked(workspace, definition, path, rows, frame, read=read)


def _read(
    table: Table, path: Path, today: datetime.date | None, options: Options
) -> tuple[Rows, pl.DataFrame]:
    rows = read_rows(path, table, sheet=options.sheet, mapping=options.mapping, lean=True)
    return rows, parsed(rows, table, today or calendar.today(), options.rates)


def _checked(
    workspace: Workspace,
    table: Table,
    path: Path,
    rows: Rows,
    frame: pl.DataFrame,
    *,
    strict: bool = False,
    read: Read | None = None,
) -> Checked:
    read = read or workspace.read
    warnings: list[str] = []
    matches: Matched | None = None
    if table.name == "needs":
        frame = with_need_ids(without_empty_words(frame))
    if table.name == "enterprises":
        frame, warnings = fill_enterprises(frame, rows)
        frame, matches = match_enterprises(frame, rows, read)
        warnings += matches.warnings
    if table.name == "zones":
        frame, warnings = with_seats(frame, rows, "zones")
    frame, left_out = with_known_codes(table, frame)
    if table.name == "signals":
        frame = with_named_enterprises(frame)
    frame = with_joined_ids(table, frame, read)
    if table.name == "signals":
        frame = with_signal_ids(frame)
    frame = with_unknown_references(table, frame, read)
    frame, unread = (frame, None) if strict else unread_values(table, rows, frame)
    # Evaluated lazily, so that a file without failures is not copied.
    details = ROW_SCHEMAS[table.name].filter(frame.lazy()).failure.details()
    problems = [surplus_fields(rows), failed_rules(table, rows, details)]
    good = frame
    if not details.is_empty():
        good = frame.filter(~pl.col(ROW).is_in(details[ROW].implode()))
    if len(table.key) > 1 or not differ(good[table.key[0]]):
        # A struct of one column would take ten times the memory of the column.
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
    lost = listed.clear() if unread is None else unread
    if not lost.is_empty():
        lost = lost.filter(~pl.col("row").is_in(listed["row"].implode()))
    return Checked(
        good,
        frame.height + len(rows.surplus),
        _placed(path, rows, listed),
        _placed(path, rows, lost),
        rejected(path, rows, listed),
        [
            *rows.warnings,
            *warnings,
            *left_out,
            *unknown_zones(table, good, read),
            *unknown_nodes(table, good, read),
            *_retracted(workspace, table, good),
        ],
        _present(table, rows),
        _taken(table, rows),
        matches,
    )


def _placed(path: Path, rows: Rows, problems: pl.DataFrame) -> pl.DataFrame:
    """Add file or sheet to each problem, with the row number there."""
    if not rows.sheets:
        return problems.select(pl.lit(str(path)).alias("file"), pl.all())
    places = [rows.place(row) for row in problems["row"].to_list()]
    return problems.select(
        pl.Series("file", [f"{path} [{sheet}]" for sheet, _ in places], dtype=pl.String),
        pl.Series("row", [row for _, row in places], dtype=pl.UInt32),
        pl.exclude("row"),
    )


def _present(table: Table, rows: Rows) -> frozenset[str]:
    """Return the columns that the file provides."""
    made = MADE_FROM.get(table.name, {})
    return frozenset(
        column.name
        for column in table.columns
        if any(rows.has(name) for name in (column.name, *made.get(column.name, ())))
    )


def _taken(table: Table, rows: Rows) -> dict[str, str]:
    """Return the interpretation of each header."""
    columns = {column.name: column for column in table.readable}
    taken = {}
    for name, header in rows.headers.given.items():
        unit = rows.headers.units.get(name)
        what = "yuan" if columns[name].kind is Kind.MONEY else "people"
        shown = f" ({unit:,.0f} {what})" if unit else ""
        aid = ", to fill others" if columns[name] in table.aids else ""
        taken[header] = f"{name}{shown}{aid}"
    return taken


def _told_unread(unread: Sequence[RowProblem], count: int) -> list[str]:
    shown = [f"{problem}; the value is unknown" for problem in unread]
    if count > len(unread):
        shown.append(f"{count} values in all could not be read and are unknown")
    return shown


def _retracted(workspace: Workspace, table: Table, good: pl.DataFrame) -> list[str]:
    """Warn about retracted events: importing them again does not restore them."""
    if table.name != "events" or workspace.log is None:
        return []
    gone = workspace.retracted(good).height
    return [f"event_id: {gone} of the rows were retracted and stay retracted"] if gone else []


def _check_chain_map(path: Path, chains: pl.DataFrame) -> None:
    """Refuse an inconsistent chain map; leaving out bad rows may make it one."""
    try:
        ChainMap.from_frame(chains)
    except InputError as error:
        raise InputError(
            f"{path}: {error.message}", field=error.field, got=error.got, expected=error.expected
        ) from None


def _problems(problems: pl.DataFrame) -> list[RowProblem]:
    return [RowProblem(**problem) for problem in problems.head(SHOWN).to_dicts()]


def _with_source(good: pl.DataFrame, options: Options) -> pl.DataFrame:
    """Set the source and the date of rows that do not state them."""
    return good.with_columns(
        pl.col("source").fill_null(pl.lit(options.source, pl.String)),
        pl.col("source_date").fill_null(pl.lit(options.date, pl.Date)),
    )


def _merged(workspace: Workspace, table: Table, checked: Checked, options: Options) -> Merged:
    """Return the table after the import of the good rows."""
    kept = None
    old = workspace.history() if table.name == "events" else workspace.read(table.name)
    if table.name == "events":  # recorded rows keep their place
        kept = workspace.imported("events")
    if checked.matched is not None:
        old = checked.matched.renamed(old)
    return merge(table, old, checked.good, checked.present, replace=options.replace, kept=kept)
