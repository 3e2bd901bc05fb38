"""Projects: creating, changing, moving and listing, within the caller's zones."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from features import calendar
from features.errors import InputError, NotFoundError
from features.tables.project_list import POOL_OF
from service.database import project_store
from service.database.connection import utc_now
from service.database.event_log import append, retract
from service.database.schema import PROJECTS
from service.projects.frames import Frames
from service.projects.gated import with_gates
from service.projects.listing import conditions_of, first_of, pool_sums
from service.projects.moves import begun_before, check_due, check_move, event_of
from service.projects.references import References
from service.projects.requests import (
    COMMAND,
    Asked,
    Changes,
    check_role,
    check_version,
    no_project,
)
from service.projects.rules import Rules
from service.projects.shown import moves_shown, project_shown
from service.projects.talks import check_free
from service.projects.values import (
    DESCRIPTION,
    REFERENCE,
    check_values,
    likeness,
    read_values,
    resolve_references,
)

if TYPE_CHECKING:
    import datetime
    from collections.abc import Callable, Mapping

    from features.workspace import Workspace
    from service.access.keys import Caller
    from service.database.connection import Database
    from service.serving.interfaces import Document

_ROUTE = "/v1/projects"
_ON_A_BOARD = 10
TALK_DAYS = 90


class Projects:
    """The projects of a workspace. Every call accesses the database.

    Parameters
    ----------
    workspace
        Provides the zones, needs and enterprises that projects refer to.
    database
    clock
        Returns today's date in the workspace's time zone.
    talk_days
        Days for which a first talk (首谈) reserves an enterprise.
    """

    def __init__(
        self,
        workspace: Workspace,
        database: Database,
        clock: Callable[[], datetime.date] = calendar.today,
        talk_days: int = TALK_DAYS,
    ) -> None:
        self.database = database
        self.talk_days = talk_days
        self.references = References(workspace)
        self.rules = Rules(workspace.home)
        self.clock = clock
        self.changes = Changes(database)
        self.frames = Frames(database)

    def begin(self, body: Mapping[str, Any], asked: Asked = COMMAND) -> Document:
        """Create a project with its first move, and return it.

        Parameters
        ----------
        body
            Columns of a list of projects as texts or numbers, and `list_id`, `confirm_amount`.
            `stage` defaults to `lead` and `date` to today.

        Raises
        ------
        InputError
            For a value that an import would reject, an unknown reference, a date in the future, a
            deadline before its start, an unknown unit or an unusual amount.
        ForbiddenError
            For a zone that the caller may not see.
        ConflictError
            When the project exists already.
        """
        caller, today = asked.caller, self.clock()
        check_role(caller)
        values = self._resolved(read_values(body, today), caller)
        move = self._move(values, today)
        check_move(None, move, today)
        check_due(values["due"], move["date"])

        def work(connection: sa.Connection) -> tuple[Document, str]:
            confirmed = bool(body.get("confirm_amount"))
            check_values(connection, values, self.rules, confirmed=confirmed)
            known = sa.select(PROJECTS.c.project_id).where(
                PROJECTS.c.likeness == likeness(values), *project_store.within(caller.zones)
            )
            if (before := connection.execute(known).scalar()) is not None:
                raise begun_before(before)
            check_free(connection, self, values, move["stage"], caller)
            project_id = self.insert(connection, values, move, caller.key_id)
            return self._shown(connection, project_id, today), project_id

        return self.changes.make(asked, _ROUTE, body, work)

    def change(self, project_id: str, body: Mapping[str, Any], asked: Asked = COMMAND) -> Document:
        """Change a project, except its stage; return it.

        Parameters
        ----------
        body
            The changed fields; null clears a field. `version` is the expected version; without it
            concurrent changes are overwritten.

        Raises
        ------
        NotFoundError
            When there is no such project that the caller may see.
        VersionConflictError
            When it was changed meanwhile.
        InputError, ForbiddenError
            As in `begin`.
        """
        caller, today = asked.caller, self.clock()
        check_role(caller)
        given = read_values(body, today)
        for name in ("stage", "date", "reason"):
            if name in given:
                raise InputError(
                    f"{name}: is not changed but moved, see …/moves",
                    field=name,
                    got=str(given[name]),
                    expected="left out",
                )

        def work(connection: sa.Connection) -> tuple[Document, str]:
            row = self.locked(connection, project_id, caller)
            check_version(self._shown(connection, project_id, today), body.get("version"), body)
            new = self._merged(row, given, caller)
            check_due(new["due"], row["since"])
            confirmed = bool(body.get("confirm_amount"))
            check_values(connection, given, self.rules, confirmed=confirmed)
            self.update(connection, row, new)
            return self._shown(connection, project_id, today), project_id

        route = f"{_ROUTE}/{{project_id}}"
        return self.changes.make(asked, route, {**body, "id": project_id}, work)

    def move(self, project_id: str, body: Mapping[str, Any], asked: Asked = COMMAND) -> Document:
        """Move a project to a stage; return it with its moves.

        Parameters
        ----------
        body
            `stage`; `date` (today), `reason`, `note`, `amount`, `unit`, `handler`, `due` and
            `version`. It ends the deadline of the previous step.

        Raises
        ------
        ClosedProjectError
            When the project has ended.
        NotFoundError, VersionConflictError, InputError
            As in `change`.
        """
        caller, today = asked.caller, self.clock()
        check_role(caller)
        given = read_values(body, today)
        if given.get("stage") is None:
            expected = "a stage, such as negotiation (洽谈)"
            raise InputError(f"stage: is empty, expected {expected}", field="stage")
        move = self._move(given, today)

        def work(connection: sa.Connection) -> tuple[Document, str]:
            row = self.locked(connection, project_id, caller)
            check_version(self._shown(connection, project_id, today), body.get("version"), body)
            check_move(row, move, today)
            check_due(given.get("due"), move["date"])
            confirmed = bool(body.get("confirm_amount"))
            check_values(connection, given, self.rules, confirmed=confirmed)
            check_free(connection, self, row, move["stage"], caller)
            self.append(connection, row, move, given, caller.key_id)
            return self._with_moves(connection, project_id, today), project_id

        route = f"{_ROUTE}/{{project_id}}/moves"
        return self.changes.make(asked, route, {**body, "id": project_id}, work)

    def take_back(self, project_id: str, move_id: str, asked: Asked = COMMAND) -> Document:
        """Retract a move; return the project, whose stage follows from its other moves.

        Raises
        ------
        NotFoundError
            When there is no such project that the caller may see, or it has no such move.
        """
        caller, today = asked.caller, self.clock()
        check_role(caller)

        def work(connection: sa.Connection) -> tuple[Document, str]:
            self.locked(connection, project_id, caller)
            run = project_store.moves(connection, project_id)
            move = next((move for move in run if move["event_id"] == move_id), None)
            if move is None:
                raise NotFoundError(
                    f"the project has no move {move_id!r}",
                    field="move_id",
                    got=move_id,
                    expected="one of the moves of the project",
                )
            about = {name: move[name] or "" for name in ("need_id", "zone_id")}
            retract(connection, {"event_id": move_id, **about}, caller.key_id)
            return self._with_moves(connection, project_id, today), move_id

        route = f"{_ROUTE}/{{project_id}}/moves/{{move_id}}/retract"
        return self.changes.make(asked, route, {"id": project_id, "move": move_id}, work)

    def show(self, project_id: str, caller: Caller) -> Document:
        """Return a project with its moves (NotFoundError)."""
        check_role(caller)
        today = self.clock()

        def work(connection: sa.Connection) -> Document | None:
            if project_store.find(connection, project_id, caller.zones) is None:
                return None
            return self._with_moves(connection, project_id, today)

        found = self.database.read(work, None)
        if found is None:
            raise no_project(project_id)
        return found

    def page(
        self, filters: Mapping[str, Any], caller: Caller, limit: int = 20, offset: int = 0
    ) -> Document:
        """Return a page of projects, the most recently moved first, and the totals of their pools.

        Parameters
        ----------
        filters
            Any of zone_id, stage, pool, unit, source, need_id, enterprise_id, industry, `late`
            (whether the deadline has passed), `gate` (texts as `service.projects.gated` reads
            them) and `q` (a part of a name).
        """
        today = self.clock()
        conditions = conditions_of(filters, caller, today)

        def work(connection: sa.Connection) -> Document:
            which = with_gates(connection, conditions, filters, self.references, self.rules)
            pools = pool_sums(connection, which, today)
            rows = project_store.page(connection, which, limit, offset)
            shown = [project_shown(row, self.references, self.rules, today) for row in rows]
            return {"pools": pools, "projects": shown}

        nothing: Document = {"pools": [], "projects": []}
        found = self.database.read(work, nothing)
        total = sum(pool["projects"] for pool in found["pools"])
        return {"total": total, "limit": limit, "offset": offset, **found}

    def board(
        self, filters: Mapping[str, Any], caller: Caller, each: int = _ON_A_BOARD
    ) -> Document:
        """Return every pool with its totals and `each` most recently moved projects; see `page`."""
        today = self.clock()
        conditions = conditions_of(filters, caller, today)

        def work(connection: sa.Connection) -> list[Document]:
            which = with_gates(connection, conditions, filters, self.references, self.rules)
            pools = pool_sums(connection, which, today)
            for pool in pools:
                rows = []
                if pool["projects"]:
                    rows = first_of(connection, which, pool["pool"], each)
                pool["list"] = [
                    project_shown(row, self.references, self.rules, today) for row in rows
                ]
            return pools

        nothing: list[Document] = []
        return {"date": today.isoformat(), "pools": self.database.read(work, nothing)}

    def insert(
        self,
        connection: sa.Connection,
        values: Mapping[str, Any],
        move: Mapping[str, Any],
        key_id: str | None,
    ) -> str:
        """Add a project and its first move, within a transaction; return its id."""
        project_id = secrets.token_hex(8)
        row = {
            **{name: values[name] for name in (*REFERENCE, *DESCRIPTION)},
            "project_id": project_id,
            "likeness": likeness(values),
            **project_store.stage_after([move]),
            "created_at": utc_now(),
            "key_id": key_id,
        }
        append(connection, [event_of(row, move, key_id)])
        project_store.insert(connection, [row])
        return project_id

    def update(
        self, connection: sa.Connection, row: Mapping[str, Any], new: Mapping[str, Any]
    ) -> None:
        """Change a project, and the references of its moves if they changed."""
        project_store.update(connection, row["project_id"], new)
        about = {name: new[name] for name in ("enterprise_id", "need_id", "zone_id")}
        if any(row[name] != value for name, value in about.items()):
            project_store.join_moves(connection, row["project_id"], about)

    def append(
        self,
        connection: sa.Connection,
        row: Mapping[str, Any],
        move: Mapping[str, Any],
        given: Mapping[str, Any],
        key_id: str | None,
    ) -> None:
        """Add a move to a project, within a transaction."""
        append(connection, [event_of(row, move, key_id)])
        values = {n: given[n] for n in ("amount", "unit", "handler") if given.get(n) is not None}
        if "due" in given or POOL_OF.get(move["stage"]) != POOL_OF.get(row["stage"]):
            values["due"] = given.get("due")
        since = row["since"] if move["stage"] == row["stage"] else move["date"]
        values |= {"stage": move["stage"], "since": since, "moved": move["date"]}
        project_store.update(connection, row["project_id"], values)

    def locked(self, connection: sa.Connection, project_id: str, caller: Caller) -> dict[str, Any]:
        """Return and lock the row of a project to change (NotFoundError)."""
        row = project_store.find(connection, project_id, caller.zones, lock=True)
        if row is None:
            raise no_project(project_id)
        return row

    def _resolved(self, values: dict[str, Any], caller: Caller) -> dict[str, Any]:
        found = resolve_references(values, self.references)
        if found["zone_id"] is None and caller.zones is not None and len(caller.zones) == 1:
            (found["zone_id"],) = caller.zones
            found["need_id"] = self.references.need_of(found["zone_id"], found["industry"])
        caller.check_zone(found["zone_id"], "need_id" if values.get("need_id") else "zone_id")
        return {"stage": "lead", "date": None, "reason": None, **found}

    def _merged(
        self, row: Mapping[str, Any], given: Mapping[str, Any], caller: Caller
    ) -> dict[str, Any]:
        before = {name: row[name] for name in (*REFERENCE, *DESCRIPTION)}
        if "enterprise" in given and "enterprise_id" not in given:
            before["enterprise_id"] = None  # another name may mean another enterprise
        if ("zone_id" in given or "industry" in given) and "need_id" not in given:
            before["need_id"] = None
        if "need_id" in given and "zone_id" not in given:
            before["zone_id"] = None
        new = resolve_references({**before, **given}, self.references)
        caller.check_zone(new["zone_id"], "zone_id")
        return {name: new[name] for name in (*REFERENCE, *DESCRIPTION)}

    def _move(self, values: Mapping[str, Any], today: datetime.date) -> dict[str, Any]:
        return {
            "event_id": f"move-{secrets.token_hex(8)}",
            "stage": values["stage"],
            "date": values.get("date") or today,
            "reason": self.rules.reason(values.get("reason")),
            "amount": values.get("amount"),
            "note": values.get("note"),
        }

    def _shown(self, connection: sa.Connection, project_id: str, today: datetime.date) -> Document:
        row = project_store.find(connection, project_id, None)
        assert row is not None
        return project_shown(row, self.references, self.rules, today)

    def _with_moves(
        self, connection: sa.Connection, project_id: str, today: datetime.date
    ) -> Document:
        run = project_store.moves(connection, project_id)
        shown = self._shown(connection, project_id, today)
        return {**shown, "moves": moves_shown(run, self.rules)}
