"""Filters of a page of leads, in three states: pass, fail and unknown, which never passes."""

from __future__ import annotations

import math
import re
from dataclasses import asdict, dataclass, fields
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from features.errors import InputError
from features.places import REGION_STEMS, SUFFIX
from features.vocabulary import REGIONS

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray

    from features.nodes import NamedNodes

_DAYS_A_YEAR = 365.2425
_REGION_NAMES = {
    alias.casefold(): name
    for name, region in REGIONS.items()
    for alias in (name, region.english, *region.aliases.split())
}


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


class Mask(NamedTuple):
    """Which rows pass, and how many each filter left out only because a value is unknown.

    A row is counted under a filter when its value is unknown there and no other filter fails.
    """

    keep: NDArray[np.bool_]
    unknown: dict[str, int]


def mask(
    pool: pl.DataFrame,
    filters: Filters,
    *,
    named: NamedNodes | None = None,
    as_of: date | None = None,
    among: NDArray[np.bool_] | None = None,
) -> Mask:
    """Apply filters to a pool of n enterprises.

    Parameters
    ----------
    pool
        The enterprises table.
    named
        Who is named at which node; whoever is named at none is unknown there, as is everybody
        without it.
    as_of
        The day that ages are counted to. Without it every age is unknown. It is the pool's date
        rather than today's, so that one pool version gives one answer.
    among
        bool of n: rows that can be listed at all; others fail and are not counted.
    """
    states = pool.select(_states(pool, filters, as_of)).get_columns()
    if filters.node:
        states.append(_at_nodes(pool, filters.node, named))
    failed = np.zeros(pool.height, dtype=np.bool_) if among is None else ~among
    for state in states:
        failed |= ~state.fill_null(value=True).to_numpy()
    keep = ~failed
    unknown = {}
    for state in states:
        missing = state.is_null().to_numpy()
        keep &= ~missing
        if count := int((missing & ~failed).sum()):
            unknown[state.name] = count
    return Mask(keep, unknown)


def _states(pool: pl.DataFrame, filters: Filters, as_of: date | None) -> list[pl.Expr]:
    """Return, for each filter that is set, whether a row passes: true, false or null."""
    states = {}
    for name in ("province", "city"):
        if wanted := getattr(filters, name):
            names = [re.sub(SUFFIX, "", text) for text in wanted]
            states[name] = pl.col(name).str.replace(SUFFIX, "").is_in(names)
    if filters.region:
        states["region"] = pl.any_horizontal(_in_region(pool, name) for name in filters.region)
    if filters.tag:
        found = pl.any_horizontal(pl.col("tags").list.contains(text) for text in filters.tag)
        states["tag"] = pl.when(pl.col("tags").list.len() > 0).then(found)
    if filters.exclude:
        states["exclude"] = ~pl.col("enterprise_id").is_in(filters.exclude)
    if filters.min_capital is not None:
        states["min_capital"] = pl.col("registered_capital") >= filters.min_capital
    if filters.max_age is not None:
        earliest = _years_before(as_of, filters.max_age) if as_of else None
        states["max_age"] = pl.col("founded") >= pl.lit(earliest, pl.Date)
    return [state.alias(name) for name, state in states.items()]


def _at_nodes(pool: pl.DataFrame, wanted: tuple[str, ...], named: NamedNodes | None) -> pl.Series:
    if named is None:
        return pl.Series("node", [None] * pool.height, pl.Boolean)
    return pl.Series("node", named.at(wanted)).set(pl.Series(~named.anywhere()), None)


def _in_region(pool: pl.DataFrame, name: str) -> pl.Expr:
    """Return whether a row lies in a region: unknown where only its city could tell."""
    provinces, cities = (sorted(names) for names in REGION_STEMS[name])
    city = pl.col("city").str.replace(SUFFIX, "")
    partly = pool.filter(city.is_in(cities))["province"].drop_nulls().unique()
    return (
        pl.when(pl.col("province").str.replace(SUFFIX, "").is_in(provinces))
        .then(statement=True)
        .when(pl.col("city").is_not_null())
        .then(city.is_in(cities) | _elsewhere("province"))
        .when(pl.col("province").is_not_null() & ~pl.col("province").is_in(partly.implode()))
        .then(statement=False)
    )


def _years_before(day: date, years: float) -> date:
    """Return the same day so many years earlier (28 February for the 29th), never before year 1."""
    whole = int(years)
    if whole >= day.year - 1:
        return day.min
    leap_day = (day.month, day.day) == (2, 29)
    earlier = day.replace(year=day.year - whole, day=28 if leap_day else day.day)
    return earlier - timedelta(days=(years - whole) * _DAYS_A_YEAR)


def _elsewhere(column: str) -> pl.Expr:
    """Return false where a column is known, null where it is not."""
    return pl.when(pl.col(column).is_not_null()).then(statement=False)


def _text(field: str, text: str) -> str:
    text = text.strip()
    if not text:
        raise InputError(f"{field} must not be blank", field=field, got="", expected="a value")
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
