"""Modes of finding leads: by need, by missing nodes, by chain leader, by a similar enterprise.

Except for chain leaders, each mode builds a need from the question (the nodes that a zone lacks, or
the products of an enterprise) and lists its leads.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

from features.errors import InputError
from features.need import NeedQuery
from service.access.zones import EVERY_ZONE, ZoneRights
from service.serving.filters import Filters
from service.serving.partners import BOTH
from service.serving.questions import KnownNeed, LeadsQuestion, Question

if TYPE_CHECKING:
    from service.serving.interfaces import Document, Engine, Language

_NO_FILTERS = Filters()
_NOTES = {
    "unknown": {
        "zh": "本系统数据中，本区该产业链尚无已知企业，缺哪一环无从判断：按全链列出",
        "en": "nothing of this chain is known in the zone, gaps neither: all nodes are searched",
    },
    "weak": {
        "zh": "本区该产业链没有缺失环节：按薄弱环节列出（强链）",
        "en": "no node of this chain is missing in the zone: the weak ones are searched",
    },
    "strong": {
        "zh": "本区该产业链各环节均已强：按全链列出（延链）",
        "en": "every node of this chain is strong in the zone: all of them are searched",
    },
}
_FIRST_PRODUCTS = 8


@dataclass(frozen=True)
class GapNeed(KnownNeed):
    """The nodes of a chain that a zone lacks, or one given node, as a need."""

    chain_id: str | None = None
    node_id: str | None = None

    def of(self, engine: Engine) -> NeedQuery:
        """Return a need for the wanted nodes (NotFoundError)."""
        chain, wanted, _, _ = self.looked_for(engine)
        name = engine.chain(chain)["name"]
        return NeedQuery(name, zone_id=self._zone(engine), nodes=tuple(wanted))

    def looked_for(self, engine: Engine) -> tuple[str, list[str], list[Document], str | None]:
        """Return the chain, the wanted nodes, the state of every node, and a note.

        The wanted nodes are the missing ones, else the weak ones; all if nothing is known.
        """
        chain_id = engine.find_chain(self.chain_id, self.node_id)
        gaps = engine.gaps(self._zone(engine), chain_id)
        if self.node_id is not None:
            return chain_id, [self.node_id], gaps, None
        for state, note in (("missing", None), ("weak", "weak"), ("strong", "strong")):
            if wanted := [node["node_id"] for node in gaps if node["state"] == state]:
                return chain_id, wanted, gaps, note
        return chain_id, [node["node_id"] for node in gaps], gaps, "unknown"

    def _zone(self, engine: Engine) -> str:
        found: str = engine.zone(self.zone_id or "")["zone_id"]
        return found


@dataclass(frozen=True)
class LikeNeed(KnownNeed):
    """The products of an enterprise, as a need."""

    enterprise_id: str = ""
    of_workspace: ClassVar[bool] = False

    def of(self, engine: Engine) -> NeedQuery:
        """Return a need for the products and nodes of an enterprise.

        Raises
        ------
        NotFoundError
        InputError
            When none of its products is known.
        """
        profile = engine.enterprise(self.enterprise_id)
        products = [product["name"] for product in profile["products"] or ()][:_FIRST_PRODUCTS]
        if not products:
            raise InputError(
                f"no product of {profile['name']} is known, to find similar enterprises by",
                field="enterprise_id",
                got=self.enterprise_id,
                expected="an enterprise whose products are known",
            )
        words = tuple((product, 1.0) for product in products)
        nodes = tuple(profile["nodes"] or ())
        return NeedQuery("、".join(products), zone_id=self.zone_id, words=words, nodes=nodes)


@dataclass(frozen=True)
class ModeQuestion(LeadsQuestion):
    """A page of leads by one of the modes, with the mode and the states of the chain's nodes."""

    mode: str = "need"

    def __post_init__(self) -> None:
        if isinstance(self.need, LikeNeed):  # the enterprise itself is not a lead
            apart = (*self.filters.exclude, self.need.enterprise_id)
            object.__setattr__(self, "filters", replace(self.filters, exclude=apart))
        super().__post_init__()

    @property
    def _more(self) -> dict[str, Any]:
        return {"mode": self.mode}

    def answer(self, engine: Engine) -> Document:
        """Return the page (NotFoundError, InputError, ForeignZoneError)."""
        page = super().answer(engine)
        more: Document = {"mode": self.mode}
        if isinstance(self.need, GapNeed):
            _, wanted, gaps, note = self.need.looked_for(engine)
            shown = note and _NOTES[note][self.spoken]
            more |= {"gaps": gaps, "looked_for": wanted, "note": shown}
        return {**more, **page}


@dataclass(frozen=True)
class PartnersQuestion(Question):
    """A page of an enterprise's suppliers and customers.

    Attributes
    ----------
    enterprise_id : str
    side : {"both", "suppliers", "customers"}
    zone_id : str or None
        Enterprises already in this zone are left out.
    of : str or None
        The list_id of the previous page.

    Raises
    ------
    InputError
        If `of` is the id of another list.
    """

    enterprise_id: str
    side: str = BOTH
    zone_id: str | None = None
    filters: Filters = _NO_FILTERS
    limit: int = 20
    offset: int = 0
    spoken: Language = "zh"
    rights: ZoneRights = field(default=EVERY_ZONE)
    of: str | None = field(default=None, compare=False)
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        asked = {
            **{name: getattr(self, name) for name in ("enterprise_id", "side", "zone_id")},
            "filters": self.filters.canonical(),
        }
        page = {"limit": self.limit, "offset": self.offset}
        self._set_list("partners", self.spoken, self.rights, asked, page, self.of)

    @property
    def language(self) -> Language | None:
        """The language of the paths."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the page (NotFoundError, ForeignZoneError)."""
        zone_id = self.zone_id
        if zone_id is not None:
            self.rights.check(zone_id, "zone_id")
            zone_id = engine.zone(zone_id)["zone_id"]
        found = engine.partners(
            self.enterprise_id,
            self.side,
            self.filters,
            self.limit,
            self.offset,
            self.spoken,
            zone_id=zone_id,
        )
        return {"mode": "leader", "list_id": self._list_by(engine), **found}
