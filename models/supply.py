"""Supply link: does the enterprise supply, or buy from, what the zone already has.

Its score is the strongest link that it would have there: how far it stands in a station of the
supply graph, times the strength of the link to a station that is present, times how strongly that
one is present. Both directions count the same; which one it is, and the partner, is in `link`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.nodes import membership
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.chains import Node


_PREFERENCE = np.float32(1.001)


@dataclass(frozen=True)
class LinkRows:
    """How far everybody in a pool stands in each station."""

    pool: PoolFeatures

    @cached_property
    def stands(self) -> NDArray[np.float32]:
        """Shape (v, n): station by station, for only some of them count in a zone.

        Made when a zone first asks: as large as the fit itself, and for nothing where none does.
        """
        return np.ascontiguousarray(membership(self.pool.stations.fit).T)


class SupplyLink(Factor):
    """The strongest link between the enterprise and what the zone has, 0 to 1."""

    name = "supply_link"

    def prepare(self, pool: PoolFeatures) -> LinkRows:
        """Return how far each enterprise stands in each station."""
        return LinkRows(pool)

    def score(self, need: NeedFeatures, prepared: LinkRows) -> NDArray[np.float32] | None:
        """Return the strongest link, NaN where products and nodes of the enterprise are unknown.

        None where nothing is known of what the zone has. One that is there is linked with the
        others that are there, and not with itself.
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
    """The strongest link of an enterprise with what a zone has.

    Attributes
    ----------
    supplies : bool
        Whether the enterprise would supply the other, or else buy from it.
    ours, theirs : Node
        The two stations.
    with_whom : str
        Name of the enterprise at the other end.
    how : str
        How that one is known to be there: a stage, "county" or "city".
    product : str or None
        The product by which the enterprise stands in its station.
    """

    supplies: bool
    ours: Node
    theirs: Node
    with_whom: str
    how: str
    product: str | None


def link(need: NeedFeatures, pool: PoolFeatures, row: int) -> Link | None:
    """Return the link that a row's score rests on, None where there is none.

    Of equal ones, one through a node that the need is after.
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
    """Return each enterprise's best standing times the node's worth, NaN where it is unknown.

    Parameters
    ----------
    stands : ndarray of shape (v, n)
    worth : ndarray of shape (v,)
    """
    found = stands[0] * worth[0]  # whatever the worth, NaN stays NaN
    for node in np.flatnonzero(worth).tolist():
        np.maximum(found, stands[node] * worth[node], out=found)
    return np.asarray(found)
