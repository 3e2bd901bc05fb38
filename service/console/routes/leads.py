"""Leads: the list for an industry of a zone, one enterprise, two side by side."""

import secrets
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from features.errors import InputError
from service.api.routes.recommendations import filters_of
from service.api.schemas import RecommendationQuery
from service.console import asking
from service.console.frame import Frame, Framed
from service.console.questions import LeadQuestion
from service.console.routes import events, projects
from service.serving.interfaces import Document
from service.serving.questions import Lookup, SuitedNeedsQuestion

router = APIRouter(prefix="/console", include_in_schema=False)

_SUITED = 12


@router.get("/leads")
async def leads(frame: Framed) -> Response:
    """List the leads for a need of a zone, with filters."""
    every = await frame.fetch(Lookup("needs"))
    needs = asking.needs_seen(frame, every)
    need = asking.chosen(needs, frame.request.query_params)
    if need is None:
        return frame.page("no_needs.html", status=200)
    asked = query_of(frame.request, need)
    page = await asking.leads(frame, asked)
    facets = await asking.facets(frame, need["need_id"], asked)

    async def values() -> dict[str, Any]:
        return {
            "needs": needs,
            "need": need,
            "own": [n for n in needs if _zone_id(n) == _zone_id(need)],
            "page": await asking.with_products(frame, page),
            "asked": asked.model_dump(exclude_defaults=True),
            "query": query_for(asked),
            "counts": facets.document["facets"],
            "counted": asking.COUNTED,
        }

    return await frame.kept_page("leads.html", (every, page, facets), values)


@router.get("/enterprise")
async def enterprise(frame: Framed, enterprise_id: str, need_id: str = "") -> Response:
    """Show one enterprise: its profile, the reasons for its rank, and the needs that it suits."""
    profile = await asking.profile(frame, enterprise_id)
    lead = await lead_of(frame, need_id, enterprise_id) if need_id else None
    return frame.page(
        "enterprise.html",
        profile=profile,
        lead=lead,
        history=await events.history(frame, enterprise_id, lead["need"]) if lead else [],
        followed=await projects.of_lead(frame, enterprise_id, lead["need"]) if lead else None,
        once=secrets.token_hex(12),
        today=events.today(),
        back=frame.request.scope["path"] + "?" + frame.request.url.query,
    )


@router.get("/enterprise/suits")
async def suits(frame: Framed, enterprise_id: str, need_id: str = "") -> Response:
    """Show the needs that an enterprise suits, as a part that loads later: it takes long."""
    if need_id:
        asking.chosen(await asking.needs_of(frame), frame.request.query_params)
    profile = await asking.profile(frame, enterprise_id)
    rights = frame.caller.rights
    found = await frame.answer(SuitedNeedsQuestion(enterprise_id, _SUITED, frame.language, rights))
    return frame.page(
        "suits.html",
        profile=profile,
        need_id=need_id,
        suited=[one for one in found["needs"] if one["need"]["need_id"] != need_id],
        more=found["total"] - len(found["needs"]),
    )


@router.get("/compare")
async def compare(frame: Framed, need_id: str) -> Response:
    """Show two leads for a need side by side."""
    ids = frame.request.query_params.getlist("enterprise_id")
    if len(ids) != 2:
        expected = frame.say("勾选两家企业", "two enterprises")
        got = len(ids)
        raise InputError(
            f"enterprise_id: expected {expected}", field="enterprise_id", got=got, expected=expected
        )
    both = [await lead_of(frame, need_id, id_) for id_ in ids]
    profiles = [await asking.profile(frame, id_) for id_ in ids]
    parts = [{r["factor"]: r["contribution"] for r in own["lead"]["reasons"]} for own in both]
    factors = sorted(
        set(parts[0]) | set(parts[1]), key=lambda f: -max(abs(p.get(f, 0.0)) for p in parts)
    )
    largest = max((abs(value) for p in parts for value in p.values()), default=1.0)
    return frame.page(
        "compare.html",
        need=both[0]["need"],
        both=[own["lead"] for own in both],
        profiles=profiles,
        factors=factors,
        parts_of=parts,
        largest=largest,
    )


async def lead_of(frame: Frame, need_id: str, enterprise_id: str) -> Document:
    """Return one enterprise as a lead for a need that the caller may see."""
    rights = frame.caller.rights
    return await frame.answer(LeadQuestion(need_id, enterprise_id, frame.language, rights))


def query_of(request: Request, need: Document) -> RecommendationQuery:
    """Return the query of a page about a need of the workspace."""
    given = asking.parameters(request.query_params, RecommendationQuery)
    for name in ("zone_id", "industry"):
        given.pop(name, None)
    asked = asking.checked(
        RecommendationQuery, {"limit": asking.LISTED, **given, "need_id": need["need_id"]}
    )
    filters_of(asked)
    return asked


def query_for(asked: RecommendationQuery) -> dict[str, Any]:
    """Return the parameters that request the page again."""
    found = asked.model_dump(exclude_defaults=True)
    if found.get("limit") == asking.LISTED:
        del found["limit"]
    found.pop("offset", None)
    return found


def _zone_id(need: Document) -> str | None:
    zone_id: str | None = (need["zone"] or {}).get("zone_id")
    return zone_id
