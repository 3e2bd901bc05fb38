"""Zones, needs and chains."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from service.api.once import OnceRoute
from service.api.reference_replies import Chain, Chains, Needs, Zones, ZoneWithNeeds
from service.api.routes.context import AppParts, only, shaped
from service.serving.questions import Lookup

router = APIRouter(prefix="/v1", tags=["reference data"], route_class=OnceRoute)

_NOTHING = [Depends(only())]
"""A query without parameters."""


@router.get("/zones", responses=shaped(Zones), dependencies=[Depends(only("q"))])
async def zones(
    request: Request,
    parts: AppParts,
    q: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="Id, name or abbreviation of a zone."),
    ] = None,
) -> Response:
    """List the zones, or those that match `q`: a name, a part of it, an abbreviation."""
    return await parts.answer(request, Lookup("zones", () if q is None else (q,)))


@router.get("/zones/{zone_id:path}", responses=shaped(ZoneWithNeeds), dependencies=_NOTHING)
async def zone(request: Request, parts: AppParts, zone_id: str) -> Response:
    """Show a zone with its needs."""
    return await parts.answer(request, Lookup("zone", (zone_id,)))


@router.get("/needs", responses=shaped(Needs), dependencies=[Depends(only("zone_id"))])
async def needs(
    request: Request,
    parts: AppParts,
    zone_id: Annotated[
        str | None,
        Query(min_length=1, max_length=200, description="The zone, by its id or its name."),
    ] = None,
) -> Response:
    """List the needs, or those of one zone."""
    return await parts.answer(request, Lookup("needs", () if zone_id is None else (zone_id,)))


@router.get("/chains", responses=shaped(Chains), dependencies=_NOTHING)
async def chains(request: Request, parts: AppParts) -> Response:
    """List the industry chains."""
    return await parts.answer(request, Lookup("chains"))


@router.get("/chains/{chain_id:path}", responses=shaped(Chain), dependencies=_NOTHING)
async def chain(request: Request, parts: AppParts, chain_id: str) -> Response:
    """Show a chain with its nodes and supply edges."""
    return await parts.answer(request, Lookup("chain", (chain_id,)))
