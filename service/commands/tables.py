"""Import, export and removal of rows: `import`, `export` and `remove`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.enterprises.removal import remove_judgement, taken_along
from features.errors import UsageError
from features.imports.importing import import_table
from features.imports.report import ImportReport, Options
from features.storage.exporting import exported
from features.vocabulary import CURRENCIES
from service.commands.context import Context, echo_json
from service.outcomes import FAILURE
from service.serving.export import check_writable, write_table

if TYPE_CHECKING:
    from features.workspace import Workspace


class TableName(StrEnum):
    """The tables."""

    enterprises = "enterprises"
    zones = "zones"
    needs = "needs"
    judgements = "judgements"
    events = "events"
    chains = "chains"
    input_output = "input_output"
    words = "words"
    signals = "signals"


class Removable(StrEnum):
    """What can be removed: by id, a judgement by two ids, a table by its name."""

    enterprise = "enterprise"
    need = "need"
    event = "event"
    signal = "signal"
    judgement = "judgement"
    table = "table"


def import_(
    context: typer.Context,
    table: Annotated[TableName, typer.Argument(help="The table.")],
    path: Annotated[
        Path, typer.Argument(help="A text file, workbook or Parquet file, or a zip of one.")
    ],
    dry_run: Annotated[
        bool, typer.Option(help="Only show how columns are read and what would change.")
    ] = False,
    strict: Annotated[
        bool, typer.Option(help="Load nothing if any row is bad or any value cannot be read.")
    ] = False,
    sheet: Annotated[
        str | None, typer.Option(help="A sheet of the workbook by its name, or all.")
    ] = None,
    mapped: Annotated[
        list[str] | None,
        typer.Option(
            "--map",
            metavar="HEADER=COLUMN",
            help="The column of a header, or a file with one such line per header; repeatable.",
        ),
    ] = None,
    rate: Annotated[
        list[str] | None,
        typer.Option(metavar="USD=7.1", help="Yuan per unit of a currency; repeatable."),
    ] = None,
    replace: Annotated[bool, typer.Option(help="Let empty cells erase stored values.")] = False,
    source: Annotated[str | None, typer.Option(help="The source of these enterprises.")] = None,
    date: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="The day that the file describes."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load a table: valid rows are added or update those of the same id, bad ones are reported.

    Missing columns and empty cells keep stored values. For fields of an enterprise from several
    sources, the newest is shown. A chains or input_output table replaces the previous one
    completely.
    """
    own: Context = context.obj
    options = Options(
        sheet=sheet,
        mapping=_mapping(mapped or []),
        rates=_rates(rate or []),
        replace=replace,
        source=source,
        date=date.date() if date else None,
    )
    report = import_table(
        own.workspace, table.value, path, dry_run=dry_run, strict=strict, options=options
    )
    if as_json:
        echo_json(asdict(report))
    else:
        _tell(report)
    if report.failed:
        raise typer.Exit(FAILURE)


def export(
    context: typer.Context,
    table: Annotated[TableName, typer.Argument(help="The table.")],
    path: Annotated[Path, typer.Argument(help="A file named .csv, .xlsx or .parquet.")],
) -> None:
    """Write a table in the columns of an import; importing it again changes nothing."""
    own: Context = context.obj
    check_writable(path)
    stored = own.workspace.read(table.value)
    write_table(exported(table.value, stored, numbers=path.suffix.lower() != ".csv"), path)
    typer.echo(f"{stored.height} rows of {table.value} in {path}")


