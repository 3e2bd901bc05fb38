"""Changes of projects: rights, idempotency, audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import orjson

from features.errors import ConflictError, ForbiddenError, NotFoundError
from service.access.keys import NOBODY, Caller
from service.database.audit_log import AuditEntry, note
from service.database.idempotency import fingerprint, remember, stored_answer

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import sqlalchemy as sa

    from service.database.connection import Database
    from service.serving.interfaces import Document


class Asked(NamedTuple):
    """The caller and the ids of a request.

    A request with an `idempotency_key` is executed once; `request_id` is for the audit log.
    """

    caller: Caller = NOBODY
    idempotency_key: str | None = None
    request_id: str | None = None


COMMAND = Asked()
"""The user of the command line."""


class VersionConflictError(ConflictError):
    """A change of something that was changed meanwhile."""

    code = "version-conflict"


class Changes:
    """Makes changes in one transaction each, once per Idempotency-Key.

    Parameters
    ----------
    database
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def make(
        self,
        asked: Asked,
        route: str,
        body: Mapping[str, Any],
        work: Callable[[sa.Connection], tuple[Document, str]],
    ) -> Document:
        """Run `work`, which returns the answer and the subject for the audit log.

        The change is durable when this returns. The same request under the same key gets the same
        answer. `work` may be repeated if another writer was faster.
        """
        owner, key = asked.caller.key_id or "", asked.idempotency_key
        print_of = fingerprint({"route": route, "body": dict(body)})

        def once(connection: sa.Connection) -> Document:
            if key is not None:
                found = stored_answer(connection, owner, key, print_of)
                if found is not None and found.answer is not None:
                    before: Document = orjson.loads(found.answer)
                    return before
            answer, target = work(connection)
            caller = asked.caller
            note(
                connection,
                AuditEntry(
                    caller.key_id, caller.role, "POST", route, target, 200, asked.request_id
                ),
            )
            if key is not None:
                text = orjson.dumps(answer).decode()
                remember(connection, owner, key, print_of, answer=text)
            return answer

        return self.database.write(once)


def check_role(caller: Caller) -> None:
    """Raise for front ends, which have no rights to projects.

    Raises
    ------
    ForbiddenError
    """
    if caller.role == "front-end":
        raise ForbiddenError(
            "a key of the role front-end may not see projects",
            field="X-API-Key",
            got=caller.role,
            expected="official, analyst or administrator",
        )


def check_city(caller: Caller, what: str) -> None:
    """Raise for callers limited to some zones.

    Raises
    ------
    ForbiddenError
    """
    check_role(caller)
    if caller.zones is not None:
        raise ForbiddenError(
            f"{what} requires rights to all zones",
            field="X-API-Key",
            got=caller.role,
            expected="a key for all zones",
        )


def check_version(
    current: Document, given: int | None, wanted: Mapping[str, Any], what: str = "project"
) -> None:
    """Raise if the expected version is not the current one, showing both.

    Raises
    ------
    VersionConflictError
        Its `more` has `current`, the current state, and `wanted`, the requested one.
    """
    if given is not None and given != current["version"]:
        error = VersionConflictError(
            f"this {what} was changed meanwhile: version {given} was to be changed, it is at "
            f"{current['version']}",
            field="version",
            got=given,
            expected=str(current["version"]),
        )
        error.more = {"current": current, "wanted": dict(wanted)}
        raise error


def no_project(project_id: str) -> NotFoundError:
    """Return the error for an unknown id, the same as for one that the caller may not see."""
    return NotFoundError(
        f"no project has the id {project_id!r}",
        field="project_id",
        got=project_id,
        expected="the project_id of one of the projects that GET /v1/projects lists",
    )
