"""Enterprises: search, profile, and the needs that one suits best."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.routes.context import Context, Spoken, only
from service.schemas import EnterpriseQuery, LimitQuery

router = APIRouter(prefix="/v1/enterprises", tags=["enterprises"])


@router.get("", dependencies=[Depends(only(*EnterpriseQuery.model_fields))])
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


@router.get("/{enterprise_id:path}/needs", dependencies=[Depends(only(*LimitQuery.model_fields))])
async def suiting_needs(
    parts: Context, language: Spoken, enterprise_id: str, asked: Annotated[LimitQuery, Query()]
) -> Response:
    """List the needs that an enterprise suits best, best first."""
    return await parts.answer(
        "needs-for",
        lambda engine: engine.needs_for(enterprise_id, asked.limit, language),
        language,
        enterprise_id=enterprise_id,
        limit=asked.limit,
    )


@router.get("/{enterprise_id:path}", dependencies=[Depends(only())])
async def profile(parts: Context, enterprise_id: str) -> Response:
    """Show a profile."""
    return await parts.answer(
        "enterprise",
        lambda engine: engine.enterprise(enterprise_id),
        enterprise_id=enterprise_id,
    )
