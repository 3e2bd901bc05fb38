"""Questions of the pages to the engine that the API does not have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from service.access.zones import EVERY_ZONE, ZoneRights
from service.serving.filters import Filters
from service.serving.questions import Question

if TYPE_CHECKING:
    from features.need import NeedQuery
    from service.serving.filters import Facet
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

    Over the whole list, most nodes would be unrelated to the need.
    """

    need_id: str
    wanted: tuple[Facet, ...]
    first: int
    spoken: Language
    rights: ZoneRights
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        arguments = {"need_id": self.need_id, "facets": self.wanted, "first": self.first}
        self._set_key("console-facets", self.spoken, self.rights, arguments)

    @property
    def language(self) -> Language | None:
        """Language of the names in facets."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the counts (NotFoundError, ForeignZoneError)."""
        need = _seen(engine, self.need_id, self.rights)
        return engine.facets(need, Filters(), self.wanted, self.spoken, self.first)


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
