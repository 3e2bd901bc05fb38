"""What profiles and needs say in characters and words: TF-IDF rows, and the topics behind them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from features.tfidf import LatentSemantics, TokenWeights, characters, unit_sparse_rows, words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.text import WeightedTexts

LSA_ROWS = 20_000
"""Of a larger pool, how many enterprises LSA learns from, drawn by its seed: the directions that
lead in all of them lead in so many, and the cost does not grow with the pool."""

_NAME_WEIGHT = 0.5
_WORD_WEIGHT = 0.5
_DAMPING = 4.0
_SMALL_POOL = 1_000
_CHUNK = 16_384
"""Enterprises weighed at once, so that of a large pool no second copy is made."""

Counts = list[list[Any]]
"""How often every row says every token: of characters and of words, for each part of a profile."""


class Wording:
    """Learns the vocabularies of characters and words from a pool, and LSA over both.

    Parameters
    ----------
    topics : int
        Dimensions of LSA.
    seed : int
        For LSA's sample and its randomised solver.
    """

    def __init__(self, topics: int = 400, seed: int = 0) -> None:
        self.topics = topics
        self.seed = seed
        self._set(min_documents=2)

    def fit(self, parts: Sequence[WeightedTexts]) -> Counts:
        """Learn from products, scopes and names of n enterprises, and return their counts."""
        rows = parts[0].weights.shape[0]
        # In a small pool a token that one profile has is no noise: it may be all a need can find.
        self._set(min_documents=1 if rows < _SMALL_POOL else 2)
        counted = [kind.fit_counts(parts) for kind in self._kinds]
        sample = counted
        if rows > LSA_ROWS:
            drawn = np.random.default_rng(self.seed).choice(rows, LSA_ROWS, replace=False)
            sample = _rows(counted, np.sort(drawn))
        self.lsa_.fit(self._damped(sample))
        return counted

    def counts(self, parts: Sequence[WeightedTexts]) -> Counts:
        """Return the counts of another pool."""
        return [[kind.counts(part) for part in parts] for kind in self._kinds]

    def views(self, counted: Counts) -> dict[str, Any]:
        """Return the views `text` (CSC) and `topics` of a pool, each with n unit rows."""
        size = counted[0][0].shape[0]
        weighed = []
        topics = np.empty((size, self.lsa_.directions_.shape[1]), dtype=np.float32)
        for start in range(0, max(size, 1), _CHUNK):
            rows = slice(start, start + _CHUNK)
            own = _rows(counted, rows)
            weighed.append(self.characters_.weigh(sum(own[0])))
            topics[rows] = self.lsa_.transform(self._damped(own))
        return {"text": sparse.csc_array(sparse.vstack(weighed, format="csc")), "topics": topics}

    def query_views(self, said: WeightedTexts) -> dict[str, Any]:
        """Return the views of queries, q unit rows in each."""
        text, spoken = (kind.weigh(kind.counts(said)) for kind in self._kinds)
        return {"text": text, "topics": self.lsa_.transform(_side_by_side(text, spoken))}

    def _set(self, *, min_documents: int) -> None:
        self.characters_ = TokenWeights(characters, min_documents)
        self.words_ = TokenWeights(words, min_documents)
        self.lsa_ = LatentSemantics(self.topics, self.seed)

    @property
    def _kinds(self) -> tuple[TokenWeights, TokenWeights]:
        return self.characters_, self.words_

    @property
    def parts(self) -> dict[str, Any]:
        """What is saved and restored, each part for itself."""
        return {"characters": self.characters_, "words": self.words_, "lsa": self.lsa_}

    def _damped(self, counted: Counts) -> sparse.csr_array:
        """Characters and words side by side, damped, names at half weight: what LSA reads."""
        weighed = [
            kind.weigh(products + scopes + _NAME_WEIGHT * names, damping=_DAMPING)
            for kind, (products, scopes, names) in zip(self._kinds, counted, strict=True)
        ]
        return _side_by_side(*weighed)


def _rows(counted: Counts, rows: Any) -> Counts:
    return [[part[rows] for part in kind] for kind in counted]


def _side_by_side(of_characters: sparse.csr_array, of_words: sparse.csr_array) -> sparse.csr_array:
    both = sparse.hstack([of_characters, _WORD_WEIGHT * of_words], format="csr")
    return unit_sparse_rows(sparse.csr_array(both))
