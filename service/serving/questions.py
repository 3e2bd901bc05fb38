"""Questions to an engine as plain data: equal questions have the same answer and cache key."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

import orjson

from service.access.zones import EVERY_ZONE, ZoneRights
from service.cache.lists import ListId, missing_of
from service.serving.filters import Filters
from service.serving.shape import Shape
from service.serving.words.model import given_for

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.need import NeedQuery
    from service.serving.filters import Facet
    from service.serving.interfaces import Document, Engine, Language

_NO_FILTERS = Filters()
_WHOLE = Shape()
LookupTable = Literal["zones", "zone", "needs", "chains", "chain", "enterprise"]


@dataclass(frozen=True)
class Question:
    """Base class of questions.

    Attributes
    ----------
    ranks : bool
        Whether answering ranks enterprises, which is slow and queued apart from look-ups.
    key : bytes
        The canonical form of the question. It includes the zones that the caller may see, so that a
        cached answer is sent only to callers who may see the same zones.
    """

    ranks: ClassVar[bool] = False
    key: bytes = field(init=False, repr=False, compare=False)

    @property
    def language(self) -> Language | None:
        """The language of texts in the answer; None where it has none."""
        return None

    @property
    def list_id(self) -> ListId | None:
        """The list of which this is a further page; None if no list is given."""
        found: ListId | None = vars(self).get("_of")
        return found

    def text(self, engine: Engine) -> str | None:  # noqa: ARG002
        """Return the need's text that a language model may be queried for, or None."""
        return None

    def answer(self, engine: Engine) -> Document:
        """Return an engine's answer."""
        raise NotImplementedError

    def _set_key(
        self, call: str, language: Language | None, rights: ZoneRights, arguments: dict[str, Any]
    ) -> None:
        asked = [call, language, rights.scope, arguments]
        key = trimmed(orjson.dumps(asked, option=orjson.OPT_SORT_KEYS))
        object.__setattr__(self, "key", key)

    def _set_list(
        self,
        call: str,
        language: Language | None,
        rights: ZoneRights,
        asked: dict[str, Any],
        page: dict[str, Any],
        of: str | None,
    ) -> None:
        """Set the key of a page of a list; what was asked without page and caller is the list's.

        Raises
        ------
        InputError
            When `of` is the id of another list.
        """
        self._set_key(call, language, EVERY_ZONE, asked)
        object.__setattr__(self, "_whole", self.key)
        object.__setattr__(self, "_of", ListId.parse(of, self.key) if of else None)
        self._set_key(call, language, rights, {**asked, **page})

    def _list_by(self, engine: Engine, words: Sequence[str] = (), missing: str = "") -> str:
        """Return the id of the list as an engine makes it."""
        return str(ListId.of(engine, vars(self)["_whole"], words, missing))


@dataclass(frozen=True)
class Lookup(Question):
    """Reference data, or profiles of enterprises: the same for every caller.

    Attributes
    ----------
    table : str
        The name of the engine's method.
    arguments : tuple
        The arguments of the method.
    """

    table: LookupTable
    arguments: tuple[str | int, ...] = ()

    def __post_init__(self) -> None:
        self._set_key(self.table, None, EVERY_ZONE, {"arguments": self.arguments})

    def answer(self, engine: Engine) -> Document:
        """Return the rows of a table, or one row (NotFoundError)."""
        found = getattr(engine, self.table)(*self.arguments)
        return {self.table: found} if isinstance(found, list) else found


@dataclass(frozen=True)
class EnterprisesQuestion(Question):
    """A page of enterprises.

    Attributes
    ----------
    q : str
        A part of their names.
    filters : Filters
    limit, offset : int
    zone_id : str or None
        The zone that stage and seat are relative to.
    facets : tuple of str
    spoken : {"zh", "en"}
        The language of names in facets.
    rights : ZoneRights
    """

    q: str = ""
    filters: Filters = _NO_FILTERS
    limit: int = 20
    offset: int = 0
    zone_id: str | None = None
    facets: tuple[Facet, ...] = ()
    spoken: Language = "zh"
    rights: ZoneRights = EVERY_ZONE

    def __post_init__(self) -> None:
        names = ("q", "limit", "offset", "zone_id", "facets")
        arguments = {name: getattr(self, name) for name in names}
        rights = self.rights if self.zone_id else EVERY_ZONE
        self._set_key("enterprises", self.spoken, rights, {**arguments, **self.filters.canonical()})

    @property
    def language(self) -> Language | None:
        """The language of names in facets."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the page (InputError, NotFoundError, ForeignZoneError)."""
        if self.zone_id is not None:
            self.rights.check(self.zone_id, "zone_id")
            engine.zone(self.zone_id)
        return engine.enterprises(
            self.q,
            self.limit,
            self.offset,
            filters=self.filters,
            zone_id=self.zone_id,
            facets=self.facets,
            language=self.spoken,
        )


