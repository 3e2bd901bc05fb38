"""Bodies and parameters that come in."""

import re
from datetime import date
from typing import Annotated, Any, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from features.vocabulary import ENDINGS, REGIONS, STAGES


def _no_truth(value: Any) -> Any:
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")  # noqa: TRY004
    return value


def _day(value: Any) -> Any:
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("a date such as 2026-01-31")
    return value


def _by_commas(value: Any) -> Any:
    if isinstance(value, list):
        texts = [
            part
            for text in value
            for part in (text.split(",") if isinstance(text, str) else [text])
        ]
        return [text.strip() if isinstance(text, str) else text for text in texts]
    return value


# Pydantic takes a number for seconds since 1970.
Day = BeforeValidator(_day)
# To Python, and so to pydantic, true is 1.
_Number = BeforeValidator(_no_truth)
Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[list[Text], Field(max_length=1000)]
FewTexts = Annotated[list[Text], Field(max_length=50)]
MAX_NEED = 2_000
"""Characters of all texts of a need together: what it costs to explain leads grows with them."""
Limit = Annotated[int, _Number, Field(ge=1, le=200, description="How many, 1 to 200.")]
Offset = Annotated[
    int, _Number, Field(ge=0, le=10**9, description="How many to leave out from the start.")
]


class Incoming(BaseModel):
    """What comes in: no field is taken that is not known."""

    model_config = ConfigDict(extra="forbid")


class FilterBody(Incoming):
    """Any of the values of a filter, all filters together; an unknown value never passes."""

    province: Texts = Field(default=[], description="Province, such as 山西省 or 山西.")
    city: Texts = Field(default=[], description="City, such as 长治市 or 长治.")
    region: Texts = Field(default=[], description=f"Target region: {', '.join(REGIONS)}.")
    tag: Texts = Field(default=[], description="Tag of the enterprise, such as 专精特新.")
    node: Texts = Field(default=[], description="node_id of the chain map.")
    exclude: Texts = Field(default=[], description="enterprise_id that is left out.")
    include: Annotated[Texts, BeforeValidator(_by_commas)] = Field(
        default=[],
        description="Who is listed although not new: signed (with the zone), local (to its city).",
    )
    min_capital: Annotated[float | None, _Number] = Field(
        default=None, ge=0, allow_inf_nan=False, description="Registered capital at least, 万元."
    )
    max_age: Annotated[float | None, _Number] = Field(
        default=None, ge=0, allow_inf_nan=False, description="Years since its founding at most."
    )


class PageQuery(Incoming):
    """Which part of a list."""

    limit: Limit = 20
    offset: Offset = 0


_LIST_ID = "The list_id of the page before: the answer is of the same list, or 409 says it is gone."


class RecommendationQuery(PageQuery, FilterBody):
    """Parameters of GET /v1/recommendations."""

    list_id: Text | None = Field(default=None, description=_LIST_ID)

    need_id: Text | None = Field(default=None, description="The need, or else:")
    zone_id: Text | None = Field(default=None, description="the zone of the need, and")
    industry: Text | None = Field(default=None, description="its industry.")


class EnterpriseQuery(PageQuery):
    """Parameters of GET /v1/enterprises."""

    q: str = Field(default="", max_length=200, description="Part of a name, a short name or an id.")


class LimitQuery(Incoming):
    """How much of a list."""

    limit: Limit = 20


class WordBody(Incoming):
    """A word to look for in profiles, and how much it counts."""

    word: Text
    weight: Annotated[float, _Number] = Field(default=1.0, gt=0, le=100, allow_inf_nan=False)
    from_: Text | None = Field(default=None, alias="from", description="As answers have it.")


def _as_word(value: Any) -> Any:
    return {"word": value} if isinstance(value, str) else value


class NeedBody(Incoming):
    """A need that the workspace does not have to know; all its texts together are bounded."""

    industry: Text
    chain: Text | None = None
    sector: Text | None = None
    nodes: FewTexts = []
    keywords: FewTexts = []
    words: Annotated[list[Annotated[WordBody, BeforeValidator(_as_word)]], Field(max_length=60)] = (
        Field(default=[], description="`understood.words`, edited: they take its place.")
    )
    industry_codes: FewTexts = []
    zone_id: Text | None = None
    region: Text | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        texts = (self.industry, self.chain or "", self.sector or "")
        size = sum(map(len, (*texts, *self.nodes, *self.keywords, *self.industry_codes)))
        if size > MAX_NEED:
            raise ValueError(f"a need of {MAX_NEED} characters at most in all its texts")
        return self


class RecommendationBody(PageQuery):
    """Body of POST /v1/recommendations."""

    need: NeedBody
    filters: FilterBody = FilterBody()
    list_id: Text | None = Field(default=None, description=_LIST_ID)


class EventBody(Incoming):
    """What came of a lead: values as in the events table, read by the rules of an import."""

    enterprise_id: Text
    stage: Text = Field(description=f"One of {', '.join([*STAGES, *ENDINGS])}, or in Chinese.")
    date: Text = Field(description="Such as 2026-03-01, 2026/3/1 or 2026年3月1日.")
    need_id: Text | None = Field(default=None, description="The need that it is about, or")
    zone_id: Text | None = Field(default=None, description="the zone.")
    event_id: Text | None = Field(default=None, description="Made here where none is given.")
    amount: Annotated[float, Field(allow_inf_nan=False)] | Text | None = Field(
        default=None, description="亿元, or with its unit, such as 5000万."
    )
    note: Annotated[str, Field(max_length=2000)] | None = None
    source: Text | None = None


class EventQuery(PageQuery):
    """Parameters of GET /v1/events."""

    need_id: Text | None = None
    zone_id: Text | None = Field(default=None, description="The zone, or that of the need.")
    enterprise_id: Text | None = None
    stage: Text | None = Field(default=None, description=", ".join([*STAGES, *ENDINGS]))
    since: Annotated[date | None, Day] = Field(
        default=None, description="Events of this day or later, such as 2026-01-31."
    )
    retracted: bool | None = Field(default=None, description="Only those taken back, or not.")
