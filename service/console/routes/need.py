"""A need stated by the user: its text, its interpretation, which can be edited, and its leads."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from features.errors import InputError
from service.api.schemas import RecommendationBody
from service.console import asking
from service.console.frame import Frame, Framed
from service.serving.interfaces import Document
from service.serving.questions import Lookup

router = APIRouter(prefix="/console", include_in_schema=False)

_SEPARATORS = ";；、,，\n"
_BETWEEN = "|"
"""Separates a word from its weight in a form."""


@router.get("/need")
async def own_need(frame: Framed) -> Response:
    """Show a form for a need, its interpretation, and its leads."""
    given = frame.request.query_params
    text = given.get("text", "").strip()
    zones = await frame.fetch(Lookup("zones"))
    about: dict[str, Any] = {
        "zones": asking.zones_seen(frame, zones),
        "text": text,
        "zone_id": given.get("zone_id", ""),
        "page": None,
        "problem": None,
    }
    if not text:
        return frame.page("need.html", **about)
    asked = body_of(frame.request)
    try:
        page = await asking.given_leads(frame, asked)
    except InputError as error:  # such as words that no profile has
        return frame.page("need.html", 422, **{**about, "problem": error})

    async def values() -> dict[str, Any]:
        return about | {
            "page": await asking.with_products(frame, page),
            "query": query_for(frame),
            "edited": bool(words_of(frame.request)),
            "nodes": await _named(frame, asked.need.nodes),
        }

    return await frame.kept_page("need.html", (zones, page), values)


def body_of(request: Request) -> RecommendationBody:
    """Return the need: the text, and the words that were chosen for it."""
    given = request.query_params
    need: dict[str, Any] = {"industry": given.get("text", "").strip()}
    if zone_id := given.get("zone_id", "").strip():
        need["zone_id"] = zone_id
    if nodes := given.getlist("node"):
        need["nodes"] = nodes
    if words := words_of(request):
        need["words"] = [{"word": word, "weight": weight} for word, weight in words]
    filters = {
        name: found for name in ("region", "province", "include") if (found := given.getlist(name))
    }
    offset = given.get("offset") or 0
    return asking.checked(
        RecommendationBody,
        {"need": need, "filters": filters, "limit": asking.LISTED, "offset": _whole(offset)},
    )


def words_of(request: Request) -> list[tuple[str, float]]:
    """Return the selected words with their weights, and the added ones."""
    given = request.query_params
    added = given.get("more", "")
    for separator in _SEPARATORS:
        added = added.replace(separator, "\n")
    words: dict[str, float] = {}
    for text in given.getlist("word"):
        word, _, weight = text.rpartition(_BETWEEN)
        try:
            words[word or text] = float(weight) if word else 1.0
        except ValueError:
            words[text] = 1.0
    for word in added.splitlines():
        if word.strip():
            words.setdefault(word.strip(), 1.0)
    return list(words.items())


def query_for(frame: Frame) -> dict[str, Any]:
    """Return the parameters that request the page again."""
    given = frame.request.query_params
    return {
        name: given.getlist(name)
        for name in ("text", "zone_id", "node", "word", "more", "region", "province", "include")
    }


def _whole(text: object) -> object:
    return int(text) if isinstance(text, str) and text.isdigit() else text


async def _named(frame: Frame, node_ids: list[str]) -> list[Document]:
    engine = await frame.parts.answers.engine()
    found = []
    for id_ in node_ids:
        chain = engine.chain(id_.partition("/")[0]) if "/" in id_ else {"nodes": []}
        name = next((n["name"] for n in chain["nodes"] if n["node_id"] == id_), id_)
        found.append({"node_id": id_, "name": name})
    return found
