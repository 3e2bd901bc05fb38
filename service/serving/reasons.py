"""Why an enterprise stands where it does: every contribution in words, with its evidence."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from features.compact import rows_of
from features.nodes import NAMED_FROM
from features.normal import normal
from features.ordered import found_in
from models.blend import CONSTANT
from models.gap import Filling, filling
from models.ranker import ranked_factors
from models.signals import SIGNALS
from models.supply import Link, link
from models.word_match import word_matches
from service.serving.neighbours import gap_text, link_text
from service.serving.sentences import FACTORS
from service.serving.signals import signal_text

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.chains import ChainMap, Node
    from features.signals import Signal
    from models.ranker import PoolRanker
    from service.serving.interfaces import Language

_ANSWERS = 0.2
"""From which match on an item answers a word: about half of its characters in common."""

SEPARATORS: dict[Language, str] = {"zh": "；", "en": "; "}
_BY_ANALOGY = {"hybrid", "topic_words"}
_OF_THE_ZONE = {"supply_link", "gap"}
_OF_DEALS = {name for name, own in FACTORS.items() if "{deals}" in own.chinese[0]}


@dataclass(frozen=True)
class Evidence:
    """What can be pointed at for one enterprise and one need.

    Attributes
    ----------
    product : str or None
        Its product, or the item of its business scope, that comes nearest to the need; None where
        none is known.
    of_scope : bool
        Whether that is an item of its business scope.
    answered : str or None
        The word of the need that it answers best; None where it answers none.
    wanted : bool
        Whether that word is what the need itself says, and stands in the item.
    shared : tuple of str
        Words of the need that stand in its items or its name, the weightiest first.
    node : Node or None
        The node that it fits best, among those the need is after where it is after some.
    fits : bool
        Whether it fits that node well enough to count as being in it.
    akin : str or None
        The enterprise most like it among those already chosen for the need.
    deals : dict
        What the enterprise's deals have to do with the need, see `DealHistory.evidence`.
    link : Link or None
        The enterprise of the zone that it would trade with.
    filling : Filling or None
        The gap of the zone that it would fill, at the node `gap_node` with the product `filled`.
    signals : tuple of Signal
        What it has done of late, what says most first.
    """

    name: str
    product: str | None
    of_scope: bool
    answered: str | None
    wanted: bool
    shared: tuple[str, ...]
    node: Node | None
    fits: bool
    akin: str | None
    deals: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None
    filling: Filling | None = None
    gap_node: Node | None = None
    filled: str | None = None
    signals: tuple[Signal, ...] = ()


def chosen_rows(bound: PoolRanker, need: NeedFeatures) -> NDArray[np.intp]:
    """Return the rows of the enterprises already chosen for a need."""
    rows, _ = found_in(bound.pool.ids, bound.ranker.heads.chosen(need.need_id))
    return np.unique(rows)


def find_evidence(
    bound: PoolRanker,
    need: NeedFeatures,
    row: int,
    chosen: NDArray[np.intp],
    made: Collection[str] = (),
) -> Evidence:
    """Gather the evidence for one row of the pool.

    Parameters
    ----------
    bound : PoolRanker
    need : NeedFeatures
    row : int
    chosen : ndarray of int
        The rows chosen for the need.
    made : collection of str
        The products of the enterprise as they are stated; other items are of its business scope.
    """
    pool, chain_map = bound.pool, bound.ranker.space.chain_map
    weights = pool.products.weights
    own = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
    stated = [pool.products.texts[at] for at in own]
    product, answered = _answer(pool, need, own)
    node, fits, node_product = _node(pool, chain_map, need, row)
    if need.targets and fits and node_product and answered is None:
        product = node_product
    fills = filling(need, pool, row)
    return Evidence(
        name=pool.names[row],
        product=product,
        of_scope=product is not None and product not in made,
        answered=answered,
        wanted=answered in need.understood.parts and answered in normal(product or ""),
        shared=_shared(need.understood.words, [*stated, pool.names[row]]),
        node=node,
        fits=fits,
        akin=_akin(pool, chosen, row),
        deals=bound.ranker.history.evidence(need, str(pool.ids[row])),
        link=link(need, pool, row),
        filling=fills,
        gap_node=chain_map.nodes[fills.node] if fills else None,
        filled=pool.products.text(row, pool.nodes.product[row, fills.node]) if fills else None,
    )


def node_of(pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int) -> Node | None:
    """Return the node that an enterprise fits best, if it fits it well enough to be named."""
    node, fits, _ = _node(pool, chain_map, need, row)
    return node if fits else None


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


def summary(stated: list[dict[str, Any]], separator: str, most: int = 3) -> str:
    """Join the strongest reasons for a lead, those that point at it itself first.

    Where none of several is about the zone, the last one makes room for the strongest that does:
    what differs from other zones' lists is what an official asks first.
    """
    found = [r for r in stated if r["contribution"] > 0 and r["factor"] != CONSTANT]
    found.sort(key=lambda reason: reason["factor"] in _BY_ANALOGY)
    shown = found[:most]
    if most > 1 and not any(reason["factor"] in _OF_THE_ZONE for reason in shown):
        of_the_zone = [r for r in found[most:] if r["factor"] in _OF_THE_ZONE]
        shown[most - 1 :] = of_the_zone[:1] or shown[most - 1 :]
    # Why now is asked whatever else there is to say.
    shown += [r for r in found if r["factor"] == SIGNALS and r not in shown]
    return separator.join(reason["text"] for reason in shown)


def _sentence(factor: str, part: float, words: dict[str, str], language: Language) -> str:
    gloss = FACTORS[factor]
    templates = gloss.chinese if language == "zh" else gloss.english
    return templates[part < 0].format(**words)


def _words(evidence: Evidence, *, chinese: bool) -> dict[str, str]:
    """Return what the sentences of all factors may hold."""
    traded = evidence.link and evidence.link.product
    return {
        "answer": _answer_text(evidence, chinese=chinese),
        "subject": _subject(evidence, evidence.product, chinese=chinese),
        "traded": _subject(evidence, traded or evidence.product, chinese=chinese),
        "filled": _subject(evidence, evidence.filled or evidence.product, chinese=chinese),
        "link": link_text(evidence.link, chinese=chinese),
        "gap": gap_text(evidence.filling, evidence.gap_node, chinese=chinese),
        "deals": _deals_text(evidence.deals, chinese=chinese),
        "node": _node_text(evidence, chinese=chinese),
        "akin": _akin_text(evidence, chinese=chinese),
        "shared": _shared_text(evidence, chinese=chinese),
        "signal": signal_text(evidence.signals, chinese=chinese),
    }


def _answer_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return which item answers which word; a product that is the word is named once."""
    subject = _subject(evidence, evidence.product, chinese=chinese)
    word = evidence.answered
    if word is None:
        return f"{subject}与需求有部分关联" if chinese else f"{subject} has to do with the need"
    if evidence.wanted:
        return f"{subject}正是需求所指" if chinese else f"{subject} is what is looked for"
    if evidence.product is not None and word == normal(evidence.product):
        if chinese:
            return f"{subject}是所需产业的典型产品"
        return f"{subject} is typical of what is looked for"
    return f"{subject}对应所需的「{word}」" if chinese else f"{subject} answers “{word}”"


