"""Why an enterprise stands where it does: every contribution in words, with its evidence."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from features.nodes import NAMED_FROM
from features.ordered import found_in
from models.blend import CONSTANT
from models.gap import Filling, filling
from models.ranker import ranked_factors
from models.supply import Link, link
from service.serving.neighbours import gap_told, link_told
from service.serving.sentences import FACTORS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.chains import ChainMap, Node
    from models.ranker import PoolRanker
    from service.serving.interfaces import Language

_LATIN = re.compile(r"[A-Za-z]")
_LATIN_WORD = re.compile(r"[A-Za-z][A-Za-z0-9-]+")

SEPARATORS: dict[Language, str] = {"zh": "；", "en": "; "}
_BY_ANALOGY = {"feedback", "hybrid"}
_OF_THE_ZONE = {"supply_link", "gap"}
_OF_DEALS = {name for name, own in FACTORS.items() if "{deals}" in own.chinese[0]}


@dataclass(frozen=True)
class Evidence:
    """What can be pointed at for one enterprise and one need.

    Attributes
    ----------
    product : str or None
        Its product that comes nearest to the need; None where no product is known.
    shared : tuple of str
        Longest pieces of text that its products or its name share with the need.
    node : Node or None
        The node that it fits best, among those the need is after where it is after some.
    fits : bool
        Whether it fits that node well enough to be said to be in it.
    akin : str or None
        The enterprise most like it among those already chosen for the need.
    deals : dict
        What the enterprise's deals have to do with the need, see `DealHistory.evidence`.
    link : Link or None
        With whom of the zone it would trade.
    filling : Filling or None
        The gap of the zone that it would fill, at the node `gap_node` with the product `filled`.
    """

    name: str
    product: str | None
    shared: tuple[str, ...]
    node: Node | None
    fits: bool
    akin: str | None
    deals: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None
    filling: Filling | None = None
    gap_node: Node | None = None
    filled: str | None = None


def chosen_rows(bound: PoolRanker, need: NeedFeatures) -> NDArray[np.intp]:
    """Return the rows of the enterprises already chosen for a need."""
    rows, _ = found_in(bound.pool.ids, bound.ranker.heads.chosen(need.need_id))
    return np.unique(rows)


def find_evidence(
    bound: PoolRanker,
    need: NeedFeatures,
    row: int,
    chosen: NDArray[np.intp],
) -> Evidence:
    """Gather the evidence for one row of the pool; `chosen` are the rows chosen for the need."""
    pool, chain_map = bound.pool, bound.ranker.space.chain_map
    weights = pool.products.weights
    own = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
    product = None
    if len(own):
        nearest = own[np.argmax(pool.product_vectors[own] @ need.views["meaning"][0])]
        product = pool.products.texts[nearest]
    node, fits, node_product = _node(pool, chain_map, need, row)
    if need.targets and node_product:
        product = node_product
    said = [pool.products.texts[at] for at in own]
    fills = filling(need, pool, row)
    return Evidence(
        name=pool.names[row],
        product=product,
        shared=_shared(need.texts, [*said, pool.names[row]]),
        node=node,
        fits=fits,
        akin=_akin(pool, chosen, row),
        deals=bound.ranker.history.evidence(need, str(pool.ids[row])),
        link=link(need, pool, row),
        filling=fills,
        gap_node=chain_map.nodes[fills.node] if fills else None,
        filled=pool.products.text(row, pool.nodes.product[row, fills.node]) if fills else None,
    )


def reasons(
    bound: PoolRanker, parts: Any, evidence: Evidence, language: Language
) -> list[dict[str, Any]]:
    """Return every factor that is not zero, largest first: factor, contribution, text, evidence.

    A factor that rests on deals has their counts as `deals`, in its text too, where they are known.

    Parameters
    ----------
    bound : PoolRanker
    parts : ndarray of shape (factors + 1,)
        The contributions to one raw score; they are passed on unrounded.
    evidence : Evidence
    language : {"zh", "en"}
    """
    words = _words(evidence, chinese=language == "zh")
    known = bool(evidence.deals.get("deals"))
    return [
        {
            "factor": factor,
            "contribution": part,
            "text": _sentence(factor, part, words, language),
            "evidence": _pointed_at(factor, evidence),
            **({"deals": evidence.deals} if factor in _OF_DEALS and known else {}),
        }
        for factor, part in ranked_factors(bound.ranker.blend.factors, parts)
    ]


def summary(said: list[dict[str, Any]], separator: str, most: int = 3) -> str:
    """Join the strongest reasons for a lead, those that point at it itself first.

    Where none of several speaks of the zone, the last one makes room for the strongest that does:
    what tells this zone's list from another's is what an official asks first.
    """
    found = [r for r in said if r["contribution"] > 0 and r["factor"] != CONSTANT]
    found.sort(key=lambda reason: reason["factor"] in _BY_ANALOGY)
    told = found[:most]
    if most > 1 and not any(reason["factor"] in _OF_THE_ZONE for reason in told):
        of_the_zone = [r for r in found[most:] if r["factor"] in _OF_THE_ZONE]
        told[most - 1 :] = of_the_zone[:1] or told[most - 1 :]
    return separator.join(reason["text"] for reason in told)


def _sentence(factor: str, part: float, words: dict[str, str], language: Language) -> str:
    gloss = FACTORS[factor]
    templates = gloss.chinese if language == "zh" else gloss.english
    return templates[part < 0].format(**words)


def _words(evidence: Evidence, *, chinese: bool) -> dict[str, str]:
    """Return what the sentences of all factors may hold."""
    traded = evidence.link and evidence.link.product
    return {
        "subject": _subject(evidence, evidence.product, chinese=chinese),
        "traded": _subject(evidence, traded or evidence.product, chinese=chinese),
        "filled": _subject(evidence, evidence.filled or evidence.product, chinese=chinese),
        "link": link_told(evidence.link, chinese=chinese),
        "gap": gap_told(evidence.filling, evidence.gap_node, chinese=chinese),
        "name": evidence.name,
        "deals": _deals_told(evidence.deals, chinese=chinese),
        "node": _node_name(evidence.node, chinese=chinese),
        "akin": evidence.akin or ("已选企业" if chinese else "the enterprises chosen"),
        "shared": _listed(evidence.shared, chinese=chinese),
    }


def _pointed_at(factor: str, evidence: Evidence) -> list[str]:
    """Return product, node and whatever else the factor's sentence rests on."""
    if factor == CONSTANT:
        return []
    found: list[str | None] = [evidence.product or evidence.name]
    if factor == "supply_link" and (tie := evidence.link):
        edge = (tie.ours.name, tie.theirs.name)[:: 1 if tie.supplies else -1]
        found = [tie.product or found[0], tie.with_whom, " → ".join(edge)]
    elif factor == "gap" and (fills := evidence.filling) and evidence.gap_node:
        found = [
            evidence.filled or found[0],
            evidence.gap_node.name,
            *(name for name, _ in fills.others[:3]),
        ]
    elif factor == "node_match":
        found.append(evidence.node.name if evidence.node else None)
    elif factor == "need_head":
        found.append(evidence.akin)
    elif factor == "text_similarity":
        found += evidence.shared
    return list(dict.fromkeys(text for text in found if text))


