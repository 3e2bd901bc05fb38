"""Enterprises: search, profile, similar enterprises, and suited needs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.filter_schemas import LISTS, EnterpriseFilters
from service.api.lead_replies import ModePage
from service.api.once import OnceRoute
from service.api.replies import EnterprisePage, Profile, SuitedNeeds
from service.api.routes.context import AppParts, Asking, Spoken, only, shaped
from service.api.routes.recommendations import filters_of
from service.api.schemas import EnterpriseQuery, SimilarQuery, SuitedQuery
from service.serving.filters import Filters
from service.serving.modes import LikeNeed, ModeQuestion
from service.serving.questions import EnterprisesQuestion, Lookup, SuitedNeedsQuestion
from service.serving.shape import Shape

router = APIRouter(prefix="/v1/enterprises", tags=["enterprises"], route_class=OnceRoute)


@router.get(
    "",
    responses=shaped(EnterprisePage),
    dependencies=[Depends(only(*EnterpriseQuery.model_fields, repeatable=LISTS | {"facets"}))],
)
async def search(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    asked: Annotated[EnterpriseQuery, Query()],
) -> Response:
    """Search by name, short name or id, with the filters of leads, including struck off ones.

    `stage` and `seat` require the zone that they are relative to.
    """
    if asked.zone_id is not None:
        caller.check_zone(asked.zone_id, "zone_id")
    filters = Filters(**asked.model_dump(include=set(EnterpriseFilters.model_fields)))
    question = EnterprisesQuestion(
        asked.q.strip(),
        filters,
        asked.limit,
        asked.offset,
        asked.zone_id,
        tuple(sorted(set(asked.facets))),
        language,
        caller.rights,
    )
    return await parts.answer(request, question)


@router.get(
    "/{enterprise_id:path}/similar",
    responses=shaped(ModePage),
    dependencies=[Depends(only(*SimilarQuery.model_fields, repeatable=LISTS))],
)
async def similar(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    enterprise_id: str,
    asked: Annotated[SimilarQuery, Query()],
) -> Response:
    """List enterprises with similar products, as /v1/leads does with mode=similar."""
    if asked.zone_id is not None:
        caller.check_zone(asked.zone_id, "zone_id")
    question = ModeQuestion(
        LikeNeed(zone_id=asked.zone_id, enterprise_id=enterprise_id),
        filters_of(asked),
        asked.limit,
        asked.offset,
        language,
        caller.rights,
        asked.list_id,
        mode="similar",
    )
    return await parts.answer(request, question)


@router.get(
    "/{enterprise_id:path}/needs",
    responses=shaped(SuitedNeeds),
    dependencies=[Depends(only(*SuitedQuery.model_fields))],
)
async def suiting_needs(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    enterprise_id: str,
    asked: Annotated[SuitedQuery, Query()],
) -> Response:
    """List the needs that an enterprise suits best, best first; officials get their zones' only."""
    shape = Shape(None if asked.reasons == "all" else asked.reasons)
    question = SuitedNeedsQuestion(enterprise_id, asked.limit, language, caller.rights, shape)
    return await parts.answer(request, question)


@router.get("/{enterprise_id:path}", responses=shaped(Profile), dependencies=[Depends(only())])
async def profile(request: Request, parts: AppParts, enterprise_id: str) -> Response:
    """Show a profile."""
    return await parts.answer(request, Lookup("enterprise", (enterprise_id,)))
