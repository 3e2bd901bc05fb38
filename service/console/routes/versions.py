"""Versions of the model: list, comparison, and which one is in service."""

from functools import partial
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from service.api.routes.models import switched
from service.console.frame import Form, Framed

router = APIRouter(prefix="/console", include_in_schema=False)


@router.get("/versions")
async def versions(frame: Framed) -> Response:
    """List the versions with their figures, and compare two of them."""
    models = frame.parts.models
    found = await frame.look_up(models.list)
    wanted = frame.request.query_params.getlist("version")
    compared = [await frame.look_up(partial(models.show, v)) for v in wanted[:2]]
    return frame.page(
        "versions.html",
        versions=found,
        active=await frame.look_up(models.active),
        compared=compared,
        figures=[figures(manifest.get("metrics")) for manifest in compared],
        figures_of={one["version"]: figures(one["metrics"]) for one in found},
    )


@router.post("/versions/activate")
async def activate(request: Request, frame: Framed, form: Form) -> Response:
    """Put a version in service."""
    version = form.get("version", "")
    switch = partial(frame.parts.models.activate, version)
    await switched(request, frame.parts, frame.caller, version, switch)
    return frame.back("/versions")


@router.post("/versions/rollback")
async def rollback(request: Request, frame: Framed, form: Form) -> Response:  # noqa: ARG001
    """Put the previous version back in service."""
    await switched(request, frame.parts, frame.caller, None, frame.parts.models.rollback)
    return frame.back("/versions")


@router.get("/quality")
async def quality(frame: Framed) -> Response:
    """Describe the quality of the version in service on held-out data."""
    models = frame.parts.models
    active = await frame.look_up(models.active)
    manifest = await frame.look_up(partial(models.show, active)) if active else None
    return frame.page(
        "quality.html",
        manifest=manifest,
        figures=figures(manifest.get("metrics")) if manifest else [],
    )


def figures(metrics: Any) -> list[dict[str, Any]]:
    """Return the figures of a version as flat records.

    Returns
    -------
    list of dict
        `protocol`, `ranker`, `name`, `mean`, `low`, `high`, `needs`; figures without a mean are
        omitted.
    """
    return [
        {
            "protocol": protocol,
            "ranker": ranker,
            "name": name,
            **{part: value.get(part) for part in ("mean", "low", "high", "needs")},
        }
        for protocol, by_ranker in (metrics or {}).items()
        if isinstance(by_ranker, dict)
        for ranker, values in by_ranker.items()
        if isinstance(values, dict)
        for name, value in values.items()
        if isinstance(value, dict) and value.get("mean") is not None
    ]
