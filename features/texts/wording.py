"""Character TF-IDF of profiles and needs, and topics (LSA)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from features.texts.tfidf import LatentSemantics, TokenWeights, characters

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.texts.text import WeightedTexts

LSA_ROWS = 20_000
"""Maximum number of enterprises that LSA is fitted on, sampled by its seed: the leading directions
are the same, and the cost does not grow with the pool."""

_SMALL_POOL = 1_000
_CHUNK = 16_384
"""Enterprises weighted at once, without a second copy of a large pool."""


class Wording:
    """Learns the vocabulary of character grams of a pool, and LSA over it.

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

    def fit(self, stated: WeightedTexts, ranks: NDArray[np.intp] | None = None) -> sparse.csr_array:
        """Fit on all texts of n enterprises, and return their counts.

        Parameters
        ----------
        said : WeightedTexts
        ranks : ndarray of shape (n,), optional
            The order of sampling and factorisation; by default as given.
        """
        rows = stated.weights.shape[0]
        # In a small pool a token of a single profile is not noise: it may be the only match of a
        # need.
        self._set(min_documents=1 if rows < _SMALL_POOL else 2)
        (counted,) = self.characters_.fit_counts([stated])
        order = np.arange(rows) if ranks is None else np.argsort(ranks)
        if rows > LSA_ROWS:
            drawn = np.random.default_rng(self.seed).choice(rows, LSA_ROWS, replace=False)
            order = order[np.sort(drawn)]
        self.lsa_.fit(self.characters_.weigh(counted[order]))
        return counted

    def counts(self, stated: WeightedTexts) -> sparse.csr_array:
        """Return the counts of another pool."""
        return self.characters_.counts(stated)

    def views(self, counted: sparse.csr_array) -> dict[str, Any]:
        """Return the views `text` (CSC) and `topics` of a pool, each with n unit rows."""
        size = counted.shape[0]
        weighed = []
        topics = np.empty((size, self.lsa_.directions_.shape[1]), dtype=np.float32)
        for start in range(0, max(size, 1), _CHUNK):
            own = self.characters_.weigh(counted[start : start + _CHUNK])
            weighed.append(own)
            topics[start : start + _CHUNK] = self.lsa_.transform(own)
        return {"text": sparse.csc_array(sparse.vstack(weighed, format="csc")), "topics": topics}

    def query_views(self, texts: Sequence[str]) -> dict[str, Any]:
        """Return the views of q texts, q unit rows in each."""
        text = self.characters_.weigh(self.characters_.counts_of(texts))
        return {"text": text, "topics": self.lsa_.transform(text)}

    def _set(self, *, min_documents: int) -> None:
        self.characters_ = TokenWeights(characters, min_documents)
        self.lsa_ = LatentSemantics(self.topics, self.seed)

    @property
    def parts(self) -> dict[str, Any]:
        """The parts that are saved and restored."""
        return {"characters": self.characters_, "lsa": self.lsa_}
