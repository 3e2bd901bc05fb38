"""What can be pointed at for one enterprise and one need, before it is put into words."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.compact import rows_of
from features.nodes import NAMED_FROM
from features.normal import normal
from features.ordered import found_in
from models.gap import Filling, filling
from models.supply import Link, link
from models.word_match import word_matches
from service.serving.relation import Relation, core_of, in_common, relation, spelt

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from features.chains import ChainMap, Node
    from features.signals import Signal
    from features.thesaurus import Thesaurus
    from models.ranker import PoolRanker

_ANSWERS = 0.2
"""From which match on an item answers a word: about half of its characters in common."""
_NEAR = 0.04
"""From which match on an item is said to be near a word."""
_SURE = 0.5
"""How sure a concept must be for an item to be said to belong to it."""
_ALIKE = 0.5
"""From which cosine on two items are said to be alike."""
_SIDE = 0.3
"""By how much of its match a side product comes after a main one."""
_WANTED = 1.5
"""What a match counts with a word that the need itself says."""
_SHARED, _MAIN = 3, 2
_SHORT = 2
_BETWEEN = re.compile(r"[与和及、/]")


class Item(NamedTuple):
    """A product or an item of a business scope.

    Attributes
    ----------
    text : str
    of_scope : bool
        Whether it is of the business scope.
    share : float or None
        Of revenue, where it is known.
    """

    text: str
    of_scope: bool = False
    share: float | None = None


class Answer(NamedTuple):
    """Which item answers which word of a need.

    Attributes
    ----------
    item : Item
    word : str
        As it is written.
    relation : Relation
    enough : bool
        Whether they match well enough for an answer; else they are only near.
    wanted : bool
        Whether the word is what the need itself says.
    """

    item: Item
    word: str
    relation: Relation
    enough: bool
    wanted: bool


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


class Peer(NamedTuple):
    """One already chosen for the need, and the pair of items that are most alike, if any are."""

    name: str
    ours: Item | None = None
    theirs: str | None = None


class Chosen(NamedTuple):
    """The enterprises chosen for a need.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
    entries : ndarray of int, shape (e,)
        Their items, enterprise by enterprise.
    owners : ndarray of int, shape (e,)
        Places in `rows`.
    grams : csr_array of shape (g, e)
    """

    rows: NDArray[np.intp]
    entries: NDArray[np.intp]
    owners: NDArray[np.intp]
    grams: sparse.csr_array

    @property
    def nbytes(self) -> int:
        """What it weighs in memory."""
        arrays = (self.rows, self.entries, self.owners, self.grams.data, self.grams.indices)
        return int(sum(own.nbytes for own in arrays) + self.grams.indptr.nbytes)


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


def chosen_for(bound: PoolRanker, need: NeedFeatures) -> Chosen:
    """Return the enterprises already chosen for a need, with their items."""
    pool = bound.pool
    rows = np.unique(found_in(pool.ids, bound.ranker.heads.chosen(need.need_id))[0])
    weights = pool.products.weights[rows]
    entries = weights.indices.astype(np.intp)
    owners = np.repeat(np.arange(len(rows)), np.diff(weights.indptr))
    grams = sparse.csr_array(rows_of(pool.product_grams, entries).T)
    return Chosen(rows, entries, owners, grams)


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
    texts = [pool.products.texts[at] for at in entries.tolist()]
    items = [Item(text, text not in made, made.get(text)) for text in texts]
    matches = _matches(pool, need, entries)
    by_share = np.argsort(-strengths, kind="stable").tolist()
    chief = by_share[:_MAIN]
    nearest = matches.max(axis=1, initial=0)
    near = [at for at in np.argsort(-nearest, kind="stable").tolist() if nearest[at] >= _NEAR]
    node, fits, at_node, of_node = _node(pool, chain_map, need, row, items)
    fills, tie = filling(need, pool, row), link(need, pool, row)

    def item_of(text: str | None) -> Item | None:
        return None if text is None else Item(text, text not in made, made.get(text))

    return Evidence(
        name=pool.names[row],
        aim=spelt(need.understood.parts[0]) if need.understood.parts else "",
        main=tuple(items[at] for at in chief),
        close=_distinct([items[at] for at in near or by_share])[:_MAIN],
        answer=_answer(need, matches, strengths, items)
        or _by_kind(bound.ranker.space.thesaurus, need, [items[at] for at in by_share]),
        mention=_mention(need, items, pool.names[row]),
        node=node,
        fits=fits,
        at_node=at_node,
        of_node=of_node,
        akin=_akin(pool, chosen, row, entries, items, nearest),
        deals=bound.ranker.history.evidence(need, str(pool.ids[row])),
        link=tie,
        traded=item_of(tie.product) if tie else None,
        filling=fills,
        gap_node=chain_map.nodes[fills.node] if fills else None,
        filled=item_of(pool.products.text(row, pool.nodes.product[row, fills.node]))
        if fills
        else None,
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


def _distinct(items: Sequence[Item]) -> tuple[Item, ...]:
    """Leave out what says the same as one before it: 物业管理服务, 物业管理 after 物业管理业务."""
    found: dict[str, Item] = {}
    for item in items:
        own = core_of(item.text)
        if not any(own in other or other in own for other in found):
            found[own] = item
    return tuple(found.values())


def _matches(
    pool: PoolFeatures, need: NeedFeatures, entries: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return how well each item matches each word, a word that counts less than 1 the less."""
    if not len(entries) or not need.understood.words:
        return np.zeros((len(entries), 0), dtype=np.float32)
    matches = word_matches(rows_of(pool.product_grams, entries), need).toarray()
    return np.asarray(matches * np.minimum(need.weights, 1))


