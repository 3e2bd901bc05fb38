"""Content space: topics and sentence vectors of a pool side by side, its columns centred.

The centred matrix is never materialised: for a large pool it would be the largest array.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.compact import dot

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse


class Content:
    """The content of a pool, X of shape (n, d), as an operator.

    Parameters
    ----------
    topics : ndarray of shape (n, t)
    meaning : ndarray of shape (n, s)
    mean : ndarray of shape (t + s,), optional
        The column means to centre on: those of the whole pool for some of its rows. By default
        their own.
    gram : ndarray of shape (t + s, t + s), optional
        XᵀX, if computed before.
    """

    def __init__(
        self,
        topics: NDArray[np.float32],
        meaning: NDArray[np.float32],
        mean: NDArray[np.float32] | None = None,
        gram: NDArray[np.float32] | None = None,
    ) -> None:
        self._blocks = (topics, meaning)
        self._cut = topics.shape[1]
        self.mean = self._own_mean() if mean is None else mean
        self._gram = gram

    def __len__(self) -> int:
        return len(self._blocks[0])

    def _own_mean(self) -> NDArray[np.float32]:
        if not len(self):
            return np.zeros(sum(block.shape[1] for block in self._blocks), dtype=np.float32)
        return np.concatenate([block.mean(axis=0) for block in self._blocks])

    def dot(self, vectors: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return X @ vectors, for vectors of shape (d,) or (d, k)."""
        topics, meaning = self._blocks
        found = dot(topics, vectors[: self._cut]) + dot(meaning, vectors[self._cut :])
        return np.asarray(found - self.mean @ vectors)

    def rows(self, at: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return rows of X."""
        return np.asarray(np.hstack([block[at] for block in self._blocks]) - self.mean)

    def weighted(self, weights: sparse.csr_array) -> NDArray[np.float32]:
        """Return weights @ X, for sparse weights of shape (m, n)."""
        total = np.hstack([weights @ block for block in self._blocks])
        return np.asarray(total - np.outer(weights.sum(axis=1), self.mean), dtype=np.float32)

    @cached_property
    def gram(self) -> NDArray[np.float32]:
        """XᵀX, shape (d, d)."""
        if self._gram is not None:
            return self._gram
        topics, meaning = self._blocks
        across = topics.T @ meaning
        both = np.block([[topics.T @ topics, across], [across.T, meaning.T @ meaning]])
        return np.asarray(both - len(self) * np.outer(self.mean, self.mean))

    def ridge(self, alpha: float) -> NDArray[np.float32]:
        """Return XᵀX + αI."""
        found = self.gram.copy()
        found[np.diag_indices_from(found)] += alpha
        return found
