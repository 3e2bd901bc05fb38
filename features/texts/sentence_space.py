"""The common space of sentence vectors: centred, and partially whitened.

Raw sentence vectors share a large common component and a few directions of little meaning. Texts of
each kind are centred on their own mean, and every direction is divided by the fourth root of its
variance among products (half of a whitening: Su et al., "Whitening sentence representations", 2021;
full whitening reduced accuracy here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

import numpy as np

from features.texts.tfidf import unit_rows

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

KINDS = ("product", "name", "query")
_LEAST_VARIANCE = 1e-8
_SAMPLES_A_DIRECTION = 10
_SAMPLED = 50_000
"""Maximum number of products for the variances; of more, every second, third … is used."""
_CHUNK = 8_192


class SentenceSpace:
    """Learns a centre per kind of text, and the variances of directions from products."""

    def fit(
        self, vectors: Mapping[str, NDArray[np.float32]], texts: Sequence[str] | None = None
    ) -> Self:
        """Fit on the vectors of each kind, shape (n, d); a kind without any is not centred.

        With very many products a sample is used, drawn in the order of their `texts`, by default as
        given.
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
        else:  # too few to estimate a variance in every direction
            axes, scales = np.eye(dimensions), np.ones(dimensions)
        self.rotation_ = (axes * scales).astype(np.float32)
        return self

    def transform(self, kind: str, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return unit rows in the common space, shape as given."""
        centre = self.centres_[KINDS.index(kind)]
        found = np.empty_like(vectors)
        for start in range(0, len(vectors), _CHUNK):  # without a second copy for a large pool
            rows = slice(start, start + _CHUNK)
            found[rows] = unit_rows((vectors[rows] - centre) @ self.rotation_)
        return found

    def leading(self, vectors: NDArray[np.float32], dimensions: int) -> NDArray[np.float32]:
        """Return unit rows over the directions of highest variance, cheaper to compare.

        Without fitted variances all directions are kept.
        """
        learnt = np.count_nonzero(self.rotation_) > len(self.rotation_)
        # Directions are ordered by variance, the largest last.
        return unit_rows(np.ascontiguousarray(vectors[:, -dimensions:])) if learnt else vectors

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the fitted arrays, to be saved."""
        return {"centres": self.centres_, "rotation": self.rotation_}

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Restore from the result of `arrays`."""
        self.centres_, self.rotation_ = arrays["centres"], arrays["rotation"]
        return self
