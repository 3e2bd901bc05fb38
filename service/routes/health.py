"""Whether the service lives, whether it can answer, and its metrics."""

import orjson
from fastapi import APIRouter, Response

from service.routes.context import Context

router = APIRouter(tags=["health"])


def _json(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


@router.get("/health/live")
async def live() -> Response:
    """Tell that the process answers."""
    return _json({"status": "alive"})


@router.get("/health/ready")
async def ready(parts: Context) -> Response:
    """Tell whether a model and tables are loaded; 503 while they are not.

    Without Redis the service is slower and no less ready: then `cache` is "down". A model that
    could not be loaded leaves the one before in service: then `trouble` says why.
    """
    answers = parts.answers
    engine = await answers.engine()
    return _json(
        {
            "status": "ready",
            "model_version": engine.model_version,
            "pool_version": engine.pool_version,
            "pool_date": engine.pool_date,
            "cache": await answers.remote.check(),
            "trouble": await answers.run(answers.source.trouble),
        }
    )


@router.get("/metrics", response_class=Response)
async def metrics(parts: Context) -> Response:
    """Metrics in the text format of Prometheus."""
    text = parts.telemetry.text(parts.answers.source, parts.answers.remote)
    return Response(text, headers={"Content-Type": parts.telemetry.content_type})
