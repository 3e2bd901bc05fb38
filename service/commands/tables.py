"""Tables in and out: `import` and `remove`."""

from __future__ import annotations

import sys
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import UsageError
from features.removal import remove_judgement, taken_along
from features.tables.importing import ImportReport, import_table
from service.api.problems import FAILURE
from service.commands.context import Context, echo_json

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


class Removable(StrEnum):
    """What can be taken out by its id; a judgement by two of them, a table by its name."""

    enterprise = "enterprise"
    need = "need"
    event = "event"
    judgement = "judgement"
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
    id_: Annotated[str, typer.Argument(metavar="ID", help="Its id; of a judgement, the need's.")],
    enterprise: Annotated[
        str | None, typer.Argument(metavar="[ENTERPRISE]", help="Whom the judgement is about.")
    ] = None,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask about what goes along.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the counts as JSON.")] = False,
) -> None:
    """Take an enterprise, a need or an event out, with the judgements and events about it.

    It is gone from answers at once, and from what is learnt at the next training. `remove judgement
    NEED ENTERPRISE` takes that alone. `remove table chains` and `remove table input_output` bring
    back what the project ships.
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
        told = ", ".join(f"{count} of {name}" for name, count in removed.items())
        named = id_ if enterprise is None else f"{id_} {enterprise}"
        typer.echo(f"removed {kind.value} {named}: rows {told}")


def _with_joined(workspace: Workspace, id_: str, removed: dict[str, int]) -> dict[str, int]:
    """Take out those too that were joined into an enterprise, which would come back otherwise."""
    total = dict(removed)
    for other in workspace.joins.of(id_):
        for table, count in workspace.remove("enterprise", other).items():
            total[table] = total.get(table, 0) + count
    return total


def _ask(what: str, along: dict[str, int]) -> None:
    """Ask about what goes along, where there is somebody to be asked; say it in any case."""
    if not along:
        return
    told = " and ".join(f"{count:,} {table}" for table, count in along.items())
    typer.echo(
        f"warning: {told} go along with {what}: an import does not bring them back", err=True
    )
    if sys.stdin is not None and sys.stdin.isatty():
        typer.confirm("go on?", abort=True, err=True)


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
