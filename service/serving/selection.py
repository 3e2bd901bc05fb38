"""The rows of a list: filters, enterprises new to the zone, and counts of values."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.errors import InputError
from features.need import NeedQuery
from features.structures.ordered import found_in, without
from service.serving.facets import FacetCounter
from service.serving.masks import FAIL, PASS, Masks
from service.serving.of_zone import SEATED, STAGED, seats_of, stages_of, states_of_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from features.enterprises.profiles import Profiles
    from features.industry.chains import ChainMap
    from features.industry.nodes import NamedNodes
    from features.presence import Presence
    from features.residents import Residents
    from service.serving.filters import Facet, Filters
    from service.serving.gates import Gates
    from service.serving.interfaces import Document, Language
    from service.serving.masks import Mask

_ANY = "任何产业"


class Selected(NamedTuple):
    """The rows of a list, and how many are left out.

    Attributes
    ----------
    rows : ndarray of int
        In the order of the pool.
    unknown, unknown_values, left_out : dict
        The fields of a page of leads.
    """

    rows: NDArray[np.intp]
    unknown: dict[str, int]
    unknown_values: dict[str, list[str]]
    left_out: dict[str, int]

    @property
    def counts(self) -> Document:
        """The fields of a page of leads."""
        return {name: value for name, value in self._asdict().items() if name != "rows"}


class Selection:
    """Selects from a pool of n enterprises.

    Parameters
    ----------
    profiles : Profiles
    listed : ndarray of bool, shape (n,)
        Which enterprises can be leads.
    residents : Residents
        Which rows are one enterprise.
    named : NamedNodes
    chain_map : ChainMap
    presence : Presence
    zones : mapping
        By zone_id, the zones of the workspace.
    as_of : date or None
        The day at which ages are computed.
    gates : Gates
    unfit : mapping
        By need_id, the enterprises judged not to answer the need (grade 0).
    """

    def __init__(
        self,
        profiles: Profiles,
        listed: NDArray[np.bool_],
        residents: Residents,
        named: NamedNodes,
        chain_map: ChainMap,
        presence: Presence,
        zones: Mapping[str, Document],
        as_of: date | None,
        gates: Gates,
        unfit: Mapping[str, Sequence[str]],
    ) -> None:
        self._profiles, self._named, self._as_of = profiles, named, as_of
        self._chain_map, self._residents = chain_map, residents
        self._presence, self._zones, self._gates = presence, zones, gates
        self._unfit = unfit
        self._masks = Masks(profiles.columns, among=listed, named=named, as_of=as_of)

    def leads(self, need: NeedQuery, filters: Filters) -> Selected:
        """Return the leads for a need that pass the filters.

        Those that are not new are left out unless the filters include them.

        Raises
        ------
        NotFoundError
            For a node that the chain map does not have.
        """
        mask = self._mask(self._masks, need, filters)
        rows, left_out = self.new_leads(need, mask.rows, filters.include)
        return Selected(rows, mask.unknown, mask.unknown_values, left_out)

    def new_leads(
        self, need: NeedQuery, rows: NDArray[np.intp], include: Sequence[str]
    ) -> tuple[NDArray[np.intp], dict[str, int]]:
        """Leave out enterprises that are not new leads, and count them.

        These have signed with the need's zone, are seated in its city, or were judged not to answer
        this need, under any of their ids.
        """
        alike = self._residents.alike
        signed = alike(self._rows_of(self._presence.signed(need)))
        # A signed deal outweighs a judgement.
        unfit = alike(self._rows_of(self._unfit.get(need.need_id or "", ())))
        gone = {
            "signed": signed,
            "local": alike(np.array(sorted(self._presence.seats(need.zone_id)), dtype=np.intp)),
            "unfit": np.setdiff1d(unfit, signed, assume_unique=True),
        }
        left_out: dict[str, int] = {}
        for name, own in gone.items():
            if name not in include and (left := len(rows) - len(kept := without(rows, own))):
                rows, left_out[name] = kept, left
        return rows, left_out

    def enterprises(
        self, filters: Filters, zone_id: str | None, among: NDArray[np.intp] | None = None
    ) -> Selected:
        """Return the rows that pass the filters, including those struck off.

        Raises
        ------
        InputError
            For stage or seat without a zone.
        NotFoundError
            For a node that the chain map does not have.
        """
        if zone_id is None and (filters.stage or filters.seat):
            expected = "the zone that stage and seat are relative to"
            raise InputError(f"zone_id must be {expected}", field="zone_id", expected=expected)
        mask = self._mask(self._every, of_any_industry(zone_id), filters, among)
        return Selected(mask.rows, mask.unknown, mask.unknown_values, {})

    def facets(
        self,
        wanted: Sequence[Facet],
        rows: NDArray[np.intp],
        need: NeedQuery | None,
        language: Language,
    ) -> dict[str, list[Document]]:
        """Return, for each facet, how many of the rows have each value.

        Stage and seat are relative to the need's zone, and empty without one.
        """
        of_zone = {}
        if need is not None and "stage" in wanted:
            of_zone["stage"] = STAGED, stages_of(self._presence, need, self._profiles)
        if need is not None and "seat" in wanted:
            of_zone["seat"] = SEATED, seats_of(self._presence, self._zone(need), self._profiles)
        counts = FacetCounter(self._masks, self._profiles.columns, self._named, self._chain_map)
        return counts.of(wanted, rows, language, of_zone)

    @cached_property
    def _every(self) -> Masks:
        everybody = np.ones(len(self._profiles), dtype=np.bool_)
        return Masks(self._profiles.columns, among=everybody, named=self._named, as_of=self._as_of)

    def _mask(
        self,
        masks: Masks,
        need: NeedQuery,
        filters: Filters,
        among: NDArray[np.intp] | None = None,
    ) -> Mask:
        for node_id in filters.node:
            self._chain_map.node(node_id)  # raises NotFoundError for a mistyped one
        zone = self._zone(need)
        states = states_of_zone(filters, self._presence, need, zone, self._profiles)
        if among is not None:
            states["q"] = np.full(len(self._profiles), FAIL, dtype=np.uint8)
            states["q"][among] = PASS
        if filters.gate:
            states["gate"] = self._gates.states(filters.gate, need.zone_id)
        return masks.of(filters, states)

    def _zone(self, need: NeedQuery) -> Document | None:
        return self._zones.get(need.zone_id or "")

    def _rows_of(self, enterprise_ids: Sequence[str]) -> NDArray[np.intp]:
        ids = np.array(enterprise_ids, dtype=np.str_)
        return np.unique(found_in(self._profiles.ids, ids)[0])


def of_any_industry(zone_id: str | None) -> NeedQuery:
    """Return a placeholder need, where only the zone matters."""
    return NeedQuery(_ANY, zone_id=zone_id)
