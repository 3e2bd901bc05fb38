"""Learning the blend's weights on held-out cases."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from models.settings import DEFAULTS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from training.cases import ScoredCase

PRIOR_NEEDS = DEFAULTS.weights.prior_needs
"""The strength of the prior weights: with few cases they hardly change.

Of 1, 3, 10 and 30 the lower values did better on needs and years that weights were not learnt on:
NDCG@10 of unseen needs 0.707, 0.703, 0.701 and 0.701 (listed companies), of later deals 0.294,
0.286, 0.255 and 0.250 (outbound). Below 5 a single need would change them too much.
"""

_CANDIDATES = 50
_SHARPNESS = (0.05, 5.0)


def learn_weights(
    cases: Sequence[ScoredCase], prior: NDArray[np.float64], holding: float = PRIOR_NEEDS
) -> NDArray[np.float64]:
    """Return the non-negative weights that best rank the relevant enterprises of the cases.

    Minimises, summed over the cases, the mean negative log-likelihood of the relevant enterprises
    among the best candidates by the prior (a softmax, as in ListNet: Cao et al., ICML 2007), plus
    `holding` times the squared distance from the prior. The sharpness of the softmax is fitted
    first, along the prior, so that the weights keep their scale. Without cases the prior is
    returned.
    """
    if not cases:
        return prior.copy()
    from scipy.optimize import minimize  # slow to import, and only needed in training

    hard = [_hardest(case, prior) for case in cases]

    def likelihood(weights: NDArray[np.float64], sharpness: float) -> tuple[float, Any, float]:
        """Return the loss, and its gradients in the weights and in the sharpness."""
        loss, slope, slope_of_sharpness = 0.0, np.zeros_like(weights), 0.0
        for parts, relevant in hard:
            raw = weights @ parts
            logits = sharpness * (raw - raw.max())
            likely = np.exp(logits)
            total = likely.sum()
            loss += np.log(total) - logits[:relevant].mean()
            gap = likely / total
            gap[:relevant] -= 1 / relevant
            slope += sharpness * (parts @ gap)
            slope_of_sharpness += float(gap @ raw)
        return loss, slope, slope_of_sharpness

    def of_sharpness(sharpness: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, _, slope = likelihood(prior, float(sharpness[0]))
        return loss, np.array([slope])

    def of_weights(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        loss, slope, _ = likelihood(weights, sharpness)
        gap = weights - prior
        return loss + holding * float(gap @ gap), slope + 2 * holding * gap

    sharpness = float(
        minimize(of_sharpness, [1.0], jac=True, method="L-BFGS-B", bounds=[_SHARPNESS]).x[0]
    )
    bounds = [(0, None)] * len(prior)
    found = minimize(of_weights, prior, jac=True, method="L-BFGS-B", bounds=bounds)
    return np.asarray(found.x)


def _hardest(case: ScoredCase, prior: NDArray[np.float64]) -> tuple[NDArray[np.float64], int]:
    """Return the relevant columns, followed by the best others by the prior."""
    others = np.flatnonzero(~case.relevant)
    best = others[np.argsort(-(prior @ case.parts[:, others]), kind="stable")][:_CANDIDATES]
    columns = np.concatenate([np.flatnonzero(case.relevant), best])
    return case.parts[:, columns], int(case.relevant.sum())
