"""Leads by missing node, by chain leader and by similar enterprise: `leads`."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import NotFoundError, UsageError
from service.commands.context import Context, echo_json
from service.commands.recommend import tell
from service.serving.engine import Engine
from service.serving.lifecycle.loading import load_engine
from service.serving.modes import GapNeed, LikeNeed, ModeQuestion, PartnersQuestion

if TYPE_CHECKING:
    from service.serving.interfaces import Document, Language

_SIDES = {"suppliers": "供应商", "customers": "客户"}


class Mode(StrEnum):
    """Modes of finding leads; by need, use `recommend`."""

    gap = "gap"
    leader = "leader"
    similar = "similar"


class Side(StrEnum):
    """Sides of a chain leader."""

    both = "both"
    suppliers = "suppliers"
    customers = "customers"


def leads(
    context: typer.Context,
    mode: Annotated[
        Mode,
        typer.Option(
            help="By missing node (补链), chain leader (以商招商), or similar enterprise."
        ),
    ],
    enterprise: Annotated[
        str | None,
        typer.Option(help="The chain leader, or the enterprise to compare with: its id or name."),
    ] = None,
    zone: Annotated[
        str | None, typer.Option(help="The zone; its enterprises are left out.")
    ] = None,
    chain: Annotated[str | None, typer.Option(help="A chain, by its id or name.")] = None,
    node: Annotated[str | None, typer.Option(help="One node of it, by its id.")] = None,
    side: Annotated[Side, typer.Option(help="Suppliers, customers, or both.")] = Side.both,
    k: Annotated[int, typer.Option("-k", min=1, max=10**9, help="Number of leads.")] = 20,
    english: Annotated[bool, typer.Option(help="Reasons in English.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the page.")] = False,
) -> None:
    """Find leads for missing nodes, around a chain leader, or similar to an enterprise."""
    own: Context = context.obj
    language: Language = "en" if english else "zh"
    if mode is Mode.gap:
        if zone is None or (chain is None and node is None):
            raise UsageError("--mode gap takes --zone, and --chain or --node", field="zone")
    elif enterprise is None:
        raise UsageError(f"--mode {mode.value} takes --enterprise", field="enterprise")
    engine = load_engine(own.workspace, own.encoder, words=own.words)
    zone_id = None if zone is None else engine.find_zone(zone)
    if mode is Mode.leader:
        id_ = _enterprise(engine, str(enterprise))
        asked = PartnersQuestion(id_, side.value, zone_id, limit=k, spoken=language)
        page = asked.answer(engine)
    else:
        need = (
            GapNeed(zone_id=zone_id, chain_id=chain, node_id=node)
            if mode is Mode.gap
            else LikeNeed(zone_id=zone_id, enterprise_id=_enterprise(engine, str(enterprise)))
        )
        page = ModeQuestion(need, limit=k, spoken=language, mode=mode.value).answer(engine)
    if as_json:
        echo_json(page)
    elif mode is Mode.leader:
        _tell_partners(page, language)
    else:
        _tell_gaps(page)
        tell(page, language)


def _enterprise(engine: Engine, text: str) -> str:
    """Return the id of the only enterprise with this id or part of a name."""
    try:
        found: str = engine.enterprise(text)["enterprise_id"]
    except NotFoundError:
        named = engine.enterprises(text, 6, 0)
        if named["total"] == 1:
            only: str = named["enterprises"][0]["enterprise_id"]
            return only
        several = ", ".join(one["name"] for one in named["enterprises"])
        raise NotFoundError(
            f"{text!r} is in several names: {several}"
            if several
            else f"{text!r} is not a known enterprise",
            field="enterprise",
            got=text,
            expected=f"one of: {several}" if several else "an id or a name of the pool",
        ) from None
    return found


def _tell_gaps(page: Document) -> None:
    if not page.get("gaps"):
        return
    wanted = set(page["looked_for"])
    named = "、".join(node["name"] for node in page["gaps"] if node["node_id"] in wanted)
    typer.echo(f"所寻环节：{named}")
    if page["note"]:
        typer.echo(page["note"])


def _tell_partners(page: Document, language: Language) -> None:
    chinese, about = language == "zh", page["enterprise"]
    typer.echo(about["name"] + (" · 以商招商" if chinese else " · suppliers and customers"))
    if page["note"]:
        typer.echo(page["note"])
    for lead in page["leads"]:
        side = _SIDES[lead["side"]] if chinese else lead["side"]
        one = lead["enterprise"]
        place = "".join(dict.fromkeys(p for p in (one["province"], one["city"]) if p))
        facts = "，".join(fact for fact in (place, side) if fact)
        typer.echo(f"{lead['rank']:>3}. {lead['strength']:.3f}  {one['name']}（{facts}）")
        for path in lead["paths"]:
            typer.echo(f"     {path['text']}")
    typer.echo(f"共 {page['total']} 家" if chinese else f"{page['total']} in all")
