"""The audit log."""

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
    """List entries of the audit log, newest first; reads appear within a second.

    Refused requests (method `refused`, their code as the route) are counted per minute, and appear
    when it is over: by key, or without a known key by source, a pseudonym of an address that each
    worker generates at its start. Without any key in the workspace, reads and refusals are only
    counted in the metrics.
    """
    log = parts.ledger.audit
    page = await parts.ledger.read(lambda: log.page(asked.limit, asked.offset), caller)
    return answered(page)
