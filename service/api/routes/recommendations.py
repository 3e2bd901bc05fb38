"""Leads for a need."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response

from features.errors import InputError
from features.need import NeedQuery
from service.access.keys import Caller
from service.api.replies import LeadPage
from service.api.routes.context import Asking, Context, Spoken, only, shaped
from service.api.schemas import FilterBody, RecommendationBody, RecommendationQuery
from service.cache.answers import Question, question
from service.cache.lists import ListId
from service.serving.filters import Filters
from service.serving.interfaces import Document, Engine, Language
from service.serving.reasons import without_deals

router = APIRouter(prefix="/v1/recommendations", tags=["recommendations"])

_FILTERS = set(FilterBody.model_fields)
_REPEATABLE = _FILTERS - {"min_capital", "max_age"}


@router.get(
    "",
    responses=shaped(LeadPage),
    dependencies=[Depends(only(*RecommendationQuery.model_fields, repeatable=_REPEATABLE))],
)
async def leads_for_a_known_need(
    request: Request,
    parts: Context,
    caller: Asking,
    language: Spoken,
    asked: Annotated[RecommendationQuery, Query()],
) -> Response:
    """Rank leads for a need of the workspace: `need_id`, or `zone_id` and `industry`."""
    put = for_known_need(caller, asked, language)
    if learn := request.scope.get("lianzhao.learn"):
        learn(request.scope, put)
    return await parts.answers.respond(put)


@router.post("", responses=shaped(LeadPage), dependencies=[Depends(only())])
async def leads_for_a_need_in_the_body(
    parts: Context, caller: Asking, language: Spoken, asked: RecommendationBody
) -> Response:
    """Rank leads for a need that the workspace does not have to know."""
    filters = _filters(asked.filters)
    given = asked.need.model_dump(exclude_defaults=True)
    need = NeedQuery.from_row(given)
    if need.zone_id is not None:
        caller.check_zone(need.zone_id, "need.zone_id")

    its = list_asked("recommend-given", given, filters, language)

    def work(engine: Engine) -> Document:
        page = engine.recommend(need, filters, asked.limit, asked.offset, language)
        return _seen_by(caller, named(page, engine, its))

    put = question(
        "recommend-given",
        _arguments(given, filters, asked),
        work,
        language,
        caller.scope,
        ListId.parse(asked.list_id, its) if asked.list_id else None,
    )
    return await parts.answers.respond(put)


def for_known_need(caller: Caller, asked: RecommendationQuery, language: Language) -> Question:
    """Return the question for leads for a need of the workspace, on behalf of a caller."""
    _check_need(asked)
    filters = _filters(asked)
    need = asked.model_dump(include={"need_id", "zone_id", "industry"}, exclude_none=True)
    its = list_asked("recommend", need, filters, language)

    def work(engine: Engine) -> Document:
        if asked.need_id is not None:
            known = engine.need(asked.need_id)
        else:
            known = engine.need_of(asked.zone_id or "", asked.industry or "")
        caller.check_zone(known.zone_id, "need_id" if asked.need_id else "zone_id")
        page = engine.recommend(known, filters, asked.limit, asked.offset, language)
        return _seen_by(caller, named(page, engine, its))

    of = ListId.parse(asked.list_id, its) if asked.list_id else None
    arguments = _arguments(need, filters, asked)
    return question("recommend", arguments, work, language, caller.scope, of)


def named(page: Document, engine: Engine, its: bytes) -> Document:
    """Return a page with the id of its list behind the need."""
    return {"need": page["need"], "list_id": str(ListId.of(engine, its)), **page}


def list_asked(call: str, need: dict[str, Any], filters: Filters, language: Language) -> bytes:
    """Return what a list answers, whichever page of it."""
    asked = [call, need, filters.canonical(), language]
    return orjson.dumps(asked, option=orjson.OPT_SORT_KEYS)


def _seen_by(caller: Caller, page: Document) -> Document:
    if caller.zones is not None:
        without_deals(page["leads"])
    return page


def _filters(body: FilterBody) -> Filters:
    return Filters(**body.model_dump(include=_FILTERS))


def _arguments(
    need: dict[str, Any], filters: Filters, asked: RecommendationQuery | RecommendationBody
) -> dict[str, Any]:
    return {
        "need": need,
        "filters": filters.canonical(),
        "limit": asked.limit,
        "offset": asked.offset,
    }


def _check_need(asked: RecommendationQuery) -> None:
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
