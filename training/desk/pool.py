"""Statistics of a workspace: rows, missing values, places, and nodes of pool and zones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from features.industry.nodes import NAMED_FROM, target_nodes
from features.tables.catalogue import TABLES
from models.factors.gap import known_nodes, presence_state

if TYPE_CHECKING:
    from collections.abc import Iterable

    from features.industry.chains import ChainMap
    from features.need import NeedQuery
    from features.presence import Presence
    from features.space.arrays import PoolFeatures
    from features.workspace import Workspace


def holdings(workspace: Workspace) -> pl.DataFrame:
    """Return one row per table: table, gloss, rows, imported_at (None without an import)."""
    rows = []
    for name, table in TABLES.items():
        at = workspace.imported_at(name)
        day = at.date().isoformat() if at else None
        rows.append((name, table.gloss, workspace.read(name).height, day))
    return pl.DataFrame(rows, schema=["table", "gloss", "rows", "imported_at"], orient="row")


def unknowns(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return one row per column: column, gloss, known, unknown (rows), best known first.

    An empty list counts as unknown.
    """
    rows = []
    for column in TABLES[table].columns:
        known = frame[column.name].drop_nulls()
        if isinstance(known.dtype, pl.List):
            known = known.filter(known.list.len() > 0)
        rows.append((column.name, column.gloss, len(known), frame.height - len(known)))
    found = pl.DataFrame(rows, schema=["column", "gloss", "known", "unknown"], orient="row")
    return found.sort("known", descending=True, maintain_order=True)


def places(enterprises: pl.DataFrame, level: str) -> pl.DataFrame:
    """Count enterprises by `province` or `city`: place (None is unknown), enterprises."""
    return (
        enterprises.group_by(place=level)
        .agg(enterprises=pl.len())
        .sort("enterprises", "place", descending=[True, False], nulls_last=True)
    )


def node_cover(pool: PoolFeatures, chain_map: ChainMap) -> pl.DataFrame:
    """Count the enterprises named at every node.

    Returns
    -------
    DataFrame
        chain_id, chain, node_id, node, position, at (place in the chain, from 1), enterprises.
    """
    named = (np.nan_to_num(pool.nodes.fit[:]) >= NAMED_FROM).sum(axis=0).tolist()
    of = dict(zip(pool.nodes.node_ids, named, strict=True))
    rows = [
        (chain.chain_id, chain.name, node.node_id, node.name, node.position, at, of[node.node_id])
        for chain in chain_map.chains
        for at, node in enumerate(chain.nodes, start=1)
    ]
    schema = ["chain_id", "chain", "node_id", "node", "position", "at", "enterprises"]
    return pl.DataFrame(rows, schema=schema, orient="row")


def gaps(
    needs: Iterable[NeedQuery], zones: pl.DataFrame, presence: Presence, chain_map: ChainMap
) -> pl.DataFrame:
    """Return the state of every need's nodes in its zone: missing, weak or strong.

    Returns
    -------
    DataFrame
        need_id, zone_id, zone, chain, node_id, node, at (place in the chain, from 1), state
        (missing, weak, strong; None where nothing is known of the chain in the zone) and present
        (0 to 1; None likewise). Needs without a zone or a node are left out.
    """
    names = dict(zones.select("zone_id", "name").iter_rows())
    order = {
        node.node_id: at for chain in chain_map.chains for at, node in enumerate(chain.nodes, 1)
    }
    column = {node.node_id: at for at, node in enumerate(chain_map.nodes)}
    rows = []
    for need in needs:
        nodes = target_nodes(need, chain_map)
        if not need.zone_id or not nodes:
            continue
        here = presence.of(need.zone_id)
        known = here is not None and known_nodes(here, [column[node.node_id] for node in nodes])
        for node in nodes:
            present = float(here.nodes.whole[column[node.node_id]]) if here and known else None
            rows.append(
                {
                    "need_id": need.need_id,
                    "zone_id": need.zone_id,
                    "zone": names.get(need.zone_id, need.zone_id),
                    "chain": chain_map.chain(node.chain_id).name,
                    "node_id": node.node_id,
                    "node": node.name,
                    "at": order[node.node_id],
                    "state": None if present is None else presence_state(present),
                    "present": present,
                }
            )
    return pl.DataFrame(rows, schema=_GAPS)


def foremost_chain(gaps: pl.DataFrame) -> str:
    """Return the chain with the most known nodes in the zones that want it; empty without any.

    Ties are broken by the number of these zones.
    """
    if gaps.is_empty():
        return ""
    chains = gaps.group_by("chain").agg(pl.col("state").count(), pl.col("zone_id").n_unique())
    return str(chains.sort("state", "zone_id", "chain", descending=[True, True, False])["chain"][0])


_GAPS = pl.Schema(
    {
        **dict.fromkeys(("need_id", "zone_id", "zone", "chain", "node_id", "node"), pl.String),
        "at": pl.Int64,
        "state": pl.String,
        "present": pl.Float64,
    }
)
