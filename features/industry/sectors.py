"""The sectors of an input–output table, and the match of enterprises with them.

Sectors are identified by name. `reference/sectors.csv` has product words and codes of GB/T
4754-2017 for the sector names of China's National Bureau of Statistics; for any other sector the
parts of its name are its words.
"""

from __future__ import annotations

import csv
import re
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np

from features.industry.chains import Chain, ChainMap, Node
from features.industry.industry_codes import ancestors
from features.industry.nodes import NodeFit, best_products, product_matches

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.texts.text import WeightedTexts

CHAIN_ID = "input-output"
_PARTS = re.compile(r"[、,，和及与]")


def sectors_of(table: pl.DataFrame) -> ChainMap:
    """Return the sectors of an input–output table, in the order of their codes, as one chain."""
    named: dict[str, str] = {}
    sides = (("input_code", "input"), ("output_code", "output"))
    for side in sides:
        for code, name in table.select(side).unique(maintain_order=True).iter_rows():
            named.setdefault(code, name)
    nodes = tuple(_sector(code, named[code]) for code in sorted(named))
    return ChainMap([Chain(CHAIN_ID, "投入产出部门", "input–output sectors", nodes)])


def fit_sectors(
    products: WeightedTexts,
    product_vectors: NDArray[np.float32],
    codes: Sequence[Sequence[str]],
    nodes: NodeFit,
    chain_map: ChainMap,
    sectors: ChainMap,
    sector_vectors: NDArray[np.float32],
) -> NodeFit:
    """Match every enterprise with every sector.

    Each product counts for the sector that it matches best by words and meaning. A node that the
    enterprise fits counts proportionally for the sectors of its industry codes, and the
    enterprise's own code fully for its sector.

    Parameters
    ----------
    products, product_vectors
        As in `features.industry.nodes.fit_nodes`.
    codes : sequence of n sequences of str
        The GB/T 4754-2017 code of each enterprise at all levels.
    nodes : NodeFit
        Fit to the chain map.
    chain_map, sectors : ChainMap
    sector_vectors : ndarray of shape (s, d)
    """
    matches = product_matches(products.texts, product_vectors, sectors.nodes, sector_vectors)
    if matches.size:
        matches[matches < matches.max(axis=1, keepdims=True)] = 0
    fit, product = best_products(products, matches)
    column = {code: at for at, node in enumerate(sectors.nodes) for code in node.industry_codes}
    for at, node in enumerate(chain_map.nodes):
        for sector, share in _shares(node.industry_codes, column).items():
            through = nodes.fit[:, at] * np.float32(share)
            better = through > np.nan_to_num(fit[:, sector], nan=-1)
            fit[better, sector] = through[better]
            product[better, sector] = nodes.product[better, at]
    for row, levels in enumerate(codes):
        for code in levels:
            if code in column:
                fit[row] = np.nan_to_num(fit[row])
                fit[row, column[code]] = 1
    return NodeFit(tuple(node.node_id for node in sectors.nodes), fit, product)


def _shares(codes: Sequence[str], column: dict[str, int]) -> dict[int, float]:
    """Return the sectors of codes, with shares."""
    found = [column[level] for code in codes for level in ancestors(code) if level in column]
    return {sector: found.count(sector) / len(found) for sector in found}


def _sector(code: str, name: str) -> Node:
    industry_codes, words = _reference().get(name, ((), ()))
    parts = (part.removeprefix("其他") for part in _PARTS.split(name))
    spoken = dict.fromkeys([*words, *(part for part in parts if len(part) > 1 and part != name)])
    return Node(code, name, None, CHAIN_ID, None, tuple(spoken), industry_codes, ())


@cache
def _reference() -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
    text = (files("features") / "reference" / "sectors.csv").read_text(encoding="utf-8")
    return {
        row["sector"]: (tuple(row["industry_codes"].split(";")), tuple(row["keywords"].split(";")))
        for row in csv.DictReader(text.splitlines())
    }
