"""Enterprises: search, profile, and the needs that one suits best."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.replies import EnterprisePage, Profile, SuitedNeeds
from service.api.routes.context import Asking, Context, Spoken, only, shaped
from service.api.schemas import EnterpriseQuery, LimitQuery
from service.cache.answers import question
from service.serving.interfaces import Document, Engine
from service.serving.reasons import without_deals

router = APIRouter(prefix="/v1/enterprises", tags=["enterprises"])


@router.get(
    "",
    responses=shaped(EnterprisePage),
    dependencies=[Depends(only(*EnterpriseQuery.model_fields))],
)
async def search(parts: Context, asked: Annotated[EnterpriseQuery, Query()]) -> Response:
    """Search by name, short name or id."""
    text = asked.q.strip()
    return await parts.answer(
        "enterprises",
        lambda engine: engine.enterprises(text, asked.limit, asked.offset),
        q=text,
        limit=asked.limit,
        offset=asked.offset,
    )


@router.get(
    "/{enterprise_id:path}/needs",
    responses=shaped(SuitedNeeds),
    dependencies=[Depends(only(*LimitQuery.model_fields))],
)
async def suiting_needs(
    parts: Context,
    caller: Asking,
    language: Spoken,
    enterprise_id: str,
    asked: Annotated[LimitQuery, Query()],
) -> Response:
    """List the needs that an enterprise suits best, best first; an official's own zones' only."""

    def work(engine: Engine) -> Document:
        if caller.zones is None:
            return engine.needs_for(enterprise_id, asked.limit, language)
        found = engine.needs_for(enterprise_id, len(engine.needs()), language)
        needs = [n for n in found["needs"] if caller.sees((n["need"]["zone"] or {}).get("zone_id"))]
        without_deals(needs)
        return {
            **found,
            "total": len(needs),
            "limit": asked.limit,
            "needs": needs[: asked.limit],
        }

    arguments = {"enterprise_id": enterprise_id, "limit": asked.limit}
    put = question("needs-for", arguments, work, language, caller.scope)
    return await parts.answers.respond(put)


@router.get("/{enterprise_id:path}", responses=shaped(Profile), dependencies=[Depends(only())])
async def profile(parts: Context, enterprise_id: str) -> Response:
    """Show a profile."""
    return await parts.answer(
        "enterprise",
        lambda engine: engine.enterprise(enterprise_id),
        enterprise_id=enterprise_id,
    )
