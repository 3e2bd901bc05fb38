"""Versions of models: list, activate, roll back."""

import asyncio
import logging
from collections.abc import Callable
from functools import partial

import orjson
from fastapi import APIRouter, Depends, Request, Response

from features.errors import LianzhaoError
from service.access.keys import Caller
from service.api.observer import REQUEST_ID
from service.api.once import OnceRoute
from service.api.operation_replies import ActiveModel, ModelManifest, Models
from service.api.routes.context import AppParts, Asking, Parts, only, shaped
from service.database.audit_log import UNDER_WAY, AuditEntry
from service.outcomes import outcome
from service.serving.interfaces import LOOK_SECONDS, Document

log = logging.getLogger(__name__)

router = APIRouter(
    prefix="/v1/models", tags=["models"], dependencies=[Depends(only())], route_class=OnceRoute
)


def _json(document: Document) -> Response:
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("", responses=shaped(Models))
async def versions(parts: AppParts) -> Response:
    """List the versions, and which of them is active."""
    models = parts.models
    return _json(
        await parts.answers.look_up(lambda: {"active": models.active(), "models": models.list()})
    )


@router.post("/rollback", responses=shaped(ActiveModel))
async def rollback(request: Request, parts: AppParts, caller: Asking) -> Response:
    """Activate the previously active version."""
    return await switched(request, parts, caller, None, parts.models.rollback)


@router.post("/{version}/activate", responses=shaped(ActiveModel))
async def activate(request: Request, parts: AppParts, caller: Asking, version: str) -> Response:
    """Activate a version, without a restart."""
    switch = partial(parts.models.activate, version)
    return await switched(request, parts, caller, version, switch)


@router.get("/{version}", responses=shaped(ModelManifest))
async def manifest(parts: AppParts, version: str) -> Response:
    """Show a version with its manifest."""
    return _json(await parts.answers.look_up(lambda: parts.models.show(version)))


async def switched(
    request: Request,
    parts: Parts,
    caller: Caller,
    target: str | None,
    switch: Callable[[], str],
) -> Response:
    """Switch the version; the audit log is written first, so that no switch is missing there."""
    audit = parts.ledger.audit
    entry = AuditEntry(
        caller.key_id,
        caller.role,
        request.method,
        request.scope["route"].path_format,
        target,
        UNDER_WAY,
        request.scope.get(REQUEST_ID),
    )
    number = await parts.ledger.write(partial(audit.begin, entry), caller)
    status = UNDER_WAY
    try:
        # Not in the threads that compute answers, since it waits for other processes.
        target = await asyncio.to_thread(switch)
        # By then every worker has checked the workspace again, so that no request after this
        # response is answered by the previous version.
        await asyncio.sleep(2 * LOOK_SECONDS)
        status = 200
    except LianzhaoError as error:
        status = outcome(error).status
        raise
    finally:
        try:
            await parts.ledger.write(partial(audit.end, number, status, target), caller)
        except LianzhaoError as error:
            log.warning("the result of %s is missing in the audit log: %s", number, error)
    return _json({"active": target})
