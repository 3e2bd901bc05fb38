"""The blend: a weighted sum of standardised factors, so that every contribution is exact.

Three stages. The content factors are summed and scaled to unit spread. Feedback, from the first
leads of that sum, is added. Where a need has judgements or events of its own (warm), this counts
the less the more of them there are, and the need's head comes in. LightFM and the history of
deals speak in both cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Shares = NDArray[np.float64] | None

CONSTANT = "constant"
HISTORY = ("track_record", "place_affinity")
_LEAST_SPREAD = 1e-9
_SCORE_SPREAD = 3.0


def standardise(scores: NDArray[Any], shares: Shares = None) -> NDArray[np.float64]:
    """Return z-scores over the known entries; an unknown one (NaN) gets 0, the pool's mean.

    Unknown is thereby neither for nor against an enterprise. A factor without any spread is 0
    everywhere.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    shares : ndarray of shape (n,), optional
        Where only some of a large pool are scored: for how many of it each of them stands in mean
        and spread, 0 for whoever is there besides. By default each stands for itself.
    """
    known = ~np.isnan(scores)
    z = np.zeros(len(scores), dtype=np.float64)
    measured = scores[known].astype(np.float64)
    mean, spread = _moments(measured, None if shares is None else shares[known])
    if spread > _LEAST_SPREAD:
        z[known] = (measured - mean) / spread
    return z


def unit_spread(parts: NDArray[np.float64], shares: Shares = None) -> NDArray[np.float64]:
    """Scale parts, shape (parts, n), so that their sum has standard deviation 1."""
    spread = _moments(parts.sum(axis=0), shares)[1] if parts.size else 0.0
    return parts / spread if spread > _LEAST_SPREAD else parts


def _moments(values: NDArray[np.float64], shares: Shares) -> tuple[float, float]:
    """Return mean and standard deviation, 0 where there is nothing to take them of."""
    if shares is None:
        return (float(values.mean()), float(values.std())) if len(values) else (0.0, 0.0)
    total = float(shares.sum())
    if not total > 0:
        return 0.0, 0.0
    mean = float(values @ shares) / total
    return mean, float(np.sqrt((values - mean) ** 2 @ shares / total))


def content_share(chosen: int) -> float:
    """Return what content counts beside a head with `chosen` examples: 1.2 / √n, 0.2 to 1."""
    return float(np.clip(1.2 / np.sqrt(max(chosen, 1)), 0.2, 1.0))


@dataclass(frozen=True)
class Blend:
    """Weights of the factors.

    Attributes
    ----------
    names : tuple of str
        The content factors.
    content : ndarray of shape (len(names),)
        Their weights.
    cold : ndarray of shape (4,)
        Of content, feedback, LightFM and history for a need that nothing was learnt for.
    warm : ndarray of shape (4,)
        Of content with feedback, the need's head, LightFM and history for another need.
    offsets : tuple of two floats
        The constant for a cold and a warm need: minus the median raw sum of the relevant
        enterprises held out, so that `score` is 0.5 for an enterprise as good as these.
    """

    names: tuple[str, ...]
    content: NDArray[np.float64]
    cold: NDArray[np.float64]
    warm: NDArray[np.float64]
    offsets: tuple[float, float]

    @property
    def factors(self) -> tuple[str, ...]:
        """The rows of contributions."""
        return (*self.names, "feedback", "need_head", "hybrid", *HISTORY, CONSTANT)

    def content_parts(
        self, scores: Sequence[NDArray[Any] | None], size: int, shares: Shares = None
    ) -> NDArray[np.float64]:
        """Return the content factors' parts, shape (names, size), their sum of unit spread.

        `shares` are as for `standardise`.
        """
        parts = np.zeros((len(self.names), size))
        for row, (weight, values) in enumerate(zip(self.content, scores, strict=True)):
            if weight and values is not None:
                parts[row] = weight * standardise(values, shares)
        return unit_spread(parts, shares)

    def contributions(
        self,
        content: NDArray[np.float64],
        feedback: NDArray[Any],
        hybrid: NDArray[Any] | None,
        head: NDArray[Any] | None,
        history: NDArray[np.float64],
        chosen: int,
        shares: Shares = None,
    ) -> NDArray[np.float64]:
        """Return each factor's part of the raw score, shape (factors, n).

        Parameters
        ----------
        content : ndarray of shape (names, n)
            From `content_parts`.
        feedback, hybrid, head : ndarray of shape (n,) or None
            Raw scores; None where a factor says nothing.
        history : ndarray of shape (2, n)
            The parts of one z-score.
        chosen : int
            How many examples the need's head was fitted on.
        shares : ndarray of shape (n,), optional
            See `standardise`.
        """
        silent = np.zeros(content.shape[1])
        spoken = [
            silent if values is None else standardise(values, shares) for values in (head, hybrid)
        ]
        voiced = np.vstack([self.cold[0] * content, self.cold[1] * standardise(feedback, shares)])
        if head is None:
            rows = [voiced, silent, self.cold[2] * spoken[1], self.cold[3] * history]
        else:
            share = self.warm[0] * content_share(chosen)
            rows = [
                share * unit_spread(voiced, shares),
                self.warm[1] * spoken[0],
                self.warm[2] * spoken[1],
                self.warm[3] * history,
            ]
        constant = np.full_like(silent, self.offsets[head is not None])
        return np.vstack([*rows, constant])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights, to be saved."""
        return {
            "names": np.array(self.names, dtype=np.str_),
            "content": self.content,
            "cold": self.cold,
            "warm": self.warm,
            "offsets": np.array(self.offsets),
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Blend:
        """Take back what `arrays` returned."""
        cold, warm = arrays["offsets"].tolist()
        names = tuple(arrays["names"].tolist())
        return cls(names, arrays["content"], arrays["cold"], arrays["warm"], (cold, warm))


def score_of(raw: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map raw scores into 0 to 1 by a logistic function: monotone, and not a probability."""
    return np.asarray(1 / (1 + np.exp(-raw / _SCORE_SPREAD)))
