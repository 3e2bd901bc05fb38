"""Feedback: events are recorded, listed and retracted, within the caller's zones."""

from __future__ import annotations

import secrets
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import orjson
import polars as pl

from features import calendar
from features.errors import InputError, NotFoundError, UnknownReferenceError
from features.imports.record import parse_record
from features.storage.retractions import zone_of
from features.tables.catalogue import EVENTS
from service.cache.lists import ListId
from service.database.audit_log import AuditEntry
from service.database.event_log import OF_LIST

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from service.access.keys import Caller
    from service.api.schemas import EventQuery
    from service.database.event_log import EventLog, Recording
    from service.serving.interfaces import Document, Engine

_EITHER = "the need_id of a known need or the zone_id of a known zone"


class Feedback:
    """Records and lists events. Every call does I/O on files or the database.

    Parameters
    ----------
    workspace
        Its `log` is `log`.
    log
    """

    def __init__(self, workspace: Workspace, log: EventLog) -> None:
        self.workspace = workspace
        self.log = log
        self._history: tuple[str, pl.DataFrame] | None = None

    def record(
        self,
        body: Mapping[str, object],
        caller: Caller,
        engine: Engine,
        *,
        idempotency_key: str | None,
        request_id: str | None,
    ) -> Recording:
        """Record an event; it is durable when this returns.

        Parameters
        ----------
        body
            The columns of the events table as texts or numbers, and optionally the list_id and rank
            of the lead; without an event_id one is generated.

        Raises
        ------
        InputError
            For a value that an import would reject, and an unknown need, zone or enterprise.
        ForbiddenError
            For a zone that the caller may not see.
        ConflictError
            When there is another event of this id.
        """
        given = {name: None if value is None else str(value) for name, value in body.items()}
        of_list = _of_list(body)
        asked = sha256(orjson.dumps(given, option=orjson.OPT_SORT_KEYS)).hexdigest()
        given["event_id"] = given.get("event_id") or f"http-{secrets.token_hex(8)}"
        for name in OF_LIST:
            given.pop(name, None)
        event = parse_record(EVENTS, given, calendar.today()) | of_list
        zone_id = _zone(event, engine)
        caller.check_zone(zone_id, "need_id" if event["need_id"] else "zone_id")
        target = event["need_id"] or event["zone_id"]
        entry = AuditEntry(
            caller.key_id, caller.role, "POST", "/v1/events", target, 201, request_id
        )
        return self.log.record(
            event,
            entry,
            idempotency_key=idempotency_key,
            asked=asked,
            imported_of=self._imported,
        )

    def page(self, asked: EventQuery, caller: Caller) -> Document:
        """Return a page of events, newest first: recorded, imported, and retracted ones."""
        rows = self._all()
        if asked.zone_id is not None:
            caller.check_zone(asked.zone_id, "zone_id")
        if caller.zones is not None:
            rows = rows.filter(pl.col("zone").is_in(list(caller.zones)))
        for column, value in (
            ("zone", asked.zone_id),
            ("need_id", asked.need_id),
            ("stage", asked.stage),
        ):
            if value is not None:
                rows = rows.filter(pl.col(column) == value)
        if asked.enterprise_id is not None:
            ids = [asked.enterprise_id, *self.workspace.joins.of(asked.enterprise_id)]
            rows = rows.filter(pl.col("enterprise_id").is_in(ids))
        if asked.since is not None:
            rows = rows.filter(pl.col("date") >= asked.since)
        if asked.retracted is not None:
            rows = rows.filter(pl.col("retracted_at").is_not_null() == asked.retracted)
        found = rows.slice(asked.offset, asked.limit)
        return {
            "total": rows.height,
            "limit": asked.limit,
            "offset": asked.offset,
            "events": self._shown(found.to_dicts()),
        }

    def retract(self, event_id: str, caller: Caller, *, request_id: str | None) -> Document:
        """Retract an event: it no longer counts, but stays in the history.

        Raises
        ------
        NotFoundError
            When there is no such event that the caller may see.
        """
        found = self._all().filter(pl.col("event_id") == event_id).to_dicts()
        if not found or not caller.sees(found[0]["zone"]):
            raise NotFoundError(
                f"no event has the id {event_id!r}",
                field="event_id",
                got=event_id,
                expected="the event_id of one of the events that GET /v1/events lists",
            )
        entry = AuditEntry(
            caller.key_id,
            caller.role,
            "POST",
            "/v1/events/{event_id}/retract",
            event_id,
            200,
            request_id,
        )
        (row,) = found
        if row["retracted_at"] is None:
            at = self.log.retract(event_id, row["need_id"], row["zone_id"], entry)
            row["retracted_at"] = at
        return self._shown([row])[0]

    def _shown(self, rows: Sequence[Mapping[str, Any]]) -> list[Document]:
        """Return events as in the API, with the lists that they came from."""
        of_lists = self.log.lists_of([row["event_id"] for row in rows])
        return [event_document({**row, **of_lists.get(row["event_id"], {})}) for row in rows]

    def _all(self) -> pl.DataFrame:
        """Return the whole history with the zone of each event and the time of its retraction."""
        return self.workspace.reading(self._of)

    def _of(self, snapshot: Snapshot) -> pl.DataFrame:
        version, history = snapshot.version("events") + snapshot.version("needs"), self._history
        if history is None or history[0] != version:
            events = snapshot.history()
            rows = (
                events.with_columns(zone=zone_of(snapshot.read("needs")))
                .join(snapshot.retracted(events), on="event_id", how="left")
                .sort(["date", "event_id"], descending=[True, False])
            )
            self._history = history = version, rows
        return history[1]

    def _imported(self, event_id: str) -> dict[str, Any] | None:
        rows = self.workspace.imported("events").filter(pl.col("event_id") == event_id)
        return None if rows.is_empty() else rows.row(0, named=True)


