"""Content similarity: how near a profile's texts come to the need's, view by view.

An enterprise that resembles everything would crowd every list. Every similarity is therefore
lowered by half the enterprise's hubness: the mean of its highest similarities to names of
industries in general (cross-domain similarity local scaling: Conneau et al., "Word translation
without parallel data", ICLR 2018). No judgement plays a part in it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from models.blend import standardise
from models.factor import Factor

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

_NEIGHBOURS = 20
_HUBNESS = 0.5
_ONE_BY_ONE = 8
_CHUNK = 2_048
"""Rows compared at once: they stay in the processor's cache from one query to the next."""


@dataclass(frozen=True)
class Prepared:
    """A similarity over one pool.

    Attributes
    ----------
    similarities : callable
        From queries (q unit rows) to an array of shape (n, q).
    known : ndarray of bool, shape (n,)
    hubness : ndarray of shape (n, 1)
    """

    similarities: Callable[[Any], NDArray[np.float32]]
    known: NDArray[np.bool_]
    hubness: NDArray[np.float32]


def prepare(
    similarities: Callable[[Any], NDArray[np.float32]], known: NDArray[np.bool_], references: Any
) -> Prepared:
    """Measure the hubness of every enterprise against the reference queries."""
    found = similarities(references)
    others = max(found.shape[1] - _NEIGHBOURS, 0)
    found.partition(others, axis=1)
    return Prepared(similarities, known, found[:, others:].mean(axis=1, keepdims=True))


class Similarity(Factor):
    """Similarity of an enterprise to every part of what a need says, weighted and summed.

    Parameters
    ----------
    name : str
    view : str
        A key of `PoolFeatures.views`.
    """

    own_words_only = False

    def __init__(self, name: str, view: str) -> None:
        self.name = name
        self.view = view

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Return the view's matrix as a function of queries, with the hubness of its rows."""
        matrix = pool.views[self.view]
        if sparse.issparse(matrix):
            known = np.bincount(matrix.indices, minlength=len(pool)) > 0
            return prepare(lambda q: _sparse_cosines(matrix, q), known, pool.references[self.view])
        known = np.any(matrix, axis=1)
        return prepare(lambda q: _dense_cosines(matrix, q), known, pool.references[self.view])

    def score(self, need: NeedFeatures, prepared: Prepared) -> NDArray[np.float64] | None:
        """Return the weighted sum of the parts' standardised similarities, NaN where unknown."""
        parts = 1 if self.own_words_only else len(need.weights)
        queries = need.views[self.view][:parts]
        if not abs(queries).sum():
            return None
        found = prepared.similarities(queries) - _HUBNESS * prepared.hubness
        found[~prepared.known] = np.nan
        total = sum(
            weight * standardise(found[:, part]) for part, weight in enumerate(need.weights[:parts])
        )
        return np.where(prepared.known, total, np.nan)


class BestProduct(Similarity):
    """Cosine of the need and the product that comes nearest, a side product counting a little less.

    Each cosine is multiplied by the product's revenue share to the power 0.2. Only the need's own
    words count, not its context.
    """

    own_words_only = True

    def __init__(self) -> None:
        super().__init__("product_similarity", "meaning")

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Return the best product's cosine as a function of queries."""
        weights = pool.products.weights
        known = np.diff(weights.indptr) > 0
        power = (weights.data**0.4)[:, None]  # weights are roots of shares

        def best(queries: NDArray[np.float32]) -> NDArray[np.float32]:
            found = np.zeros((len(known), len(queries)), dtype=np.float32)
            cosines = _dense_cosines(pool.product_vectors, queries)
            for first in range(0, len(known), _CHUNK):
                starts = weights.indptr[first : first + _CHUNK + 1]
                some = known[first : first + _CHUNK]
                if some.any():
                    own = slice(starts[0], starts[-1])
                    said = cosines[weights.indices[own]] * power[own]
                    begin = starts[:-1][some] - starts[0]
                    found[first : first + _CHUNK][some] = np.maximum.reduceat(said, begin)
            return found

        return prepare(best, known, pool.references["meaning"])


def _dense_cosines(
    matrix: NDArray[np.float32], queries: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return matrix @ queries.T; a few queries one by one, for which BLAS has a better way."""
    if len(queries) > _ONE_BY_ONE:
        return matrix @ queries.T
    found = np.empty((len(matrix), len(queries)), dtype=np.float32, order="F")
    for first in range(0, len(matrix), _CHUNK):
        rows = slice(first, first + _CHUNK)
        for column, query in enumerate(queries):
            found[rows, column] = matrix[rows] @ query
    return found


def _sparse_cosines(matrix: sparse.csc_array, queries: sparse.csr_array) -> NDArray[np.float32]:
    """Return matrix @ queries.T, reading only the columns that the queries have."""
    columns = np.unique(queries.indices)
    return np.asarray((matrix[:, columns] @ queries[:, columns].T).toarray())
