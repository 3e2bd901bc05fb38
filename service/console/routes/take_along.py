"""Material for visits: the list as Excel and for printing, a one-page brief, a trip by city."""

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter
from starlette.responses import Response

from features.errors import UnavailableError
from service.api.routes.recommendations import filters_of
from service.console import asking, trips
from service.console.frame import Frame, Framed
from service.console.routes import need as own
from service.console.routes.leads import lead_of, query_for, query_of
from service.serving.export import as_xlsx, leads_frame
from service.serving.interfaces import Document
from service.serving.partial import partial_note

router = APIRouter(prefix="/console", include_in_schema=False)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TAKEN = 50
_LENGTHS = (10, 20, 50)


@router.get("/leads.xlsx")
async def excel(frame: Framed) -> Response:
    """Return the list as an Excel workbook, the same as written by the command line."""
    page, _ = await _list(frame, _TAKEN)
    if page["partial"]:
        raise UnavailableError(partial_note(page["partial"], frame.language))
    content = await frame.look_up(lambda: as_xlsx(leads_frame(page)))
    name = quote(f"线索-{page['need']['industry'][:40]}.xlsx")
    headers = {
        "Content-Disposition": f"attachment; filename=\"leads.xlsx\"; filename*=UTF-8''{name}"
    }
    return Response(content, headers=headers, media_type=_XLSX)


@router.get("/print")
async def print_view(frame: Framed) -> Response:
    """Show the list for printing on A4."""
    page, query = await _list(frame, _LENGTHS[0])
    return frame.page(
        "print.html",
        page=page,
        need=page["need"],
        query=query,
        lengths=_LENGTHS,
        many=page["limit"],
    )


@router.get("/brief")
async def brief(frame: Framed, enterprise_id: str, need_id: str = "") -> Response:
    """Show one enterprise on one page."""
    profile = await asking.profile(frame, enterprise_id)
    lead = await lead_of(frame, need_id, enterprise_id) if need_id else None
    return frame.page("brief.html", profile=profile, lead=lead)


@router.get("/trip")
async def trip(frame: Framed) -> Response:
    """Group the first leads into journeys."""
    needs = await asking.needs_of(frame)
    need = asking.chosen(needs, frame.request.query_params)
    if need is None:
        return frame.page("no_needs.html")
    asked = query_of(frame.request, need)
    answer = await asking.candidates(frame, need["need_id"], filters_of(asked), _TAKEN)
    found = answer.document["candidates"]
    return frame.page(
        "trip.html",
        need=need,
        query=query_for(asked),
        journeys=trips.journeys(found),
        of=len(found),
    )


async def _list(frame: Frame, most: int) -> tuple[Document, dict[str, Any]]:
    """Return the leads for a known or a stated need, and the parameters that request them again."""
    given = frame.request.query_params
    length = given.get("limit", "")
    limit = int(length) if length.isdigit() and 0 < int(length) <= 200 else most
    if given.get("text", "").strip():
        body = own.body_of(frame.request)
        body.limit, body.offset = limit, 0
        page = await asking.given_leads(frame, body)
        return await asking.with_products(frame, page), own.query_for(frame)
    need = asking.chosen(await asking.needs_of(frame), given)
    asked = query_of(frame.request, need or {"need_id": given.get("need_id") or "-"})
    asked.limit, asked.offset = limit, 0
    query = query_for(asked)
    query.pop("limit", None)
    return await asking.with_products(frame, await asking.leads(frame, asked)), query
