"""Projects: the board of the pools, one project, and due and late work."""

import secrets
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from features.errors import ConflictError
from features.tables.project_list import PATH, POOLS, SOURCES, TASK_KINDS
from service.api.observer import REQUEST_ID
from service.api.project_schemas import (
    AgendaQuery,
    BoardQuery,
    MoveBody,
    ProjectBody,
    ProjectChange,
    TaskBody,
    TaskChange,
)
from service.console import asking
from service.console.frame import Form, Frame, Framed
from service.console.routes.events import today
from service.projects.agenda import agenda
from service.projects.gates import gates_of_project
from service.projects.requests import Asked
from service.projects.talks import talk_of
from service.projects.tasks import add_task, blockers, change_task, tasks_of
from service.projects.verdicts import NAMES, STATES
from service.serving.interfaces import Document

router = APIRouter(prefix="/console", include_in_schema=False)

_EACH = 30
_READ_THROUGH = 200
"""Maximum number of projects on the agenda of a meeting."""
_AHEAD = 14
_SHOWN = (*PATH, "stalled", "closed")
_FIRST_STAGE = {pool: POOLS[pool].stages[0] for pool in (*PATH, "stalled")}


@router.get("/projects")
async def board(frame: Framed) -> Response:
    """Show the pools with their projects, and due and late work."""
    given = asking.parameters(frame.request.query_params, BoardQuery)
    asked = asking.checked(BoardQuery, {**given, "limit": _EACH})
    filters = asked.model_dump(exclude={"limit"})
    projects, caller = frame.parts.ledger.projects, frame.caller
    found = await frame.read(lambda: projects.board(filters, caller, asked.limit))
    due = await frame.read(
        lambda: agenda(projects, caller, zone_id=asked.zone_id, unit=asked.unit, days=_AHEAD)
    )
    pools = {pool["pool"]: pool for pool in found["pools"]}
    return frame.page(
        "board.html",
        pools=[pools[name] for name in _SHOWN if name in pools],
        next_of=next_pool,
        due=due,
        ahead=_AHEAD,
        zones=await asking.zones_of(frame),
        query=asked.model_dump(exclude_defaults=True, exclude={"limit"}),
        first_stage=_FIRST_STAGE,
        gate_names=NAMES,
        gate_states=STATES,
        today=today(),
    )


@router.get("/projects/meeting")
async def meeting(frame: Framed) -> Response:
    """Show the agenda of a meeting for printing: blocked and late projects, and due work."""
    given = asking.parameters(frame.request.query_params, AgendaQuery)
    asked = asking.checked(AgendaQuery, {"days": _AHEAD, **given})
    projects, caller = frame.parts.ledger.projects, frame.caller

    def work() -> dict[str, Any]:
        due = agenda(projects, caller, **asked.model_dump())
        filters = {"zone_id": asked.zone_id, "unit": asked.unit}
        blocked = blockers(projects, caller)
        page = projects.page(filters, caller, _READ_THROUGH, 0)
        late = projects.page({**filters, "late": True}, caller, _READ_THROUGH, 0)["projects"]
        both = {one["project_id"]: one for one in (*late, *page["projects"])}
        rows = [
            one
            for one in both.values()
            if one["pool"] in PATH and (one["late"] or one["project_id"] in blocked)
        ]
        # The most overdue projects come first, then those that have waited longest.
        rows.sort(key=lambda one: (one["due"] if one["late"] else "9999", -one["days"]))
        running = sum(pool["projects"] for pool in page["pools"] if pool["pool"] in PATH)
        return {"due": due, "rows": rows, "blockers": blocked, "running": running}

    return frame.page(
        "meeting.html",
        today=today(),
        query=asked.model_dump(exclude_defaults=True, exclude={"days"}),
        zones=await asking.zones_of(frame),
        **await frame.read(work),
    )


@router.get("/project")
async def project(frame: Framed, project_id: str) -> Response:
    """Show a project: its stage, moves, tasks and blockers."""
    projects, caller = frame.parts.ledger.projects, frame.caller

    def work() -> dict[str, Any]:
        return {
            "project": projects.show(project_id, caller),
            "gates": gates_of_project(projects, project_id, caller),
            "tasks": tasks_of(projects, project_id, caller),
            "reasons": projects.rules.rows("reasons"),
            "units": [row["unit"] for row in projects.rules.rows("units")],
        }

    return frame.page(
        "project.html",
        today=today(),
        once=secrets.token_hex(12),
        task_kinds={name: choice.gloss for name, choice in TASK_KINDS.items()},
        sources={name: choice.gloss for name, choice in SOURCES.items()},
        **await frame.read(work),
    )


