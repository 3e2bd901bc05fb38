"""The kind of a product by the thesaurus, compared with a need's concepts.

午餐肉罐头 is a 罐头, which is 食品; its letters alone do not say so. 白炭黑 ends like 炭黑 and is
none: both are concepts of their own.
"""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from features.words.normal import longest_first
from features.words.relation import Relation, core_of, form_of, forms_of, in_common

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from features.words.thesaurus import Thesaurus
    from features.words.understanding import Understood

_SURE = 0.5
"""Certainty of a concept from which an item counts as belonging to it."""
_KEPT = 50_000
_ENTRY_BYTES = 200
_LONGEST = 8
SIBLING = 0.45
"""What a concept is worth that belongs to the same one as what is wanted."""
_KIND, _INPUT = 1.0, 0.2
"""What one is worth that is of a wanted kind, and one that goes into it."""
_TYPICAL, _WITHIN = 0.3, 0.5
"""Weight of a concept that a text is typical for, or whose name it contains, but not as head."""
_SHORTEST = 3
"""Minimum length of a name within a text."""
_THEME = 0.7
"""A sector of whose words this share names concepts of other sectors is known by its words: 新材料
and 资源综合利用 join what belongs elsewhere."""
_WIDE = 170
"""From how many concepts below it on a concept joins what has little in common: 机械设备."""


class Tie(NamedTuple):
    """How an item relates to what a need is after.

    Attributes
    ----------
    relation : Relation
    word : str
        What it relates to.
    through : str
        The concept that both belong to, where they are siblings.
    """

    relation: Relation = Relation.NONE
    word: str = ""
    through: str = ""


_NO_TIE = Tie()


@lru_cache(4)
def kinds_of(thesaurus: Thesaurus) -> Kinds:
    """Return the kinds of a thesaurus, the same ones for all who ask."""
    return Kinds(thesaurus)


class Wants(NamedTuple):
    """What a need is after, by the thesaurus.

    Attributes
    ----------
    kinds : dict of int to Tie
        The concepts whose kinds are wanted.
    typical : dict of int to Tie
        Members of sectors that are known by their words.
    named : dict of int to Tie
        What the words of other sectors name, without what these sectors belong to.
    inputs : dict of int to Tie
        What these are made of.
    above : dict of int to Tie
        What these belong to.
    general : frozenset of str
        Words of the need of which all that is wanted is but a part: 机械设备 for 橡胶机械.
    names : tuple of str
        Names of the concepts that the need itself names, the longest first.
    pieces : tuple of str
        Pieces of its wants that mean something, the longest first: 医药 of 医药流通, not 药流.
    """

    kinds: dict[int, Tie]
    typical: dict[int, Tie]
    named: dict[int, Tie]
    inputs: dict[int, Tie]
    above: dict[int, Tie]
    general: frozenset[str]
    names: tuple[str, ...]
    pieces: tuple[str, ...]

    @property
    def nbytes(self) -> int:
        """What it weighs in memory, about."""
        return _ENTRY_BYTES * sum(map(len, self))


