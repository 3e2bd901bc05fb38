"""Allocation of enterprises to a city's zones: `allocate`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from service.access.keys import NOBODY
from service.commands.context import Context, echo_json, progress
from service.projects.allocation import allocate as share
from service.projects.talks import held_in, settled_in
from service.serving.export import check_writable, write_table
from service.serving.lifecycle.loading import load_engine


def allocate(
    context: typer.Context,
    city: Annotated[str, typer.Option(help="The city, such as 长治.")],
    out: Annotated[Path, typer.Option(help="Write the lists: .xlsx, .csv or .parquet.")],
    k: Annotated[int, typer.Option("-k", min=1, help="Enterprises per need.")] = 20,
    max_zones: Annotated[
        int, typer.Option(min=1, help="Maximum number of zones per enterprise.")
    ] = 2,
    industry: Annotated[str | None, typer.Option(help="Only needs of this industry.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary as JSON.")] = False,
) -> None:
    """Allocate enterprises to the needs of a city's zones, optimally, and report the cost.

    Each need gets its best enterprises, none goes to more than --max-zones zones, and enterprises
    in talks with a zone only go to that zone.
    """
    own: Context = context.obj
    check_writable(out)
    engine = load_engine(own.workspace, own.encoder)
    with progress() as shown:
        done = share(
            engine,
            own.projects.references,
            city,
            k=k,
            max_zones=max_zones,
            industry=industry,
            held=held_in(own.projects, city, NOBODY),
            settled=settled_in(own.projects, city, NOBODY),
            progress=lambda step, of: shown("rank needs", step, of),
        )
    profiles = own.workspace.read("enterprises")
    named = profiles.select("enterprise_id", "name", "short_name", "province", "city")
    lists = done.lists.join(named, on="enterprise_id", how="left", maintain_order="left")
    write_table(lists, out)
    sums = done.summary
    if as_json:
        echo_json({"file": str(out), **sums})
        return
    for need_id in sums["left_out"]:
        typer.echo(f"left out: no profile shares a word with {need_id}", err=True)
    typer.echo(
        f"{sums['places']} places of {sums['needs']} needs for {sums['enterprises']} enterprises "
        f"in {out}"
    )
    if sums["mean_loss"] is None:
        return
    typer.echo(
        f"before: {sums['plain_beyond']} enterprises in the lists of more than {max_zones} zones, "
        f"one in {sums['plain_most_zones']}; after: none in more than {sums['most_zones']}"
    )
    typer.echo(
        f"mean score {sums['mean_score']:.4f}, of the plain lists {sums['plain_mean_score']:.4f}: "
        f"it costs {sums['mean_loss']:.4f}"
    )
