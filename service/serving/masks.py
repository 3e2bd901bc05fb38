"""Which enterprises of a pool pass the filters, in three states; unknown never passes.

Filters are applied to distinct places and tags, not to each enterprise, and the masks of the last
filters are cached.
"""

from __future__ import annotations

from datetime import timedelta
from functools import cached_property, lru_cache
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from features.geography.divisions import divisions
from features.geography.place_names import resolve
from features.industry import industry_codes
from features.places import stem
from features.vocabulary import FLAGS, NONE, REGIONS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from features.industry.nodes import NamedNodes
    from service.serving.filters import Filters

_KEPT_BYTES = 32_000_000
_MOST_KEPT = 1_000
_SHORT = 1_000
"""Filters longer than this when serialised are not cached, because the key is kept too."""
FAIL, PASS, UNKNOWN = range(3)
"""The state of an enterprise under a filter."""
_DAYS_A_YEAR = 365.2425
_SEAT = ("province", "city", "district")
_NO_STATES: Mapping[str, NDArray[np.uint8]] = MappingProxyType({})
BETWEEN = "\x1f"
"""Separates the tags of an enterprise: ASCII's unit separator, which no tag contains."""


class Mask(NamedTuple):
    """Which rows pass, and how many each filter left out only because a value is unknown.

    A row is counted under a filter when its value is unknown there and no other filter fails.

    Attributes
    ----------
    rows : ndarray of int
        In order.
    unknown : dict
    unknown_values : dict
        The values of each filter that no enterprise of the pool has.
    """

    rows: NDArray[np.intp]
    unknown: dict[str, int]
    unknown_values: dict[str, list[str]]


class Masks:
    """Applies filters to a pool of n enterprises.

    Parameters
    ----------
    columns : DataFrame
        The columns that filters read, `features.enterprises.traits.COLUMNS`.
    among : ndarray of bool, shape (n,)
        Which enterprises can be listed; others fail and are not counted.
    named : NamedNodes
        An enterprise named at no node is unknown there.
    as_of : date, optional
        The day at which ages are computed; without it every age is unknown. It is the pool's date
        rather than today's, so that answers depend only on the pool version.
    """

    def __init__(
        self,
        columns: pl.DataFrame,
        *,
        among: NDArray[np.bool_],
        named: NamedNodes,
        as_of: date | None = None,
    ) -> None:
        self._columns, self._among, self._named, self._as_of = columns, among, named, as_of
        most = _KEPT_BYTES // max(columns.height // 8, 1)
        self._kept = lru_cache(min(max(most, 1), _MOST_KEPT))(self._find)

    def of(self, filters: Filters, of_zone: Mapping[str, NDArray[np.uint8]] = _NO_STATES) -> Mask:
        """Apply filters.

        Parameters
        ----------
        filters : Filters
        of_zone : mapping of str to ndarray of shape (n,)
            The states of the filters that are relative to a zone, by name.
        """
        if of_zone or len(repr(filters)) > _SHORT:
            bits, unknown, strange = self._find(filters, of_zone)
        else:
            bits, unknown, strange = self._kept(filters)
        passing = np.unpackbits(bits, count=self._columns.height).view(np.bool_)
        return Mask(np.flatnonzero(passing), dict(unknown), dict(strange))

    def _find(
        self, filters: Filters, of_zone: Mapping[str, NDArray[np.uint8]] = _NO_STATES
    ) -> tuple[NDArray[np.uint8], dict[str, int], dict[str, list[str]]]:
        """Return the rows that pass (as bits), counts of unknown values, values without a row."""
        states = {**_states(self._columns, _of_each(filters, self._as_of)), **of_zone}
        if filters.province or filters.city or filters.region:
            states |= self.places.states(_of_places(self.places.frame, filters))
        if filters.tag:
            states |= self.tags.states({"tag": _with_tags(filters.tag)})
        if filters.flag:
            states |= self.flags.states({"flag": _with_flags(filters.flag)})
        if filters.industry_code:
            states |= self.industries.states({"industry_code": _within(filters.industry_code)})
        if filters.node:
            at = self._named.at(filters.node).view(np.uint8)
            states["node"] = np.where(self._anywhere, at, np.uint8(UNKNOWN))
        failed = ~self._among
        for state in states.values():
            failed |= state == FAIL
        keep = ~failed
        unknown = {}
        for name, state in states.items():
            missing = state == UNKNOWN
            keep &= ~missing
            if count := int(np.count_nonzero(missing & ~failed)):
                unknown[name] = count
        return np.packbits(keep), unknown, self._strange(filters)

    def _strange(self, filters: Filters) -> dict[str, list[str]]:
        """Return the values of filters that no enterprise of the pool has."""
        found = {}
        for name, found_at in (("province", _in_province), ("city", _in_city)):
            if wanted := getattr(filters, name):
                at = self.places.frame.select(found_at(text).any().alias(text) for text in wanted)
                found[name] = [text for text in wanted if not at[text].item()]
        if filters.tag:
            tags = set(self.tags.frame["tags"].str.split(BETWEEN).explode())
            found["tag"] = [text for text in filters.tag if text not in tags]
        if filters.industry_code:
            codes = self.industries.frame["industry_code"].drop_nulls().to_list()
            within = {step for code in codes for step in industry_codes.levels(code)}
            found["industry_code"] = [code for code in filters.industry_code if code not in within]
        if filters.exclude:
            wanted = pl.Series(filters.exclude)
            there = wanted.is_in(self._columns["enterprise_id"].implode())
            found["exclude"] = wanted.filter(~there).to_list()
        return {name: values for name, values in found.items() if values}

    @cached_property
    def places(self) -> Distinct:
        """Province, city and county, by their current names."""
        return Distinct(self._columns.select(*_SEAT), _of_today)

    @cached_property
    def tags(self) -> Distinct:
        """The tags of each, joined by `BETWEEN`."""
        return Distinct(self._columns.select(pl.col("tags").list.join(BETWEEN)))

    @cached_property
    def flags(self) -> Distinct:
        """The warning signs of each, joined by `BETWEEN`, and whether its credit is known."""
        return Distinct(
            self._columns.select(pl.col("flags").list.join(BETWEEN), pl.col("credit_known"))
        )

    @cached_property
    def industries(self) -> Distinct:
        """The industry code."""
        return Distinct(self._columns.select("industry_code"))

    @cached_property
    def _anywhere(self) -> NDArray[np.bool_]:
        return self._named.anywhere()


