"""Supply links: whether the enterprise supplies, or buys from, enterprises of the zone.

The score is the strongest link that it would have there: its membership in a station of the supply
graph, times the strength of the link to a station that is present in the zone, times the strength
of that presence. Both directions count the same; `link` returns direction and partner.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.industry.nodes import membership
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.industry.chains import Node
    from features.space.arrays import NeedFeatures, PoolFeatures


_PREFERENCE = np.float32(1.001)


@dataclass(frozen=True)
class LinkRows:
    """The membership of a pool's enterprises in each station."""

    pool: PoolFeatures

    @cached_property
    def stands(self) -> NDArray[np.float32]:
        """Shape (v, n): by station, since only some of them count in a zone.

        Computed on first use: it is as large as the fit itself, and often not needed.
        """
        return np.ascontiguousarray(membership(self.pool.stations.fit).T)


class SupplyLink(Factor):
    """The strongest link between the enterprise and enterprises of the zone, 0 to 1."""

    name = "supply_link"

    def prepare(self, pool: PoolFeatures) -> LinkRows:
        """Return the membership of each enterprise in each station."""
        return LinkRows(pool)

    def score(self, need: NeedFeatures, prepared: LinkRows) -> NDArray[np.float32] | None:
        """Return the strongest link, NaN where the enterprise's products and nodes are unknown.

        None if no enterprise of the zone is known. An enterprise of the zone is linked with the
        others there, not with itself.
        """
        here = need.present
        if here is None:
            return None
        stands = prepared.stands
        scores = reach(stands, here.pulls.max(axis=0))
        rows, members = here.rows_in(prepared.pool.ids)
        if len(rows):
            scores[rows] = (stands[:, rows].T * here.strongest_apart[members]).max(axis=1)
        return scores


class Link(NamedTuple):
    """The strongest link of an enterprise with enterprises of a zone.

    Attributes
    ----------
    supplies : bool
        Whether the enterprise would supply the other, as opposed to buying from it.
    ours, theirs : Node
        The two stations.
    with_whom : str
        Name of the enterprise at the other end.
    how : str
        The basis of that one's presence: a stage, "county" or "city".
    product : str or None
        The product that places the enterprise in its station.
    """

    supplies: bool
    ours: Node
    theirs: Node
    with_whom: str
    how: str
    product: str | None


def link(need: NeedFeatures, pool: PoolFeatures, row: int) -> Link | None:
    """Return the link that a row's score is based on, None if there is none.

    Among equal ones, one at a target node of the need is preferred.
    """
    here = need.present
    if here is None:
        return None
    member = here.member(pool.ids[row])
    pulls = here.pulls if member is None else here.pulls_apart[:, member]
    stands = membership(pool.stations.fit[row]) * pulls
    if not here.graph.by_sectors:
        stands[:, list(need.targets)] *= _PREFERENCE
    side, ours = divmod(int(stands.argmax()), stands.shape[1])
    if not stands[side, ours] > 0:  # nor is NaN, of which argmax returns the first
        return None
    others, strengths = here.graph.linked(ours, supplies=side == 0)
    there = here.stations
    present = there.whole if member is None else there.apart[member]
    theirs = int(others[np.argmax(strengths * present[others])])
    first = here.besides(there.shares[:, theirs], member)[0]
    stations = here.graph.stations.nodes
    return Link(
        supplies=side == 0,
        ours=stations[ours],
        theirs=stations[theirs],
        with_whom=here.names[first],
        how=here.hows[first],
        product=pool.products.text(row, pool.stations.product[row, ours]),
    )


def reach(stands: NDArray[np.float32], worth: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return each enterprise's highest membership times worth over the nodes, NaN if unknown.

    Parameters
    ----------
    stands : ndarray of shape (v, n)
    worth : ndarray of shape (v,)
    """
    found = stands[0] * worth[0]  # NaN stays NaN, whatever the worth
    for node in np.flatnonzero(worth).tolist():
        np.maximum(found, stands[node] * worth[node], out=found)
    return np.asarray(found)