class Kinds:
    """The concepts of products, kept by their text; safe to call from several threads.

    Parameters
    ----------
    thesaurus : Thesaurus
    """

    def __init__(self, thesaurus: Thesaurus) -> None:
        self.thesaurus = thesaurus
        self._own = lru_cache(_KEPT)(self._own_of)
        self._named = lru_cache(_KEPT)(self._named_in)
        self._apart = lru_cache(_KEPT)(self._apart_of)
        self._share = lru_cache(_KEPT)(self._share_of)
        # A concept and what it belongs to, the nearest first.
        self._chains = [(at, *thesaurus.broader(at)) for at in range(len(thesaurus))]
        ends = np.cumsum([0, *map(len, self._chains)])
        columns = np.array([above for chain in self._chains for above in chain], dtype=np.int32)
        parts = np.ones(len(columns), dtype=np.int8), columns, ends
        self._above = sparse.csc_array(sparse.csr_array(parts, shape=(len(ends) - 1,) * 2))
        self._below = (np.diff(self._above.indptr) - 1).tolist()
        self._typical: dict[str, list[int]] = defaultdict(list)
        for at, concept in enumerate(thesaurus.concepts):
            for word in concept.words:
                self._typical[core_of(word)].append(at)

    def wants(self, understood: Understood) -> Wants:
        """Return what a need is after; what it names itself comes before what was found near."""
        find, concepts = self.thesaurus.find, self.thesaurus.concepts
        wanted = [
            at
            for found in understood.concepts
            if found.sure >= _SURE and found.source != "chain map"
            for at in find(found.name)[:1]
        ]
        called = {at: part for part in understood.parts for at in find(part)}
        kinds: dict[int, Tie] = {}
        typical: dict[int, Tie] = {}
        named: dict[int, Tie] = {}
        inputs: dict[int, Tie] = {}
        above: dict[int, Tie] = {}
        for at in wanted:
            name = called.get(at, concepts[at].name)
            kinds.setdefault(at, Tie(Relation.KIND, name))
            theme = self._is_theme(at)
            members, how = (typical, Relation.SAME) if theme else (named, Relation.AKIN)
            for word in concepts[at].words:
                for member in find(word):
                    if member not in self._chains[at]:
                        members.setdefault(member, Tie(how, word))
            for text in concepts[at].made_of:
                for part in find(text):
                    inputs.setdefault(part, Tie(Relation.INPUT, name))
            for parent in self._joining(at):
                above.setdefault(parent, Tie(Relation.SIBLING, name, concepts[parent].name))
        general = {word for word, _ in understood.words if self._is_general(word, kinds)}
        pieces = self._pieces(understood.parts)
        names = self._names(called)
        return Wants(kinds, typical, named, inputs, above, frozenset(general), names, pieces)

    def worths(self, wants: Wants) -> NDArray[np.float32] | None:
        """Return what each concept is worth to a need, shape (c,); None where nothing is wanted."""
        if not wants.kinds:
            return None
        found = np.zeros(len(self.thesaurus), dtype=np.float32)
        found[list(wants.inputs)] = _INPUT
        for wanted, worth in ((wants.above, SIBLING), (wants.typical | wants.kinds, _KIND)):
            below = self._above[:, list(wanted)]
            found[np.diff(sparse.csr_array(below).indptr) > 0] = worth
        return found

    def index(self, texts: Sequence[str]) -> sparse.csr_array:
        """Return how surely each of m texts is each concept, shape (m, c)."""
        entries: list[dict[int, float]] = []
        for text in texts:
            surely = dict.fromkeys(self._typical.get(core_of(text), ()), _TYPICAL)
            surely |= dict.fromkeys(self._named(text), _WITHIN)
            entries.append(surely | dict.fromkeys(self._own(text), 1.0))
        starts = np.cumsum([0, *map(len, entries)])
        columns = np.array([at for own in entries for at in own], dtype=np.int32)
        values = np.array([sure for own in entries for sure in own.values()], dtype=np.float32)
        return sparse.csr_array((values, columns, starts), shape=(len(texts), len(self.thesaurus)))

    def tie(self, wants: Wants, item: str) -> Tie:
        """Return how an item relates to what is wanted, the closest way there is."""
        for at in self._own(item):
            chain = self._chains[at]
            for members in (wants.kinds, wants.typical):
                for above in chain:
                    if above in members:
                        return members[above]
            if at in wants.named:
                return wants.named[at]
            if at in wants.inputs:
                return wants.inputs[at]
            if at in wants.above and at in self._whole(item):
                return Tie(Relation.BROADER, wants.above[at].word)
            for above in chain:
                if above in wants.above:
                    return wants.above[above]
        for at in (*self._typical.get(core_of(item), ()), *self._named(item)):
            if not wants.kinds.keys().isdisjoint(self._chains[at]):
                return Tie(Relation.NEAR, self.thesaurus.concepts[at].name)
        return _NO_TIE

    def known(self, item: str) -> bool:
        """Return whether a product as a whole is a concept."""
        return bool(self._whole(item))

    def share(self, item: str, word: str) -> bool:
        """Return whether both hold a concept's name: 液压支架, and not 二氧化 or 消费类."""
        return self._share(item, word)

    def apart(self, item: str, word: str) -> bool:
        """Return whether both are products, and the item is none of the word's kind.

        What ends like the name of a sector belongs to it: 定制家具 is 家具.
        """
        return self._apart(core_of(item), word)

    def differ(self, item: str, word: str) -> bool:
        """Return whether both are concepts as a whole, and neither belongs to the other."""
        own, others = self._whole(item), self.thesaurus.find(word)
        return bool(own and others) and not (self._among(own, others) or self._among(others, own))

    def hides(self, item: str, word: str) -> bool:
        """Return whether an item holds a word only as the beginning of another product's name.

        保险杠 and 保险柜 hold 保险, and have nothing to do with it; so does 电池片 with 电池.
        """
        text = form_of(item)
        longer = [
            own
            for own in self.thesaurus.within(text)
            if own.stop - own.start == len(word) + 1 and text.startswith(word, own.start)
        ]
        others = self.thesaurus.find(word)
        return (
            len(word) > 1
            and len(longer) == text.count(word) > 0
            and bool(others)
            and not any(self._among(own.concepts, others) for own in longer)
            and not self.joined(item, word)
        )

    def joined(self, item: str, word: str) -> str:
        """Return the concept that both directly belong to, empty where they have none so near."""
        above = {parent for at in self.thesaurus.find(word) for parent in self._joining(at)}
        for at in self._own(item):
            for parent in self._joining(at):
                if parent in above:
                    return self.thesaurus.concepts[parent].name
        return ""

    def _joining(self, at: int) -> tuple[int, ...]:
        """Return what a concept directly belongs to, unless that is too wide to say much."""
        return tuple(parent for parent in self._chains[at][1:2] if self._below[parent] <= _WIDE)

    def _is_theme(self, at: int) -> bool:
        """Return whether a concept is a sector that is known by its words."""
        concept, find = self.thesaurus.concepts[at], self.thesaurus.find
        if concept.level != "sector":
            return False
        found = [own[0] for own in map(find, concept.words) if own and own[0] != at]
        outside = sum(at not in self._chains[own] for own in found)
        return bool(found) and outside >= _THEME * len(found)

    def _is_general(self, word: str, kinds: Iterable[int]) -> bool:
        found = self.thesaurus.find(word)
        return bool(found and kinds) and all(
            not self._among((at,), kinds) and self._among((kind,), found)
            for at in found
            for kind in kinds
        )

    def _names(self, called: Iterable[int]) -> tuple[str, ...]:
        concepts = (self.thesaurus.concepts[at] for at in called)
        names = {form_of(name) for own in concepts for name in own.all_names}
        return tuple(longest_first(name for name in names if len(name) >= _SHORTEST))

    def _pieces(self, parts: Iterable[str]) -> tuple[str, ...]:
        return tuple(
            part[start : start + size]
            for part in parts
            for size in range(min(len(part) - 1, _LONGEST), 1, -1)
            for start in range(len(part) - size + 1)
            if self.thesaurus.find(part[start : start + size])
        )

    def _among(self, own: Iterable[int], others: Iterable[int]) -> bool:
        return not {above for at in own for above in self._chains[at]}.isdisjoint(others)

    def _own_of(self, item: str) -> tuple[int, ...]:
        """Return the concepts that a product names, as a whole or by its head."""
        heads = map(self.thesaurus.head, forms_of(item))
        return self._whole(item) or next(filter(None, heads), ())

    def _whole(self, item: str) -> tuple[int, ...]:
        """Return the concepts that a product names as a whole, but for additions."""
        return next(filter(None, map(self.thesaurus.find, forms_of(item))), ())

    def _named_in(self, item: str) -> tuple[int, ...]:
        """Return the concepts whose names, of three characters or more, occur in a product."""
        found = self.thesaurus.within(form_of(item))
        return tuple(
            at for own in found if own.stop - own.start >= _SHORTEST for at in own.concepts
        )

    def _share_of(self, item: str, word: str) -> bool:
        return any(self.thesaurus.find(piece) for piece in in_common(item, word))

    def _apart_of(self, core: str, word: str) -> bool:
        own, others = self.thesaurus.find(core), self.thesaurus.find(word)
        products = [at for at in others if self.thesaurus.concepts[at].level == "product"]
        return bool(own and products) and not self._among(own, others)
