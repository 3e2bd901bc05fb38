"""Suppliers and customers of an enterprise (以商招商), ranked, with the path to each in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.industry.nodes import NAMED_FROM
from models.factors.partners import SIDES, LinkPath, Partners, TradePath, partners
from service.serving.directory import brief
from service.serving.explanation.signals import signals_shown

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.presence import Presence
    from features.space.space import FeatureSpace
    from models.storage.prepared import Prepared
    from service.serving.explanation.leads import LeadWriter
    from service.serving.interfaces import Document, Language

BOTH = "both"
UNKNOWN = {
    "zh": "该企业的主营产品与所属环节不详，无从推断上下游：请补充企业表",
    "en": "neither products nor nodes of this enterprise are known: complete its profile",
}


class PartnerWriter:
    """Finds and describes the partners of enterprises.

    Parameters
    ----------
    space : FeatureSpace
    prepared : Prepared
    presence : Presence
    writer : LeadWriter
        Provides signals and gates.
    spread : ndarray of shape (n,), or None
        The strength of the signals of each enterprise.
    """

    def __init__(
        self,
        space: FeatureSpace,
        prepared: Prepared,
        presence: Presence,
        writer: LeadWriter,
        spread: NDArray[np.float32] | None,
    ) -> None:
        self._space = space
        self._pool, self._profiles = prepared.bound.pool, prepared.profiles
        self._presence, self._signals, self._gates = presence, writer.signals, writer.gates
        self._spread = spread

    def page(
        self,
        row: int,
        side: str,
        rows: NDArray[np.intp],
        limit: int,
        offset: int,
        language: Language,
        zone_id: str | None = None,
    ) -> Document:
        """Return a page of the partners of a row among `rows`, the strongest first.

        Ties are broken by the strength of signals, then by id.
        """
        profile = self._profiles.row(row)
        products = [product["name"] for product in profile["products"] or ()]
        sides = [
            partners(self._pool, self._space, row, products, supplies=name == SIDES[0])
            for name in (SIDES if side == BOTH else (side,))
        ]
        strongest = np.max([own.strengths for own in sides], axis=0)[rows]
        known = rows[strongest > 0]
        strength = strongest[strongest > 0]
        now = np.zeros(len(known)) if self._spread is None else self._spread[known]
        order = np.lexsort((known, -now, -np.round(strength, 6)))[offset : offset + limit]
        nodes = np.nan_to_num(self._pool.nodes.fit[row])
        own = np.flatnonzero(nodes >= NAMED_FROM)
        return {
            "enterprise": brief(profile),
            "products": products,
            "nodes": [self._node(int(at), language) for at in own],
            "note": None if products or len(own) else UNKNOWN[language],
            "total": len(known),
            "limit": limit,
            "offset": offset,
            "leads": [
                self._lead(
                    profile["name"], sides, int(known[at]), offset + place, language, zone_id
                )
                for place, at in enumerate(order.tolist(), start=1)
            ],
        }

    def _lead(
        self,
        whose: str,
        sides: Sequence[Partners],
        row: int,
        rank: int,
        language: Language,
        zone_id: str | None,
    ) -> Document:
        profile = self._profiles.row(row)
        best = max(sides, key=lambda own: own.strengths[row])
        paths = [
            {"side": SIDES[0] if own.supplies else SIDES[1], **_shown(path, own, whose, language)}
            for own in sorted(sides, key=lambda own: -own.strengths[row])
            for path in own.paths(row)
        ]
        return {
            "rank": rank,
            "enterprise": brief(profile),
            "side": SIDES[0] if best.supplies else SIDES[1],
            "strength": float(best.strengths[row]),
            "paths": paths,
            "signals": signals_shown(self._signals.of(profile["enterprise_id"]), language),
            "seat": self._presence.seats(zone_id).get(row),
            "gates": self._gates.of(profile, zone_id),
        }

    def _node(self, at: int, language: Language) -> Document:
        node = self._space.chain_map.nodes[at]
        return {"node_id": node.node_id, "name": node.name_en if language == "en" else node.name}


def _shown(
    path: LinkPath | TradePath, own: Partners, whose: str, language: Language
) -> dict[str, Any]:
    """Return a path as data and in words, from the partner to the enterprise."""
    if isinstance(path, LinkPath):
        return _link_text(path, own.supplies, whose, language)
    return _trade_text(path, own.supplies, whose, language)


def _link_text(path: LinkPath, supplies: bool, whose: str, language: Language) -> dict[str, Any]:
    chinese = language == "zh"
    theirs, ours = (
        node.name if chinese else node.name_en or node.name for node in (path.theirs, path.ours)
    )
    first, last = (theirs, ours) if supplies else (ours, theirs)
    kind = "input-output" if path.by_sectors else "chain"
    if chinese:
        item = f"其产品「{path.product}」" if path.product else "该企业"
        own = f"产品「{path.own_product}」，" if path.own_product else ""
        how = "投入产出表中" if path.by_sectors else "图谱中"
        text = f"{item}属「{theirs}」；{how}「{first}」供应「{last}」，"
        text += f"「{whose}」（{own}属「{ours}」）"
    else:
        item = f"its product “{path.product}”" if path.product else "it"
        how = "in the input–output table" if path.by_sectors else "in the chain map"
        text = f"{item} is of “{theirs}”; {how} “{first}” supplies “{last}”; {whose} is of “{ours}”"
    steps = [path.product, theirs, ours, path.own_product, whose]
    return {
        "kind": kind,
        "text": text,
        "steps": [step for step in steps if step],
        "strength": path.strength,
    }


def _trade_text(path: TradePath, supplies: bool, whose: str, language: Language) -> dict[str, Any]:
    trade = path.trade
    first, last = (trade.other, trade.concept) if supplies else (trade.concept, trade.other)
    if language == "zh":
        text = (
            f"其产品「{path.item}」属「{trade.other}」；产品词表中「{first}」用于「{last}」；"
            f"「{whose}」生产「{trade.product}」"
        )
    else:
        text = (
            f"its “{path.item}” is “{trade.other}”; by the thesaurus “{first}” goes into “{last}”; "
            f"{whose} makes “{trade.product}”"
        )
    steps = [path.item, trade.other, trade.concept, trade.product, whose]
    return {
        "kind": "thesaurus",
        "text": text,
        "steps": list(dict.fromkeys(steps)),
        "strength": path.strength,
    }
