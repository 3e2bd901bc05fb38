"""Feedback: outcomes of leads, recorded and retracted by the rules of the API."""

import secrets
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from features import calendar
from features.errors import InputError
from features.vocabulary import ENDINGS
from service.api.observer import REQUEST_ID
from service.api.prefix import prefixed
from service.api.schemas import EventBody, EventQuery
from service.console import asking
from service.console.frame import Form, Frame, Framed, is_own_path
from service.serving.interfaces import Document

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/events")
async def events(frame: Framed) -> Response:
    """List recorded events, newest first."""
    given = asking.parameters(frame.request.query_params, EventQuery)
    asked = asking.checked(EventQuery, {"limit": 50, **given})
    feedback = frame.parts.ledger.feedback
    page = await frame.read(lambda: feedback.page(asked, frame.caller))
    engine = await frame.parts.answers.engine()
    names = await frame.look_up(lambda: _names(engine, page["events"]))
    return frame.page(
        "events.html",
        page=page,
        names=names,
        about=_names_of(await asking.needs_of(frame), zones := await asking.zones_of(frame)),
        zones=zones,
        query=asked.model_dump(exclude_defaults=True, exclude={"offset"}, mode="json"),
    )


@router.post("/events")
async def record(frame: Framed, form: Form) -> Response:
    """Record an event, only once if the form is sent several times."""
    names = ("enterprise_id", "stage", "date", "need_id", "zone_id", "amount", "note")
    body = asking.checked(EventBody, asking.fields(form, names))
    if body.stage in ENDINGS and not (body.note or "").strip():
        expected = frame.say("写明原因", "the reason")
        raise InputError(f"note: {expected}", field="note", expected=expected)
    engine = await frame.parts.answers.engine()
    ledger = frame.parts.ledger
    done = await frame.change(
        lambda: ledger.feedback.record(
            body.model_dump(exclude_none=True),
            frame.caller,
            engine,
            idempotency_key=form.get("once") or secrets.token_hex(8),
            request_id=frame.request.scope.get(REQUEST_ID),
        )
    )
    if done.first:
        frame.parts.telemetry.event("recorded")
    return frame.back("/enterprise", enterprise_id=body.enterprise_id, need_id=body.need_id)


@router.post("/events/retract")
async def retract(frame: Framed, form: Form) -> Response:
    """Retract an event; it stays in the history."""
    ledger = frame.parts.ledger
    await frame.change(
        lambda: ledger.feedback.retract(
            form.get("event_id", ""),
            frame.caller,
            request_id=frame.request.scope.get(REQUEST_ID),
        )
    )
    frame.parts.telemetry.event("retracted")
    back = form.get("back", "")
    target = back if is_own_path(back) else "/console/events"
    response = frame.back("/events")
    response.headers["location"] = prefixed(frame.request.scope, target)
    return response


async def history(frame: Frame, enterprise_id: str, need: Document) -> list[Document]:
    """Return the events of an enterprise and the zone of a need, if the role may see them."""
    if not frame.may("GET", "/v1/events"):
        return []
    zone_id = (need["zone"] or {}).get("zone_id")
    about: dict[str, Any] = {"zone_id": zone_id} if zone_id else {"need_id": need["need_id"]}
    asked = EventQuery(enterprise_id=enterprise_id, limit=20, **about)
    ledger = frame.parts.ledger
    page = await frame.read(lambda: ledger.feedback.page(asked, frame.caller))
    found: list[Document] = page["events"]
    return found


def today() -> str:
    """Return the initial day of a form."""
    return calendar.today().isoformat()


def _names_of(needs: list[Document], zones: list[Document]) -> dict[str, str]:
    """Return the names of needs and zones by their ids."""
    found = {zone["zone_id"]: zone["name"] or zone["zone_id"] for zone in zones}
    for need in needs:
        zone = found.get((need["zone"] or {}).get("zone_id", ""), "")
        found[need["need_id"]] = f"{zone} · {need['industry']}" if zone else need["industry"]
    return found


def _names(engine: Any, rows: list[Document]) -> dict[str, str]:
    found = {}
    for row in rows:
        id_ = row["enterprise_id"]
        if id_ not in found:
            page = engine.enterprises(id_, 200, 0)["enterprises"]
            found[id_] = next((e["name"] for e in page if e["enterprise_id"] == id_), id_)
    return found