@router.post("/projects")
async def begin(frame: Framed, form: Form) -> Response:
    """Create a project from a lead, or show the existing one."""
    names = ("enterprise_id", "need_id", "zone_id", "project", "stage", "source", "list_id")
    body = asking.checked(ProjectBody, asking.fields(form, names))
    given = body.model_dump(exclude_none=True)
    projects, asked = frame.parts.ledger.projects, _asked(frame, form)
    try:
        done = await frame.change(lambda: projects.begin(given, asked))
        found = str(done["project_id"])
    except ConflictError as error:
        before = (getattr(error, "more", None) or {}).get("project_id")
        if before is None:
            raise
        found = str(before)
    return frame.back("/project", project_id=found)


@router.post("/projects/move")
async def move(frame: Framed, form: Form) -> Response:
    """Move a project to a stage."""
    names = ("stage", "date", "reason", "note", "amount", "unit", "handler", "due", "version")
    body = asking.checked(MoveBody, asking.fields(form, names))
    given = body.model_dump(exclude_none=True)
    project_id, projects, asked = form.get("project_id", ""), _projects(frame), _asked(frame, form)
    await frame.change(lambda: projects.move(project_id, given, asked))
    if form.get("from") == "board":
        return frame.back("/projects")
    return frame.back("/project", project_id=project_id)


@router.post("/projects/take-back")
async def take_back(frame: Framed, form: Form) -> Response:
    """Undo a move of a project."""
    project_id, move_id = form.get("project_id", ""), form.get("move_id", "")
    projects, asked = _projects(frame), _asked(frame, form)
    await frame.change(lambda: projects.take_back(project_id, move_id, asked))
    return frame.back("/project", project_id=project_id)


@router.post("/projects/change")
async def change(frame: Framed, form: Form) -> Response:
    """Change the fields of a project; an emptied field becomes unknown."""
    names = ("project", "amount", "unit", "handler", "due", "source", "note", "version")
    values = {name: form[name] or None for name in names if name in form}
    body = asking.checked(ProjectChange, values)
    given = body.model_dump(exclude_unset=True)
    project_id, projects, asked = form.get("project_id", ""), _projects(frame), _asked(frame, form)
    await frame.change(lambda: projects.change(project_id, given, asked))
    return frame.back("/project", project_id=project_id)


@router.post("/projects/task")
async def add(frame: Framed, form: Form) -> Response:
    """Add a task or a blocker to a project."""
    names = ("kind", "title", "unit", "due")
    values: dict[str, Any] = asking.fields(form, names)
    body = asking.checked(TaskBody, {**values, "blocks": form.get("blocks") == "on"})
    project_id, projects, asked = form.get("project_id", ""), _projects(frame), _asked(frame, form)
    given = body.model_dump()
    await frame.change(lambda: add_task(projects, project_id, given, asked))
    return frame.back("/project", project_id=project_id)


@router.post("/projects/task/close")
async def close(frame: Framed, form: Form) -> Response:
    """Close a task, as done or dropped."""
    body = asking.checked(TaskChange, {"state": form.get("state", "done")})
    given = body.model_dump(exclude_unset=True)
    project_id, task_id = form.get("project_id", ""), form.get("task_id", "")
    projects, asked = _projects(frame), _asked(frame, form)
    await frame.change(lambda: change_task(projects, project_id, task_id, given, asked))
    return frame.back("/project", project_id=project_id)


def next_pool(pool: str) -> str | None:
    """Return the next pool on the path; None at its end and outside of it."""
    if pool in PATH[:-1]:
        return PATH[PATH.index(pool) + 1]
    return None


async def of_lead(frame: Frame, enterprise_id: str, need: Document) -> dict[str, Any]:
    """Return the projects of an enterprise in the zone, and the zone in talks with it."""
    if not frame.may("GET", "/v1/projects"):
        return {"projects": [], "talk": None}
    projects, caller = _projects(frame), frame.caller
    zone_id = (need["zone"] or {}).get("zone_id")

    def work() -> dict[str, Any]:
        filters = {"enterprise_id": enterprise_id, "zone_id": zone_id}
        zone = projects.references.zone(zone_id) if zone_id else None
        city = zone["city"] if zone else None
        return {
            "projects": projects.page(filters, caller, 5, 0)["projects"],
            "talk": _named(projects, talk_of(projects, enterprise_id, city, caller))
            if city
            else None,
        }

    return await frame.read(work)


def _named(projects: Any, talk: Document) -> Document:
    zone = projects.references.zone(talk["zone_id"]) if talk["zone_id"] else None
    return {**talk, "zone_name": zone["name"] if zone else None}


def _projects(frame: Frame) -> Any:
    return frame.parts.ledger.projects


def _asked(frame: Frame, form: dict[str, str]) -> Asked:
    once = form.get("once") or None
    return Asked(frame.caller, once, frame.request.scope.get(REQUEST_ID))