def remove(
    context: typer.Context,
    kind: Annotated[Removable, typer.Argument(help="The kind of the row.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id; of a judgement, the need's.")],
    enterprise: Annotated[
        str | None, typer.Argument(metavar="[ENTERPRISE]", help="The judged enterprise.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before removing related rows.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Remove an enterprise, a need or an event, with its judgements and events.

    It disappears from answers at once, and from models at the next training. `remove judgement NEED
    ENTERPRISE` removes only that. `remove table chains` and `remove table input_output` restore the
    shipped tables.
    """
    own: Context = context.obj
    if (kind == Removable.judgement) != (enterprise is not None):
        raise UsageError(
            "remove judgement takes a need and an enterprise, the others one id",
            field="ENTERPRISE",
            got=enterprise,
            expected="remove judgement NEED ENTERPRISE",
        )
    if enterprise is not None:
        removed = remove_judgement(own.workspace, id_, enterprise)
    else:
        if not yes:
            _ask(f"{kind.value} {id_}", taken_along(own.workspace, kind.value, id_))
        removed = own.workspace.remove(kind.value, id_)  # type: ignore[arg-type]
        if kind == Removable.enterprise:
            removed = _with_joined(own.workspace, id_, removed)
    if as_json:
        known = {} if enterprise is None else {"enterprise_id": enterprise}
        echo_json({"kind": kind.value, "id": id_, **known, "removed": removed})
    else:
        shown = ", ".join(f"{count} of {name}" for name, count in removed.items())
        named = id_ if enterprise is None else f"{id_} {enterprise}"
        typer.echo(f"removed {kind.value} {named}: rows {shown}")


def _with_joined(workspace: Workspace, id_: str, removed: dict[str, int]) -> dict[str, int]:
    """Also remove those that were joined into an enterprise, which would otherwise reappear."""
    total = dict(removed)
    for other in workspace.joins.of(id_):
        for table, count in workspace.remove("enterprise", other).items():
            total[table] = total.get(table, 0) + count
    return total


def _ask(what: str, along: dict[str, int]) -> None:
    """Warn about related rows that are removed too, and ask for confirmation on a terminal."""
    if not along:
        return
    shown = " and ".join(f"{count:,} {table}" for table, count in along.items())
    typer.echo(
        f"warning: {shown} go along with {what}: an import does not bring them back", err=True
    )
    if sys.stdin is not None and sys.stdin.isatty():
        typer.confirm("go on?", abort=True, err=True)


def _mapping(given: list[str]) -> dict[str, str]:
    """Parse the columns of headers: HEADER=COLUMN, or files with such lines."""
    pairs = {}
    for stated in given:
        path = Path(stated)
        file = "=" not in stated or path.is_file()
        lines = _lines(path) if file else [stated]
        for line in lines:
            header, parting, column = line.rpartition("=" if "=" in line else ",")
            if not parting or not header.strip():
                raise UsageError(
                    f"--map takes HEADER=COLUMN or a file of such lines, got {line!r}",
                    field="map",
                    got=line,
                    expected="HEADER=COLUMN",
                )
            pairs[header.strip()] = column.strip()
    return pairs


def _lines(path: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(
            f"--map takes HEADER=COLUMN or a UTF-8 file of such lines, got {str(path)!r}: {error}",
            field="map",
            got=str(path),
            expected="HEADER=COLUMN",
        ) from None
    return [line for line in text.splitlines() if line.strip() and not line.startswith("#")]


def _rates(given: list[str]) -> dict[str, float]:
    rates = {}
    for stated in given:
        code, _, number = stated.partition("=")
        try:
            rates[code.strip().upper()] = float(number)
        except ValueError:
            number = ""
        if not number or code.strip().upper() not in CURRENCIES or not 0 < float(number) < 1e6:
            raise UsageError(
                f"--rate takes a currency and yuan in one unit of it, got {stated!r}",
                field="rate",
                got=stated,
                expected=f"such as USD=7.1; currencies: {', '.join(CURRENCIES)}",
            )
    return rates


def _tell(report: ImportReport) -> None:
    if report.dry_run:
        _show(report)
    for warning in report.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for problem in report.problems:
        typer.echo(f"bad row: {problem}", err=True)
    if report.rejected > len(report.problems):
        typer.echo(f"bad row: … {report.rejected} rejected in all", err=True)
    typer.echo(
        f"{report.table}: read {report.read}, added {report.added}, "
        f"replaced {report.replaced} ({report.unchanged} unchanged), rejected {report.rejected}"
        + (" (dry run, nothing written)" if report.dry_run else "")
    )
    if report.rejected_file:
        typer.echo(f"bad rows are in {report.rejected_file}", err=True)


def _show(report: ImportReport) -> None:
    """Show the column of each header, and the first rows as read."""
    for header, column in report.columns.items():
        typer.echo(f"{header} → {column}")
    for at, row in enumerate(report.sample, start=1):
        read = "; ".join(f"{name}: {_shown(value)}" for name, value in row.items() if value)
        typer.echo(f"row {at} as read: {read}")


def _shown(value: Any) -> str:
    if not isinstance(value, list):
        return str(value)
    return "、".join(item["name"] if isinstance(item, dict) else str(item) for item in value)
