"""Questions of the pages to the engine, on behalf of the signed-in user; the same as in the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ValidationError

from features.errors import InputError, NotFoundError
from features.need import NeedQuery
from features.places import regions_of
from service.access.gate import ZONE
from service.api.filter_schemas import LISTS
from service.api.problems import of_validation
from service.api.routes.recommendations import filters_of
from service.console.questions import CandidatesQuestion, FacetsQuestion, ProductsQuestion
from service.serving.questions import KnownNeed, LeadsQuestion, Lookup

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.datastructures import QueryParams

    from service.api.filter_schemas import FilterBody
    from service.api.schemas import (
        PageQuery,
        RecommendationBody,
        RecommendationQuery,
    )
    from service.console.frame import Fetched, Frame
    from service.serving.filters import Facet, Filters
    from service.serving.interfaces import Document

_Model = TypeVar("_Model", bound=BaseModel)
LISTED = 20
"""Leads on a page."""
COUNTED = 200
"""Number of first leads that the counts of filters and the map cover."""
FACETS: tuple[Facet, ...] = ("node", "province", "region", "stage", "tag")
"""Filters of the list that have counts."""


def parameters(given: QueryParams, model: type[BaseModel]) -> dict[str, Any]:
    """Return the values for the fields of a model, without blank ones."""
    found: dict[str, Any] = {}
    for name, value in given.multi_items():
        if name not in model.model_fields or not value.strip():
            continue
        if name in LISTS:
            found.setdefault(name, []).append(value)
        else:
            found[name] = value
    return found


def checked(model: type[_Model], values: Mapping[str, Any]) -> _Model:
    """Return a model from the values of a request.

    Raises
    ------
    InputError
        With the first wrong field.
    """
    try:
        return model.model_validate(values)
    except ValidationError as error:
        problem: dict[str, Any] = of_validation(error.errors()).document
        first = problem["errors"][0]
        raise InputError(
            problem["detail"], field=first["field"], got=first["got"], expected=first["expected"]
        ) from None


async def needs_of(frame: Frame) -> list[Document]:
    """Return the needs of the zones visible to the caller, those without a zone last."""
    return needs_seen(frame, await frame.fetch(Lookup("needs")))


def needs_seen(frame: Frame, needs: Fetched) -> list[Document]:
    """Return the visible ones among all needs, those without a zone last."""
    found = needs.document["needs"]
    seen = [n for n in found if frame.caller.sees((n["zone"] or {}).get("zone_id"))]
    return sorted(seen, key=lambda need: need["zone"] is None)


async def zones_of(frame: Frame) -> list[Document]:
    """Return the zones visible to the caller."""
    return zones_seen(frame, await frame.fetch(Lookup("zones")))


def zones_seen(frame: Frame, zones: Fetched) -> list[Document]:
    """Return the visible ones among all zones."""
    return [zone for zone in zones.document["zones"] if frame.caller.sees(zone["zone_id"])]


def chosen(needs: list[Document], given: QueryParams) -> Document | None:
    """Return the need of a page: the requested one, else the first of the zone, else the first.

    Raises
    ------
    NotFoundError
        For an unknown need or zone.
    """
    need_id, zone_id = given.get("need_id", ""), given.get("zone_id", "")
    found = [
        need
        for need in needs
        if (not need_id or need["need_id"] == need_id)
        and (not zone_id or (need["zone"] or {}).get("zone_id") == zone_id)
    ]
    if not found and zone_id and need_id:
        # Another zone was chosen on a page about a need of the previous one.
        found = [need for need in needs if (need["zone"] or {}).get("zone_id") == zone_id]
    if not found and (need_id or zone_id):
        field = "need_id" if need_id else "zone_id"
        got = need_id or zone_id
        raise NotFoundError(f"unknown {field} {got!r}", field=field, got=got)
    leading = [need for need in found if need["role"] == "leading"]
    return next(iter(leading or found), None)


async def leads(frame: Frame, asked: RecommendationQuery) -> Fetched:
    """Return a page of leads for a known need."""
    return await _page(frame, KnownNeed(asked.need_id), asked, asked)


async def given_leads(frame: Frame, asked: RecommendationBody) -> Fetched:
    """Return a page of leads for a need stated by the caller."""
    need = NeedQuery.from_row(asked.need.model_dump(exclude_none=True))
    if need.zone_id is not None:
        frame.request.scope[ZONE] = need.zone_id
        frame.caller.check_zone(need.zone_id, "zone_id")
    return await _page(frame, need, asked, asked.filters)


async def _page(
    frame: Frame, need: KnownNeed | NeedQuery, page: PageQuery, filters: FilterBody
) -> Fetched:
    rights = frame.caller.rights
    return await frame.fetch(
        LeadsQuestion(need, filters_of(filters), page.limit, page.offset, frame.language, rights)
    )


async def with_products(frame: Frame, page: Fetched) -> Document:
    """Return a page of leads with the products of each enterprise."""
    found = page.document
    ids = tuple(lead["enterprise"]["enterprise_id"] for lead in found["leads"])
    made = await frame.answer(ProductsQuestion(ids))
    for lead in found["leads"]:
        lead["products"] = made[lead["enterprise"]["enterprise_id"]]
    return found


async def profile(frame: Frame, enterprise_id: str) -> Document:
    """Return the profile of an enterprise (NotFoundError)."""
    return await frame.answer(Lookup("enterprise", (enterprise_id,)))


async def facets(frame: Frame, need_id: str, asked: FilterBody) -> Fetched:
    """Return the number of first leads for a known need by value of each filter."""
    filters, rights = filters_of(asked), frame.caller.rights
    return await frame.fetch(
        FacetsQuestion(need_id, filters, FACETS, COUNTED, frame.language, rights)
    )


async def candidates(frame: Frame, need_id: str, filters: Filters, limit: int = COUNTED) -> Fetched:
    """Return summaries of the first leads for a known need, with locations."""
    return await frame.fetch(CandidatesQuestion(need_id, filters, limit, frame.caller.rights))


def with_regions(candidates: Fetched) -> list[Document]:
    """Return candidates with the target regions of each."""
    return [
        {**row, "regions": regions_of(row["province"], row["city"])}
        for row in candidates.document["candidates"]
    ]


def fields(form: Mapping[str, str], names: Sequence[str]) -> dict[str, Any]:
    """Return the non-empty ones among some fields of a form."""
    return {name: form[name] for name in names if form.get(name)}
