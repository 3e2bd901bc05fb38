"""Projects in their pools: durable and idempotent changes."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.project_replies import Board, Project, ProjectPage, ProjectWithMoves
from service.api.project_schemas import (
    BoardQuery,
    MoveBody,
    ProjectBody,
    ProjectChange,
    ProjectQuery,
)
from service.api.routes.changes import Changing, answered
from service.api.routes.context import AppParts, Asking, only, shaped

router = APIRouter(prefix="/v1", tags=["projects"], route_class=OnceRoute)


@router.get(
    "/projects",
    responses=shaped(ProjectPage),
    dependencies=[Depends(only(*ProjectQuery.model_fields, repeatable=("gate",)))],
)
async def page(
    parts: AppParts, caller: Asking, asked: Annotated[ProjectQuery, Query()]
) -> Response:
    """List projects, the most recently moved first, with the totals of their pools."""
    filters = asked.model_dump(exclude={"limit", "offset"})
    projects = parts.ledger.projects
    return answered(
        await parts.ledger.read(
            lambda: projects.page(filters, caller, asked.limit, asked.offset), caller
        )
    )


@router.get(
    "/board",
    responses=shaped(Board),
    dependencies=[Depends(only(*BoardQuery.model_fields, repeatable=("gate",)))],
)
async def board(parts: AppParts, caller: Asking, asked: Annotated[BoardQuery, Query()]) -> Response:
    """Show every pool with its totals and its most recently moved projects."""
    filters = asked.model_dump(exclude={"limit"})
    projects = parts.ledger.projects
    return answered(
        await parts.ledger.read(lambda: projects.board(filters, caller, asked.limit), caller)
    )


@router.post(
    "/projects",
    status_code=201,
    dependencies=[Depends(only())],
    responses={201: {"model": Project}},
)
async def begin(changing: Changing, body: ProjectBody) -> Response:
    """Create a project, for example from a lead: `enterprise_id`, `need_id` and `list_id`.

    Its first move is an event, which the lead shows and training learns from. An existing project
    is a conflict, whose response names it.
    """
    given = body.model_dump(exclude_none=True)
    return await changing.make(lambda projects, asked: projects.begin(given, asked), 201)


@router.get(
    "/projects/{project_id}",
    responses=shaped(ProjectWithMoves),
    dependencies=[Depends(only())],
)
async def show(parts: AppParts, caller: Asking, project_id: str) -> Response:
    """Show a project with its moves."""
    projects = parts.ledger.projects
    return answered(await parts.ledger.read(lambda: projects.show(project_id, caller), caller))


@router.post("/projects/{project_id}", responses=shaped(Project), dependencies=[Depends(only())])
async def change(changing: Changing, project_id: str, body: ProjectChange) -> Response:
    """Change a project; fields that are not given are kept, null clears a field.

    With the expected `version`, a project that was changed meanwhile is a 409 with the `current`
    and the `wanted` state.
    """
    given = body.model_dump(exclude_unset=True)
    return await changing.make(lambda projects, asked: projects.change(project_id, given, asked))


@router.get(
    "/projects/{project_id}/moves",
    responses=shaped(ProjectWithMoves),
    dependencies=[Depends(only())],
)
async def moves(parts: AppParts, caller: Asking, project_id: str) -> Response:
    """List the moves of a project, oldest first, with the project."""
    return await show(parts, caller, project_id)


@router.post(
    "/projects/{project_id}/moves",
    status_code=201,
    dependencies=[Depends(only())],
    responses={201: {"model": ProjectWithMoves}},
)
async def move(changing: Changing, project_id: str, body: MoveBody) -> Response:
    """Move a project: forward, back, to rest, or to an end with a reason of the list.

    A move dated before the last one or in the future, or after the end, is refused.
    """
    given = body.model_dump(exclude_none=True)
    return await changing.make(lambda projects, asked: projects.move(project_id, given, asked), 201)


@router.post(
    "/projects/{project_id}/moves/{move_id}/retract",
    responses=shaped(ProjectWithMoves),
    dependencies=[Depends(only())],
)
async def take_back(changing: Changing, project_id: str, move_id: str) -> Response:
    """Retract a move: the stage of the project follows from its other moves."""
    return await changing.make(
        lambda projects, asked: projects.take_back(project_id, move_id, asked)
    )
