"""Data for charts and maps: many candidates in brief, and the state of a chain in zones."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.industry.nodes import NAMED_FROM
from features.residents import LEADER
from features.structures.ordered import place_of
from models.factors.gap import MISSING_BELOW, presence_state
from models.scoring.fit import score_of
from service.serving.directory import brief

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.enterprises.profiles import Profiles
    from features.industry.chains import ChainMap
    from features.industry.nodes import NamedNodes
    from features.industry.zone_presence import ZonePresence
    from features.presence import Presence
    from features.residents import Residents
    from features.space.arrays import NeedFeatures, PoolFeatures
    from service.serving.interfaces import Document

_MEMBERS_SHOWN = 8


class Survey:
    """Surveys one version of the tables.

    Parameters
    ----------
    pool : PoolFeatures
    profiles : Profiles
    residents : Residents
    named : NamedNodes
    listed : ndarray of bool, shape (n,)
        Which enterprises can be listed.
    chain_map : ChainMap
    presence : Presence
    """

    def __init__(
        self,
        pool: PoolFeatures,
        profiles: Profiles,
        residents: Residents,
        named: NamedNodes,
        listed: NDArray[np.bool_],
        chain_map: ChainMap,
        presence: Presence,
    ) -> None:
        self._pool = pool
        self._profiles = profiles
        self._residents = residents
        self._named = named
        self._listed = listed
        self._chain_map = chain_map
        self._presence = presence

    def candidates(
        self, need: NeedFeatures, rows: NDArray[np.intp], raw: NDArray[np.float64]
    ) -> list[Document]:
        """Return ranked rows in brief: name, place, point, node and score, without reasons."""
        columns = np.array(need.targets or range(len(self._pool.nodes.node_ids)), dtype=np.intp)
        fits = np.nan_to_num(self._pool.nodes.fit[rows][:, columns])
        best = fits.argmax(axis=1) if len(columns) else np.zeros(len(rows), dtype=np.intp)
        found = []
        for at, (row, score) in enumerate(zip(rows.tolist(), score_of(raw).tolist(), strict=True)):
            node = None
            if fits[at, best[at]] >= NAMED_FROM:
                node = self._chain_map.node(self._pool.nodes.node_ids[columns[best[at]]])
            lon, lat = (None if np.isnan(x) else round(float(x), 3) for x in self._pool.points[row])
            found.append(
                {
                    "rank": at + 1,
                    **brief(self._profiles.row(row)),
                    "score": score,
                    "node": node and {"node_id": node.node_id, "name": node.name},
                    "lon": lon,
                    "lat": lat,
                }
            )
        return found

    def chain(self, chain_id: str, zone_ids: Sequence[str]) -> Document:
        """Return the nodes of a chain with how strongly these zones together have them.

        The strength of a node is that of the zone where it is strongest; `state` is missing, weak
        or strong, and unknown if nothing of the chain is known in any of the zones.
        """
        zones = [here for id_ in zone_ids if (here := self._presence.of(id_)) is not None]
        columns = self._columns(chain_id)
        members = _members(zones)
        shown = []
        for one, column in zip(self._states(chain_id, zones), columns, strict=True):
            bits = self._named.at([one["node_id"]]) & self._listed
            shown.append(
                {
                    **one,
                    "candidates": int(np.count_nonzero(bits)),
                    "members": self._those_at(members, column)[:_MEMBERS_SHOWN],
                }
            )
        return {"chain_id": chain_id, "nodes": shown, "leaders": self._leaders(members, columns)}

    def gaps(self, chain_id: str, zone_id: str) -> list[Document]:
        """Return the nodes of a chain, with their names, as one zone has them, see `chain`."""
        here = self._presence.of(zone_id)
        names = {node.node_id: node.name for node in self._chain_map.chain(chain_id).nodes}
        states = self._states(chain_id, [here] if here is not None else [])
        return [{**node, "name": names[node["node_id"]]} for node in states]

    def _states(self, chain_id: str, zones: Sequence[ZonePresence]) -> list[Document]:
        """Return how strongly these zones together have each node of a chain, see `chain`."""
        nodes, columns = self._chain_map.chain(chain_id).nodes, self._columns(chain_id)
        whole = np.zeros(len(nodes))
        for here in zones:
            whole = np.maximum(whole, here.nodes.whole[columns])
        known = bool((whole >= MISSING_BELOW).any())
        return [
            {
                "node_id": node.node_id,
                "state": presence_state(float(own)) if known else "unknown",
                "present": float(own) if known else None,
            }
            for node, own in zip(nodes, whole, strict=True)
        ]

    def _columns(self, chain_id: str) -> list[int]:
        nodes = self._chain_map.chain(chain_id).nodes
        return [self._pool.nodes.node_ids.index(node.node_id) for node in nodes]

    def _those_at(self, members: dict[str, Any], column: int) -> list[Document]:
        found = [
            (float(share[column]), id_, name, how)
            for id_, (name, how, share) in members.items()
            if share[column] > 0
        ]
        found.sort(key=lambda member: (-member[0], member[1]))
        return [
            {"enterprise_id": id_, "name": name, "how": how, "leader": self._is_leader(id_)}
            for _, id_, name, how in found
        ]

    def _leaders(self, members: dict[str, Any], columns: list[int]) -> list[Document]:
        """Return the chain leaders among the members, with the nodes that supply theirs."""
        nodes = self._chain_map.nodes
        found = []
        for id_, (name, how, share) in members.items():
            own = [column for column in columns if share[column] > 0]
            if not own or not self._is_leader(id_):
                continue
            bought = {nodes[column].node_id for column in own}
            suppliers = [node for node in nodes if bought & set(node.supplies)]
            found.append(
                {
                    "enterprise_id": id_,
                    "name": name,
                    "how": how,
                    "nodes": sorted(bought),
                    "suppliers": [
                        {"node_id": node.node_id, "name": node.name, "name_en": node.name_en}
                        for node in suppliers
                        if node.node_id not in bought
                    ],
                }
            )
        return sorted(found, key=lambda leader: str(leader["enterprise_id"]))

    def _is_leader(self, enterprise_id: str) -> bool:
        row = place_of(self._pool.ids, enterprise_id)
        return row is not None and bool(self._residents.size[row] == np.float32(LEADER))


def _members(zones: Sequence[ZonePresence]) -> dict[str, Any]:
    """Return the members of any of the zones: id to name, how it is known, shares by node."""
    found: dict[str, Any] = {}
    for here in zones:
        for at, id_ in enumerate(here.ids):
            if id_ not in found or here.nodes.shares[at].sum() > found[id_][2].sum():
                found[id_] = here.names[at], here.hows[at], here.nodes.shares[at]
    return found
