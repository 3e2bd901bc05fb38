"""Reference data and profiles as documents: zones, needs, chains, enterprises."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np

from features.enterprises.profile import confidence, flags
from features.errors import NotFoundError
from features.need import NeedQuery
from features.structures.ordered import found_in
from features.words.lookup import alike
from features.words.normal import normal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.enterprises.profiles import Profiles
    from features.industry.chains import ChainMap
    from service.serving.interfaces import Document


class Directory:
    """Looks up reference data and profiles in one version of the tables.

    Parameters
    ----------
    profiles : Profiles
    closed, repeated : ndarray of bool, shape (n,)
        Which of them are struck off, and which duplicate another one.
    tables : dict of DataFrame
        zones and needs.
    chain_map : ChainMap
    joined : mapping
        Ids that were merged into others, with the id that each was merged into.
    """

    def __init__(
        self,
        profiles: Profiles,
        closed: NDArray[np.bool_],
        repeated: NDArray[np.bool_],
        tables: dict[str, pl.DataFrame],
        chain_map: ChainMap,
        joined: Mapping[str, str] = MappingProxyType({}),
    ) -> None:
        self.chain_map = chain_map
        self._profiles = profiles
        self._closed = closed
        self._joined = joined
        self._listed = ~(closed | repeated)
        self._zones = {row["zone_id"]: row for row in tables["zones"].iter_rows(named=True)}
        self._needs = {
            row["need_id"]: NeedQuery.from_row(row) for row in tables["needs"].iter_rows(named=True)
        }

    def need(self, need_id: str) -> NeedQuery:
        """Return a need of the workspace."""
        found: NeedQuery = known(self._needs, need_id, "need", "need_id")
        return found

    def completed(self, need: NeedQuery) -> NeedQuery:
        """Return a need, its empty fields filled in from the workspace.

        Only if the workspace has a need of this id for the same industry.
        """
        stored = self._needs.get(need.need_id or "")
        if stored is None or normal(stored.industry) != normal(need.industry):
            return need
        stated = {name: value for name, value in vars(need).items() if value and name != "industry"}
        return replace(stored, **stated)

    def need_of(self, zone_id: str, industry: str) -> NeedQuery:
        """Return the need of a zone for an industry, both by id, name or part of a name.

        Raises
        ------
        NotFoundError
            When nothing matches, or several do: the message lists them.
        """
        zone_id = self.find_zone(zone_id)
        needs = {id_: need for id_, need in self._needs.items() if need.zone_id == zone_id}
        found = alike(industry, {id_: (need.industry,) for id_, need in needs.items()})
        if len(found) == 1:
            return needs[found[0]]
        fixed = [needs[id_].industry for id_ in found or needs]
        stated = f"means several of the needs of zone {zone_id!r}" if found else None
        raise NotFoundError(
            f"{industry!r} {stated}: {', '.join(fixed)}"
            if stated
            else f"zone {zone_id!r} has no need for the industry {industry!r}",
            field="industry",
            got=industry,
            expected=f"one of: {', '.join(fixed)}",
        )

    def find_zone(self, text: str) -> str:
        """Return the id of the zone of this id, name or part of a name (NotFoundError)."""
        found = alike(text, self._zone_names())
        if not found:
            raise unknown("zone", "zone_id", text)
        if len(found) > 1:
            shown = ", ".join(f"{self._zones.get(id_, {}).get('name') or id_}" for id_ in found)
            raise NotFoundError(
                f"{text!r} means several zones: {shown}",
                field="zone_id",
                got=text,
                expected=f"one of: {shown}",
            )
        return found[0]

    def _zone_names(self) -> dict[str, tuple[str | None, ...]]:
        """Return the names of every zone, including those known only from needs."""
        names: dict[str, tuple[str | None, ...]] = {}
        for need in self._needs.values():
            if need.zone_id is not None:
                names[need.zone_id] = ()
        return names | {id_: (row["name"],) for id_, row in self._zones.items()}

    def zones(self, q: str | None = None) -> list[Document]:
        """Return all zones, or those whose id or name matches `q`."""
        if q is None:
            return list(self._zones.values())
        return [self._zones[id_] for id_ in alike(q, self._zone_names()) if id_ in self._zones]

    def zone(self, zone_id: str) -> Document:
        """Return a zone with its needs."""
        needs = [self._shown(n) for n in self._needs.values() if n.zone_id == zone_id]
        if needs and zone_id not in self._zones:
            return {"zone_id": zone_id, "name": None, "needs": needs}
        return {**known(self._zones, zone_id, "zone", "zone_id"), "needs": needs}

    def needs(self, zone: str | None = None) -> list[Document]:
        """Return all needs, or those of the zone of this id or name (NotFoundError)."""
        zone_id = None if zone is None else self.find_zone(zone)
        return [
            self._shown(need)
            for need in self._needs.values()
            if zone is None or need.zone_id == zone_id
        ]

    def chains(self) -> list[Document]:
        """Return all chains, without their nodes."""
        return [
            {"chain_id": c.chain_id, "name": c.name, "name_en": c.name_en, "nodes": len(c.nodes)}
            for c in self.chain_map.chains
        ]

    def chain(self, chain_id: str) -> Document:
        """Return a chain with its nodes, upstream to downstream, and the edges that touch it."""
        chain = self.chain_map.chain(chain_id)
        nodes = [
            {
                "node_id": node.node_id,
                "name": node.name,
                "name_en": node.name_en,
                "position": node.position,
                "keywords": list(node.keywords),
                "industry_codes": list(node.industry_codes),
            }
            for node in chain.nodes
        ]
        own = {node.node_id for node in chain.nodes}
        edges = [
            {"from": node.node_id, "to": customer}
            for node in self.chain_map.nodes
            for customer in node.supplies
            if node.node_id in own or customer in own
        ]
        return {
            "chain_id": chain.chain_id,
            "name": chain.name,
            "name_en": chain.name_en,
            "nodes": nodes,
            "edges": edges,
        }

    def find_chain(self, chain: str | None, node_id: str | None) -> str:
        """Return the id of a chain by its id or name, or that of a node (NotFoundError)."""
        if node_id is not None:
            own = self.chain_map.node(node_id).chain_id
            if chain is None:
                return own
        found = self.chain_map.find(chain or "")
        if found is None or (node_id is not None and found.chain_id != own):
            raise unknown("chain", "chain_id", chain or "")
        return found.chain_id

    def enterprises(self, q: str, limit: int, offset: int) -> Document:
        """Search enterprises by a part of their name or short name, or by their id."""
        found = self._profiles.search(q.strip())
        return {
            "total": len(found),
            "limit": limit,
            "offset": offset,
            "enterprises": [
                brief(self._profiles.row(at)) for at in found[offset : offset + limit].tolist()
            ],
        }

    def enterprise(self, enterprise_id: str) -> Document:
        """Return a profile; what is unknown is null."""
        at = self._at(enterprise_id)
        row = self._profiles.row(at)
        return {
            **row,
            "flags": flags(row),
            "struck_off": bool(self._closed[at]),
            "confidence": confidence(row),
        }

    def within(self, enterprise_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows of the pool are among the given ids."""
        ids, found = self._profiles.ids, np.zeros(len(self._profiles), dtype=np.bool_)
        found[found_in(ids, np.array(list(enterprise_ids), dtype=np.str_))[0]] = True
        return found

    def _at(self, enterprise_id: str) -> int:
        """Return the row of an enterprise, by its id or one merged into it (NotFoundError)."""
        at = self._profiles.find(enterprise_id)
        if at is None and (into := self._joined.get(enterprise_id)):
            at = self._profiles.find(into)
        if at is None:
            raise unknown("enterprise", "enterprise_id", enterprise_id)
        return at

    def _shown(self, need: NeedQuery) -> Document:
        zone = None
        if need.zone_id:
            known = self._zones.get(need.zone_id, {})
            zone = {"zone_id": need.zone_id, "name": known.get("name")}
        return {
            "need_id": need.need_id,
            "zone": zone,
            "industry": need.industry,
            "role": need.role,
            "basis": need.basis,
            "chain": need.chain,
            "sector": need.sector,
            "nodes": list(need.nodes),
            "keywords": list(need.keywords),
            "industry_codes": list(need.industry_codes),
            "region": need.region,
        }


def brief(row: dict[str, Any]) -> Document:
    """Return the fields of an enterprise that lists show."""
    shown = ("enterprise_id", "name", "short_name", "province", "city")
    return {key: row[key] for key in shown} | {"tags": row["tags"] or [], "flags": flags(row)}


def known(items: dict[str, Any], key: str, what: str, field: str) -> Any:
    """Return the item with a key (NotFoundError, naming field and kind)."""
    if key not in items:
        raise unknown(what, field, key)
    return items[key]


def unknown(what: str, field: str, key: str) -> NotFoundError:
    """Return the error for a key that is not there."""
    return NotFoundError(
        f"no {what} {key!r} is known",
        field=field,
        got=key,
        expected=f"the {field} of one of the {what}s in the workspace",
    )
