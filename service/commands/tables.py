"""Tables in and out: `import` and `remove`."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from features.tables.importing import ImportReport, import_table
from service.api.problems import FAILURE
from service.commands.context import Context, echo_json


class TableName(StrEnum):
    """The tables."""

    enterprises = "enterprises"
    zones = "zones"
    needs = "needs"
    judgements = "judgements"
    events = "events"
    chains = "chains"
    input_output = "input_output"


class Removable(StrEnum):
    """What can be taken out by its id; a table, by its name."""

    enterprise = "enterprise"
    need = "need"
    event = "event"
    table = "table"


def import_(
    context: typer.Context,
    table: Annotated[TableName, typer.Argument(help="The table.")],
    path: Annotated[Path, typer.Argument(help="CSV, Excel (.xlsx) or Parquet file.")],
    dry_run: Annotated[bool, typer.Option(help="Only say what would happen.")] = False,
    strict: Annotated[bool, typer.Option(help="Load nothing when any row is bad.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Load a table: good rows are added or replace those of the same id, bad ones are reported.

    A chains or an input_output table replaces all of the one before.
    """
    own: Context = context.obj
    report = import_table(own.workspace, table.value, path, dry_run=dry_run, strict=strict)
    if as_json:
        echo_json(asdict(report))
    else:
        _tell(report)
    if report.failed:
        raise typer.Exit(FAILURE)


def remove(
    context: typer.Context,
    kind: Annotated[Removable, typer.Argument(help="What it is.")],
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Take an enterprise, a need or an event out, with the judgements and events about it.

    It is gone from answers at once, and from what is learnt at the next training. `remove table
    chains` and `remove table input_output` bring back what the project ships.
    """
    own: Context = context.obj
    removed = own.workspace.remove(kind.value, id_)
    if as_json:
        echo_json({"kind": kind.value, "id": id_, "removed": removed})
    else:
        told = ", ".join(f"{count} of {name}" for name, count in removed.items())
        typer.echo(f"removed {kind.value} {id_}: rows {told}")


def _tell(report: ImportReport) -> None:
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
