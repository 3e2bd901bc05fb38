"""Allocation of enterprises to the zones of a city, and first talks."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.project_replies import AllocationPage, TalkState
from service.api.project_schemas import AllocationQuery, TalkBody, TalkQuery
from service.api.routes.changes import Changing, answered
from service.api.routes.context import AppParts, Asking, only, shaped
from service.projects.allocation import allocate
from service.projects.requests import check_city
from service.projects.talks import held_in, order_talk, settled_in, talk_of

router = APIRouter(prefix="/v1", tags=["projects"], route_class=OnceRoute)


@router.get(
    "/allocation",
    responses=shaped(AllocationPage),
    dependencies=[Depends(only(*AllocationQuery.model_fields))],
)
async def show(
    parts: AppParts, caller: Asking, asked: Annotated[AllocationQuery, Query()]
) -> Response:
    """Allocate enterprises to the needs of a city's zones, for callers who may see all zones.

    Each need gets its best enterprises, none goes to more than `max_zones`, and enterprises in
    talks with a zone only go to that zone. `summary` compares with the plain lists.
    """
    check_city(caller, "allocating enterprises")
    projects = parts.ledger.projects
    engine = await parts.answers.engine()
    held = await parts.ledger.read(lambda: held_in(projects, asked.city, caller), caller)
    settled = await parts.ledger.read(lambda: settled_in(projects, asked.city, caller), caller)
    # Not in the threads that compute answers, since it takes seconds.
    done = await asyncio.to_thread(
        lambda: allocate(
            engine,
            projects.references,
            asked.city,
            k=asked.k,
            max_zones=asked.max_zones,
            industry=asked.industry,
            held=held,
            settled=settled,
        )
    )
    lists = done.lists.drop("zone", "industry").to_dicts()
    return answered({"summary": done.summary, "leads": lists})


@router.get(
    "/talks/{enterprise_id}",
    responses=shaped(TalkState),
    dependencies=[Depends(only(*TalkQuery.model_fields))],
)
async def talk(
    parts: AppParts, caller: Asking, enterprise_id: str, asked: Annotated[TalkQuery, Query()]
) -> Response:
    """Show whether an enterprise is in talks with a zone of a city (首谈).

    The zone is only shown to callers who may see it.
    """
    projects = parts.ledger.projects
    return answered(
        await parts.ledger.read(
            lambda: talk_of(projects, enterprise_id, asked.city, caller), caller
        )
    )


@router.post("/talks/{enterprise_id}", responses=shaped(TalkState), dependencies=[Depends(only())])
async def order(changing: Changing, enterprise_id: str, body: TalkBody) -> Response:
    """Assign the talks with an enterprise to a zone, or release them with null; for the city."""
    return await changing.make(
        lambda projects, asked: order_talk(projects, enterprise_id, body.city, body.zone_id, asked)
    )
