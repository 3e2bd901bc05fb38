"""Products and scope items of an enterprise, and their relations to a need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.words.kinds import Tie
from features.words.relation import (
    Relation,
    core_of,
    is_plain,
    is_trade,
    relation,
    same_head,
    spelt,
)
from models.factors.word_match import word_matches

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from features.space.arrays import NeedFeatures
    from features.words.kinds import Kinds

_SIDE_LINE = 0.05
"""A product with a smaller share of revenue is a side line."""
_UNSTATED = 0.3
"""The square root of the share assumed for an item without one, next to products with shares."""
_ENOUGH = 0.2
"""Match from which two items with the same ending are akin: about half of the characters."""
NEAR = 0.04
"""Match from which an item is near a word."""
_WORTH = {
    Relation.NONE: 0.0,
    Relation.INPUT: 0.2,
    Relation.NEAR: 0.3,
    Relation.SIBLING: 0.4,
    Relation.BROADER: 0.45,
    Relation.AKIN: 0.6,
    Relation.KIND: 0.9,
    Relation.SAME: 0.9,
}
"""Worth of each relation as an answer."""
_SIDE, _STATED_SIDE = 0.3, 0.6
"""Reduction of the worth of a side product: by its place in a list, by its share."""
_WANTED = 1.5
"""Factor for an answer to a word of the need itself."""
_EXACT = 1.8
"""Factor for an answer with the same name as in the need."""
_UNCLEAR = 0.5
"""Factor for an answer of an unspecific item."""
_BY_MATCH = 0.1
"""Weight of the match in an answer's worth: of two kinds the closer one is preferred."""
_CENTRAL = 0.5
"""Weight from which a word is of what is needed; lighter ones are of its chain or uncertain."""
_ELSEWHERE = 0.7
"""Factor for an item that is typical of the wanted industry without being a kind of it."""
_SHORT = 4
"""Length up to which two items that differ in one character are equivalent."""


def is_small(share: float | None) -> bool:
    """Return whether a share of revenue is known, and that of a side line."""
    return share is not None and share < _SIDE_LINE


class Item(NamedTuple):
    """A product or an item of a business scope.

    Attributes
    ----------
    text : str
    of_scope : bool
        Whether it is from the business scope.
    share : float or None
        Share of revenue, if known.
    chief : bool
        Whether it is one of the main products.
    """

    text: str
    of_scope: bool = False
    share: float | None = None
    chief: bool = True

    @property
    def is_side_line(self) -> bool:
        """Whether its known share of revenue is small."""
        return is_small(self.share)


class ItemAnswer(NamedTuple):
    """An item that answers a word of a need.

    Attributes
    ----------
    item : Item
    word : str
        The word as it is written.
    relation : Relation
    wanted : bool
        Whether the word is in the need itself.
    through : str
        The common broader concept, if they are siblings.
    """

    item: Item
    word: str
    relation: Relation
    wanted: bool
    through: str = ""


class ItemAnswers(NamedTuple):
    """The answers of an enterprise's items to a need.

    Attributes
    ----------
    of_item : tuple of (ItemAnswer or None)
        None for an item that is not related to the need.
    worth : ndarray of shape (items,)
        0 for such an item.
    near : tuple of Item
        Items that match a word, the best first, even if they are not related.
    kind : ItemAnswer or None
        The item that is closest to the wanted concepts by the thesaurus.
    """

    of_item: tuple[ItemAnswer | None, ...]
    worth: NDArray[np.float64]
    near: tuple[Item, ...] = ()
    kind: ItemAnswer | None = None

    @property
    def best(self) -> ItemAnswer | None:
        """The answer with the largest worth."""
        return self.of_item[int(np.argmax(self.worth))] if len(self.worth) else None

    @property
    def best_kind(self) -> ItemAnswer | None:
        """The answer if it is of a wanted kind, else the item that is closest by the thesaurus."""
        best = self.best
        return best if best and best.relation >= Relation.KIND else self.kind

    def at_least(self, relation: Relation) -> NDArray[np.float64]:
        """Return the worth of items with at least this relation to the need, 0 for others."""
        close = [answer is not None and answer.relation >= relation for answer in self.of_item]
        return np.where(close, self.worth, 0.0)

    def ranked(self) -> list[ItemAnswer]:
        """Return the answers of specific items, the best first.

        If any of these is of a wanted kind, others are left out; so are small side products, and
        what is neither a main product nor akin.
        """
        order = np.argsort(-self.worth, kind="stable").tolist()
        found = [answer for at in order if (answer := self.of_item[at])]
        found = [answer for answer in found if is_plain(answer.item.text)]
        direct = [answer for answer in found if answer.relation >= Relation.KIND]
        return direct or [
            answer
            for answer in found
            if not answer.item.is_side_line
            and (answer.item.chief or answer.relation >= Relation.AKIN)
        ]


def distinct(items: Iterable[Item], most: int) -> tuple[Item, ...]:
    """Return the first items, without equivalent ones: 物业管理服务 after 物业管理业务."""
    found: dict[str, Item] = {}
    for item in items:
        own = core_of(item.text)
        if not any(_same(own, other) for other in found):
            found[own] = item
        if len(found) == most:
            break
    return tuple(found.values())


def main_items(items: Sequence[Item], most: int) -> tuple[Item, ...]:
    """Return the first main products; any items only where none has a large share of revenue."""
    return distinct([item for item in items if item.chief] or items, most)


def _same(one: str, other: str) -> bool:
    """Return whether one text contains the other, or short ones differ in about one character."""
    if one in other or other in one or one[:2] == other[:2]:
        return True
    mine, theirs = set(one), set(other)
    few = max(len(mine), len(theirs)) <= _SHORT and min(len(mine), len(theirs)) > 1
    return few and len(mine - theirs) <= 1 and len(theirs - mine) <= 1


