"""Request schemas of filters."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema

from features.vocabulary import FLAGS, NONE, REGIONS
from service.serving.filters import CHOICES


def no_truth(value: Any) -> Any:
    """Reject booleans, which are numbers in Python and therefore in pydantic."""
    if isinstance(value, bool):
        raise ValueError("a number, not true or false")  # noqa: TRY004
    return value


def by_commas(value: Any) -> Any:
    """Split comma-separated texts."""
    if isinstance(value, list):
        texts = [
            part
            for text in value
            for part in (text.split(",") if isinstance(text, str) else [text])
        ]
        return [text.strip() if isinstance(text, str) else text for text in texts]
    return value


def one_of(field: str) -> WithJsonSchema:
    """Return the schema of a value with a closed vocabulary.

    `Filters` validates it, and also accepts Chinese words.
    """
    return WithJsonSchema({"type": "string", "enum": list(CHOICES[field])})


Number = BeforeValidator(no_truth)
Amount = Annotated[float, Number, Field(ge=0, allow_inf_nan=False)] | None
Text = Annotated[str, Field(min_length=1, max_length=200)]
Texts = Annotated[list[Text], Field(max_length=1000)]


class Incoming(BaseModel):
    """Base class of request schemas: unknown fields are rejected."""

    model_config = ConfigDict(extra="forbid")


class EnterpriseFilters(Incoming):
    """Filters: any of the values of each filter, and all filters; unknown values never pass."""

    province: Texts = Field(default_factory=list, description="Province, such as 山西省 or 山西.")
    city: Texts = Field(default_factory=list, description="City, such as 长治市 or 长治.")
    region: Annotated[list[Annotated[Text, one_of("region")]], Field(max_length=1000)] = Field(
        default_factory=list, description=f"Target region: {', '.join(REGIONS)}."
    )
    tag: Texts = Field(default_factory=list, description="Tag of the enterprise, such as 专精特新.")
    node: Texts = Field(default_factory=list, description="node_id of the chain map.")
    exclude: Texts = Field(default_factory=list, description="enterprise_id to leave out.")
    stage: Annotated[list[Annotated[Text, one_of("stage")]], Field(max_length=1000)] = Field(
        default_factory=list,
        description="Last stage or ending of the enterprise in the zone; none: no event there.",
    )
    seat: Annotated[list[Annotated[Text, one_of("seat")]], Field(max_length=1000)] = Field(
        default_factory=list,
        description="Seat relative to the zone: in its county, else in its city, or elsewhere.",
    )
    flag: Annotated[list[Annotated[Text, one_of("flag")]], Field(max_length=1000)] = Field(
        default_factory=list,
        description=f"Warning sign: {', '.join(FLAGS)}; {NONE}: without any.",
    )
    standing: Annotated[list[Annotated[Text, one_of("standing")]], Field(max_length=1000)] = Field(
        default_factory=list,
        description="Derived from its status; unknown where the status does not tell.",
    )
    gate: Annotated[list[Annotated[Text, one_of("gate")]], Field(max_length=1000)] = Field(
        default_factory=list,
        description="Gates, all of which must pass; unknown does not pass.",
    )
    industry_code: Texts = Field(
        default_factory=list,
        description="Code of GB/T 4754-2017 at any level, such as C, 39, 397 or 3972.",
    )
    listed: bool | None = Field(default=None, description="Whether it is a listed company.")
    min_capital: Amount = Field(default=None, description="Minimum registered capital, 万元.")
    min_revenue: Amount = Field(default=None, description="Minimum revenue, 万元.")
    max_revenue: Amount = Field(default=None, description="Maximum revenue, 万元.")
    max_age: Amount = Field(default=None, description="Maximum age in years.")


class FilterBody(EnterpriseFilters):
    """Filters of leads."""

    include: Annotated[
        list[Annotated[Text, one_of("include")]], Field(max_length=1000), BeforeValidator(by_commas)
    ] = Field(
        default_factory=list,
        description="Include also: signed (with the zone), local (to its city).",
    )


LISTS = frozenset(
    name for name, field in FilterBody.model_fields.items() if field.default_factory is not None
)
"""Filters with several values."""
