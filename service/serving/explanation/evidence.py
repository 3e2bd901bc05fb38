"""Evidence for an enterprise and a need, from which reasons are written."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.industry.nodes import NAMED_FROM
from features.words.relation import Relation, core_of, form_of, is_plain, relation, spelt
from models.factors.gap import Filling, filling
from models.factors.supply import Link, link
from models.factors.word_match import KindsOfItems
from service.serving.explanation.items import (
    Item,
    ItemAnswer,
    ItemAnswers,
    answers,
    distinct,
    is_small,
    main_items,
    matches_of,
)
from service.serving.explanation.precedents import precedent_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from features.enterprises.signals import Signal
    from features.industry.chains import ChainMap, Node
    from features.space.arrays import NeedFeatures, PoolFeatures
    from features.words.kinds import Kinds
    from models.scoring.ranker import PoolRanker
    from service.serving.explanation.precedents import Chosen, Precedent

_SHARED, _MAIN = 3, 2
_SHORT = 2
_CHIEF = 0.1
"""Share of revenue from which a product is a main one."""
_NODES = 10_000
_BETWEEN = re.compile(r"[与和及、/]")


class Mention(NamedTuple):
    """Words of a need in a profile: as products, within other items, in the name.

    Attributes
    ----------
    made : tuple of (str, float or None)
        Each with the largest share of revenue of its products, if known.
    within : tuple of (Item, str)
    named : tuple of str
    """

    made: tuple[tuple[str, float | None], ...] = ()
    within: tuple[tuple[Item, str], ...] = ()
    named: tuple[str, ...] = ()


_NO_MENTION = Mention()


@dataclass(frozen=True)
class Evidence:
    """The evidence for an enterprise and a need.

    Attributes
    ----------
    name : str
        Name of the enterprise.
    aim : str
        The first part of the need, as it is written.
    main : tuple of Item
        Its main products or activities.
    related : tuple of Item
        Its items that are related to the need, the closest first.
    is_direct : bool
        Whether these are of a wanted kind themselves.
    near : Item or None
        The item with the best match to a word of the need, even if it is not related.
    answer : ItemAnswer or None
        None if no item is related to the need.
    kind : ItemAnswer or None
        The item that is closest to the wanted concepts by the thesaurus.
    mention : Mention
    named_as : str
        The wanted product in the enterprise's name; empty if there is none.
    node : Node or None
        The node that it fits best, among those of the need if it has any.
    fits : bool
        Whether it fits that node well enough to be assigned to it.
    of_chain : bool
        Whether the node is one of the need's.
    at_node : Item or None
        The item by which it fits the node.
    of_node : Relation
        The relation of that item to the words of the node.
    akin : Precedent or None
        The most similar one of the enterprises already chosen for the need.
    deals : dict
        Counts of the enterprise's deals related to the need, see `DealHistory.evidence`.
    link : Link or None
        The enterprise of the zone that it could trade with, by the item `traded`.
    filling : Filling or None
        The gap of the zone that it would fill, at the node `gap_node` with the item `filled`.
    signals : tuple of Signal
        Its recent signals, the strongest first.
    """

    name: str
    aim: str = ""
    main: tuple[Item, ...] = ()
    related: tuple[Item, ...] = ()
    is_direct: bool = False
    near: Item | None = None
    answer: ItemAnswer | None = None
    kind: ItemAnswer | None = None
    mention: Mention = _NO_MENTION
    named_as: str = ""
    node: Node | None = None
    fits: bool = False
    of_chain: bool = False
    at_node: Item | None = None
    of_node: Relation = Relation.NONE
    akin: Precedent | None = None
    deals: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None
    traded: Item | None = None
    filling: Filling | None = None
    gap_node: Node | None = None
    filled: Item | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def best(self) -> Item | None:
        """The item that matches the need best, else the main one; None if none is known."""
        if self.answer is not None:
            return self.answer.item
        return self.main[0] if self.main else None


def find_evidence(
    bound: PoolRanker,
    kinds: Kinds,
    need: NeedFeatures,
    rows: NDArray[np.intp],
    chosen: Chosen,
    made: Sequence[Mapping[str, float | None]],
) -> list[Evidence]:
    """Return the evidence for rows of the pool; their items are read together.

    Parameters
    ----------
    bound : PoolRanker
    kinds : Kinds
    need : NeedFeatures
    rows : ndarray of int, shape (n,)
    chosen : Chosen
    made : sequence of n mappings of str to float or None
        The stated products of each enterprise with their shares of revenue; other items are from
        its business scope.
    """
    weights = bound.pool.products.weights[rows]
    grams = bound.pool.product_grams[weights.indices]
    matches, alike = matches_of(grams, need), chosen.likeness(grams)
    tied = _tied(need, weights, bound.pool)
    found = []
    for place, row in enumerate(rows.tolist()):
        own = slice(weights.indptr[place], weights.indptr[place + 1])
        items = _items(bound.pool, weights.indices[own], made[place])
        answered = answers(need, matches[own], weights.data[own], items, tied[own], kinds)
        worth = answered.at_least(Relation.BROADER)
        akin = precedent_of(bound.pool, chosen, row, alike[own], items, worth)
        found.append(_of_items(bound, need, row, items, weights.data[own], answered, akin))
    return found


def _tied(need: NeedFeatures, weights: sparse.csr_array, pool: PoolFeatures) -> NDArray[np.bool_]:
    """Return which entries may be related by the thesaurus; all if it was extended since."""
    if need.kinds is None or len(need.kinds) != pool.product_kinds.shape[1]:
        return np.full(weights.nnz, need.kinds is not None)
    kinds = need.kinds.copy()
    kinds[list(need.wants.named)] = 1
    return KindsOfItems(weights, pool.product_kinds).worths(kinds) > 0


def _items(
    pool: PoolFeatures, entries: NDArray[np.int32], made: Mapping[str, float | None]
) -> list[Item]:
    largest = max((share for share in made.values() if share is not None), default=None)
    items = []
    for at in entries.tolist():
        text = pool.products.texts[at]
        share = made.get(text)
        chief = largest is None or (share is not None and share >= min(_CHIEF, largest))
        items.append(Item(text, text not in made, share, chief))
    return items


def _of_items(
    bound: PoolRanker,
    need: NeedFeatures,
    row: int,
    items: Sequence[Item],
    strengths: NDArray[np.float32],
    answered: ItemAnswers,
    akin: Precedent | None,
) -> Evidence:
    pool, chain_map = bound.pool, bound.ranker.space.chain_map
    by_share = [items[at] for at in np.argsort(-strengths, kind="stable").tolist()]
    by_share.sort(key=lambda item: not is_plain(item.text))
    by_text = {item.text: item for item in items}
    ranked = answered.ranked()
    node, fits, at_node, of_node = _node(pool, chain_map, need, row, by_share)
    fills, tie = filling(need, pool, row), link(need, pool, row)
    filled = pool.products.text(row, pool.nodes.product[row, fills.node]) if fills else None
    return Evidence(
        name=pool.names[row],
        aim=spelt(need.understood.parts[0]) if need.understood.parts else "",
        main=main_items(by_share, _MAIN),
        related=distinct((own.item for own in ranked), _MAIN),
        is_direct=bool(ranked) and ranked[0].relation >= Relation.KIND,
        near=next(iter(answered.near), None),
        answer=answered.best,
        kind=answered.best_kind,
        mention=_mention(need, answered, items, pool.names[row]),
        named_as=_named_as(need, pool.names[row]),
        node=node,
        fits=fits,
        of_chain=bool(need.targets),
        at_node=at_node,
        of_node=of_node,
        akin=akin,
        deals=bound.ranker.history.evidence(need, str(pool.ids[row])),
        link=tie,
        traded=by_text.get(tie.product) if tie and tie.product else None,
        filling=fills,
        gap_node=chain_map.nodes[fills.node] if fills else None,
        filled=by_text.get(filled) if filled else None,
    )


def node_of(pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int) -> Node | None:
    """Return the node that an enterprise fits best, if it fits well enough to be named."""
    weights = pool.products.weights
    own = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
    items = [Item(pool.products.texts[at]) for at in own.tolist()]
    node, fits, _, _ = _node(pool, chain_map, need, row, items)
    return node if fits else None


def _node(
    pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int, items: Sequence[Item]
) -> tuple[Node | None, bool, Item | None, Relation]:
    """Return the best node, whether the enterprise fits it, and the related item with its relation.

    Among fitting nodes, one with an item of its kind is preferred; the name of a node before its
    keywords, which may be wider: 储能电池 is a keyword of 动力电池.
    """
    fit = np.nan_to_num(pool.nodes.fit[row])
    if not fit.any():
        return None, False, None, Relation.NONE
    columns = np.array(need.targets or range(len(fit)))
    ranked = columns[np.argsort(-fit[columns], kind="stable")].tolist()
    best, how, own = ranked[0], (Relation.NONE, False), None
    forms = [form_of(item.text) for item in items]
    ends = {form[-1:] for form in forms} | {core_of(item.text)[-1:] for item in items}
    for at in ranked:
        if fit[at] < NAMED_FROM or how[0] >= Relation.KIND:
            break
        first = at == ranked[0]
        for word, is_name in _words_of(chain_map.node(pool.nodes.node_ids[at])):
            if (
                not first and word[-1:] not in ends
            ):  # a kind of a product has the same last character
                continue
            for item, form in zip(items, forms, strict=True):
                if word[-1] not in form and form not in word:
                    continue  # no relation by characters
                found = relation(item.text, word)
                if found and (found, is_name) > how and (first or found >= Relation.KIND):
                    best, how, own = at, (found, is_name), item
    if own is None:
        text = pool.products.text(row, pool.nodes.product[row, best])
        own = next((item for item in items if item.text == text), None)
    node = chain_map.node(pool.nodes.node_ids[best])
    return node, bool(fit[best] >= NAMED_FROM), own, how[0]


@lru_cache(_NODES)
def _words_of(node: Node) -> tuple[tuple[str, bool], ...]:
    """Return the parts of name and keywords of a node, and whether each is of the name."""
    words = ((node.name, True), *((word, False) for word in node.keywords))
    return tuple(
        (part, is_name) for word, is_name in words for part in _BETWEEN.split(form_of(word)) if part
    )


def _mention(
    need: NeedFeatures, answered: ItemAnswers, items: Sequence[Item], name: str
) -> Mention:
    """Return the words with the largest weights in the profile, none within another.

    Items that are not related to the need are left out: 脱硝催化剂 for the 催化剂 of 新能源. Words
    of two characters that are not in the need are too general to be named, and so are wider terms
    than the need: 机械设备 for 橡胶机械.
    """
    words = [word for word, _ in need.understood.words]
    if not items:
        return Mention(named=_named((*words, *need.wants.pieces), name))
    texts = tuple(item.text for item in items)
    forms = [form_of(text) for text in texts]
    made: dict[str, float | None] = {}
    within: list[tuple[Item, str]] = []
    named: list[str] = []
    for word in words:
        own = word in need.understood.parts
        if any(word in longer or longer in word for longer in made):
            continue
        if not own and (len(word) <= _SHORT or word in need.wants.general):
            continue
        holding = [
            item
            for item, form, answer in zip(items, forms, answered.of_item, strict=True)
            if word in form and answer is not None
        ]
        kinds = [item.share for item in holding if relation(item.text, word) >= Relation.KIND]
        if kinds:
            made[word] = max((share for share in kinds if share is not None), default=None)
        elif holding:
            within.append((holding[0], spelt(word, texts)))
        elif word in form_of(name):
            named.append(spelt(word, (name,)))
        if len(made) == _SHARED:
            break
    # Main products first; side lines are left out if there are any, but for those of a wanted word.
    main = {word for word, share in made.items() if not is_small(share)}
    main |= made.keys() & set(need.understood.parts) if main else set()
    stated = sorted(made.items(), key=lambda own: -(1 if own[1] is None else own[1]))
    return Mention(
        tuple((spelt(word, texts), share) for word, share in stated if word in main or not main),
        tuple(within[:1]),
        tuple(named[:_SHARED]),
    )


def _named_as(need: NeedFeatures, name: str) -> str:
    """Return the wanted product in an enterprise's name: 农村商业银行 for 农商行."""
    form = form_of(name)
    return next((spelt(word, (name,)) for word in need.wants.names if word in form), "")


def _named(words: Sequence[str], name: str) -> tuple[str, ...]:
    """Return the words in an enterprise's name, none within another."""
    form = form_of(name)
    found: list[str] = []
    for word in words:
        if word in form and not any(word in other or other in word for other in found):
            found.append(spelt(word, (name,)))
    return tuple(found[:_SHARED])
