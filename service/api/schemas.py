"""Request schemas: bodies and parameters."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, model_validator

from features.vocabulary import ENDINGS, STAGES
from service.api.filter_schemas import (
    EnterpriseFilters,
    FilterBody,
    Incoming,
    Number,
    Text,
    by_commas,
)
from service.api.replies import EnterpriseSummary, Lead
from service.serving.filters import Facet, Filters
from service.serving.shape import Shape


def _day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a date such as 2026-01-31")
    return value


# Pydantic would read a number as seconds since 1970.
Day = BeforeValidator(_day)
FewTexts = Annotated[list[Text], Field(max_length=50)]
MAX_NEED = 2_000
"""Maximum total length of a need's texts: the cost of explaining leads grows with it."""


def _as_number(value: Any) -> Any:
    return int(value) if isinstance(value, str) and value in {"0", "1", "2", "3"} else value


def _known(fields: list[str]) -> list[str]:
    for field in fields:
        if field not in FIELDS:
            raise ValueError("of " + ", ".join(FIELDS))
    return fields


Reasons = Annotated[
    Literal[0, 1, 2, 3, "all"],
    BeforeValidator(_as_number),
    Number,
    WithJsonSchema({"enum": [0, 1, 2, 3, "all"]}),
]
_REASONS = (
    "Number of reasons per lead, the largest first, or all; only all of them sum to raw_score."
)
FIELDS = (*Lead.model_fields, *(f"enterprise.{name}" for name in EnterpriseSummary.model_fields))
"""The fields of a lead."""
Facets = Annotated[list[Facet], BeforeValidator(by_commas), Field(max_length=20)]
Limit = Annotated[int, Number, Field(ge=1, le=200, description="Page size, 1 to 200.")]
Offset = Annotated[int, Number, Field(ge=0, le=10**9, description="Number of leads to skip.")]


class PageQuery(Incoming):
    """The page of a list."""

    limit: Limit = 20
    offset: Offset = 0


_LIST_ID = "The list_id of the previous page: the same list is continued, or 409 if it is gone."


class ListQuery(PageQuery, FilterBody):
    """Parameters of a list of leads for a need of the workspace."""

    list_id: Text | None = Field(default=None, description=_LIST_ID)

    need_id: Text | None = Field(
        default=None, description="The need, as an alternative to zone_id and industry."
    )
    zone_id: Text | None = Field(default=None, description="The zone of the need, with industry.")
    industry: Text | None = Field(default=None, description="its industry.")


class ShapeBody(Incoming):
    """The parts of a page that are sent."""

    reasons: Annotated[Reasons, Field(description=_REASONS)] = "all"
    fields: Annotated[
        list[Annotated[Text, WithJsonSchema({"type": "string", "enum": list(FIELDS)})]],
        BeforeValidator(by_commas),
        AfterValidator(_known),
        Field(max_length=len(FIELDS)),
    ] = Field(
        default_factory=list,
        description="The fields of a lead, such as rank,score,enterprise.name; all by default.",
    )
    facets: Facets = Field(default_factory=list, description="Facets to count over the whole list.")

    @property
    def shape(self) -> Shape:
        """Facets of the search."""
        reasons = None if self.reasons == "all" else self.reasons
        return Shape(reasons, tuple(self.fields), tuple(self.facets))


class RecommendationQuery(ListQuery, ShapeBody):
    """Parameters of GET /v1/recommendations."""


class EnterpriseQuery(PageQuery, EnterpriseFilters):
    """Parameters of GET /v1/enterprises."""

    zone_id: Text | None = Field(
        default=None, description="The zone that stage and seat are relative to."
    )
    facets: Facets = Field(default_factory=list, description="Facets to count over the whole list.")

    q: str = Field(default="", max_length=200, description="Part of a name, a short name or an id.")


class LimitQuery(Incoming):
    """A page without list_id."""

    limit: Limit = 20


