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

from features.compact import single
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
_COMPARED = 512
"""Rows compared at once: they stay in the processor's cache from one query to the next."""
_CHUNK = 2_048
"""Enterprises whose products are looked at at once."""


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

    similarities: Similarities
    known: NDArray[np.bool_]
    hubness: NDArray[np.float32]

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
        return Prepared(self._similarities(pool), **measured)

    def score(self, need: NeedFeatures, prepared: Prepared) -> NDArray[np.float64] | None:
        """Return the weighted sum of the parts' standardised similarities, NaN where unknown."""
        values = self.values(need, prepared)
        return None if values is None else self.joined(need, values)

    def values(self, need: NeedFeatures, prepared: Prepared) -> NDArray[np.float32] | None:
        """Return the similarity to each part, less half the hubness, shape (n, p)."""
        queries = need.views[self.view][: 1 if self.own_words_only else None]
        return prepared.lowered(queries) if abs(queries).sum() else None

    def joined(
        self, need: NeedFeatures, values: NDArray[Any], shares: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the weighted sum of the parts, each standardised."""
        parts = zip(need.weights, values.T, strict=False)
        total = sum(weight * standardise(part, shares) for weight, part in parts)
        return np.where(np.isnan(values[:, 0]), np.nan, total)

    def direction(
        self, need: NeedFeatures, values: NDArray[Any]
    ) -> tuple[NDArray[np.float32], float] | None:
        """Return v and h, by which x · v - h · hubness is the z-score but for a constant.

        It is so for every row x of a dense view, for others as for those that have the `values`;
        None where these do not differ.
        """
        queries = need.views[self.view]
        found = values[~np.isnan(values[:, 0])]
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
            cosines = _cosines_of(pool.product_vectors, queries, weights.indices)
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


def _cosines_of(
    vectors: NDArray[Any], queries: NDArray[np.float32], named: NDArray[np.intp]
) -> NDArray[np.float32]:
    """Return vectors @ queries.T, of a large array for those only that are named, if these are few.

    What stands for the others is not to be looked at.
    """
    if len(named) >= len(vectors):
        return _dense_cosines(vectors, queries)
    marked = np.zeros(len(vectors), dtype=np.bool_)
    marked[named] = True
    found = np.empty((len(vectors), len(queries)), dtype=np.float32)
    found[marked] = _dense_cosines(vectors, queries, np.flatnonzero(marked))
    return found


def _dense_cosines(
    matrix: NDArray[Any], queries: NDArray[np.float32], at: NDArray[np.intp] | None = None
) -> NDArray[np.float32]:
    """Return matrix @ queries.T, of some rows or all of them.

    A few queries are taken one by one, for which BLAS has a better way.
    """
    if len(queries) > _ONE_BY_ONE:
        return np.asarray(single(matrix if at is None else matrix[at]) @ queries.T)
    size = len(matrix if at is None else at)
    found = np.empty((size, len(queries)), dtype=np.float32, order="F")
    for first in range(0, size, _COMPARED):
        rows = slice(first, first + _COMPARED)
        some = single(matrix[rows if at is None else at[rows]])
        for column, query in enumerate(queries):
            found[rows, column] = some @ query
    return found


def _sparse_cosines(matrix: Any, queries: sparse.csr_array) -> NDArray[np.float32]:
    """Return matrix @ queries.T; of a matrix by columns only those are read that queries have."""
    matrix = single(matrix)
    if matrix.format == "csr" and queries.shape[0] <= _ONE_BY_ONE:
        return np.asarray(matrix @ queries.toarray().T)
    columns = np.unique(queries.indices)
    return np.asarray((matrix[:, columns] @ queries[:, columns].T).toarray())
