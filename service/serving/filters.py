"""Filters of a page of leads."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, fields
from typing import Any

from features.errors import InputError
from features.vocabulary import REGIONS

_REGION_NAMES = {
    alias.casefold(): name
    for name, region in REGIONS.items()
    for alias in (name, region.english, *region.aliases.split())
}

INCLUDED = ("signed", "local")


@dataclass(frozen=True)
class Filters:
    """What a candidate must be: any of the values of each filter, and all filters together.

    Values are trimmed, sorted and kept once, so that equal filters compare equal.

    Parameters
    ----------
    province, city
        Names, with or without 省 or 市.
    region
        Target regions (重点区域) of the vocabulary, by their Chinese or English name.
    tag, node
        Tags of the enterprise; node_ids of the chain map.
    exclude
        enterprise_ids that are left out.
    include
        Who is listed although a list of new leads leaves them out: `signed`, who signed with the
        need's zone; `local`, who is seated in its city.
    min_capital
        Registered capital of at least so many 万元.
    max_age
        Founded at most so many years ago.

    Raises
    ------
    InputError
        For a blank value, an unknown region, or a number below 0.
    """

    province: tuple[str, ...] = ()
    city: tuple[str, ...] = ()
    region: tuple[str, ...] = ()
    tag: tuple[str, ...] = ()
    node: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    include: tuple[str, ...] = ()
    min_capital: float | None = None
    max_age: float | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, tuple | list):
                value = tuple(sorted({_text(field.name, text) for text in value}))
            elif value is not None:
                value = _number(field.name, value)
            object.__setattr__(self, field.name, value)

    def canonical(self) -> dict[str, Any]:
        """Return the filters that are set."""
        return {name: value for name, value in asdict(self).items() if value not in ((), None)}


def _text(field: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError(f"{field} must not be blank", field=field, got="", expected="a value")
    if field == "include" and text not in INCLUDED:
        expected = "one of " + ", ".join(INCLUDED)
        raise InputError(
            f"include must be {expected}, got {text!r}", field=field, got=text, expected=expected
        )
    if field != "region":
        return text
    if text.casefold() not in _REGION_NAMES:
        expected = "one of " + ", ".join(REGIONS)
        message = f"region must be {expected}, got {text!r}"
        raise InputError(message, field=field, got=text, expected=expected)
    return _REGION_NAMES[text.casefold()]


def _number(field: str, value: float) -> float:
    if not (math.isfinite(value) and value >= 0):
        expected = "a number of at least 0"
        message = f"{field} must be {expected}, got {value}"
        raise InputError(message, field=field, got=value, expected=expected)
    return float(value)
