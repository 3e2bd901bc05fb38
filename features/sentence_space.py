"""Sentence vectors made comparable: centred, and their covariance half whitened.

Raw sentence vectors share a large common direction and a few that say little of meaning. Texts of
a kind are centred on their own mean, and every direction is divided by the fourth root of its
variance among products (half of a whitening: Su et al., "Whitening sentence representations",
2021; the whole of it cost accuracy here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.tfidf import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

KINDS = ("product", "name", "query")
_LEAST_VARIANCE = 1e-8
_SAMPLES_A_DIRECTION = 10
_SAMPLED = 50_000
"""Of more products, how many the variances are learnt from: every second, third … of them."""
_CHUNK = 8_192


class SentenceSpace:
    """Learns a centre for each kind of text, and the directions' variances from products."""

    def fit(
        self, vectors: Mapping[str, NDArray[np.float32]], texts: Sequence[str] | None = None
    ) -> Self:
        """Learn from the vectors of each kind, shape (n, d); a kind without any is not centred.

        Of very many products the variances are learnt from some: drawn in the order of their
        `texts`, by default as they come.
        """
        dimensions = vectors["query"].shape[1]
        self.centres_ = np.stack(
            [
                vectors[kind].mean(axis=0) if len(vectors[kind]) else np.zeros(dimensions)
                for kind in KINDS
            ]
        ).astype(np.float32)
        products = vectors["product"]
        if (step := -(-len(products) // _SAMPLED)) > 1:
            order = range(len(products))
            rows = sorted(order, key=texts.__getitem__) if texts is not None else list(order)
            products = products[rows[::step]]
        if len(products) >= _SAMPLES_A_DIRECTION * dimensions:
            variances, axes = np.linalg.eigh(np.cov(products.T.astype(np.float64)))
            scales = np.maximum(variances, _LEAST_VARIANCE) ** -0.25
        else:  # too few for a variance in every direction
            axes, scales = np.eye(dimensions), np.ones(dimensions)
        self.rotation_ = (axes * scales).astype(np.float32)
        return self

    def transform(self, kind: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return unit rows in the common space, shape as given."""
        centre = self.centres_[KINDS.index(kind)]
        found = np.empty_like(vectors)
        for start in range(0, len(vectors), _CHUNK):  # of a large pool, no second copy
            rows = slice(start, start + _CHUNK)
            found[rows] = unit_rows((vectors[rows] - centre) @ self.rotation_)
        return found

    def leading(self, vectors: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
        """Return unit rows over the directions in which products differ most, cheaper to compare.

        All directions are kept where no variance was learnt.
        """
        learnt = np.count_nonzero(self.rotation_) > len(self.rotation_)
        # Directions are in the order of their variances, the largest last.
        return unit_rows(np.ascontiguousarray(vectors[:, -dimensions:])) if learnt else vectors

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return what was learnt, to be saved."""
        return {"centres": self.centres_, "rotation": self.rotation_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Take back what `arrays` returned."""
        self.centres_, self.rotation_ = arrays["centres"], arrays["rotation"]
        return self
