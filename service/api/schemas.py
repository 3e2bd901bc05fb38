"""Bodies and parameters that come in."""

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


# Pydantic takes a number for seconds since 1970.
Day = BeforeValidator(_day)
FewTexts = Annotated[list[Text], Field(max_length=50)]
MAX_NEED = 2_000
"""Characters of all texts of a need together: what it costs to explain leads grows with them."""


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
_REASONS = "So many reasons of a lead, the largest first, or all: only these sum to raw_score."
FIELDS = (*Lead.model_fields, *(f"enterprise.{name}" for name in EnterpriseSummary.model_fields))
"""What a lead has."""
Facets = Annotated[list[Facet], BeforeValidator(by_commas), Field(max_length=20)]
Limit = Annotated[int, Number, Field(ge=1, le=200, description="How many, 1 to 200.")]
Offset = Annotated[
    int, Number, Field(ge=0, le=10**9, description="How many to leave out from the start.")
]


class PageQuery(Incoming):
    """Which part of a list."""

    limit: Limit = 20
    offset: Offset = 0


_LIST_ID = "The list_id of the page before: the answer is of the same list, or 409 says it is gone."


class ListQuery(PageQuery, FilterBody):
    """Parameters of a list of leads for a need of the workspace."""

    list_id: Text | None = Field(default=None, description=_LIST_ID)

    need_id: Text | None = Field(default=None, description="The need, or else:")
    zone_id: Text | None = Field(default=None, description="the zone of the need, and")
    industry: Text | None = Field(default=None, description="its industry.")


class ShapeBody(Incoming):
    """How much of a page is sent."""

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
    facets: Facets = Field(
        default_factory=list, description="Values to be counted over the whole list."
    )

    @property
    def shape(self) -> Shape:
        """What is asked for."""
        reasons = None if self.reasons == "all" else self.reasons
        return Shape(reasons, tuple(self.fields), tuple(self.facets))


class RecommendationQuery(ListQuery, ShapeBody):
    """Parameters of GET /v1/recommendations."""


class EnterpriseQuery(PageQuery, EnterpriseFilters):
    """Parameters of GET /v1/enterprises."""

    zone_id: Text | None = Field(
        default=None, description="The zone from which stage and seat are seen."
    )
    facets: Facets = Field(
        default_factory=list, description="Values to be counted over the whole list."
    )

    q: str = Field(default="", max_length=200, description="Part of a name, a short name or an id.")


class LimitQuery(Incoming):
    """How much of a list."""

    limit: Limit = 20


class SimilarQuery(PageQuery, FilterBody):
    """Parameters of GET /v1/enterprises/{enterprise_id}/similar."""

    zone_id: Text | None = Field(
        default=None, description="A zone whose own enterprises are left out."
    )
    list_id: Text | None = Field(default=None, description=_LIST_ID)


class SuitedQuery(LimitQuery):
    """Parameters of GET /v1/enterprises/{enterprise_id}/needs."""

    reasons: Annotated[Reasons, Field(description=_REASONS)] = "all"


class WordBody(Incoming):
    """A word to look for in profiles, and how much it counts."""

    word: Text
    weight: Annotated[float, Number] = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    from_: Text | None = Field(default=None, alias="from", description="As answers have it.")


def _as_word(value: Any) -> Any:
    return {"word": value} if isinstance(value, str) else value


class NeedBody(Incoming):
    """A need that the workspace does not have to know; all its texts together are bounded."""

    industry: Text
    chain: Text | None = None
    sector: Text | None = None
    nodes: FewTexts = Field(default_factory=list)
    keywords: FewTexts = Field(default_factory=list)
    words: Annotated[list[Annotated[WordBody, BeforeValidator(_as_word)]], Field(max_length=60)] = (
        Field(default_factory=list, description="`understood.words`, edited: they take its place.")
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
"""A stage or an ending; the rules of an import read it."""


class EventBody(Incoming):
    """The outcome of a lead: values as in the events table, read by the rules of an import."""

    enterprise_id: Text
    stage: STAGE = Field(description="In English or in Chinese, such as 洽谈.")
    date: Text = Field(
        description="Such as 2026-03-01, 2026/3/1 or 2026年3月1日; up to tomorrow. What is planned "
        "for later is the `due` of a project."
    )
    need_id: Text | None = Field(default=None, description="The need that it is about, or")
    zone_id: Text | None = Field(default=None, description="the zone.")
    event_id: Text | None = Field(default=None, description="Made here where none is given.")
    amount: Annotated[float, Field(allow_inf_nan=False)] | Text | None = Field(
        default=None, description="亿元, or with its unit, such as 5000万."
    )
    note: Annotated[str, Field(max_length=2000)] | None = None
    source: Text | None = None
    list_id: Text | None = Field(
        default=None, description="Of the page of leads that this came of, with"
    )
    rank: Annotated[int, Number, Field(ge=1, le=10**9)] | None = Field(
        default=None, description="the rank of the enterprise there."
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
    retracted: bool | None = Field(default=None, description="Only those taken back, or not.")
