"""The blend: a weighted sum of standardised factors, so that every contribution is exact.

The content factors are summed and scaled to unit spread. Where a need has judgements or events of
its own (warm), this counts the less the more of them there are, and the need's head comes in.
LightFM and the history of deals speak in both cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    Shares = NDArray[np.float64] | None

CONSTANT = "constant"
HISTORY = ("track_record", "place_affinity")
_LEAST_SPREAD = 1e-9
_ROUNDING = 1e-5
"""A spread of no more than this share of the mean is that of rounding: all are equal."""
_BOUND = 12.0
"""How far a factor can stand out, in standard deviations: no factor decides alone."""


def standardise(scores: NDArray[Any], shares: Shares = None) -> NDArray[np.float64]:
    """Return bounded z-scores over the known entries; an unknown one (NaN) gets 0, the mean.

    A z-score becomes b tanh(z / b) with b = 12: the tails of similarities are heavy, and one odd
    match would outweigh all other evidence. Unknown is thereby neither for nor against an
    enterprise. A factor without any spread is 0 everywhere.

    Parameters
    ----------
    scores : ndarray of shape (n,)
    shares : ndarray of shape (n,), optional
        Where only some of a large pool are scored: for how many of it each of them stands in mean
        and spread, 0 for other rows that are there. By default each stands for itself.
    """
    known = ~np.isnan(scores)
    z = np.zeros(len(scores), dtype=np.float64)
    measured = scores[known].astype(np.float64)
    mean, spread = _moments(measured, None if shares is None else shares[known])
    if spread > max(_LEAST_SPREAD, _ROUNDING * abs(mean)):
        z[known] = _BOUND * np.tanh((measured - mean) / (spread * _BOUND))
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
    cold : ndarray of shape (3,)
        Of content, LightFM and history for a need that nothing was learnt for.
    warm : ndarray of shape (4,)
        Of content, the need's head, LightFM and history for another need.
    """

    names: tuple[str, ...]
    content: NDArray[np.float64]
    cold: NDArray[np.float64]
    warm: NDArray[np.float64]

    @property
    def factors(self) -> tuple[str, ...]:
        """The rows of contributions, the constant last."""
        return (*self.names, "need_head", "hybrid", *HISTORY, SIGNALS, CONSTANT)

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
        hybrid: NDArray[Any] | None,
        head: NDArray[Any] | None,
        history: NDArray[np.float64],
        chosen: int,
        shares: Shares = None,
    ) -> NDArray[np.float64]:
        """Return each factor's part of the raw score but signals and constant, (factors - 2, n).

        Parameters
        ----------
        content : ndarray of shape (names, n)
            From `content_parts`.
        hybrid, head : ndarray of shape (n,) or None
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
        if head is None:
            rows = [
                self.cold[0] * content,
                silent,
                self.cold[1] * spoken[1],
                self.cold[2] * history,
            ]
        else:
            share = self.warm[0] * content_share(chosen)
            rows = [
                share * content,
                self.warm[1] * spoken[0],
                self.warm[2] * spoken[1],
                self.warm[3] * history,
            ]
        return np.vstack(rows)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the weights, to be saved."""
        return {
            "names": np.array(self.names, dtype=np.str_),
            "content": self.content,
            "cold": self.cold,
            "warm": self.warm,
        }

    @classmethod
    def restore(cls, arrays: Mapping[str, NDArray[Any]]) -> Blend:
        """Take back what `arrays` returned."""
        names = tuple(arrays["names"].tolist())
        return cls(names, arrays["content"], arrays["cold"], arrays["warm"])