def _node_text(evidence: Evidence, *, chinese: bool) -> str:
    name = _node_name(evidence.node, chinese=chinese)
    if evidence.fits:
        subject = _subject(evidence, evidence.product, chinese=chinese)
        if evidence.node and normal(evidence.node.name) == normal(evidence.product or ""):
            return f"{subject}即为该环节" if chinese else f"{subject} is the node itself"
        return f"{subject}属于{name}" if chinese else f"{subject} is of {name}"
    return f"与{name}有一定关联" if chinese else f"it has something to do with {name}"


def _akin_text(evidence: Evidence, *, chinese: bool) -> str:
    if evidence.akin is None:
        return "该企业已被本需求选中" if chinese else "it was chosen for this very need"
    if chinese:
        return f"与本需求已选中的「{evidence.akin}」业务相近"
    return f"its business is like that of {evidence.akin}, chosen for this need"


def _shared_text(evidence: Evidence, *, chinese: bool) -> str:
    """Return which words of the need stand in the profile."""
    known = "名称与经营内容" if evidence.product is not None else "企业名称"
    if not evidence.shared:
        if chinese:
            return f"{known}与需求有相近之处"
        return "name and business have something in common with the need"
    if chinese:
        return f"{known}中提到{'、'.join(f'「{word}」' for word in evidence.shared)}"
    return f"name or business mention {', '.join(f'“{word}”' for word in evidence.shared)}"


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
    elif factor == "text_words":
        found += evidence.shared
    elif factor == "item_words":
        found.append(evidence.answered)
    elif factor == SIGNALS:
        shown = [text for signal in evidence.signals for text in (signal.text, signal.source)]
        found = shown if any(shown) else [evidence.name]
    return list(dict.fromkeys(text for text in found if text))


def _deals_text(deals: dict[str, Any], *, chinese: bool) -> str:
    """Return how many deals there are and how many of them here or in the industry."""
    if not deals.get("deals"):
        return ""
    shown = (
        "（项目 {deals} 个：同产业 {industry}、本区 {zone}、周边 {area}，最近 {last} 年）"
        if chinese
        else " ({deals} deals: {industry} in the industry, {zone} in the zone, {area} around it; "
        "the last in {last})"
    )
    return shown.format(**deals)


def _subject(evidence: Evidence, product: str | None, *, chinese: bool) -> str:
    if product is None:
        name = evidence.name
        return f"「{name}」（主营产品未知）" if chinese else f"“{name}” (products unknown)"
    if evidence.of_scope and product == evidence.product:
        return f"经营范围中的「{product}」" if chinese else f"“{product}” in its business scope"
    return f"主营产品「{product}」" if chinese else f"its product “{product}”"


def _node_name(node: Node | None, *, chinese: bool) -> str:
    if node is None:
        return "所需环节" if chinese else "the nodes wanted"
    return f"「{node.name}」环节" if chinese else f"node “{node.name_en or node.name}”"


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


def _answer(
    pool: PoolFeatures, need: NeedFeatures, own: NDArray[np.intp]
) -> tuple[str | None, str | None]:
    """Return the item that answers the need best, and the word that it answers, if it does."""
    if not len(own):
        return None, None
    matches = word_matches(rows_of(pool.product_grams, own), need).toarray()
    weighed = np.round(matches * np.minimum(need.weights, 1), 4)
    # Of matches that are equal, the one with the word that counts most: the need's own.
    own_words = np.where(weighed == weighed.max(), need.weights, -1.0)
    item, word = np.unravel_index(int(np.argmax(own_words)), weighed.shape)
    answered = need.understood.words[word][0] if weighed[item, word] >= _ANSWERS else None
    return pool.products.texts[own[item]], answered


def _shared(
    words: Sequence[tuple[str, float]], stated: Sequence[str], most: int = 3
) -> tuple[str, ...]:
    """Return the weightiest words that stand in the texts, none within another."""
    texts = [normal(text) for text in stated]
    found: list[str] = []
    for word, _ in words:
        if any(word in longer or longer in word for longer in found):
            continue
        if any(word in text for text in texts):
            found.append(word)
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