class SimilarQuery(PageQuery, FilterBody):
    """Parameters of GET /v1/enterprises/{enterprise_id}/similar."""

    zone_id: Text | None = Field(default=None, description="A zone whose enterprises are left out.")
    list_id: Text | None = Field(default=None, description=_LIST_ID)


class SuitedQuery(LimitQuery):
    """Parameters of GET /v1/enterprises/{enterprise_id}/needs."""

    reasons: Annotated[Reasons, Field(description=_REASONS)] = "all"


class WordBody(Incoming):
    """A word to search for in profiles, and its weight."""

    word: Text
    weight: Annotated[float, Number] = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    from_: Text | None = Field(default=None, alias="from", description="As in `understood.words`.")


def _as_word(value: Any) -> Any:
    return {"word": value} if isinstance(value, str) else value


class NeedBody(Incoming):
    """A need given in full; the total length of its texts is bounded."""

    industry: Text
    chain: Text | None = None
    sector: Text | None = None
    nodes: FewTexts = Field(default_factory=list)
    keywords: FewTexts = Field(default_factory=list)
    words: Annotated[list[Annotated[WordBody, BeforeValidator(_as_word)]], Field(max_length=60)] = (
        Field(default_factory=list, description="`understood.words`, edited, which these replace.")
    )
    industry_codes: FewTexts = Field(default_factory=list)
    zone_id: Text | None = None
    region: Text | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        texts = (self.industry, self.chain or "", self.sector or "")
        size = sum(map(len, (*texts, *self.nodes, *self.keywords, *self.industry_codes)))
        if size > MAX_NEED:
            raise ValueError(f"a need of {MAX_NEED} characters at most in all its texts")
        return self


class RecommendationBody(PageQuery, ShapeBody):
    """Body of POST /v1/recommendations."""

    need: NeedBody
    filters: FilterBody = Field(default_factory=FilterBody)
    list_id: Text | None = Field(default=None, description=_LIST_ID)


def _stage(text: str) -> str:
    (found,) = Filters(stage=(text,)).stage
    return found


_STAGES = {"type": "string", "enum": [*STAGES, *ENDINGS]}
STAGE = Annotated[Text, WithJsonSchema(_STAGES)]
"""A stage or an ending, parsed by the rules of imports."""


class EventBody(Incoming):
    """The outcome of a lead, with values as in the events table, parsed by the rules of imports."""

    enterprise_id: Text
    stage: STAGE = Field(description="In English or in Chinese, such as 洽谈.")
    date: Text = Field(
        description="Such as 2026-03-01, 2026/3/1 or 2026年3月1日; up to tomorrow. What is planned "
        "for later is the `due` of a project."
    )
    need_id: Text | None = Field(
        default=None, description="The need, as an alternative to zone_id."
    )
    zone_id: Text | None = Field(default=None, description="the zone.")
    event_id: Text | None = Field(default=None, description="Generated if not given.")
    amount: Annotated[float, Field(allow_inf_nan=False)] | Text | None = Field(
        default=None, description="亿元, or with its unit, such as 5000万."
    )
    note: Annotated[str, Field(max_length=2000)] | None = None
    source: Text | None = None
    list_id: Text | None = Field(
        default=None, description="Of the page of leads that this came from, with rank."
    )
    rank: Annotated[int, Number, Field(ge=1, le=10**9)] | None = Field(
        default=None, description="The rank of the enterprise there."
    )


class EventQuery(PageQuery):
    """Parameters of GET /v1/events."""

    need_id: Text | None = None
    zone_id: Text | None = Field(default=None, description="The zone, or that of the need.")
    enterprise_id: Text | None = None
    stage: Annotated[STAGE, AfterValidator(_stage)] | None = None
    since: Annotated[date | None, Day] = Field(
        default=None, description="Events of this day or later, such as 2026-01-31."
    )
    retracted: bool | None = Field(default=None, description="Only retracted ones, or only others.")
