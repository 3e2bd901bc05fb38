"""Liveness, readiness and metrics."""

import orjson
from fastapi import APIRouter, Response

from service.api.once import OnceRoute
from service.api.operation_replies import Alive, Ready
from service.api.routes.context import AppParts, shaped
from service.serving.lifecycle.following import store_state

router = APIRouter(tags=["health"], route_class=OnceRoute)

_AILING = {"down", "full", "read-only", "refusing"}


def _json(document: dict[str, object]) -> Response:
    return Response(orjson.dumps(document), media_type="application/json")


@router.get("/health/live", responses=shaped(Alive))
async def live() -> Response:
    """Report that the process is alive; it should be restarted when this fails."""
    return _json({"status": "alive"})


@router.get("/health/ready", responses=shaped(Ready))
async def ready(parts: AppParts) -> Response:
    """Report whether a model and tables are loaded; 503 while they are not.

    `degraded` names components that fail while leads are still served. Without the cache answers
    are slower; without the database the last known keys stay valid and events are refused (503); if
    a model could not be loaded, the previous one stays in service, and `trouble` says why; without
    the language model only the thesaurus is used; without the store no newer release comes; without
    a shard, lists are partial.
    """
    answers = parts.answers
    engine = await answers.engine()
    cache, database = await answers.remote.check(), parts.ledger.state
    trouble = await answers.look_up(answers.source.trouble)
    words = answers.words.state if answers.words else "none"
    store, shards = store_state(parts.home), engine.shards()
    bad = {
        "cache": cache in _AILING,
        "database": database in _AILING,
        "model": bool(trouble),
        "language_model": words in _AILING,
        "store": store in _AILING,
        "shards": bool(shards and shards["unavailable"]),
    }
    return _json(
        {
            "status": "ready",
            "model_version": engine.model_version,
            "pool_version": engine.pool_version,
            "pool_date": engine.pool_date,
            "cache": cache,
            "database": database,
            "trouble": trouble,
            "language_model": words,
            "store": store,
            "shards": shards,
            "degraded": [name for name, is_bad in bad.items() if is_bad],
        }
    )


@router.get("/metrics", response_class=Response)
async def metrics(parts: AppParts) -> Response:
    """Metrics in the text format of Prometheus."""
    text = parts.telemetry.text(parts.answers.source, parts.answers.remote)
    return Response(text, headers={"Content-Type": parts.telemetry.content_type})
