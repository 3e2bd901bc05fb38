"""Filters of a list of enterprises."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

from features.columns import Choice
from features.errors import InputError
from features.industry import industry_codes
from features.vocabulary import ENDINGS, FLAGS, GATES, NONE, REGIONS, SEATS, STAGES, STANDINGS

if TYPE_CHECKING:
    from collections.abc import Mapping

INCLUDED = ("signed", "local", "unfit")
_NOTHING = {NONE: Choice("无")}
CHOICES: Mapping[str, Mapping[str, Choice]] = {
    "region": {
        name: Choice(region.english, f"{region.english.replace(' ', '-')} {region.aliases}")
        for name, region in REGIONS.items()
    },
    "include": {name: Choice(name) for name in INCLUDED},
    "stage": {**STAGES, **ENDINGS, **_NOTHING},
    "seat": SEATS,
    "flag": {**{name: Choice(flag.gloss) for name, flag in FLAGS.items()}, **_NOTHING},
    "standing": STANDINGS,
    "gate": GATES,
}
"""The values of filters that have a closed vocabulary."""
_WORDS = {
    field: {
        alias.casefold(): name
        for name, choice in choices.items()
        for alias in (name, choice.gloss, *choice.aliases.split())
    }
    for field, choices in CHOICES.items()
}
Facet = Literal[
    "province",
    "city",
    "region",
    "tag",
    "node",
    "stage",
    "seat",
    "flag",
    "standing",
    "industry_code",
    "listed",
]
"""The facets of a list."""
OF_ZONE = ("stage", "seat")
"""Filters that have a meaning only relative to a zone."""


@dataclass(frozen=True)
class Filters:
    """Filters of candidates: one of the values of each filter, and all filters together.

    Values are stripped, sorted and deduplicated, so that equal filters compare equal.

    Parameters
    ----------
    province, city
        Names, with or without 省 or 市.
    region
        Target regions (重点区域) of the vocabulary, by their Chinese or English name.
    tag, node
        Tags of the enterprise, and node_ids of the chain map.
    exclude
        enterprise_ids to leave out.
    include
        Enterprises listed although a list of new leads leaves them out: `signed`, those that
        signed with the need's zone; `local`, those seated in its city.
    stage
        The last stage or ending of the enterprise in the zone; `none` for no event there.
    seat
        Relative to the zone: in its county, elsewhere in its city, or elsewhere.
    flag
        Warning signs; `none` for enterprises without any.
    standing
        Derived from its status; `unknown` where the status does not tell.
    gate
        Gates, all of which must pass; unknown does not pass.
    industry_code
        Codes of GB/T 4754 at any level: enterprises in that section, division, group or class.
    listed
        Whether it is a listed company.
    min_capital, min_revenue, max_revenue
        Registered capital or revenue in 万元.
    max_age
        Maximum age in years.

    Raises
    ------
    InputError
        For a blank value, one that is not in a closed vocabulary, or a number below 0.
    """

    province: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    stage: tuple[str, ...] = ()
    seat: tuple[str, ...] = ()
    flag: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    gate: tuple[str, ...] = ()
    industry_code: tuple[str, ...] = ()
    listed: bool | None = None
    min_capital: float | None = None
    min_revenue: float | None = None
    max_revenue: float | None = None
    max_age: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple | list):
                value = tuple(sorted({_text(field.name, text) for text in value}))
            elif value is not None and field.name != "listed":
                value = _number(field.name, value)
            object.__setattr__(self, field.name, value)

    def canonical(self) -> dict[str, Any]:
        """Return the filters that are set."""
        return {name: value for name, value in asdict(self).items() if value not in ((), None)}


def _text(field: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError(f"{field} must not be blank", field=field, got="", expected="a value")
    if field == "industry_code":
        return _code(text)
    words = _WORDS.get(field)
    if words is None:
        return text
    if (found := words.get(text.casefold())) is None:
        expected = "one of " + ", ".join(CHOICES[field])
        message = f"{field} must be {expected}, got {text!r}"
        raise InputError(message, field=field, got=text, expected=expected)
    return found


def _code(text: str) -> str:
    if (found := industry_codes.normalise(text)) is None:
        expected = "a code of GB/T 4754-2017 such as C, 39, 397 or 3972"
        message = f"industry_code must be {expected}, got {text!r}"
        raise InputError(message, field="industry_code", got=text, expected=expected)
    return found


def _number(field: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        expected = "a number of at least 0"
        message = f"{field} must be {expected}, got {value}"
        raise InputError(message, field=field, got=value, expected=expected)
    return float(value)
