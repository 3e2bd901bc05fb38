"""Versions of models: which there are, which one is in service, and back again."""

import asyncio

import orjson
from fastapi import APIRouter, Depends, Request, Response

from service.access import Caller
from service.database.audit_log import Entry
from service.interfaces import LOOK_SECONDS, Document
from service.observer import REQUEST_ID
from service.replies import ActiveModel, ModelManifest, Models
from service.routes.context import Asking, Context, Parts, only, shaped

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(only())])


def _json(document: Document) -> Response:
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("", responses=shaped(Models))
async def versions(parts: Context) -> Response:
    """List the versions, and which of them is active."""
    models = parts.models
    return _json(
        await parts.answers.run(lambda: {"active": models.active(), "models": models.list()})
    )


@router.post("/rollback", responses=shaped(ActiveModel))
async def rollback(request: Request, parts: Context, caller: Asking) -> Response:
    """Put the version that was active before in service again."""
    version = await asyncio.to_thread(parts.models.rollback)
    await _note(request, parts, caller, version)
    return await _active(parts)


@router.post("/{version}/activate", responses=shaped(ActiveModel))
async def activate(request: Request, parts: Context, caller: Asking, version: str) -> Response:
    """Put a version in service, without a restart."""
    await asyncio.to_thread(parts.models.activate, version)
    await _note(request, parts, caller, version)
    return await _active(parts)


@router.get("/{version}", responses=shaped(ModelManifest))
async def manifest(parts: Context, version: str) -> Response:
    """Show what is known of a version."""
    return _json(await parts.answers.run(lambda: parts.models.show(version)))


async def _note(request: Request, parts: Parts, caller: Caller, version: str) -> None:
    """Write into the audit log who changed the version, before the answer goes out.

    Until then every worker has looked at the workspace again, so that whoever asks after this
    answer is not answered by the version before.
    """
    await asyncio.sleep(2 * LOOK_SECONDS)
    route = request.scope["route"].path_format
    entry = Entry(
        caller.key_id,
        caller.role,
        request.method,
        route,
        version,
        200,
        request.scope.get(REQUEST_ID),
    )
    await parts.ledger.run(lambda: parts.ledger.audit.add({entry: 1}))


async def _active(parts: Parts) -> Response:
    return _json({"active": await parts.answers.run(parts.models.active)})
