"""The ledger of projects: tasks, meetings, and the agenda."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.project_replies import Agenda, Meeting, MeetingPage, Task, Tasks
from service.api.project_schemas import AgendaQuery, MeetingBody, TaskBody, TaskChange
from service.api.routes.changes import Changing, answered
from service.api.routes.context import AppParts, Asking, only, shaped
from service.api.schemas import PageQuery
from service.database.connection import utc_now
from service.projects.agenda import agenda
from service.projects.icalendar import calendar
from service.projects.tasks import add_task, change_task, hold_meeting, meetings, tasks_of

router = APIRouter(prefix="/v1", tags=["projects"], route_class=OnceRoute)


@router.get("/projects/{project_id}/tasks", responses=shaped(Tasks), dependencies=[Depends(only())])
async def tasks(parts: AppParts, caller: Asking, project_id: str) -> Response:
    """List the tasks of a project, the open ones first."""
    projects = parts.ledger.projects
    found = await parts.ledger.read(lambda: tasks_of(projects, project_id, caller), caller)
    return answered({"tasks": found})


@router.post(
    "/projects/{project_id}/tasks",
    status_code=201,
    dependencies=[Depends(only())],
    responses={201: {"model": Task}},
)
async def add(changing: Changing, project_id: str, body: TaskBody) -> Response:
    """Add a task or blocker to a project."""
    given = body.model_dump()
    return await changing.make(
        lambda projects, asked: add_task(projects, project_id, given, asked), 201
    )


@router.post(
    "/projects/{project_id}/tasks/{task_id}",
    responses=shaped(Task),
    dependencies=[Depends(only())],
)
async def change(changing: Changing, project_id: str, task_id: str, body: TaskChange) -> Response:
    """Change a task, or close it (`state`: done or dropped)."""
    given = body.model_dump(exclude_unset=True)
    return await changing.make(
        lambda projects, asked: change_task(projects, project_id, task_id, given, asked)
    )


@router.get(
    "/agenda", responses=shaped(Agenda), dependencies=[Depends(only(*AgendaQuery.model_fields))]
)
async def due(parts: AppParts, caller: Asking, asked: Annotated[AgendaQuery, Query()]) -> Response:
    """Show overdue tasks and those due within some days, with the responsible unit."""
    projects, given = parts.ledger.projects, asked.model_dump()
    return answered(await parts.ledger.read(lambda: agenda(projects, caller, **given), caller))


@router.get(
    "/agenda/calendar",
    response_class=Response,
    responses={200: {"content": {"text/calendar": {}}}},
    dependencies=[Depends(only(*AgendaQuery.model_fields))],
)
async def due_calendar(
    parts: AppParts, caller: Asking, asked: Annotated[AgendaQuery, Query()]
) -> Response:
    """Return the same as a calendar file (iCalendar)."""
    projects, given = parts.ledger.projects, asked.model_dump()
    found = await parts.ledger.read(lambda: agenda(projects, caller, **given), caller)
    headers = {
        "Cache-Control": "no-store",
        "Content-Disposition": 'attachment; filename="lianzhao.ics"',
    }
    return Response(calendar(found, utc_now()), 200, headers, "text/calendar")


@router.get(
    "/meetings",
    responses=shaped(MeetingPage),
    dependencies=[Depends(only(*PageQuery.model_fields))],
)
async def held(parts: AppParts, caller: Asking, asked: Annotated[PageQuery, Query()]) -> Response:
    """List meetings (联合会诊), the latest first, with their decisions on the caller's projects."""
    projects = parts.ledger.projects
    return answered(
        await parts.ledger.read(
            lambda: meetings(projects, caller, asked.limit, asked.offset), caller
        )
    )


@router.post(
    "/meetings",
    status_code=201,
    dependencies=[Depends(only())],
    responses={201: {"model": Meeting}},
)
async def hold(changing: Changing, body: MeetingBody) -> Response:
    """Record a meeting on several projects, with decisions and who carries them out."""
    given = body.model_dump()
    return await changing.make(lambda projects, asked: hold_meeting(projects, given, asked), 201)
