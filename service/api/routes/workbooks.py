"""Printable lists as workbooks, for one need or up to a hundred."""

from typing import TYPE_CHECKING, Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from features import calendar
from features.errors import NotFoundError
from service.api.filter_schemas import LISTS
from service.api.once import OnceRoute
from service.api.routes.context import AppParts, Asking, Spoken, only
from service.api.routes.recommendations import question_of
from service.api.schemas import ListQuery
from service.cache.answer import AnswerResponse
from service.serving.filters import Filters
from service.serving.questions import KnownNeed, LeadsQuestion
from service.serving.shape import Shape
from service.serving.take_along import take_along

if TYPE_CHECKING:
    from service.serving.interfaces import Document, Engine

router = APIRouter(prefix="/v1", tags=["recommendations"], route_class=OnceRoute)

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_MOST = 100
_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A workbook with a cover, one sheet per need, and how it is made.",
        "content": {_XLSX: {"schema": {"type": "string", "format": "binary"}}},
    }
}


class Trip(BaseModel):
    """The needs of a list."""

    model_config = ConfigDict(extra="forbid")

    need_ids: list[str] = Field(min_length=1, max_length=_MOST)
    limit: int = Field(50, ge=1, le=200, description="Leads a need.")


@router.get(
    "/recommendations.xlsx",
    responses=_FILE,
    response_class=Response,
    dependencies=[Depends(only(*ListQuery.model_fields, repeatable=LISTS))],
)
async def list_for_a_known_need(
    request: Request,
    parts: AppParts,
    caller: Asking,
    language: Spoken,
    asked: Annotated[ListQuery, Query()],
) -> Response:
    """Return the leads for a need as a printable workbook."""
    return await _workbook(request, parts, [question_of(asked, language, caller, Shape())])


@router.post(
    "/recommendations.xlsx",
    responses=_FILE,
    response_class=Response,
    dependencies=[Depends(only())],
)
async def list_for_many_needs(
    request: Request, parts: AppParts, caller: Asking, language: Spoken, asked: Trip
) -> Response:
    """Return the leads for up to 100 needs of the workspace as a workbook, one sheet per need."""
    questions = [
        LeadsQuestion(KnownNeed(id_), Filters(), asked.limit, 0, language, caller.rights)
        for id_ in dict.fromkeys(asked.need_ids)
    ]
    return await _workbook(request, parts, questions)


async def _workbook(request: Request, parts: AppParts, questions: list[LeadsQuestion]) -> Response:
    """Answer the questions, and write the workbook."""
    pages: list[Document] = []
    for asked in questions:
        answer = await parts.answer(request, asked)
        if not isinstance(answer, AnswerResponse):
            return answer
        pages.append(orjson.loads(answer.answer.body))
    engine = await parts.answers.engine()
    day = calendar.today()
    content = await parts.answers.look_up(
        lambda: take_along(pages, lambda id_: _profile(engine, id_), day=day)
    )
    return Response(
        content,
        media_type=_XLSX,
        headers={
            "content-disposition": 'attachment; filename="leads.xlsx"',
            "cache-control": "private, no-cache",
            "x-model-version": pages[0]["model_version"],
        },
    )


def _profile(engine: "Engine", enterprise_id: str) -> "Document":
    """Return the profile of an enterprise; empty if it was removed since the page was made."""
    try:
        return engine.enterprise(enterprise_id)
    except NotFoundError:
        return {}
