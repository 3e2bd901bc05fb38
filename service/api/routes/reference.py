"""Zones, needs and chains."""

from fastapi import APIRouter, Depends, Response

from service.api.replies import Chain, Chains, Needs, Zones, ZoneWithNeeds
from service.api.routes.context import Context, only, shaped

router = APIRouter(prefix="/v1", tags=["reference data"], dependencies=[Depends(only())])


@router.get("/zones", responses=shaped(Zones))
async def zones(parts: Context) -> Response:
    """List the zones."""
    return await parts.answer("zones", lambda engine: {"zones": engine.zones()})


@router.get("/zones/{zone_id:path}", responses=shaped(ZoneWithNeeds))
async def zone(parts: Context, zone_id: str) -> Response:
    """Show a zone with its needs."""
    return await parts.answer("zone", lambda engine: engine.zone(zone_id), zone_id=zone_id)


@router.get("/needs", responses=shaped(Needs))
async def needs(parts: Context) -> Response:
    """List the needs."""
    return await parts.answer("needs", lambda engine: {"needs": engine.needs()})


@router.get("/chains", responses=shaped(Chains))
async def chains(parts: Context) -> Response:
    """List the industry chains."""
    return await parts.answer("chains", lambda engine: {"chains": engine.chains()})


@router.get("/chains/{chain_id:path}", responses=shaped(Chain))
async def chain(parts: Context, chain_id: str) -> Response:
    """Show a chain with its nodes and supply edges."""
    return await parts.answer("chain", lambda engine: engine.chain(chain_id), chain_id=chain_id)
