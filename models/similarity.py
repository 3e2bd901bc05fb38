"""Content similarity: how near a profile's texts come to the need's, view by view.

An enterprise that resembles everything would crowd every list. Every similarity is therefore
lowered by half the enterprise's hubness: the mean of its highest similarities to names of
industries in general (cross-domain similarity local scaling: Conneau et al., "Word translation
without parallel data", ICLR 2018). No judgement plays a part in it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from models.blend import standardise
from models.factor import Factor

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

    Similarities = Callable[[Any], NDArray[np.float32]]

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
    measured : slice
        The rows that means and spreads are taken over.
    """

    similarities: Similarities
    known: NDArray[np.bool_]
    hubness: NDArray[np.float32]
    measured: slice = field(default_factory=lambda: slice(None))

    def lowered(self, queries: Any) -> NDArray[np.float32]:
        """Return similarities less half the hubness, shape (n, q); NaN where unknown."""
        found = self.similarities(queries) - _HUBNESS * self.hubness
        found[~self.known] = np.nan
        return found


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

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:
        """Measure the hubness of every enterprise against the reference queries."""
        found = self._similarities(pool)(pool.references[self.view])
        others = max(found.shape[1] - _NEIGHBOURS, 0)
        found.partition(others, axis=1)
        hubness = found[:, others:].mean(axis=1, keepdims=True)
        return {"known": self._known(pool), "hubness": hubness}

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Return the view's matrix as a function of queries, with the hubness of its rows."""
        return self.prepare_measured(pool, self.measure(pool))

    def prepare_measured(
        self, pool: PoolFeatures, measured: Mapping[str, NDArray[Any]]
    ) -> Prepared:
        """Return the same from what was measured before."""
        return Prepared(self._similarities(pool), **measured, measured=pool.measured)

    def score(self, need: NeedFeatures, prepared: Prepared) -> NDArray[np.float64] | None:
        """Return the weighted sum of the parts' standardised similarities, NaN where unknown."""
        parts = 1 if self.own_words_only else len(need.weights)
        queries = need.views[self.view][:parts]
        if not abs(queries).sum():
            return None
        found, over = prepared.lowered(queries), prepared.measured
        total = sum(
            weight * standardise(found[:, part], over)
            for part, weight in enumerate(need.weights[:parts])
        )
        return np.where(prepared.known, total, np.nan)

    def direction(
        self, need: NeedFeatures, prepared: Prepared
    ) -> tuple[NDArray[np.float32], float] | None:
        """Return v and h, by which x · v - h · hubness is the z-score but for a constant.

        It is so for every row x of a dense view, for those of a pool as for those that were
        measured; None where `score` is.
        """
        queries = need.views[self.view]
        if not abs(queries).sum():
            return None
        found = prepared.lowered(queries)[prepared.measured]
        found = found[~np.isnan(found[:, 0])]
        spreads = found.std(axis=0) if len(found) else np.zeros(len(queries))
        shares = np.divide(need.weights, spreads, out=np.zeros(len(queries)), where=spreads > 0)
        spread = (found @ shares).std() if len(found) else 0.0
        if not spread > 0:
            return None
        shares /= spread
        return np.asarray(shares @ queries, dtype=np.float32), float(_HUBNESS * shares.sum())

    def _similarities(self, pool: PoolFeatures) -> Similarities:
        matrix = pool.views[self.view]
        cosines = _sparse_cosines if sparse.issparse(matrix) else _dense_cosines
        return lambda queries: cosines(matrix, queries)

    def _known(self, pool: PoolFeatures) -> NDArray[np.bool_]:
        matrix = pool.views[self.view]
        if sparse.issparse(matrix):
            return np.asarray(np.bincount(matrix.tocoo().row, minlength=len(pool)) > 0)
        return np.asarray(np.any(matrix, axis=1))


class BestProduct(Similarity):
    """Cosine of the need and the product that comes nearest, a side product counting a little less.

    Each cosine is multiplied by the product's revenue share to the power 0.2. Only the need's own
    words count, not its context.
    """

    own_words_only = True

    def __init__(self) -> None:
        super().__init__("product_similarity", "meaning")

    def _known(self, pool: PoolFeatures) -> NDArray[np.bool_]:
        return np.asarray(np.diff(pool.products.weights.indptr) > 0)

    def _similarities(self, pool: PoolFeatures) -> Similarities:
        """Return the best product's cosine as a function of queries."""
        weights = pool.products.weights
        known = self._known(pool)
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

        return best


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
