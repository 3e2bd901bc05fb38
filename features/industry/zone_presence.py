"""The presence of one zone: its enterprises, and the strength of each node.

It is computed in `features.presence`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.structures.ordered import found_in

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.industry.supply_graph import SupplyGraph

_FIRST = 5
"""Maximum number of named enterprises."""


@dataclass(frozen=True)
class Strength:
    """The strength of presence of v nodes.

    Attributes
    ----------
    shares : ndarray of shape (m, v)
        The strength of each of the m enterprises alone at each node.
    whole : ndarray of shape (v,)
        All of them together.
    apart : ndarray of shape (m, v)
        All without the one of the row.
    """

    shares: NDArray[np.float32]
    whole: NDArray[np.float32]
    apart: NDArray[np.float32]


@dataclass(frozen=True)
class ZonePresence:
    """The presence of one zone.

    Attributes
    ----------
    ids, names : tuple of m str
        The enterprises there, strongest evidence first.
    hows : tuple of m str
        The basis of each one's presence: a stage, "county" or "city".
    nodes, stations : Strength
        Over the nodes of the chain map, and over the stations of the supply graph.
    chains : tuple of str
        The chain of each node.
    graph : SupplyGraph
    pulls, pulls_apart : ndarray of shape (2, v) and (2, m, v)
        The strongest link from each station to a present one, and in reverse; and the same without
        the enterprise of each row.
    """

    ids: tuple[str, ...]
    names: tuple[str, ...]
    hows: tuple[str, ...]
    nodes: Strength
    stations: Strength
    chains: tuple[str, ...]
    graph: SupplyGraph
    pulls: NDArray[np.float32]
    pulls_apart: NDArray[np.float32]

    def rows_in(self, ids: NDArray[np.str_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Return which rows of a pool, in the order of ids, are members, and their numbers."""
        return found_in(ids, self._own)

    @cached_property
    def strongest_apart(self) -> NDArray[np.float32]:
        """The stronger of both directions of `pulls_apart`, shape (m, v)."""
        return np.asarray(self.pulls_apart.max(axis=0))

    @cached_property
    def _own(self) -> NDArray[np.str_]:
        return np.array(self.ids, dtype=np.str_)

    @cached_property
    def _members(self) -> dict[str, int]:
        return {id_: at for at, id_ in enumerate(self.ids)}

    def member(self, enterprise_id: str) -> int | None:
        """Return the member number of an enterprise, None if it is not present."""
        return self._members.get(enterprise_id)

    def besides(self, shares: NDArray[np.float32], member: int | None) -> list[int]:
        """Return the first members with a share in a node, largest first, without a given one."""
        found = np.flatnonzero(shares)
        order = found[np.argsort(-shares[found], kind="stable")[: _FIRST + 1]].tolist()
        return [at for at in order if at != member][:_FIRST]
