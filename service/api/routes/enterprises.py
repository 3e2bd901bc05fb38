"""Enterprises: search, profile, and the needs that one suits best."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.once import OnceRoute
from service.api.replies import EnterprisePage, Profile, SuitedNeeds
from service.api.routes.context import Asking, Context, Spoken, only, shaped
from service.api.schemas import EnterpriseQuery, SuitedQuery
from service.serving.questions import Lookup, SuitedNeedsQuestion
from service.serving.shape import Shape

router = APIRouter(prefix="/v1/enterprises", tags=["enterprises"], route_class=OnceRoute)


@router.get(
    "",
    responses=shaped(EnterprisePage),
    dependencies=[Depends(only(*EnterpriseQuery.model_fields))],
)
async def search(
    request: Request, parts: Context, asked: Annotated[EnterpriseQuery, Query()]
) -> Response:
    """Search by name, short name or id."""
    arguments = asked.q.strip(), asked.limit, asked.offset
    return await parts.answer(request, Lookup("enterprises", arguments))


@router.get(
    "/{enterprise_id:path}/needs",
    responses=shaped(SuitedNeeds),
    dependencies=[Depends(only(*SuitedQuery.model_fields))],
)
async def suiting_needs(
    request: Request,
    parts: Context,
    caller: Asking,
    language: Spoken,
    enterprise_id: str,
    asked: Annotated[SuitedQuery, Query()],
) -> Response:
    """List the needs that an enterprise suits best, best first; an official's own zones' only."""
    shape = Shape(None if asked.reasons == "all" else asked.reasons)
    question = SuitedNeedsQuestion(enterprise_id, asked.limit, language, caller.rights, shape)
    return await parts.answer(request, question)


@router.get("/{enterprise_id:path}", responses=shaped(Profile), dependencies=[Depends(only())])
async def profile(request: Request, parts: Context, enterprise_id: str) -> Response:
    """Show a profile."""
    return await parts.answer(request, Lookup("enterprise", (enterprise_id,)))