class Distinct:
    """The distinct rows of a frame, and the index of each row among them.

    Parameters
    ----------
    frame : DataFrame
    read : callable, optional
        Transforms the distinct rows.

    Attributes
    ----------
    frame : DataFrame of d rows
        The distinct rows, transformed.
    numbers : ndarray of int, shape (n,)
        For each row its index among the distinct ones.
    """

    def __init__(
        self, frame: pl.DataFrame, read: Callable[[pl.DataFrame], pl.DataFrame] | None = None
    ) -> None:
        self.frame = frame.unique(maintain_order=True)
        numbered = self.frame.with_row_index("number")
        joined = frame.join(
            numbered, on=frame.columns, how="left", nulls_equal=True, maintain_order="left"
        )
        self.numbers = joined["number"].to_numpy()
        if read is not None:
            self.frame = read(self.frame)

    def states(self, wanted: dict[str, pl.Expr]) -> dict[str, NDArray[np.uint8]]:
        """Return the state of every row for each expression, see `_states`."""
        found = _states(self.frame, wanted)
        return {name: own[self.numbers] for name, own in found.items()}


def _states(frame: pl.DataFrame, wanted: dict[str, pl.Expr]) -> dict[str, NDArray[np.uint8]]:
    """Return whether each row passes, for expressions that are true, false or null."""
    as_state = [own.cast(pl.UInt8).fill_null(UNKNOWN).alias(name) for name, own in wanted.items()]
    return {own.name: own.to_numpy() for own in frame.select(as_state)}


def _of_today(seats: pl.DataFrame) -> pl.DataFrame:
    """Return seats by their current names."""
    names = []
    for row in seats.iter_rows():
        found = resolve(*row)
        province, city, district = found.seat
        if "province" in found.unknown:
            province = stem(province)
        if "city" in found.unknown:
            # A city is kept even if it is not in the stated province.
            alone = resolve(None, city)
            city = stem(city) if alone.unknown else alone.seat.city
        names.append((province, city, district))
    return pl.DataFrame(names, schema=dict.fromkeys(_SEAT, pl.String), orient="row")


def _of_places(places: pl.DataFrame, filters: Filters) -> dict[str, pl.Expr]:
    states = {}
    if filters.province:
        states["province"] = pl.any_horizontal(_in_province(text) for text in filters.province)
    if filters.city:
        states["city"] = pl.any_horizontal(_in_city(text) for text in filters.city)
    if filters.region:
        states["region"] = pl.any_horizontal(_in_region(places, name) for name in filters.region)
    return states


def _in_province(text: str) -> pl.Expr:
    found = resolve(text)
    named = found.seat.province or ""
    return pl.col("province").is_in([named, stem(text) or text] if found.unknown else [named])


