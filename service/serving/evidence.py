"""What can be pointed at for one enterprise and one need, before it is put into words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.compact import rows_of
from features.nodes import NAMED_FROM
from models.gap import Filling, filling
from models.supply import Link, link
from service.serving.items import (
    NEAR,
    Answer,
    Item,
    answer_by_kind,
    answer_of,
    distinct,
    matches_of,
)
from service.serving.peers import Chosen, Peer, peer_of
from service.serving.relation import Relation, form_of, relation, spelt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from features.arrays import NeedFeatures, PoolFeatures
    from features.chains import ChainMap, Node
    from features.signals import Signal
    from models.ranker import PoolRanker

_SHARED, _MAIN = 3, 2
_SHORT = 2
_BETWEEN = re.compile(r"[与和及、/]")


class Mention(NamedTuple):
    """Words of a need that a profile holds: as what it makes, within something else, in its name.

    Attributes
    ----------
    made : tuple of str
    within : tuple of (Item, str)
    named : tuple of str
    """

    made: tuple[str, ...] = ()
    within: tuple[tuple[Item, str], ...] = ()
    named: tuple[str, ...] = ()


_NO_MENTION = Mention()


@dataclass(frozen=True)
class Evidence:
    """What can be pointed at for one enterprise and one need.

    Attributes
    ----------
    name : str
        Of the enterprise.
    aim : str
        What the need is after, as it is written.
    main : tuple of Item
        What it chiefly makes or does.
    close : tuple of Item
        Those of its items that come nearest to the need, else the chief ones.
    answer : Answer or None
        None where no item comes near the need.
    mention : Mention
    node : Node or None
        The node that it fits best, among those the need is after where it is after some.
    fits : bool
        Whether it fits that node well enough to count as being in it.
    at_node : Item or None
        The item by which it fits the node.
    of_node : Relation
        How that item relates to the words of the node.
    akin : Peer or None
        The enterprise most like it among those already chosen for the need.
    deals : dict
        What the enterprise's deals have to do with the need, see `DealHistory.evidence`.
    link : Link or None
        The enterprise of the zone that it would trade with, by the item `traded`.
    filling : Filling or None
        The gap of the zone that it would fill, at the node `gap_node` with the item `filled`.
    signals : tuple of Signal
        What it has done of late, what says most first.
    """

    name: str
    aim: str = ""
    main: tuple[Item, ...] = ()
    close: tuple[Item, ...] = ()
    answer: Answer | None = None
    mention: Mention = _NO_MENTION
    node: Node | None = None
    fits: bool = False
    at_node: Item | None = None
    of_node: Relation = Relation.NONE
    akin: Peer | None = None
    deals: dict[str, Any] = field(default_factory=dict)
    link: Link | None = None
    traded: Item | None = None
    filling: Filling | None = None
    gap_node: Node | None = None
    filled: Item | None = None
    signals: tuple[Signal, ...] = ()

    @property
    def best(self) -> Item | None:
        """The item that comes nearest to the need, else the chief one; None where none is known."""
        if self.answer is not None:
            return self.answer.item
        return self.main[0] if self.main else None


def find_evidence(
    bound: PoolRanker,
    need: NeedFeatures,
    row: int,
    chosen: Chosen,
    made: Mapping[str, float | None],
) -> Evidence:
    """Gather the evidence for one row of the pool.

    Parameters
    ----------
    bound : PoolRanker
    need : NeedFeatures
    row : int
    chosen : Chosen
    made : mapping of str to float or None
        The products of the enterprise as they are stated, with their shares of revenue; other
        items are of its business scope.
    """
    pool, chain_map = bound.pool, bound.ranker.space.chain_map
    weights = pool.products.weights
    own = slice(weights.indptr[row], weights.indptr[row + 1])
    entries, strengths = weights.indices[own], weights.data[own]

    def item_of(text: str) -> Item:
        return Item(text, text not in made, made.get(text))

    items = [item_of(pool.products.texts[at]) for at in entries.tolist()]
    grams = rows_of(pool.product_grams, entries)
    matches = matches_of(grams, need)
    by_share = np.argsort(-strengths, kind="stable").tolist()
    chief = by_share[:_MAIN]
    nearest = matches.max(axis=1, initial=0)
    near = [at for at in np.argsort(-nearest, kind="stable").tolist() if nearest[at] >= NEAR]
    node, fits, at_node, of_node = _node(pool, chain_map, need, row, items)
    fills, tie = filling(need, pool, row), link(need, pool, row)
    traded = tie.product if tie else None
    filled = pool.products.text(row, pool.nodes.product[row, fills.node]) if fills else None
    return Evidence(
        name=pool.names[row],
        aim=spelt(need.understood.parts[0]) if need.understood.parts else "",
        main=tuple(items[at] for at in chief),
        close=distinct([items[at] for at in near or by_share])[:_MAIN],
        answer=answer_of(need, matches, strengths, items)
        or answer_by_kind(bound.ranker.space.thesaurus, need, [items[at] for at in by_share]),
        mention=_mention(need, items, pool.names[row]),
        node=node,
        fits=fits,
        at_node=at_node,
        of_node=of_node,
        akin=peer_of(pool, chosen, row, grams, items, nearest),
        deals=bound.ranker.history.evidence(need, str(pool.ids[row])),
        link=tie,
        traded=None if traded is None else item_of(traded),
        filling=fills,
        gap_node=chain_map.nodes[fills.node] if fills else None,
        filled=None if filled is None else item_of(filled),
    )


def node_of(pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int) -> Node | None:
    """Return the node that an enterprise fits best, if it fits it well enough to be named."""
    weights = pool.products.weights
    own = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
    items = [Item(pool.products.texts[at]) for at in own.tolist()]
    node, fits, _, _ = _node(pool, chain_map, need, row, items)
    return node if fits else None


def _node(
    pool: PoolFeatures, chain_map: ChainMap, need: NeedFeatures, row: int, items: Sequence[Item]
) -> tuple[Node | None, bool, Item | None, Relation]:
    """Return the best node, whether the enterprise fits it, and the item that is of it, and how.

    Of nodes that it fits, one to whose words an item relates comes first.
    """
    fit = np.nan_to_num(pool.nodes.fit[row])
    if not fit.any():
        return None, False, None, Relation.NONE
    columns = np.array(need.targets or range(len(fit)))
    ranked = columns[np.argsort(-fit[columns], kind="stable")].tolist()
    named = [at for at in ranked if fit[at] >= NAMED_FROM]
    found: tuple[Relation, int, Item | None] = (Relation.NONE, ranked[0], None)
    for at in named:
        node = chain_map.node(pool.nodes.node_ids[at])
        words = [part for word in (node.name, *node.keywords) for part in _BETWEEN.split(word)]
        for item in items:
            how = max((relation(item.text, word) for word in words if word), default=found[0])
            if how > found[0]:
                found = how, at, item
        if found[0] >= Relation.KIND:
            break
    how, best, own = found
    if own is None:
        place = int(pool.nodes.product[row, best])
        own = items[place] if 0 <= place < len(items) else None
    return chain_map.node(pool.nodes.node_ids[best]), bool(fit[best] >= NAMED_FROM), own, how


def _mention(need: NeedFeatures, items: Sequence[Item], name: str) -> Mention:
    """Return the weightiest words that the profile holds, none within another.

    Two characters that the need does not say itself are too general to be named alone, unless
    the name is all there is.
    """
    words = [
        word
        for word, _ in need.understood.words
        if not items or len(word) > _SHORT or word in need.understood.parts
    ]
    texts = tuple(item.text for item in items)
    forms = [form_of(text) for text in texts]
    made: list[str] = []
    within: list[tuple[Item, str]] = []
    named: list[str] = []
    for word in words:
        if any(word in longer or longer in word for longer in made):
            continue
        holding = [item for item, form in zip(items, forms, strict=True) if word in form]
        if any(relation(item.text, word) >= Relation.KIND for item in holding):
            made.append(word)
        elif holding:
            within.append((holding[0], spelt(word, texts)))
        elif word in form_of(name):
            named.append(spelt(word, (name,)))
        if len(made) == _SHARED:
            break
    return Mention(
        tuple(spelt(word, texts) for word in made), tuple(within[:1]), tuple(named[:_SHARED])
    )
