"""Questions of the pages to the engine that the API does not have."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, ClassVar

from service.access.zones import EVERY_ZONE, ZoneRights
from service.serving.questions import Question

if TYPE_CHECKING:
    from features.need import NeedQuery
    from service.serving.filters import Facet, Filters
    from service.serving.interfaces import Document, Engine, Language


def _seen(engine: Engine, need_id: str, rights: ZoneRights) -> NeedQuery:
    """Return a need of a visible zone (NotFoundError, ForeignZoneError)."""
    need = engine.need(need_id)
    rights.check(need.zone_id, "need_id")
    return need


@dataclass(frozen=True)
class ProductsQuestion(Question):
    """The products of some enterprises."""

    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        self._set_key("console-products", None, EVERY_ZONE, {"ids": self.ids})

    def answer(self, engine: Engine) -> Document:
        """Return the products of each enterprise (NotFoundError)."""
        return {id_: engine.enterprise(id_)["products"] or [] for id_ in self.ids}


@dataclass(frozen=True)
class FacetsQuestion(Question):
    """Counts of facets among the first leads for a need of the workspace.

    Over the whole list, most nodes would be unrelated to the need. Each facet is counted under the
    other filters: its counts say how many there would be if its value was chosen as well.
    """

    need_id: str
    filters: Filters
    wanted: tuple[Facet, ...]
    first: int
    spoken: Language
    rights: ZoneRights
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        arguments = {
            "need_id": self.need_id,
            "filters": self.filters.canonical(),
            "facets": self.wanted,
            "first": self.first,
        }
        self._set_key("console-facets", self.spoken, self.rights, arguments)

    @property
    def language(self) -> Language | None:
        """Language of the names in facets."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the counts (NotFoundError, ForeignZoneError)."""
        need = _seen(engine, self.need_id, self.rights)
        counts: Document = {}
        partial = None
        for filters, names in self._by_filters().items():
            found = engine.facets(need, filters, names, self.spoken, self.first)
            counts |= found["facets"]
            partial = found["partial"] or partial
        return {"facets": counts, "partial": partial}

    def _by_filters(self) -> dict[Filters, list[Facet]]:
        """Return the facets by the filters that they are counted under."""
        groups: dict[Filters, list[Facet]] = {}
        for name in self.wanted:
            without: dict[str, Any] = {name: ()}
            groups.setdefault(replace(self.filters, **without), []).append(name)
        return groups


@dataclass(frozen=True)
class CandidatesQuestion(Question):
    """Summaries of the first leads for a need of the workspace, with locations."""

    need_id: str
    filters: Filters
    limit: int
    rights: ZoneRights
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        arguments = {
            "need_id": self.need_id,
            "filters": self.filters.canonical(),
            "limit": self.limit,
        }
        self._set_key("console-candidates", None, self.rights, arguments)

    def answer(self, engine: Engine) -> Document:
        """Return the leads, best first (NotFoundError, ForeignZoneError)."""
        need = _seen(engine, self.need_id, self.rights)
        return engine.candidates(need, self.filters, self.limit)


@dataclass(frozen=True)
class LeadQuestion(Question):
    """One enterprise as a lead for a need of the workspace."""

    need_id: str
    enterprise_id: str
    spoken: Language
    rights: ZoneRights
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        arguments = {"need_id": self.need_id, "enterprise_id": self.enterprise_id}
        self._set_key("console-lead", self.spoken, self.rights, arguments)

    @property
    def language(self) -> Language | None:
        """Language of the reasons."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the lead with its rank (NotFoundError, ForeignZoneError)."""
        need = _seen(engine, self.need_id, self.rights)
        deals = self.rights.zones is None
        return engine.lead(need, self.enterprise_id, self.spoken, deals=deals)


@dataclass(frozen=True)
class PresenceQuestion(Question):
    """The presence of a chain in several zones together."""

    chain_id: str
    zone_ids: tuple[str, ...]
    rights: ZoneRights

    def __post_init__(self) -> None:
        arguments = {"chain_id": self.chain_id, "zone_ids": self.zone_ids}
        self._set_key("console-presence", None, self.rights, arguments)

    def answer(self, engine: Engine) -> Document:
        """Return the nodes with their states (NotFoundError, ForeignZoneError)."""
        for zone_id in self.zone_ids:
            self.rights.check(zone_id, "place")
        return engine.presence(self.chain_id, self.zone_ids)
