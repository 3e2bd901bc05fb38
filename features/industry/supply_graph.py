"""The supply graph: the edges of the chain map, or those of an input–output table.

Input–output links are the strongest factor of co-location (Ellison, Glaeser and Kerr, "What causes
industry agglomeration?", American Economic Review 100, 2010). The stations of the graph are the
nodes of the chain map, whose edges all have the same strength, including those across chains; or,
if a table is loaded, its sectors.

The strength of the link from sector i to sector j is the share of i in the purchases of j, in
excess of the mean over sectors::

    s_ij = a_ij / Σ_k a_kj        strength_ij = min(1, max(0, s_ij − mean_j s_ij) / 0.1)

where a_ij is the coefficient: the input of i per unit of j. The share is Input_ij of Ellison,
Glaeser and Kerr; without subtracting the mean, banks, hauliers and wholesalers would be linked with
everything; a tenth of all purchases above the mean is a full link. Sectors are not linked with
themselves: within such broad classes that would be similarity rather than supply.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.industry.sectors import sectors_of

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from features.industry.chains import ChainMap

WHOLE_LINK = 0.1
"""The share of purchases above the mean that makes a full link."""
_LEAST_LINK = 0.1


@dataclass(frozen=True)
class SupplyGraph:
    """The stations, and links between them.

    Attributes
    ----------
    stations : ChainMap
        Its v nodes are the stations.
    by_sectors : bool
        Whether these are the sectors of an input–output table.
    suppliers, buyers : ndarray of int, shape (e,)
        The two ends of every link.
    strengths : ndarray of float32, shape (e,), above 0 to 1
    """

    stations: ChainMap
    by_sectors: bool
    suppliers: NDArray[np.intp]
    buyers: NDArray[np.intp]
    strengths: NDArray[np.float32]

    def pulls(self, present: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the demand of present stations at each station.

        Parameters
        ----------
        present : ndarray of shape (k, v)
            The strength of presence of each station, 0 to 1, in k cases.

        Returns
        -------
        ndarray of shape (2, k, v)
            The strongest link of each station to a present one that it supplies, and to one that it
            buys from: strength of the link times presence.
        """
        pulls = np.zeros((2, *present.shape), dtype=np.float32)
        for side, (order, starts, own) in enumerate(self._ends):
            if len(order):
                others = (self.buyers, self.suppliers)[side][order]
                reached = present[:, others] * self.strengths[order]
                pulls[side][:, own] = np.maximum.reduceat(reached, starts, axis=1)
        return pulls

    def linked(
        self, station: int, *, supplies: bool
    ) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the stations that one supplies (or buys from), with the strength of each link."""
        ends = (self.suppliers, self.buyers) if supplies else (self.buyers, self.suppliers)
        found = ends[0] == station
        return ends[1][found], self.strengths[found]

    @cached_property
    def _ends(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.intp]]]:
        """For both ends: links sorted by it, the start of each station's links, the stations."""
        found = []
        for ends in (self.suppliers, self.buyers):
            order = np.argsort(ends, kind="stable")
            own, starts = np.unique(ends[order], return_index=True)
            found.append((order, starts, own))
        return found


def supply_graph(chain_map: ChainMap, input_output: pl.DataFrame | None = None) -> SupplyGraph:
    """Return the links of the chain map, or of the input–output table if it has rows."""
    if input_output is not None and not input_output.is_empty():
        return _of_sectors(input_output)
    column = {node.node_id: at for at, node in enumerate(chain_map.nodes)}
    edges = [
        (column[node.node_id], column[customer])
        for node in chain_map.nodes
        for customer in node.supplies
    ]
    ends = np.array(edges, dtype=np.intp).reshape(-1, 2)
    return SupplyGraph(
        chain_map, False, ends[:, 0], ends[:, 1], np.ones(len(ends), dtype=np.float32)
    )


def _of_sectors(table: pl.DataFrame) -> SupplyGraph:
    sectors = sectors_of(table)
    column = {node.node_id: at for at, node in enumerate(sectors.nodes)}
    taken = np.zeros((len(column), len(column)))
    rows = table.select("input_code", "output_code", "coefficient").iter_rows()
    for bought, buyer, coefficient in rows:
        taken[column[bought], column[buyer]] = coefficient
    total = taken.sum(axis=0)
    share = np.divide(taken, total, out=np.zeros_like(taken), where=total > 0)
    usual = share[:, total > 0].mean(axis=1, keepdims=True) if total.any() else 0.0
    strength = np.clip((share - usual) / WHOLE_LINK, 0, 1)
    np.fill_diagonal(strength, 0)
    suppliers, buyers = np.nonzero(strength >= _LEAST_LINK)
    return SupplyGraph(
        sectors, True, suppliers, buyers, strength[suppliers, buyers].astype(np.float32)
    )
