"""Seats of enterprises in a zone's county or city.

Names are resolved by `features/geography/place_names.py`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.geography.place_names import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray


COUNTY, CITY = "county", "city"
_SEAT = ("province", "city", "district")


class Seats:
    """The seats of a pool, indexed by place.

    Parameters
    ----------
    places : ndarray of str, shape (p, 3)
        The distinct seats: province, city and county by their current names, "" if unknown.
    seats : ndarray of int, shape (n,)
        The seat of each enterprise, as a row of `places`.
    """

    def __init__(self, places: NDArray[np.str_], seats: NDArray[np.int32]) -> None:
        self._places = places
        self._seats = seats

    @classmethod
    def of(cls, enterprises: pl.DataFrame) -> Self:
        """Compute the seats of an enterprises table, in the order of the pool."""
        stated = enterprises.select(_SEAT)
        distinct = stated.unique(maintain_order=True).with_row_index("seat")
        joined = stated.join(
            distinct, on=_SEAT, how="left", nulls_equal=True, maintain_order="left"
        )
        places = [resolve(*seat).seat for seat in distinct.select(_SEAT).rows()]
        named = [[part or "" for part in place] for place in places]
        return cls(
            np.array(named, dtype=np.str_).reshape(-1, len(_SEAT)),
            joined["seat"].to_numpy().astype(np.int32),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the seats, to be saved."""
        return {"places": self._places, "seats": self._seats}

    def near(self, zone: Mapping[str, Any]) -> dict[int, str]:
        """Return the rows seated in a zone's county or city: row to "county" or "city".

        Empty if the zone's city is unknown. An unknown province matches any.
        """
        province, city, county = resolve(zone["province"], zone["city"], zone["county"]).seat
        if city is None:
            return {}
        provinces, cities, counties = self._places.T
        near = cities == city
        if province is not None:
            near &= (provinces == province) | (provinces == "")
        how = np.where(counties == county, COUNTY, CITY) if county else np.full(len(near), CITY)
        rows = np.flatnonzero(near[self._seats])
        return dict(zip(rows.tolist(), how[self._seats[rows]].tolist(), strict=True))
