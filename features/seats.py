"""Which enterprises have their seat in a zone's county, or at least in its city."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from features.places import county_stem, stem

if TYPE_CHECKING:
    from collections.abc import Mapping

    from features.places import Gazetteer

COUNTY, CITY = "county", "city"
_MUNICIPALITIES = frozenset({"北京", "天津", "上海", "重庆"})


class Seats:
    """The seats of a pool, found by place.

    Parameters
    ----------
    enterprises : DataFrame
        In the order of the pool.
    gazetteer : Gazetteer
        Fills in the city of a county whose name stands in one city only.
    """

    def __init__(self, enterprises: pl.DataFrame, gazetteer: Gazetteer) -> None:
        self._gazetteer = gazetteer
        given = enterprises.select("province", "city", "district").rows()
        known = {seat: self._place(*seat) for seat in set(given)}
        schema = dict.fromkeys(("province", "city", "county"), pl.String)
        seats = pl.DataFrame([known[seat] for seat in given], schema=schema, orient="row")
        self._seats = seats.with_row_index("row")

    def near(self, zone: Mapping[str, Any]) -> dict[int, str]:
        """Return the rows seated in a zone's county or city: row to "county" or "city".

        Nobody where the zone's city is unknown. An unknown province contradicts nothing.
        """
        province, city, county = self._place(zone["province"], zone["city"], zone["county"])
        if city is None:
            return {}
        same = pl.col("city") == city
        if province is not None:
            same &= (pl.col("province") == province).fill_null(value=True)
        near = self._seats.filter(same).select("row", "county").iter_rows()
        return {row: COUNTY if county and theirs == county else CITY for row, theirs in near}

    def _place(
        self, province: str | None, city: str | None, county: str | None
    ) -> tuple[str | None, str | None, str | None]:
        """Return province, city and county without suffixes; what is implied is filled in."""
        if county and not city:
            place = self._gazetteer.find(province=province, county=county)
            province, city = (place.province, place.city) if place else (province, city)
        if stem(province) in _MUNICIPALITIES:
            city = province
        return stem(province), stem(city), county_stem(county)
