"""Leads for a need."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from features.errors import InputError
from features.need import NeedQuery
from service.access.gate import ZONE
from service.access.keys import Caller
from service.api.filter_schemas import LISTS, FilterBody
from service.api.front import LEARN
from service.api.once import OnceRoute
from service.api.replies import LeadPage, PickedLeadPage
from service.api.routes.context import AppParts, Asking, Spoken, only, shaped
from service.api.schemas import ListQuery, RecommendationBody, RecommendationQuery
from service.serving.filters import Filters
from service.serving.interfaces import Language
from service.serving.questions import KnownNeed, LeadsQuestion
from service.serving.shape import Shape

router = APIRouter(prefix="/v1/recommendations", tags=["recommendations"], route_class=OnceRoute)

_FILTERS = set(FilterBody.model_fields)
REPEATABLE = LISTS | {"fields", "facets"}


@router.get(
    "",
    responses=shaped(LeadPage | PickedLeadPage),
    dependencies=[Depends(only(*RecommendationQuery.model_fields, repeatable=REPEATABLE))],
)
async def leads_for_a_known_need(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    asked: Annotated[RecommendationQuery, Query()],
) -> Response:
    """Rank leads for a need of the workspace: `need_id`, or `zone_id` and `industry`."""
    question = question_of(asked, language, caller, asked.shape)
    if learn := request.scope.get(LEARN):
        learn(request.scope, question)
    return await parts.answer(request, question)


@router.post("", responses=shaped(LeadPage | PickedLeadPage), dependencies=[Depends(only())])
async def leads_for_a_need_in_the_body(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    asked: RecommendationBody,
) -> Response:
    """Rank leads for a need given in the body."""
    need = NeedQuery.from_row(asked.need.model_dump(exclude_none=True))
    if need.zone_id is not None:
        request.scope[ZONE] = need.zone_id
        caller.check_zone(need.zone_id, "need.zone_id")
    question = _question(need, asked, filters_of(asked.filters), language, caller, asked.shape)
    return await parts.answer(request, question)


def question_of(
    asked: ListQuery, language: Language, caller: Caller, shape: Shape
) -> LeadsQuestion:
    """Return the question of a request for a need of the workspace (InputError)."""
    _check_need(asked)
    need = KnownNeed(asked.need_id, asked.zone_id, asked.industry)
    return _question(need, asked, filters_of(asked), language, caller, shape)


def _question(
    need: KnownNeed | NeedQuery,
    page: ListQuery | RecommendationBody,
    filters: Filters,
    language: Language,
    caller: Caller,
    shape: Shape,
) -> LeadsQuestion:
    of = page.list_id
    return LeadsQuestion(need, filters, page.limit, page.offset, language, caller.rights, of, shape)


def filters_of(body: FilterBody) -> Filters:
    """Return the filters of a request."""
    return Filters(**body.model_dump(include=_FILTERS))


def _check_need(asked: ListQuery) -> None:
    by_id = asked.need_id is not None
    by_zone = (asked.zone_id is not None, asked.industry is not None)
    if by_id == any(by_zone) or any(by_zone) != all(by_zone):
        expected = "need_id alone, or zone_id and industry together"
        missing = "zone_id" if by_zone == (False, True) else "industry"
        raise InputError(
            f"a need is given by {expected}",
            field="need_id" if by_id == any(by_zone) else missing,
            got=asked.need_id,
            expected=expected,
        )
