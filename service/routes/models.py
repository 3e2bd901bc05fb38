"""Versions of models: which there are, which one is in service, and back again."""

import orjson
from fastapi import APIRouter, Depends, Response

from service.interfaces import Document
from service.routes.context import Context, Parts, only

router = APIRouter(prefix="/v1/models", tags=["models"], dependencies=[Depends(only())])


def _json(document: Document) -> Response:
    body = orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-store"})


@router.get("")
async def versions(parts: Context) -> Response:
    """List the versions, and which of them is active."""
    models = parts.models
    return _json(
        await parts.answers.run(lambda: {"active": models.active(), "models": models.list()})
    )


@router.post("/rollback")
async def rollback(parts: Context) -> Response:
    """Put the version that was active before in service again."""
    await parts.answers.run(parts.models.rollback)
    return await _active(parts)


@router.post("/{version}/activate")
async def activate(parts: Context, version: str) -> Response:
    """Put a version in service, without a restart."""
    await parts.answers.run(lambda: parts.models.activate(version))
    return await _active(parts)


@router.get("/{version}")
async def manifest(parts: Context, version: str) -> Response:
    """Show what is known of a version."""
    return _json(await parts.answers.run(lambda: parts.models.show(version)))


async def _active(parts: Parts) -> Response:
    return _json({"active": await parts.answers.run(parts.models.active)})
