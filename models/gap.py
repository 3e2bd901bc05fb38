"""Gap: is the enterprise's node missing in the zone (补链), weak (强链) or strong there (延链).

A node that a need is after is worth 1 where nothing of it is present, and 0.2 where it is wholly
present. An enterprise scores by its best node: how far it stands there times what that is worth.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.nodes import membership
from models.factor import Factor
from models.supply import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.zone_presence import ZonePresence

MISSING_BELOW, STRONG_FROM = 0.15, 0.7
"""How strongly a node is present (0 to 1) for it to be missing, or strong; between them it is weak.

One ordinary enterprise in the city alone makes a node weak (0.2), as does one in the zone (0.5); a
chain leader (0.9) or two others in the zone (0.75) make it strong.
"""
_OF_STRONG = 0.2


class Gap(Factor):
    """What the enterprise would do for the chain that the need builds, 0 to 1."""

    name = "gap"

    def prepare(self, pool: PoolFeatures) -> PoolFeatures:
        """Return the pool: what the zone has is known with the need."""
        return pool

    def score(self, need: NeedFeatures, prepared: PoolFeatures) -> NDArray[np.float32] | None:
        """Return what each enterprise is worth, NaN where its products and nodes are unknown.

        None where the need is after no node, or where nothing is known to be present of the
        chains that it is after: then nothing shows what is missing. Those there are weighed
        against what is there besides.
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
        Those who are there already, the strongest first: the name, and how each is known to be
        there (a stage, "county" or "city").
    is_there : bool
        Whether the enterprise itself is among those in the zone or around it.
    """

    node: int
    state: str
    others: tuple[tuple[str, str], ...]
    is_there: bool


def filling(need: NeedFeatures, pool: PoolFeatures, row: int) -> Filling | None:
    """Return the gap that a row's score rests on, None where it fills none."""
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
    """Return what the zone has, if anything of the chains that the need is after is among it."""
    here = need.present
    return here if here is not None and known_nodes(here, need.targets) else None


def known_nodes(here: ZonePresence, targets: Sequence[int]) -> bool:
    """Return whether a zone is known to have anything of the chains of these nodes."""
    wanted = {here.chains[target] for target in targets}
    own = np.array([chain in wanted for chain in here.chains])
    return bool((here.nodes.whole[own] >= MISSING_BELOW).any())


def _worth(present: NDArray[np.float32], targets: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return what standing in each node is worth, shape as `present`; 0 where it is no target."""
    worth = np.zeros_like(present)
    worth[..., targets] = 1 - (1 - _OF_STRONG) * present[..., targets]
    return worth
