"""Duplicate enterprises: `duplicates` lists suspected pairs, joins them, and undoes that."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from features.enterprises import joining
from features.enterprises.duplicates import suspected_pairs
from features.errors import UsageError
from service.commands.context import Context, echo_json

if TYPE_CHECKING:
    from features.workspace import Workspace


def duplicates(
    context: typer.Context,
    join: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="ID ID", help="Join the second into the first."),
    ] = None,
    undo: Annotated[
        str | None, typer.Option(metavar="ID", help="Undo the join of this enterprise.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """List suspected duplicates, or join two enterprises, which can be undone.

    Of a pair that shares a code, a name or a former name, lists show only one. Joined enterprises
    are one, with the judgements and events of both, and missing fields filled from the other.
    Stored rows stay; a later import may name either.
    """
    own: Context = context.obj
    if join and undo:
        raise UsageError("--join and --undo are two things", field="undo", got=undo)
    if join:
        kept, other = join
        moved = joining.join(own.workspace, kept, other)
        if as_json:
            echo_json({"kept": kept, "joined": other, "moved": moved})
        else:
            shown = " and ".join(f"{count} {table}" for table, count in moved.items())
            typer.echo(f"{other} is read as {kept}, with {shown}; back: duplicates --undo {other}")
    elif undo:
        kept = joining.undo(own.workspace, undo)
        if as_json:
            echo_json({"parted": undo, "from": kept})
        else:
            typer.echo(f"{undo} stands for itself again, and no more for {kept}")
    else:
        _list(own.workspace, as_json=as_json)


def _list(workspace: Workspace, *, as_json: bool) -> None:
    found, joined = suspected(workspace), dict(sorted(workspace.joins.into.items()))
    if as_json:
        echo_json({"pairs": found, "joined": joined})
        return
    for pair in found:
        one, other = pair["one"], pair["other"]
        typer.echo(f"same {pair['why']}:")
        for row in (one, other):
            known = ", ".join(f"{row[table]} {table}" for table in ("judgements", "events"))
            typer.echo(f"  {row['enterprise_id']}  {row['name']}  ({known})")
    for other, kept in joined.items():
        typer.echo(f"joined: {other} is read as {kept}")
    if found:
        typer.echo(f"{len(found)} suspected; join two with: lianzhao duplicates --join ID ID")
    else:
        typer.echo("no two enterprises share a code, a name or a former name")


def suspected(workspace: Workspace) -> list[dict[str, Any]]:
    """Return the pairs, each with both profiles in brief."""
    enterprises = workspace.read("enterprises")
    counts = {
        table: dict(workspace.read(table)["enterprise_id"].value_counts().rows())
        for table in ("judgements", "events")
    }

    def shown(row: int) -> dict[str, Any]:
        id_, name = enterprises.select("enterprise_id", "name").row(row)
        own = {table: count.get(id_, 0) for table, count in counts.items()}
        return {"enterprise_id": id_, "name": name, **own}

    return [
        {"why": pair.why, "one": shown(pair.one), "other": shown(pair.other)}
        for pair in suspected_pairs(enterprises)
    ]
