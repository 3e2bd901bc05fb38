"""Gates of an enterprise for a zone, of a project, and of the words of an offer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.project_replies import Gates, Offer
from service.api.project_schemas import GateQuery, OfferBody
from service.api.routes.changes import answered
from service.api.routes.context import AppParts, Asking, only, shaped
from service.projects.gates import gates_of, gates_of_project
from service.projects.offers import check_offer

router = APIRouter(prefix="/v1", tags=["projects"], route_class=OnceRoute)


@router.get(
    "/gates", responses=shaped(Gates), dependencies=[Depends(only(*GateQuery.model_fields))]
)
async def of_enterprise(
    parts: AppParts, caller: Asking, asked: Annotated[GateQuery, Query()]
) -> Response:
    """Show the gates of an enterprise for a zone: pass, fail or unknown, with source and date."""
    projects = parts.ledger.projects
    found = await parts.ledger.read(
        lambda: gates_of(projects, asked.enterprise_id, asked.zone_id, caller), caller
    )
    return answered({"gates": found})


@router.get("/projects/{project_id}/gates", responses=shaped(Gates), dependencies=[Depends(only())])
async def of_project(parts: AppParts, caller: Asking, project_id: str) -> Response:
    """Show the gates of a project, including that of its amount (分级报备)."""
    projects = parts.ledger.projects
    found = await parts.ledger.read(lambda: gates_of_project(projects, project_id, caller), caller)
    return answered({"gates": found})


@router.post("/offers/check", responses=shaped(Offer), dependencies=[Depends(only())])
async def offer(parts: AppParts, caller: Asking, body: OfferBody) -> Response:
    """Find words in an offer that match a rule of fair competition; the text is not stored."""
    projects = parts.ledger.projects
    return answered(await parts.ledger.read(lambda: check_offer(body.text, projects.rules), caller))
