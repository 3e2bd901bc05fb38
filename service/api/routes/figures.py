"""Figures of projects: counts, amounts, rates, times in pools, funnels."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.project_replies import Figures
from service.api.project_schemas import FiguresQuery
from service.api.routes.changes import answered
from service.api.routes.context import AppParts, Asking, only, shaped
from service.projects.figures import figures

router = APIRouter(prefix="/v1/figures", tags=["projects"], route_class=OnceRoute)


@router.get("", responses=shaped(Figures), dependencies=[Depends(only(*FiguresQuery.model_fields))])
async def show(
    parts: AppParts, caller: Asking, asked: Annotated[FiguresQuery, Query()]
) -> Response:
    """Show the figures of a period as of its last day, and how much is unknown.

    `signed`, `started` and `produced` count the projects newly signed in the period; `entered`
    those that entered each pool in it, which are not a cohort.
    """
    filters = asked.model_dump(include={"zone_id", "unit", "source"})
    projects = parts.ledger.projects
    return answered(
        await parts.ledger.read(
            lambda: figures(
                projects, caller, filters, since=asked.since, until=asked.until, by=asked.by
            ),
            caller,
        )
    )
