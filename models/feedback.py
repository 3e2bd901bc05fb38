"""Pseudo-relevance feedback: what the first leads have in common speaks for others like them.

Rocchio's idea in the form of a ridge regression: the leads that the content factors place first,
weighted by a softmax of their scores, are taken as examples, and every enterprise gets the
prediction of a ridge regression on them in content space.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy.linalg import cho_factor, cho_solve

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import PoolFeatures

EXAMPLES = 20
ALPHA = 20.0


class Prepared(NamedTuple):
    """Content of the pool, shape (n, d), and the factorised GᵀG + αI of its ridge regression."""

    content: NDArray[np.float32]
    factor: tuple[NDArray[np.float32], bool]


def content(pool: PoolFeatures) -> NDArray[np.float32]:
    """Return topics and sentence vectors side by side, columns centred, shape (n, d)."""
    both = np.column_stack([pool.views["topics"], pool.views["meaning"]])
    return np.asarray(both - both.mean(axis=0)) if len(both) else both


class Feedback:
    """The factor `feedback`; it needs the scores of the content factors and learns nothing."""

    name = "feedback"

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Factorise once a pool."""
        rows = content(pool)
        gram = rows.T @ rows
        gram[np.diag_indices_from(gram)] += ALPHA
        return Prepared(rows, cho_factor(gram))

    def score(self, base: NDArray[np.float64], prepared: Prepared) -> NDArray[np.float32]:
        """Return the prediction for every enterprise.

        Parameters
        ----------
        base : ndarray of shape (n,)
            Standardised sum of the content factors.
        prepared : Prepared
        """
        count = min(EXAMPLES, len(base))
        first = np.argsort(-base, kind="stable")[:count]
        weights = np.exp(base[first] - base.max(initial=0))
        example = (weights / weights.sum()).astype(np.float32) @ prepared.content[first]
        return np.asarray(prepared.content @ cho_solve(prepared.factor, example))
