"""Reference data: `list zones`, `list needs`, `list chains`."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Any

import typer

from features.industry.chains import ChainMap
from features.vocabulary import ROLES
from features.workspace import Workspace
from service.commands.context import Context, echo_json


class Listed(StrEnum):
    """The listable tables."""

    zones = "zones"
    needs = "needs"
    chains = "chains"


def list_(
    context: typer.Context,
    what: Annotated[Listed, typer.Argument(help="What to list.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON.")] = False,
) -> None:
    """Show the zones, the needs or the industry chains of the workspace."""
    own: Context = context.obj
    rows = _LISTS[what](own.workspace)
    if as_json:
        echo_json({what.value: rows})
        return
    for row in rows:
        typer.echo("  ".join(str(value) for value in row.values() if value not in (None, "")))
    if not rows:
        typer.echo(f"no {what.value} yet: lianzhao import {what.value} FILE")


def _zones(workspace: Workspace) -> list[dict[str, Any]]:
    needs = workspace.read("needs")["zone_id"].drop_nulls().to_list()
    zones = {row["zone_id"]: row for row in workspace.read("zones").iter_rows(named=True)}
    return [
        {
            "zone_id": zone_id,
            "name": zones.get(zone_id, {}).get("name"),
            "place": "".join(
                part
                for column in ("province", "city", "county")
                if (part := zones.get(zone_id, {}).get(column))
            )
            or None,
            "level": zones.get(zone_id, {}).get("level"),
            "needs": needs.count(zone_id),
        }
        for zone_id in dict.fromkeys([*zones, *needs])
    ]


def _needs(workspace: Workspace) -> list[dict[str, Any]]:
    names = dict(workspace.read("zones").select("zone_id", "name").iter_rows())
    return [
        {
            "need_id": row["need_id"],
            "zone": names.get(row["zone_id"]) or row["zone_id"],
            "industry": row["industry"],
            "role": ROLES[row["role"]].gloss if row["role"] else None,
            "nodes": "、".join(row["nodes"] or ()) or None,
        }
        for row in workspace.read("needs").iter_rows(named=True)
    ]


def _chains(workspace: Workspace) -> list[dict[str, Any]]:
    chains = ChainMap.from_frame(workspace.read("chains")).chains
    return [
        {
            "chain_id": chain.chain_id,
            "name": chain.name,
            "nodes": "、".join(node.name for node in chain.nodes),
        }
        for chain in chains
    ]


_LISTS = {Listed.zones: _zones, Listed.needs: _needs, Listed.chains: _chains}