def _answer(
    need: NeedFeatures,
    matches: NDArray[np.float32],
    strengths: NDArray[np.float32],
    items: Sequence[Item],
) -> Answer | None:
    """Return the item that answers the need best and the word that it answers.

    A main product before a side one that answers about as well, as in the score.
    """
    if not matches.size:
        return None
    main = np.sqrt(strengths / max(float(strengths.max()), 1e-9))
    wanted = np.array([word in need.understood.parts for word, _ in need.understood.words])
    own = np.where(wanted, _WANTED, 1.0)
    weighed = np.round(matches * (1 - _SIDE + _SIDE * main)[:, None] * own, 4)
    if not weighed.any():
        return None
    # Of matches that are equal, the one with the word that counts most: the need's own.
    own_words = np.where(weighed == weighed.max(), need.weights, -1.0)
    at, word = map(int, np.unravel_index(int(np.argmax(own_words)), weighed.shape))
    item, text = items[at], need.understood.words[word][0]
    if matches[at, word] < _NEAR or not in_common(item.text, text):
        return None
    return Answer(
        item,
        spelt(text, (item.text,)),
        relation(item.text, text),
        bool(matches[at, word] >= _ANSWERS),
        text in need.understood.parts,
    )


def _by_kind(thesaurus: Thesaurus, need: NeedFeatures, items: Sequence[Item]) -> Answer | None:
    """Return the first item that is of a kind which the need was taken for: 食醋 for 食品."""
    wanted = {found.name for found in need.understood.concepts if found.sure >= _SURE}
    for item in items:
        for at in thesaurus.find(core_of(item.text)):
            for above in (at, *thesaurus.broader(at)):
                name = thesaurus.concepts[above].name
                if name in wanted:
                    return Answer(item, name, Relation.KIND, enough=True, wanted=False)
    return None


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
    made: list[str] = []
    within: list[tuple[Item, str]] = []
    named: list[str] = []
    for word in words:
        if any(word in longer or longer in word for longer in made):
            continue
        how = [relation(text, word) for text in texts]
        if any(one >= Relation.KIND for one in how):
            made.append(word)
        elif at := [n for n, text in enumerate(texts) if word in normal(text)]:
            within.append((items[at[0]], spelt(word, texts)))
        elif word in normal(name):
            named.append(spelt(word, (name,)))
        if len(made) == _SHARED:
            break
    return Mention(
        tuple(spelt(word, texts) for word in made), tuple(within[:1]), tuple(named[:_SHARED])
    )


def _akin(
    pool: PoolFeatures,
    chosen: Chosen,
    row: int,
    entries: NDArray[np.intp],
    items: Sequence[Item],
    nearest: NDArray[np.float32],
) -> Peer | None:
    """Return the one among the chosen that has an item most like one here, else the most alike.

    Items that do not come near the need (`nearest`, a match each) are left out: 技术服务 and 贸易
    are everybody's.
    """
    others = np.flatnonzero(chosen.rows != row)
    if not len(others):
        return None
    theirs = np.isin(chosen.owners, others)
    near = nearest >= _NEAR
    if near.any() and theirs.any():
        ours = rows_of(pool.product_grams, entries)
        norms = (
            np.sqrt(ours.multiply(ours).sum(axis=1)),
            np.sqrt(chosen.grams.multiply(chosen.grams).sum(axis=0)),
        )
        alike = (ours @ chosen.grams).toarray() / np.maximum(np.outer(*norms), 1e-9)
        alike[:, ~theirs] = 0
        alike[~near] = 0
        # Of pairs that are equally alike, the one that is nearest to the need.
        ranked = np.round(alike, 4) + nearest[:, None] * np.float32(1e-6)
        at, other = map(int, np.unravel_index(int(ranked.argmax()), ranked.shape))
        if alike[at, other] >= _ALIKE:
            peer = pool.names[int(chosen.rows[chosen.owners[other]])]
            return Peer(peer, items[at], pool.products.texts[int(chosen.entries[other])])
    vectors = pool.views["meaning"]
    rows = chosen.rows[others]
    return Peer(pool.names[int(rows[np.argmax(vectors[rows] @ vectors[row])])])
