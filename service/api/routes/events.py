"""Feedback: the outcomes of leads, recorded once, durable, and kept when retracted."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.event_replies import EventPage, RecordedEvent
from service.api.observer import REQUEST_ID
from service.api.once import OnceRoute
from service.api.routes.changes import IdempotencyKey, answered
from service.api.routes.context import AppParts, Asking, only
from service.api.schemas import EventBody, EventQuery
from service.database.feedback import event_document
from service.database.idempotency import check_key

router = APIRouter(prefix="/v1/events", tags=["events"], route_class=OnceRoute)


@router.post(
    "",
    status_code=201,
    dependencies=[Depends(only())],
    responses={
        201: {"model": RecordedEvent},
        200: {"model": RecordedEvent, "description": "The same event was recorded before"},
    },
)
async def record(
    request: Request,
    parts: AppParts,
    caller: Asking,
    body: EventBody,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Record an event. When the response is sent, it is durable, and lists have changed.

    For 30 days the same Idempotency-Key with the same body returns the same answer; with another
    body it is refused (422). Without a key, an event_id that was recorded with the same values
    returns 200.
    """
    check_key(idempotency_key)
    engine = await parts.answers.engine()
    done = await parts.ledger.change(
        lambda: parts.ledger.feedback.record(
            body.model_dump(exclude_none=True),
            caller,
            engine,
            idempotency_key=idempotency_key,
            request_id=request.scope.get(REQUEST_ID),
        ),
        caller,
    )
    if done.first:
        parts.telemetry.event("recorded")
    return answered(event_document(done.event), 201 if done.new else 200)


@router.get(
    "",
    dependencies=[Depends(only(*EventQuery.model_fields))],
    responses={200: {"model": EventPage}},
)
async def events(
    parts: AppParts, caller: Asking, asked: Annotated[EventQuery, Query()]
) -> Response:
    """List events, newest first: recorded and imported ones, including retracted ones."""
    return answered(
        await parts.ledger.read(lambda: parts.ledger.feedback.page(asked, caller), caller)
    )


@router.post(
    "/{event_id:path}/retract",
    dependencies=[Depends(only())],
    responses={200: {"model": RecordedEvent}},
)
async def retract(request: Request, parts: AppParts, caller: Asking, event_id: str) -> Response:
    """Retract a recorded or imported event: it no longer counts, but stays in the history."""
    event = await parts.ledger.change(
        lambda: parts.ledger.feedback.retract(
            event_id, caller, request_id=request.scope.get(REQUEST_ID)
        ),
        caller,
    )
    parts.telemetry.event("retracted")
    return answered(event)
