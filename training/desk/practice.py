"""Labels to practise on if a workspace has none: the nodes stated for enterprises.

The nodes stated in the table of enterprises become needs, with their enterprises as the relevant
ones; the column is removed, so that no ranker sees the answer. These labels show how training,
comparing and publishing work. They have the same author as the chain map, so figures on them say
little about other needs, and nothing about who would invest. If there are judgements, some of these
are used instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.errors import InputError
from features.tables.schema import SCHEMAS
from training.splits import MIN_NEEDS

if TYPE_CHECKING:
    from features.industry.chains import ChainMap
    from features.workspace import Workspace

LEAST = 5
"""Minimum number of enterprises for a node to become a need."""
SOURCE = "illustrative: nodes stated in the table of enterprises"


def practice_tables(
    enterprises: pl.DataFrame, chain_map: ChainMap, most: int
) -> dict[str, pl.DataFrame]:
    """Return enterprises without their nodes, needs made from nodes, and judgements.

    Parameters
    ----------
    enterprises : DataFrame
        The table of a workspace.
    chain_map : ChainMap
        Nodes that it does not have are left out.
    most : int
        Maximum number of needs, those with the most enterprises.

    Raises
    ------
    InputError
        When no node has enough enterprises.
    """
    known = pl.DataFrame(
        [
            (node.node_id, node.name, chain.name)
            for chain in chain_map.chains
            for node in chain.nodes
        ],
        schema={"node_id": pl.String, "industry": pl.String, "chain": pl.String},
        orient="row",
    )
    stated = (
        enterprises.select("enterprise_id", node_id="nodes")
        .explode("node_id")
        .drop_nulls()
        .unique()
        .join(known, on="node_id")
        .with_columns(need_id="practice/" + pl.col("node_id"))
        .sort("need_id", "enterprise_id")
    )
    sizes = stated.group_by("need_id").len().filter(pl.col("len") >= LEAST)
    if sizes.is_empty():
        raise InputError(
            f"there is nothing to practise on: no node has {LEAST} enterprises stated to be in it",
            field="nodes",
            expected=f"enterprises whose nodes are stated, {LEAST} or more in one node",
        )
    largest = sizes.sort("len", "need_id", descending=[True, False]).head(most)
    chosen = stated.filter(pl.col("need_id").is_in(largest["need_id"].to_list()))
    needs = chosen.unique("need_id", maintain_order=True).with_columns(basis=pl.lit("illustrative"))
    judgements = chosen.with_columns(grade=pl.lit(1), source=pl.lit(SOURCE))
    unstated = pl.lit(None, dtype=enterprises.schema["nodes"])
    return {
        "enterprises": enterprises.with_columns(nodes=unstated),
        "needs": _as("needs", needs),
        "judgements": _as("judgements", judgements),
    }


def states_nodes(enterprises: pl.DataFrame) -> bool:
    """Whether a table of enterprises states any node."""
    return bool((enterprises["nodes"].list.len() > 0).any())


def are_judged(workspace: Workspace) -> bool:
    """Whether enough needs for holding out have enough enterprises judged relevant."""
    return _judged_needs(workspace).height >= MIN_NEEDS


def judged_tables(workspace: Workspace, most: int) -> dict[str, pl.DataFrame]:
    """Return a workspace's tables with some of its judged needs, those with most judgements.

    Raises
    ------
    InputError
        When no need has enough relevant enterprises.
    """
    sizes = _judged_needs(workspace)
    largest = sizes.sort("len", "need_id", descending=[True, False]).head(most)
    if largest.is_empty():
        raise InputError(
            f"there is nothing to practise on: no node is stated of any enterprise, and no need "
            f"has {LEAST} enterprises judged to be relevant",
            field="nodes",
            expected="enterprises whose nodes are stated, or judgements",
        )
    kept = {
        table: workspace.read(table).join(largest, on="need_id", how="semi")
        for table in ("needs", "judgements")
    }
    whole = {table: workspace.read(table) for table in ("enterprises", "zones", "chains")}
    return whole | kept


def _as(table: str, frame: pl.DataFrame) -> pl.DataFrame:
    """Return a frame with the columns of a table; missing ones are null."""
    schema = SCHEMAS[table].create_empty().schema
    return frame.select(
        pl.col(name).cast(kind) if name in frame.columns else pl.lit(None, dtype=kind).alias(name)
        for name, kind in schema.items()
    )


def _judged_needs(workspace: Workspace) -> pl.DataFrame:
    """Return the needs with enough relevant enterprises, need_id and len."""
    judgements = workspace.read("judgements").filter(pl.col("grade") > 0)
    known = judgements.join(workspace.read("needs"), on="need_id", how="semi")
    return known.group_by("need_id").len().filter(pl.col("len") >= LEAST)