def _deals_told(deals: dict[str, Any], *, chinese: bool) -> str:
    """Say how many deals there are and how many of them here or in the industry."""
    if not deals.get("deals"):
        return ""
    told = (
        "（项目 {deals} 个：同产业 {industry}、本区 {zone}、周边 {area}，最近 {last} 年）"
        if chinese
        else " ({deals} deals: {industry} in the industry, {zone} in the zone, {area} around it; "
        "the last in {last})"
    )
    return told.format(**deals)


def _subject(evidence: Evidence, product: str | None, *, chinese: bool) -> str:
    if product is None:
        name = evidence.name
        return f"名称「{name}」（主营产品未知）" if chinese else f"“{name}” (products unknown)"
    return f"主营产品「{product}」" if chinese else f"its product “{product}”"


def _node_name(node: Node | None, *, chinese: bool) -> str:
    if node is None:
        return "所需环节" if chinese else "the nodes wanted"
    return f"「{node.name}」环节" if chinese else f"node “{node.name_en or node.name}”"


def _listed(texts: tuple[str, ...], *, chinese: bool) -> str:
    if not texts:
        return ""
    return f"（{'、'.join(texts)}）" if chinese else f" ({', '.join(texts)})"


def _node(
    pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int
) -> tuple[Node | None, bool, str | None]:
    """Return the best node, whether the enterprise fits it, and the product nearest to it."""
    fit = np.nan_to_num(pool.nodes.fit[row])
    if not fit.any():
        return None, False, None
    columns = np.array(need.targets or range(len(fit)))
    best = int(columns[np.argmax(fit[columns])])
    product = pool.products.text(row, pool.nodes.product[row, best])
    return chain_map.node(pool.nodes.node_ids[best]), bool(fit[best] >= NAMED_FROM), product


def _shared(wanted: tuple[str, ...], said: list[str], most: int = 3) -> tuple[str, ...]:
    """Return the longest pieces that both sides have: two or more characters, Latin words whole."""
    pieces = {word for text in wanted for word in _LATIN_WORD.findall(text)} | {
        text[start:stop]
        for text in wanted
        for start in range(len(text))
        for stop in range(start + 2, min(len(text), start + 8) + 1)
        if not _LATIN.search(text[start:stop])
    }
    found: list[str] = []
    for piece in sorted(pieces, key=lambda piece: (-len(piece), piece)):
        if any(piece in longer for longer in found):
            continue
        if any(piece in text for text in said):
            found.append(piece)
        if len(found) == most:
            break
    return tuple(found)


def _akin(pool: PoolFeatures, chosen: NDArray[np.intp], row: int) -> str | None:
    others = chosen[chosen != row]
    if not len(others):
        return None
    vectors = pool.views["meaning"]
    nearest = int(others[np.argmax(vectors[others] @ vectors[row])])
    return pool.names[nearest]
