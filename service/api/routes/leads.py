"""Leads by need, by missing node, by chain leader and by similar enterprise, on one route."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from features.errors import InputError
from service.api.lead_replies import LeadsByMode
from service.api.lead_schemas import ModeQuery
from service.api.once import OnceRoute
from service.api.routes.context import AppParts, Asking, Spoken, only, shaped
from service.api.routes.recommendations import REPEATABLE, filters_of
from service.serving.modes import GapNeed, LikeNeed, ModeQuestion, PartnersQuestion
from service.serving.partners import BOTH
from service.serving.questions import KnownNeed, Question

router = APIRouter(prefix="/v1/leads", tags=["recommendations"], route_class=OnceRoute)

_OF_A_MODE = {
    "need": {"need_id", "zone_id", "industry", "list_id"},
    "gap": {"zone_id", "chain_id", "node_id", "list_id"},
    "leader": {"enterprise_id", "side", "zone_id", "list_id"},
    "similar": {"enterprise_id", "zone_id", "list_id"},
}
_GIVEN_BY = {
    "need": "need_id alone, or zone_id and industry together",
    "gap": "zone_id, and chain_id or node_id",
    "leader": "enterprise_id",
    "similar": "enterprise_id",
}
_ASKED = {name for names in _OF_A_MODE.values() for name in names}


@router.get(
    "",
    responses=shaped(LeadsByMode),
    dependencies=[Depends(only(*ModeQuery.model_fields, repeatable=REPEATABLE))],
)
async def leads_by_mode(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    asked: Annotated[ModeQuery, Query()],
) -> Response:
    """Find leads by one of four modes.

    `need`: as /v1/recommendations. `gap` (补链): for the nodes of a chain that a zone lacks.
    `leader` (以商招商): likely suppliers and customers of an enterprise, each with the path to it
    in words. `similar`: enterprises with similar products.
    """
    _check(asked)
    if asked.zone_id is not None:
        caller.check_zone(asked.zone_id, "zone_id")
    filters, rights = filters_of(asked), caller.rights
    question: Question
    if asked.mode == "leader":
        question = PartnersQuestion(
            asked.enterprise_id or "",
            asked.side or BOTH,
            asked.zone_id,
            filters,
            asked.limit,
            asked.offset,
            language,
            rights,
            asked.list_id,
        )
    else:
        question = ModeQuestion(
            _need(asked),
            filters,
            asked.limit,
            asked.offset,
            language,
            rights,
            asked.list_id,
            mode=asked.mode,
        )
    return await parts.answer(request, question)


def _need(asked: ModeQuery) -> KnownNeed:
    if asked.mode == "gap":
        return GapNeed(zone_id=asked.zone_id, chain_id=asked.chain_id, node_id=asked.node_id)
    if asked.mode == "similar":
        return LikeNeed(zone_id=asked.zone_id, enterprise_id=asked.enterprise_id or "")
    return KnownNeed(asked.need_id, asked.zone_id, asked.industry)


def _check(asked: ModeQuery) -> None:
    """Check the parameters of a mode, superfluous and missing ones (InputError)."""
    given = {name for name in _ASKED if getattr(asked, name) is not None}
    expected = _GIVEN_BY[asked.mode]
    for name in sorted(given - _OF_A_MODE[asked.mode]):
        raise InputError(
            f"{name} does not go with mode={asked.mode}, which takes {expected}",
            field=name,
            got=getattr(asked, name),
            expected=expected,
        )
    complete = {
        "need": ("need_id" in given and not given & {"zone_id", "industry"})
        or ("need_id" not in given and {"zone_id", "industry"} <= given),
        "gap": "zone_id" in given and bool(given & {"chain_id", "node_id"}),
        "leader": "enterprise_id" in given,
        "similar": "enterprise_id" in given,
    }
    if not complete[asked.mode]:
        missing = expected.partition(",")[0].partition(" ")[0]
        raise InputError(
            f"mode={asked.mode} is given by {expected}",
            field=missing if missing not in given else "mode",
            got=asked.mode,
            expected=expected,
        )
