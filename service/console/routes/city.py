"""The overview of a city: figures, funnel, times in pools, late work by unit, allocation."""

import asyncio
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from features.tables.project_list import PATH, POOLS
from service.api.project_schemas import FiguresQuery
from service.console import asking, plots
from service.console.frame import Framed
from service.projects.agenda import agenda
from service.projects.allocation import allocate
from service.projects.figures import figures
from service.projects.requests import check_city
from service.projects.talks import held_in, settled_in

router = APIRouter(prefix="/console", include_in_schema=False)

_EACH, _MOST_ZONES = 10, 1


@router.get("/city")
async def city(frame: Framed) -> Response:
    """Show the overview for a head of office; the allocation only on request."""
    given = asking.parameters(frame.request.query_params, FiguresQuery)
    asked = asking.checked(FiguresQuery, given)
    projects, caller = frame.parts.ledger.projects, frame.caller
    filters = asked.model_dump(include={"zone_id", "unit", "source"})

    def work() -> dict[str, Any]:
        return {
            "found": figures(
                projects, caller, filters, since=asked.since, until=asked.until, by=asked.by
            ),
            "due": agenda(projects, caller, zone_id=asked.zone_id, days=14),
        }

    answer = await frame.read(work)
    zones = await asking.zones_of(frame)
    cities = list(dict.fromkeys(zone["city"] for zone in zones if zone.get("city")))
    wanted = frame.request.query_params.get("allocate", "")
    return frame.page(
        "city.html",
        **answer,
        funnel=plots.funnel(reached(answer["found"]), frame.language),
        groups=answer["found"]["groups"],
        path=[(pool, POOLS[pool].gloss) for pool in PATH],
        zones=zones,
        cities=cities if frame.may("GET", "/v1/allocation") and caller.zones is None else [],
        query=asked.model_dump(exclude_defaults=True, mode="json"),
        allocation=await _allocation(frame, wanted) if wanted else None,
        allocated=wanted,
    )


def reached(found: dict[str, Any]) -> list[tuple[str, int]]:
    """Return the number of projects that reached each pool, over all groups."""
    return [
        (POOLS[pool].gloss, sum(group["reached"][pool] for group in found["groups"]))
        for pool in PATH
    ]


async def _allocation(frame: Framed, name: str) -> dict[str, Any]:
    caller, projects = frame.caller, frame.parts.ledger.projects
    check_city(caller, "sharing enterprises out")
    engine = await frame.parts.answers.engine()
    held = await frame.read(lambda: held_in(projects, name, caller))
    settled = await frame.read(lambda: settled_in(projects, name, caller))
    # Takes seconds, so it does not run in the threads that compute answers.
    done = await asyncio.to_thread(
        lambda: allocate(
            engine,
            projects.references,
            name,
            k=_EACH,
            max_zones=_MOST_ZONES,
            held=held,
            settled=settled,
        )
    )
    lists: dict[str, list[dict[str, Any]]] = {}
    for row in done.lists.to_dicts():
        row["name"] = (projects.references.enterprise(row["enterprise_id"]) or {}).get("name")
        lists.setdefault(row["need_id"], []).append(row)
    return {"summary": done.summary, "lists": lists}
