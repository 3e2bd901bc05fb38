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
    from features.content import Content

EXAMPLES = 20
ALPHA = 20.0


class Prepared(NamedTuple):
    """Content of the pool, and the factorised XᵀX + αI of its ridge regression."""

    content: Content
    factor: tuple[NDArray[np.float32], bool]


class Feedback:
    """The factor `feedback`; it needs the scores of the content factors and learns nothing."""

    name = "feedback"

    def prepare(self, pool: PoolFeatures) -> Prepared:
        """Factorise once a pool."""
        return Prepared(pool.content, cho_factor(pool.content.ridge(ALPHA)))

    def score(self, base: NDArray[np.float64], prepared: Prepared) -> NDArray[np.float32]:
        """Return the prediction for every enterprise, parameters as of `direction`."""
        return prepared.content.dot(self.direction(base, prepared))

    def direction(self, base: NDArray[np.float64], prepared: Prepared) -> NDArray[np.float32]:
        """Return the coefficients of the regression in content space, shape (d,).

        Parameters
        ----------
        base : ndarray of shape (n,)
            Standardised sum of the content factors.
        prepared : Prepared
        """
        count = min(EXAMPLES, len(base))
        first = np.argsort(-base, kind="stable")[:count]
        weights = np.exp(base[first] - base.max(initial=0))
        shares = (weights / weights.sum()).astype(np.float32)
        example = shares @ prepared.content.rows(first)
        return np.asarray(cho_solve(prepared.factor, example))
