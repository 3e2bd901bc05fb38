"""The map: locations of the first leads for a need, with the same data as a table."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from features.vocabulary import REGIONS
from service.api.routes.recommendations import filters_of
from service.console import asking, geography
from service.console.frame import Framed
from service.console.routes.leads import query_for, query_of
from service.serving.interfaces import Document
from service.serving.questions import Lookup

router = APIRouter(prefix="/console", include_in_schema=False)

_A_DAY = 86_400


@router.get("/map")
async def map_(frame: Framed) -> Response:
    """Draw the first leads by prefecture, each linked to its list."""
    every = await frame.fetch(Lookup("needs"))
    needs = asking.needs_seen(frame, every)
    need = asking.chosen(needs, frame.request.query_params)
    if need is None:
        return frame.page("no_needs.html")
    asked = query_of(frame.request, need)
    answer = await asking.candidates(frame, need["need_id"], filters_of(asked))

    async def values() -> dict[str, Any]:
        found = asking.with_regions(answer)
        query = query_for(asked)
        places = by_city(found)
        for place in places:
            place["href"] = frame.url("/leads", {**query, "city": [place["city"]]})
        drawn = [place for place in places if place["lon"] is not None]
        label = frame.say("{name} {count} 家", "{name}: {count}")
        return {
            "needs": needs,
            "need": need,
            "query": query,
            "places": places,
            "of": len(found),
            "nowhere": sum(1 for row in found if not row["city"]),
            "regions": [
                (name, region.english, sum(name in row["regions"] for row in found))
                for name, region in REGIONS.items()
            ],
            "overlay": geography.overlay(drawn, _zone(need, answer.document["point"]), label),
            "region_names": geography.region_names(),
            "wide": geography.WIDE,
            "high": geography.HIGH,
        }

    return await frame.kept_page("map.html", (every, answer), values)


@router.get("/map/base.svg")
async def base(frame: Framed) -> Response:
    """Return the base map, which does not change while the service runs."""
    picture = await frame.look_up(geography.base)
    headers = {"Cache-Control": f"private, max-age={_A_DAY}"}
    return Response(picture, headers=headers, media_type="image/svg+xml")


def by_city(rows: list[Document]) -> list[dict[str, Any]]:
    """Return the number of leads by city, largest first, with the first three leads of each."""
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for row in rows:
        if not row["city"]:
            continue
        key = row["province"] or "", row["city"]
        place = found.setdefault(
            key,
            {
                "province": key[0],
                "city": key[1],
                "name": key[1],
                "count": 0,
                "lon": row["lon"],
                "lat": row["lat"],
                "first": [],
                "regions": row["regions"],
            },
        )
        place["count"] += 1
        if len(place["first"]) < 3:
            place["first"].append(row)
    return sorted(found.values(), key=lambda place: (-place["count"], place["name"]))


def _zone(need: Document, point: tuple[float, float] | None) -> list[dict[str, Any]]:
    """Return the location of a need's zone, if it is known."""
    if need["zone"] is None or point is None:
        return []
    name = need["zone"]["name"] or need["zone"]["zone_id"]
    return [{"lon": point[0], "lat": point[1], "name": name}]