@dataclass(frozen=True)
class KnownNeed:
    """A need of the workspace: by its id, or by its zone and industry.

    Attributes
    ----------
    of_workspace : bool
        Whether it is a need of the workspace, which without a zone only callers with all zones may
        see.
    """

    of_workspace: ClassVar[bool] = True

    need_id: str | None = None
    zone_id: str | None = None
    industry: str | None = None

    def of(self, engine: Engine) -> NeedQuery:
        """Return the need as the engine's tables have it (NotFoundError)."""
        if self.need_id is not None:
            return engine.need(self.need_id)
        return engine.need_of(self.zone_id or "", self.industry or "")


@dataclass(frozen=True)
class LeadsQuestion(Question):
    """A page of leads for a need.

    Attributes
    ----------
    need : KnownNeed or NeedQuery
        A need of the workspace, or a need given in full.
    filters : Filters
    limit, offset : int
    spoken : {"zh", "en"}
    rights : ZoneRights
        What the caller may see.
    of : str, optional
        The list_id of the page before.
    shape : Shape
        Which parts of the page are sent; the list is the same in every shape.

    Raises
    ------
    InputError
        When `of` is the id of another list.
    """

    need: KnownNeed | NeedQuery
    filters: Filters = _NO_FILTERS
    limit: int = 20
    offset: int = 0
    spoken: Language = "zh"
    rights: ZoneRights = EVERY_ZONE
    of: str | None = field(default=None, compare=False)
    shape: Shape = _WHOLE
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        known = isinstance(self.need, KnownNeed)
        asked = {
            "need": {name: value for name, value in vars(self.need).items() if value},
            "filters": self.filters.canonical(),
            **self._more,
        }
        call = "leads-of-known" if known else "leads-of-given"
        page = {"limit": self.limit, "offset": self.offset, **self.shape.canonical()}
        self._set_list(call, self.spoken, self.rights, asked, page, self.of)

    @property
    def _more(self) -> dict[str, Any]:
        """Further arguments of a subclass, for the key."""
        return {}

    @property
    def language(self) -> Language | None:
        """The language of the reasons."""
        return self.spoken

    def text(self, engine: Engine) -> str | None:
        """Return the industry of the need; None if its words are given (NotFoundError, …)."""
        need = self._need(engine)
        return None if need.words else need.industry

    def answer(self, engine: Engine) -> Document:
        """Return the page, as the caller may see it (NotFoundError, ForeignZoneError)."""
        need = self._need(engine)
        page = engine.recommend(
            need,
            self.filters,
            self.limit,
            self.offset,
            self.spoken,
            deals=self.rights.zones is None,
            facets=self.shape.facets,
        )
        given = given_for(need, engine.words)
        its = self._list_by(engine, given.words if given else (), missing_of(page))
        leads = page.pop("leads")
        # It is the same for all leads of a need.
        note = leads[0]["probability_note"] if leads else None
        return {
            "need": page["need"],
            "list_id": its,
            **page,
            "probability_note": note,
            "leads": self.shape.of(leads),
        }

    def _need(self, engine: Engine) -> NeedQuery:
        need, name = self.need, "need.zone_id"
        if isinstance(need, KnownNeed):
            name = "zone_id" if need.need_id is None else "need_id"
            of_workspace, need = need.of_workspace, need.of(engine)
            if of_workspace or need.zone_id is not None:
                self.rights.check(need.zone_id, name)
        elif need.zone_id is not None:
            self.rights.check(need.zone_id, name)
        return need


@dataclass(frozen=True)
class SuitedNeedsQuestion(Question):
    """The needs that an enterprise suits best, of the zones that the caller may see.

    Attributes
    ----------
    enterprise_id : str
    limit : int
    spoken : {"zh", "en"}
    rights : ZoneRights
    shape : Shape
    """

    enterprise_id: str
    limit: int = 20
    spoken: Language = "zh"
    rights: ZoneRights = EVERY_ZONE
    shape: Shape = _WHOLE
    ranks: ClassVar[bool] = True

    def __post_init__(self) -> None:
        shape = self.shape.canonical()
        arguments = {"enterprise_id": self.enterprise_id, "limit": self.limit, **shape}
        self._set_key("suited-needs", self.spoken, self.rights, arguments)

    @property
    def language(self) -> Language | None:
        """The language of the reasons."""
        return self.spoken

    def answer(self, engine: Engine) -> Document:
        """Return the needs, best first (NotFoundError)."""
        found = engine.needs_for(
            self.enterprise_id, self.limit, self.spoken, zones=self.rights.zones
        )
        return {**found, "needs": self.shape.of(found["needs"])}


def trimmed(data: bytes) -> bytes:
    """Return a copy of the bytes without orjson's spare capacity."""
    return bytes(memoryview(data))
