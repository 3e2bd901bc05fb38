"""The products and scope items of an enterprise, and how they answer a need."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from models.word_match import word_matches
from service.serving.relation import Relation, core_of, in_common, relation, spelt

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from features.arrays import NeedFeatures
    from features.thesaurus import Thesaurus

_ANSWERS = 0.2
"""From which match on an item answers a word: about half of its characters in common."""
NEAR = 0.04
"""From which match on an item is said to be near a word."""
_SURE = 0.5
"""How sure a concept must be for an item to be said to belong to it."""
_SIDE = 0.3
"""By how much of its match a side product comes after a main one."""
_WANTED = 1.5
"""What a match counts with a word that the need itself says."""


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


def distinct(items: Sequence[Item]) -> tuple[Item, ...]:
    """Leave out what says the same as one before it: 物业管理服务, 物业管理 after 物业管理业务."""
    found: dict[str, Item] = {}
    for item in items:
        own = core_of(item.text)
        if not any(own in other or other in own for other in found):
            found[own] = item
    return tuple(found.values())


def matches_of(grams: sparse.csr_array, need: NeedFeatures) -> NDArray[np.float32]:
    """Return how well each item matches each word, a word that counts less than 1 the less.

    `grams` are those of the items, a row each.
    """
    if not grams.shape[0] or not need.understood.words:
        return np.zeros((grams.shape[0], 0), dtype=np.float32)
    matches = word_matches(grams, need).toarray()
    return np.asarray(matches * np.minimum(need.weights, 1))


def answer_of(
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
    if matches[at, word] < NEAR or not in_common(item.text, text):
        return None
    return Answer(
        item,
        spelt(text, (item.text,)),
        relation(item.text, text),
        bool(matches[at, word] >= _ANSWERS),
        text in need.understood.parts,
    )


def answer_by_kind(
    thesaurus: Thesaurus, need: NeedFeatures, items: Sequence[Item]
) -> Answer | None:
    """Return the first item that is of a kind which the need was taken for: 食醋 for 食品."""
    wanted = {found.name for found in need.understood.concepts if found.sure >= _SURE}
    for item in items:
        for at in thesaurus.find(core_of(item.text)):
            for above in (at, *thesaurus.broader(at)):
                name = thesaurus.concepts[above].name
                if name in wanted:
                    return Answer(item, name, Relation.KIND, enough=True, wanted=False)
    return None
