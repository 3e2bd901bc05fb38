"""The audit log: who asked for and changed what."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service.api.once import OnceRoute
from service.api.operation_replies import AuditPage
from service.api.routes.changes import answered
from service.api.routes.context import AppParts, Asking, only, shaped
from service.api.schemas import PageQuery

router = APIRouter(prefix="/v1/audit", tags=["audit"], route_class=OnceRoute)


@router.get("", responses=shaped(AuditPage), dependencies=[Depends(only(*PageQuery.model_fields))])
async def audit(parts: AppParts, caller: Asking, asked: Annotated[PageQuery, Query()]) -> Response:
    """List who asked for and changed what, newest first; reads appear within a second.

    Refused requests (method `refused`, their code as the route) are counted by minute, and appear
    when it is over: for the key, or where none is known for a source, which is no address but a
    name for one that each worker makes at its start. While a workspace has no key, there is nobody
    to name: then reads and refusals are counted in the metrics alone.
    """
    log = parts.ledger.audit
    page = await parts.ledger.read(lambda: log.page(asked.limit, asked.offset), caller)
    return answered(page)
