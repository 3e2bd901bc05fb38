"""Search by the same words as the stack, to measure the value of product knowledge alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from training.peers.search import Bm25, CharacterTfidf

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from training.rounds import Round
    from training.tasks import EvaluationQuestion


class Bm25Words(Bm25):
    """The weighted sum of BM25 over the words that the need was understood as."""

    name = "bm25_words"
    gloss = "BM25（同样的词）"

    def settings(self) -> dict[str, Any]:
        """Return the settings without that of the sector, which is among the words."""
        return {name: own for name, own in super().settings().items() if name != "sector"}

    def fit(self, ground: Round) -> Self:
        """Index the profiles."""
        self.ground_ = ground
        return super().fit(ground)

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return the weighted sum."""
        words = self.ground_.need(question).understood.words
        return np.asarray(sum(np.float32(weight) * self.found([word]) for word, weight in words))


class CharacterTfidfWords(CharacterTfidf):
    """The weighted sum of character TF-IDF cosines over these words."""

    name = "character_tfidf_words"
    gloss = "字符TF-IDF（同样的词）"

    def settings(self) -> dict[str, Any]:
        """Return the fixed settings."""
        return super().settings() | {"query": "words"}

    def fit(self, ground: Round) -> Self:
        """Index the profiles."""
        self.ground_ = ground
        return super().fit(ground)

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return the weighted sum."""
        words, weights = zip(*self.ground_.need(question).understood.words, strict=True)
        return np.asarray(np.array(weights, dtype=np.float32) @ self.index_.cosines(words))