def matches_of(grams: sparse.csr_array, need: NeedFeatures) -> NDArray[np.float32]:
    """Return the match of each item with each word, reduced for words with a weight below 1.

    `grams` has a row per item.
    """
    if not grams.shape[0] or not need.understood.words:
        return np.zeros((grams.shape[0], 0), dtype=np.float32)
    matches = word_matches(grams, need).toarray()
    return np.asarray(matches * np.minimum(need.weights, 1))


def answers(
    need: NeedFeatures,
    matches: NDArray[np.float32],
    strengths: NDArray[np.float32],
    items: Sequence[Item],
    tied: NDArray[np.bool_],
    kinds: Kinds,
) -> ItemAnswers:
    """Return the answer of each item to the need: by its best-matching word, or by its kind.

    A main product precedes a side product with a similar match, as in the score.
    """
    parts = need.understood.parts
    own = np.where([word in parts for word, _ in need.understood.words], _WANTED, 1.0)
    weighed = np.round(matches * own, 4) if matches.size else np.zeros((len(items), 1))
    # Of equal matches, the one with the heaviest word is taken: the need's own.
    nearest = weighed.max(axis=1, initial=0)
    words = np.where(weighed == nearest[:, None], need.weights, -1).argmax(axis=1).tolist()
    matched = nearest.tolist()
    main = _mains(strengths, items)
    found: list[ItemAnswer | None] = []
    worth = np.zeros(len(items))
    kind, of_kind = None, 0.0
    for at, item in enumerate(items):
        if not tied[at] and not matched[at]:
            found.append(None)
            continue
        by_kind, by_letters = kinds.tie(need.wants, item.text) if tied[at] else Tie(), Tie()
        side = main[at] * (1 if is_plain(item.text) else _UNCLEAR)
        if _WORTH[by_kind.relation] * side > of_kind:
            of_kind = _WORTH[by_kind.relation] * side
            kind = _answer(item, by_kind, parts)
        if matched[at] > 0:
            word = words[at]
            text = need.understood.words[word][0]
            by_letters = _by_letters(item.text, text, float(matches[at, word]), kinds)
            if need.weights[word] < _CENTRAL and text not in parts:
                nearly = min(by_letters.relation, Relation.NEAR)
                by_letters = Tie() if by_kind.relation else Tie(nearly, text)
        tie = max(by_letters, by_kind, key=lambda own: _rank(own, parts))
        if tie.relation > Relation.NEAR and is_trade(item.text) and not is_trade(tie.word):
            tie = Tie(Relation.NEAR, tie.word)
        if tie.relation is Relation.NONE:
            found.append(None)
            continue
        answer = _answer(item, tie, parts)
        found.append(answer)
        typical = tie is by_letters and tie.relation is Relation.SAME and not answer.wanted
        elsewhere = typical and by_kind.relation < Relation.KIND and kinds.known(item.text)
        worth[at] = (
            (_WORTH[tie.relation] + _BY_MATCH * matched[at])
            * side
            * (_WANTED if answer.wanted else 1)
            * (_EXACT if answer.wanted and tie.relation is Relation.SAME else 1)
            * (_ELSEWHERE if elsewhere else 1)
        )
    order = np.argsort(-nearest, kind="stable").tolist()
    near = (
        item
        for at in order
        if matched[at] >= _ENOUGH
        and is_plain((item := items[at]).text)
        and not item.is_side_line
        and kinds.share(item.text, need.understood.words[words[at]][0])
    )
    return ItemAnswers(tuple(found), worth, tuple(near), kind)


def _rank(tie: Tie, parts: Sequence[str]) -> tuple[float, Relation]:
    """Return what a tie is worth by itself, one to what the need says more."""
    return _WORTH[tie.relation] * (_WANTED if tie.word in parts else 1), tie.relation


def _mains(strengths: NDArray[np.float32], items: Sequence[Item]) -> NDArray[np.float64]:
    """Return a factor of at most 1 for each item, by how far it is a main product."""
    largest = max((item.share for item in items if item.share), default=None)
    if largest is None:
        main = np.sqrt(strengths / max(float(strengths.max(initial=0)), 1e-9))
        return np.asarray(1 - _SIDE + _SIDE * main, dtype=np.float64)
    roots = [_UNSTATED if item.share is None else (item.share / largest) ** 0.5 for item in items]
    return 1 - _STATED_SIDE + _STATED_SIDE * np.array(roots)


def _answer(item: Item, tie: Tie, parts: Sequence[str]) -> ItemAnswer:
    word = spelt(tie.word, (item.text,))
    return ItemAnswer(item, word, tie.relation, tie.word in parts, tie.through)


def _by_letters(item: str, word: str, match: float, kinds: Kinds) -> Tie:
    """Return the relation of an item to a word by their characters.

    白炭黑 is a separate concept and not a kind of 炭黑, 火力发电 is not akin to 水力发电, and
    保险杠 is not near 保险.
    """
    how = relation(item, word)
    if how is Relation.NEAR and kinds.hides(item, word):
        return Tie()
    if how is Relation.SAME or match < NEAR:
        return Tie(how, word)
    alike = how < Relation.AKIN and match >= _ENOUGH and same_head(item, word)
    if kinds.apart(item, word) or (alike and kinds.differ(item, word)):
        if how is Relation.KIND:
            return Tie()
        through = kinds.joined(item, word)
        return Tie(Relation.SIBLING, word, through) if through else Tie(how, word)
    if alike:
        return Tie(Relation.AKIN, word)
    if how is Relation.NONE and match >= _ENOUGH and kinds.share(item, word):
        return Tie(Relation.NEAR, word)
    return Tie(how, word)
