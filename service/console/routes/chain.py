"""The chain map: presence of a chain in a zone or city, and candidates for the gaps."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from features.errors import NotFoundError
from service.console import asking, chain_drawing
from service.console.frame import Frame, Framed
from service.console.questions import PresenceQuestion
from service.serving.interfaces import Document
from service.serving.questions import Lookup

router = APIRouter(prefix="/console", include_in_schema=False)

_CITY = "city:"


@router.get("/chain")
async def chain(frame: Framed) -> Response:
    """Draw a chain with the presence of its nodes in a zone or in all zones of a city."""
    given = frame.request.query_params
    every = await frame.fetch(Lookup("zones")), await frame.fetch(Lookup("chains"))
    zones = asking.zones_seen(frame, every[0])
    chains = every[1].document["chains"]
    place = given.get("place", "") or (zones[0]["zone_id"] if zones else "")
    about, where = _about(zones, place)
    chain_id = given.get("chain_id", "") or await _first_chain(frame, about, chains)
    found = await frame.fetch(Lookup("chain", (chain_id,)))
    has = await frame.fetch(PresenceQuestion(chain_id, tuple(about), frame.caller.rights))

    async def values() -> dict[str, Any]:
        return _drawn(frame, found.document, has.document, about) | {
            "zones": zones,
            "cities": _cities(zones) if frame.caller.zones is None else [],
            "chains": chains,
            "place": place,
            "where": where,
        }

    return await frame.kept_page("chain.html", (*every, found, has), values)


def _drawn(frame: Frame, chain: Document, has: Document, about: list[str]) -> dict[str, Any]:
    """Return the drawing of a chain, and the data of the tables below it."""
    nodes = _joined(chain, has)
    names = {node["node_id"]: node["name"] for node in nodes}
    zone_id = about[0] if len(about) == 1 else None
    edges = [edge for edge in chain["edges"] if edge["from"] in names and edge["to"] in names]

    def address(node_id: str) -> str:
        return frame.url("/need", text=names[node_id], zone_id=zone_id, node=node_id)

    return {
        "chain": chain,
        "zone_id": zone_id,
        "nodes": nodes,
        "leaders": has["leaders"],
        "edges": edges,
        "names": names,
        "address": address,
        "drawing": chain_drawing.drawing(nodes, edges, address, frame.language),
    }


def _about(zones: list[Document], place: str) -> tuple[list[str], str]:
    """Return the zones of a page, and a name for all of them."""
    if place.startswith(_CITY):
        city = place.removeprefix(_CITY)
        found = [zone for zone in zones if zone.get("city") == city]
        if found:
            return [zone["zone_id"] for zone in found], city
    elif not place:
        return [], ""
    else:
        for zone in zones:
            if zone["zone_id"] == place:
                return [place], zone["name"] or place
    raise NotFoundError(f"unknown zone {place!r}", field="place", got=place)


def _cities(zones: list[Document]) -> list[str]:
    return list(dict.fromkeys(zone["city"] for zone in zones if zone.get("city")))


async def _first_chain(frame: Frame, zone_ids: list[str], chains: list[Document]) -> str:
    """Return the chain of the first leading need of the zones, else the first chain of the map."""
    needs = [
        need
        for need in await asking.needs_of(frame)
        if (need["zone"] or {}).get("zone_id") in zone_ids
    ]
    needs.sort(key=lambda need: need["role"] != "leading")
    by_name = {name: c["chain_id"] for c in chains for name in (c["name"], c["chain_id"])}
    for need in needs:
        for name in (need["chain"], need["industry"]):
            if name in by_name:
                return str(by_name[name])
    return str(chains[0]["chain_id"]) if chains else ""


def _joined(chain: Document, has: Document) -> list[dict[str, Any]]:
    state = {node["node_id"]: node for node in has["nodes"]}
    return [
        {
            **node,
            **state[node["node_id"]],
            "leaders": [m["name"] for m in state[node["node_id"]]["members"] if m["leader"]],
        }
        for node in chain["nodes"]
    ]