def event_document(row: Mapping[str, Any]) -> Document:
    """Return an event as in the API."""
    at = row.get("retracted_at")
    return {
        **{column.name: row[column.name] for column in EVENTS.columns},
        "date": row["date"].isoformat(),
        **{name: row.get(name) for name in OF_LIST},
        "retracted": at is not None,
        "retracted_at": None if at is None else f"{at.isoformat(timespec='seconds')}Z",
    }


def _of_list(body: Mapping[str, object]) -> dict[str, Any]:
    """Return the list of leads that an event came from, the rank there, and the list's model."""
    list_id, rank = body.get("list_id"), body.get("rank")
    if list_id is None and rank is None:
        return {}
    if list_id is None:
        expected = "the list_id of the page that has this rank"
        raise InputError(f"list_id must be {expected}", field="list_id", expected=expected)
    return {"list_id": list_id, "rank": rank, "model_version": ListId.read(str(list_id))[0]}


def _zone(event: Mapping[str, Any], engine: Engine) -> str | None:
    """Return the zone of an event, after checking its references."""
    _check(engine.enterprise, event["enterprise_id"], "enterprise_id", "a known enterprise")
    need_id, zone_id = event["need_id"], event["zone_id"]
    if need_id is None and zone_id is None:
        raise InputError(
            f"need_id: is empty, expected {_EITHER}", field="need_id", expected=_EITHER
        )
    if need_id is None:
        _check(engine.zone, zone_id, "zone_id", "a known zone")
        return str(zone_id)
    need = _check(engine.need, need_id, "need_id", "a known need")
    if zone_id is not None and zone_id != need.zone_id:
        raise InputError(
            f"zone_id: got {zone_id!r}, expected the zone of the need, {need.zone_id!r}",
            field="zone_id",
            got=zone_id,
            expected=f"{need.zone_id!r}, or nothing",
        )
    zone: str | None = need.zone_id
    return zone


def _check(look_up: Any, id_: str, field: str, what: str) -> Any:
    try:
        return look_up(id_)
    except NotFoundError as error:
        expected = f"the {field} of {what}"
        raise UnknownReferenceError(
            f"{field}: got {id_!r}, expected {expected}", field=field, got=id_, expected=expected
        ) from error
