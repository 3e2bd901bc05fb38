"""Gap: whether the enterprise's node is missing in the zone (补链), weak (强链) or strong (延链).

A target node of a need is worth 1 if it is absent in the zone, down to 0.2 if it is fully present.
An enterprise scores by its best node: its membership times the node's worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.industry.nodes import membership
from models.factor import Factor
from models.factors.supply import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.industry.zone_presence import ZonePresence
    from features.space.arrays import NeedFeatures, PoolFeatures

MISSING_BELOW, STRONG_FROM = 0.15, 0.7
"""Thresholds of presence (0 to 1): below the first a node is missing, from the second on strong,
and weak between them.

A single ordinary enterprise in the city (0.2) or the zone (0.5) makes a node weak; a chain leader
(0.9) or two enterprises in the zone (0.75) make it strong.
"""
_OF_STRONG = 0.2


class Gap(Factor):
    """How much the enterprise would complete the need's chain, 0 to 1."""

    name = "gap"

    def prepare(self, pool: PoolFeatures) -> PoolFeatures:
        """Return the pool: the zone's enterprises come with the need."""
        return pool

    def score(self, need: NeedFeatures, prepared: PoolFeatures) -> NDArray[np.float32] | None:
        """Return the scores, NaN where products and nodes are unknown.

        None if the need has no target nodes, or if nothing is known to be present of their chains:
        then it is unknown what is missing. Enterprises of the zone are scored against the others
        there.
        """
        here = known_chain(need)
        if here is None:
            return None
        fit = prepared.nodes.fit
        targets = np.array(need.targets)
        scores = reach(membership(fit[:, targets]).T, _worth(here.nodes.whole, targets)[targets])
        rows, members = here.rows_in(prepared.ids)
        if len(rows):
            worth = _worth(here.nodes.apart[members], targets)
            scores[rows] = (membership(fit[rows]) * worth).max(axis=1)
        return scores


class Filling(NamedTuple):
    """The gap that an enterprise would fill.

    Attributes
    ----------
    node : int
        Column of the node.
    state : str
        missing, weak or strong.
    others : tuple of pairs of str
        Enterprises already present, the strongest first: the name, and the basis of their presence
        (a stage, "county" or "city").
    is_there : bool
        Whether the enterprise itself is already in the zone or around it.
    """

    node: int
    state: str
    others: tuple[tuple[str, str], ...]
    is_there: bool


def filling(need: NeedFeatures, pool: PoolFeatures, row: int) -> Filling | None:
    """Return the gap that a row's score is based on, None if it fills none."""
    here = known_chain(need)
    if here is None:
        return None
    member = here.member(pool.ids[row])
    present = here.nodes.whole if member is None else here.nodes.apart[member]
    targets = np.array(need.targets)
    stands = membership(pool.nodes.fit[row]) * _worth(present, targets)
    node = int(stands.argmax())
    if not stands[node] > 0:  # nor is NaN, of which argmax returns the first
        return None
    others = here.besides(here.nodes.shares[:, node], member)
    return Filling(
        node=node,
        state=presence_state(float(present[node])),
        others=tuple((here.names[at], here.hows[at]) for at in others),
        is_there=member is not None,
    )


def presence_state(present: float) -> str:
    """Return whether a node so strongly present is missing, weak or strong."""
    if present < MISSING_BELOW:
        return "missing"
    return "weak" if present < STRONG_FROM else "strong"


def known_chain(need: NeedFeatures) -> ZonePresence | None:
    """Return the zone's presence, if it includes anything of the need's chains."""
    here = need.present
    return here if here is not None and known_nodes(here, need.targets) else None


def known_nodes(here: ZonePresence, targets: Sequence[int]) -> bool:
    """Return whether a zone is known to have anything of the chains of these nodes."""
    wanted = {here.chains[target] for target in targets}
    own = np.array([chain in wanted for chain in here.chains])
    return bool((here.nodes.whole[own] >= MISSING_BELOW).any())


def _worth(present: NDArray[np.float32], targets: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the worth of each node, shape as `present`; 0 if it is not a target."""
    worth = np.zeros_like(present)
    worth[..., targets] = 1 - (1 - _OF_STRONG) * present[..., targets]
    return worth