def _in_city(text: str) -> pl.Expr:
    """Return whether a row lies in a city, or in a county given as a city.

    Unknown where the county is needed but unknown, and in the current cities of a region that was
    divided.
    """
    found = resolve(None, text)
    city, county = found.seat.city, found.seat.district
    known = pl.when(pl.col("city").is_not_null()).then(statement=False)
    if "city" in found.unknown:
        return pl.col("city") == (stem(text) or text)
    if county is not None:
        there = pl.col("city") == city
        return (
            pl.when(there & pl.col("district").is_null())
            .then(None)
            .otherwise(there & (pl.col("district") == county))
        )
    if city is not None:
        return pl.col("city") == city
    parts = {divisions().seat(code).city for _, one in found.former for code in one.codes}
    return pl.when(~pl.col("city").is_in([part for part in parts if part])).then(known)


def _with_tags(wanted: Sequence[str]) -> pl.Expr:
    tags = pl.col("tags").str.split(BETWEEN)
    found = pl.any_horizontal(tags.list.contains(text) for text in wanted)
    return pl.when(pl.col("tags") != "").then(found)


def _with_flags(wanted: Sequence[str]) -> pl.Expr:
    """Return which enterprises have one of these signs, or none if `none` is among them.

    A sign that depends on an unknown credit is unknown.
    """
    raised = pl.col("flags").str.split(BETWEEN)
    found = pl.any_horizontal(
        pl.col("flags") == "" if name == NONE else raised.list.contains(name) for name in wanted
    )
    if any(name != NONE and FLAGS[name].column == "credit" for name in wanted):
        unsure = ~found & ~pl.col("credit_known")
        return pl.when(~unsure).then(found)
    return found


def _within(wanted: Sequence[str]) -> pl.Expr:
    """Return which are in one of these industries; unknown for a code that is less precise."""
    own = pl.col("industry_code")
    states = []
    for code in wanted:
        if code.isalpha():
            inside = own.str.slice(0, 2).is_in(industry_codes.divisions_of(code)) | (own == code)
            states.append(inside)
        else:
            section = industry_codes.section_of(code)
            wider = own.is_in([section, *(code[:length] for length in range(2, len(code)))])
            states.append(pl.when(~wider).then(own.str.starts_with(code)))
    return pl.any_horizontal(states)


def _of_each(filters: Filters, as_of: date | None) -> dict[str, pl.Expr]:
    states = {}
    if filters.exclude:
        states["exclude"] = ~pl.col("enterprise_id").is_in(filters.exclude)
    if filters.min_capital is not None:
        states["min_capital"] = pl.col("registered_capital") >= filters.min_capital
    if filters.min_revenue is not None:
        states["min_revenue"] = pl.col("revenue") >= filters.min_revenue
    if filters.max_revenue is not None:
        states["max_revenue"] = pl.col("revenue") <= filters.max_revenue
    if filters.listed is not None:
        states["listed"] = pl.col("listed") == filters.listed
    if filters.standing:
        states["standing"] = _standing(filters.standing)
    if filters.max_age is not None:
        earliest = _years_before(as_of, filters.max_age) if as_of else None
        states["max_age"] = pl.col("founded") >= pl.lit(earliest, pl.Date)
    return states


def _standing(wanted: Sequence[str]) -> pl.Expr:
    own = pl.col("standing").is_in(wanted)
    return own.fill_null(value=True) if "unknown" in wanted else own


def _in_region(places: pl.DataFrame, name: str) -> pl.Expr:
    """Return whether a row lies in a region; unknown where its missing city would decide."""
    region = REGIONS[name]
    provinces, cities = sorted(region.provinces), sorted(region.cities)
    city = pl.col("city")
    partly = places.filter(city.is_in(cities))["province"].drop_nulls().unique()
    return (
        pl.when(pl.col("province").is_in(provinces))
        .then(statement=True)
        .when(city.is_not_null())
        .then(city.is_in(cities) | _elsewhere("province"))
        .when(pl.col("province").is_not_null() & ~pl.col("province").is_in(partly.implode()))
        .then(statement=False)
    )


def _years_before(day: date, years: float) -> date:
    """Return the same day some years earlier (28 February for the 29th), never before year 1."""
    whole = int(years)
    if whole >= day.year - 1:
        return day.min
    leap_day = (day.month, day.day) == (2, 29)
    earlier = day.replace(year=day.year - whole, day=28 if leap_day else day.day)
    return earlier - timedelta(days=(years - whole) * _DAYS_A_YEAR)


def _elsewhere(column: str) -> pl.Expr:
    """Return false where a column is known, null where it is not."""
    return pl.when(pl.col(column).is_not_null()).then(statement=False)
