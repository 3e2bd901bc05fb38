"""Feedback: what came of a lead. The calls are named here and answer 501 until they are there."""

from fastapi import APIRouter, Response

from service.problems import Problem

router = APIRouter(prefix="/v1/events", tags=["events"])


def _not_yet() -> Response:
    return Problem(501, "not-yet", "events are not taken over HTTP yet; see lianzhao import events")


@router.post("", status_code=501)
async def record() -> Response:
    """Record an event (not there yet)."""
    return _not_yet()


@router.get("", status_code=501)
async def events() -> Response:
    """List the events (not there yet)."""
    return _not_yet()


@router.post("/{event_id:path}/retract", status_code=501)
async def retract(event_id: str) -> Response:
    """Take an event back (not there yet)."""
    del event_id
    return _not_yet()
