"""The state machine of projects: kinds of moves between stages, and their validation."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.errors import ConflictError, InputError
from features.tables.catalogue import PLANNED
from features.tables.project_list import CLOSED, KNOWN_STAGES, PATH, POOL_OF, WITHDRAWN

if TYPE_CHECKING:
    import datetime
    from collections.abc import Mapping


class ClosedProjectError(ConflictError):
    """A move on a project that has ended."""

    code = "project-closed"


def kind_of(before: str | None, after: str) -> str:
    """Return the kind of a move, one of `features.tables.project_list.MOVES`.

    Parameters
    ----------
    before
        The previous stage; None for the first move.

    Examples
    --------
    >>> kind_of("lead", "contacted"), kind_of("contacted", "signed"), kind_of("signed", "lead")
    ('forward', 'jump', 'back')
    """
    if before is None:
        return "entry"
    if after in CLOSED:
        return "loss"
    if after == "stalled":
        return "again" if before == "stalled" else "rest"
    if before == "stalled":
        return "resume"
    if before == after:
        return "again"
    if before == "established" or after == "established":
        return "forward" if after == "established" else "back"
    steps = PATH.index(POOL_OF[after]) - PATH.index(POOL_OF[before])
    if steps == 0:
        return "forward" if after == "contacted" else "back"
    return "back" if steps < 0 else "forward" if steps == 1 else "jump"


def check_move(
    project: Mapping[str, Any] | None, move: Mapping[str, Any], today: datetime.date
) -> None:
    """Validate a move.

    Parameters
    ----------
    project
        With stage and date of the last move; None for the first move.
    move
        With stage, date and reason, the reason already resolved.

    Raises
    ------
    ClosedProjectError
        When the project has ended, or was withdrawn.
    InputError
        For a date after today or before the last move, or a loss without its reason.
    """
    stage, day = move["stage"], move["date"]
    if project is not None and project["stage"] in (*CLOSED, WITHDRAWN):
        gloss = KNOWN_STAGES[project["stage"]].gloss
        raise ClosedProjectError(
            f"the project has ended ({project['stage']}, {gloss}): take its last move back, or "
            "begin another project",
            field="stage",
            got=stage,
            expected="a project that has not ended",
        )
    if day > today:
        raise _wrong_date(day, f"a day up to {today}; {PLANNED}")
    if project is not None and day < project["moved"]:
        raise _wrong_date(day, f"a day from {project['moved']} on, when it moved last")
    if stage in CLOSED and not move["reason"]:
        expected = "a reason of the list, see `lianzhao projects rules reasons`"
        raise InputError(
            f"reason: is empty, expected {expected}", field="reason", expected=expected
        )


def check_due(due: datetime.date | None, since: datetime.date) -> None:
    """Raise for a deadline before the start of its step.

    Raises
    ------
    InputError
    """
    if due is not None and due < since:
        expected = f"a day from {since} on, when this step began"
        raise InputError(
            f"due: got {due}, expected {expected}", field="due", got=str(due), expected=expected
        )


def event_of(row: Mapping[str, Any], move: Mapping[str, Any], key_id: str | None) -> dict[str, Any]:
    """Return the event of a move."""
    return {
        **move,
        **{name: row[name] for name in ("project_id", "enterprise_id", "need_id", "zone_id")},
        "source": row["source"],
        "key_id": key_id,
    }


def begun_before(project_id: str) -> ConflictError:
    """Return the error for an existing project, which names it."""
    error = ConflictError(
        f"this project was begun before, as {project_id}: change or move it",
        field="enterprise",
        expected="another enterprise, project, industry or code",
    )
    error.more = {"project_id": project_id}
    return error


def _wrong_date(day: datetime.date, expected: str) -> InputError:
    return InputError(
        f"date: got {day}, expected {expected}", field="date", got=str(day), expected=expected
    )
