"""Gates: `projects gates`, `projects check-offer`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from features.errors import InputError
from service.access.keys import NOBODY
from service.commands.context import Context, echo_json
from service.projects.gates import gates_of, gates_of_project
from service.projects.offers import check_offer

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]


def gates(
    context: typer.Context,
    id_: Annotated[str | None, typer.Argument(metavar="ID", help="A project, by its id.")] = None,
    enterprise: Annotated[str | None, typer.Option(help="An enterprise, by its id.")] = None,
    zone: Annotated[str | None, typer.Option(help="For this zone.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the gates of a project, or of an enterprise for a zone: pass, fail or unknown."""
    own: Context = context.obj
    if (id_ is None) == (enterprise is None):
        raise InputError("say which: a project, or --enterprise ID", field="id")
    if id_ is not None:
        found = gates_of_project(own.projects, id_, NOBODY)
    else:
        found = gates_of(own.projects, str(enterprise), zone, NOBODY)
    if as_json:
        echo_json(found)
        return
    for gate in found:
        since = f"，{gate['date']}" if gate["date"] else ""
        typer.echo(
            f"{gate['name']}：{gate['state_name']}  {gate['text']}（{gate['source']}{since}）"
        )


def offer(
    context: typer.Context,
    path: Annotated[Path, typer.Argument(metavar="FILE", help="A text; - reads it from stdin.")],
    as_json: AsJson = False,
) -> None:
    """Find words in an offer that match a rule of fair competition (公平竞争审查)."""
    own: Context = context.obj
    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read: {error}", field="file") from error
    found = check_offer(text, own.projects.rules)
    if as_json:
        echo_json(found)
        return
    for finding in found["findings"]:
        typer.echo(f"「{finding['word']}」{finding['gloss']}：{finding['rule']}")
    if found["clear"]:
        typer.echo("未发现所列用语；这不等于通过审查。")
    typer.echo(found["source"])
    typer.echo("\n仍须逐项审查：")
    for question in found["checklist"]:
        typer.echo(f"  □ {question}")
