"""Zones, needs and chains."""

from fastapi import APIRouter, Depends, Request, Response

from service.api.replies import Chain, Chains, Needs, Zones, ZoneWithNeeds
from service.api.routes.context import Context, only, shaped
from service.serving.questions import Lookup

router = APIRouter(prefix="/v1", tags=["reference data"], dependencies=[Depends(only())])


@router.get("/zones", responses=shaped(Zones))
async def zones(request: Request, parts: Context) -> Response:
    """List the zones."""
    return await parts.answer(request, Lookup("zones"))


@router.get("/zones/{zone_id:path}", responses=shaped(ZoneWithNeeds))
async def zone(request: Request, parts: Context, zone_id: str) -> Response:
    """Show a zone with its needs."""
    return await parts.answer(request, Lookup("zone", (zone_id,)))


@router.get("/needs", responses=shaped(Needs))
async def needs(request: Request, parts: Context) -> Response:
    """List the needs."""
    return await parts.answer(request, Lookup("needs"))


@router.get("/chains", responses=shaped(Chains))
async def chains(request: Request, parts: Context) -> Response:
    """List the industry chains."""
    return await parts.answer(request, Lookup("chains"))


@router.get("/chains/{chain_id:path}", responses=shaped(Chain))
async def chain(request: Request, parts: Context, chain_id: str) -> Response:
    """Show a chain with its nodes and supply edges."""
    return await parts.answer(request, Lookup("chain", (chain_id,)))
