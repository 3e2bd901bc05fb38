"""Content space: topics and sentence vectors of a pool side by side, its columns centred.

The centred matrix is never materialised: for a large pool it would be the largest array.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from features.structures.compact import dot

if TYPE_CHECKING:
    from numpy.typing import NDArray


class Content:
    """The content of a pool, X of shape (n, d), as an operator.

    Parameters
    ----------
    topics : ndarray of shape (n, t)
    meaning : ndarray of shape (n, s)
    mean : ndarray of shape (t + s,), optional
        The column means to centre on: those of the whole pool for some of its rows. By default
        their own.
    """

    def __init__(
        self,
        topics: NDArray[np.float32],
        meaning: NDArray[np.float32],
        mean: NDArray[np.float32] | None = None,
    ) -> None:
        self._blocks = (topics, meaning)
        self._cut = topics.shape[1]
        self.mean = self._own_mean() if mean is None else mean

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
