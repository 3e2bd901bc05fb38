"""The ledger of projects: tasks, blockers, and decisions of meetings (联合会诊)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import polars as pl
import sqlalchemy as sa

from features.errors import InputError, NotFoundError
from features.tables.project_list import TASK_KINDS, TASK_STATES
from features.values.cleaning import cleaned
from service.database.connection import utc_now
from service.database.schema import DECISIONS, MEETINGS, PROJECTS, TASKS
from service.projects.requests import COMMAND, Asked, check_role, check_version, no_project

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping, Sequence

    from features.columns import Choice
    from service.access.keys import Caller
    from service.projects.projects import Projects
    from service.serving.interfaces import Document

_CHANGEABLE = ("title", "unit", "due", "state")


def add_task(
    projects: Projects, project_id: str, body: Mapping[str, Any], asked: Asked = COMMAND
) -> Document:
    """Add a task to a project and return it.

    Parameters
    ----------
    body
        `title`; `kind` (other), `blocks`, `unit`, `start` and `due` as dates.

    Raises
    ------
    NotFoundError
        When there is no such project that the caller may see.
    InputError
        For an unknown kind or unit, or a deadline before its start.
    """
    check_role(asked.caller)
    task = _task(projects, body)

    def work(connection: sa.Connection) -> tuple[Document, str]:
        projects.locked(connection, project_id, asked.caller)
        row = _insert(connection, project_id, task, asked)
        return task_shown(row, projects.clock()), project_id

    route = "/v1/projects/{project_id}/tasks"
    return projects.changes.make(asked, route, {**body, "id": project_id}, work)


def change_task(
    projects: Projects,
    project_id: str,
    task_id: str,
    body: Mapping[str, Any],
    asked: Asked = COMMAND,
) -> Document:
    """Change title, unit, deadline or state of a task; return it.

    Raises
    ------
    NotFoundError
        When there is no such task of a project that the caller may see.
    VersionConflictError
        When the given `version` is not the current one.
    """
    check_role(asked.caller)
    new = {name: body[name] for name in _CHANGEABLE if name in body}
    if "unit" in new:
        new["unit"] = _line(new["unit"])
    if "state" in new:
        new["state"] = _word("state", new["state"], TASK_STATES)
    projects.rules.check_unit(new.get("unit"))
    if "title" in new:
        new["title"] = _title(new["title"])

    def work(connection: sa.Connection) -> tuple[Document, str]:
        projects.locked(connection, project_id, asked.caller)
        which = (TASKS.c.task_id == task_id) & (TASKS.c.project_id == project_id)
        found = connection.execute(sa.select(TASKS).where(which)).first()
        if found is None:
            raise NotFoundError(
                f"the project has no task {task_id!r}",
                field="task_id",
                got=task_id,
                expected="one of the tasks of the project",
            )
        row, today = found._asdict(), projects.clock()
        check_version(task_shown(row, today), body.get("version"), body, "task")
        changed = {**row, **new, "version": row["version"] + 1}
        _check_due(changed["start"], changed["due"])
        if changed["state"] != row["state"]:
            changed["closed_on"] = None if changed["state"] == "open" else today
        connection.execute(sa.update(TASKS).where(which).values(changed))
        return task_shown(changed, today), task_id

    route = "/v1/projects/{project_id}/tasks/{task_id}"
    return projects.changes.make(asked, route, {**body, "id": project_id, "of": task_id}, work)


def tasks_of(projects: Projects, project_id: str, caller: Caller) -> list[Document]:
    """Return the tasks of a project, the open ones first, by their deadlines (NotFoundError)."""
    check_role(caller)
    today = projects.clock()
    own = sa.select(TASKS).where(TASKS.c.project_id == project_id)

    def work(connection: sa.Connection) -> list[Document] | None:
        seen = sa.select(PROJECTS.c.project_id).where(PROJECTS.c.project_id == project_id)
        if caller.zones is not None:
            seen = seen.where(PROJECTS.c.zone_id.in_(sorted(caller.zones)))
        if connection.execute(seen).first() is None:
            return None
        return [task_shown(row._asdict(), today) for row in connection.execute(own)]

    found = projects.database.read(work, None)
    if found is None:
        raise no_project(project_id)
    order = {"open": 0, "done": 1, "dropped": 2}
    return sorted(found, key=lambda t: (order[t["state"]], t["due"] or "9999", t["task_id"]))


def blockers(projects: Projects, caller: Caller) -> dict[str, list[Document]]:
    """Return the open tasks that block projects the caller may see, by their project_id."""
    check_role(caller)
    today = projects.clock()
    blocking = (TASKS.c.state == "open") & TASKS.c.blocks
    asked = sa.select(TASKS).where(blocking).order_by(TASKS.c.due, TASKS.c.task_id)
    if caller.zones is not None:
        seen = sa.select(PROJECTS.c.project_id).where(PROJECTS.c.zone_id.in_(sorted(caller.zones)))
        asked = asked.where(TASKS.c.project_id.in_(seen))
    nothing: list[sa.Row[Any]] = []
    found: dict[str, list[Document]] = {}
    for row in projects.database.read(lambda connection: [*connection.execute(asked)], nothing):
        found.setdefault(row.project_id, []).append(task_shown(row._asdict(), today))
    return found


def hold_meeting(projects: Projects, body: Mapping[str, Any], asked: Asked = COMMAND) -> Document:
    """Record a meeting on several projects, with decisions and tasks.

    Parameters
    ----------
    body
        `date`, `title`, `unit`, and `decisions`: each with project_id, `decision` and optionally
        `task` (as in `add_task`).

    Raises
    ------
    NotFoundError
        When the caller may not see one of the projects; nothing is recorded then.
    InputError
        For a duplicate project, or an invalid task.
    """
    check_role(asked.caller)
    projects.rules.check_unit(body.get("unit"))
    decisions: Sequence[Mapping[str, Any]] = body["decisions"]
    ids = [decision["project_id"] for decision in decisions]
    if twice := sorted({id_ for id_ in ids if ids.count(id_) > 1}):
        raise InputError(
            f"project_id: {twice[0]} stands in two decisions, expected each project once",
            field="project_id",
            got=twice[0],
            expected="each project once",
        )
    given = [one.get("task") and _task(projects, one["task"]) for one in decisions]

    def work(connection: sa.Connection) -> tuple[Document, str]:
        for id_ in ids:
            projects.locked(connection, id_, asked.caller)
        meeting_id = secrets.token_hex(8)
        row = {
            "meeting_id": meeting_id,
            "date": body["date"],
            "title": _title(body["title"]),
            "unit": _line(body.get("unit")),
            "created_at": utc_now(),
            "key_id": asked.caller.key_id,
        }
        connection.execute(sa.insert(MEETINGS).values(row))
        for decision, task in zip(decisions, given, strict=True):
            id_ = decision["project_id"]
            stated = {"project_id": id_, "decision": _line(decision.get("decision"))}
            connection.execute(sa.insert(DECISIONS).values(meeting_id=meeting_id, **stated))
            if task:
                _insert(connection, id_, {**task, "meeting_id": meeting_id}, asked)
        return _meeting(connection, row, projects, asked.caller), meeting_id

    return projects.changes.make(asked, "/v1/meetings", body, work)


def meetings(projects: Projects, caller: Caller, limit: int = 20, offset: int = 0) -> Document:
    """Return a page of meetings, the latest first, as visible to the caller."""
    check_role(caller)
    seen = sa.select(DECISIONS.c.meeting_id).join(
        PROJECTS, PROJECTS.c.project_id == DECISIONS.c.project_id
    )
    if caller.zones is not None:
        seen = seen.where(PROJECTS.c.zone_id.in_(sorted(caller.zones)))
    own = MEETINGS.c.meeting_id.in_(seen)

    def work(connection: sa.Connection) -> Document:
        count = sa.select(sa.func.count()).select_from(MEETINGS).where(own)
        asked = sa.select(MEETINGS).where(own)
        asked = asked.order_by(MEETINGS.c.date.desc(), MEETINGS.c.meeting_id)
        rows = [row._asdict() for row in connection.execute(asked.limit(limit).offset(offset))]
        shown = [_meeting(connection, row, projects, caller) for row in rows]
        return {"total": connection.execute(count).scalar_one(), "meetings": shown}

    found = projects.database.read(work, {"total": 0, "meetings": []})
    return {"limit": limit, "offset": offset, **found}


def task_shown(row: Mapping[str, Any], today: datetime.date) -> Document:
    """Return a task; `late` is computed at `today`, not stored."""
    due = row["due"]
    return {
        "task_id": row["task_id"],
        "project_id": row["project_id"],
        "kind": row["kind"],
        "kind_name": TASK_KINDS[row["kind"]].gloss,
        "title": row["title"],
        "blocks": row["blocks"],
        "unit": row["unit"],
        "start": row["start"].isoformat() if row["start"] else None,
        "due": due.isoformat() if due else None,
        "late": due is not None and due < today and row["state"] == "open",
        "state": row["state"],
        "state_name": TASK_STATES[row["state"]].gloss,
        "closed_on": row["closed_on"].isoformat() if row["closed_on"] else None,
        "meeting_id": row["meeting_id"],
        "version": row["version"],
    }


def _meeting(
    connection: sa.Connection, row: Mapping[str, Any], projects: Projects, caller: Caller
) -> Document:
    seen = (
        sa.select(DECISIONS.c.project_id, DECISIONS.c.decision)
        .join(PROJECTS, PROJECTS.c.project_id == DECISIONS.c.project_id)
        .where(DECISIONS.c.meeting_id == row["meeting_id"])
        .order_by(DECISIONS.c.project_id)
    )
    of_it = sa.select(TASKS).where(TASKS.c.meeting_id == row["meeting_id"])
    if caller.zones is not None:
        seen = seen.where(PROJECTS.c.zone_id.in_(sorted(caller.zones)))
    tasks: dict[str, list[Document]] = {}
    for task in connection.execute(of_it):
        shown = task_shown(task._asdict(), projects.clock())
        tasks.setdefault(task.project_id, []).append(shown)
    return {
        "meeting_id": row["meeting_id"],
        "date": row["date"].isoformat(),
        "title": row["title"],
        "unit": row["unit"],
        "decisions": [
            {"project_id": id_, "decision": decision, "tasks": tasks.get(id_, [])}
            for id_, decision in connection.execute(seen)
        ],
    }


def _task(projects: Projects, body: Mapping[str, Any]) -> dict[str, Any]:
    unit = _line(body.get("unit"))
    projects.rules.check_unit(unit)
    _check_due(body.get("start"), body.get("due"))
    return {
        "kind": _word("kind", body.get("kind") or "other", TASK_KINDS),
        "title": _title(body["title"]),
        "blocks": bool(body.get("blocks")),
        "unit": unit,
        **{name: body.get(name) for name in ("start", "due")},
        "meeting_id": None,
    }


def _insert(
    connection: sa.Connection, project_id: str, task: Mapping[str, Any], asked: Asked
) -> dict[str, Any]:
    row = {
        **task,
        "task_id": secrets.token_hex(8),
        "project_id": project_id,
        "state": "open",
        "closed_on": None,
        "version": 1,
        "created_at": utc_now(),
        "key_id": asked.caller.key_id,
    }
    connection.execute(sa.insert(TASKS).values(row))
    return row


def _check_due(start: datetime.date | None, due: datetime.date | None) -> None:
    if start is not None and due is not None and due < start:
        expected = f"a day from {start} on, when it starts"
        raise InputError(
            f"due: got {due}, expected {expected}", field="due", got=str(due), expected=expected
        )


def _title(text: str | None) -> str:
    if (title := _line(text)) is None:
        expected = "what is to be done"
        raise InputError(f"title: is empty, expected {expected}", field="title", expected=expected)
    return title


def _line(text: str | None) -> str | None:
    """Return a text as an import would keep it: in one line, without control characters."""
    found: str | None = None if text is None else cleaned(pl.Series([text]))[0]
    return found or None


def _word(field: str, given: str | None, choices: Mapping[str, Choice]) -> str:
    for word, choice in choices.items():
        if given in (word, choice.gloss, *choice.aliases.split()):
            return word
    expected = "one of " + ", ".join(f"{word} ({c.gloss})" for word, c in choices.items())
    raise InputError(
        f"{field}: got {given!r}, expected {expected}", field=field, got=given, expected=expected
    )
