"""Scale: the means and spreads by which the factors are standardised for one need.

It is fitted over a pool, or over a part of it with weights, and then applied to any enterprise:
scores on one scale are comparable, independent of which enterprises are scored together.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    Shares = NDArray[np.float64] | None

_LEAST_SPREAD = 1e-9
_ROUNDING = 1e-5
"""A spread up to this share of the mean is rounding error: all are equal."""
_BOUND = 12.0
"""Bound of z-scores in standard deviations: no factor decides alone."""


@dataclass(frozen=True)
class Moments:
    """Mean and standard deviation of scores; a spread of 0 if they are equal."""

    mean: float
    spread: float

    @classmethod
    def of(cls, scores: NDArray[Any], shares: Shares = None) -> Moments:
        """Compute them over the known entries; both are 0 if there are none.

        Parameters
        ----------
        scores : ndarray of shape (n,)
            NaN where unknown.
        shares : ndarray of shape (n,), optional
            If only a part of a large pool is scored: the number of rows that each represents. By
            default 1.
        """
        known = ~np.isnan(scores)
        values = scores[known].astype(np.float64)
        if not len(values):
            return cls(0.0, 0.0)
        if shares is None:
            mean, spread = float(values.mean()), float(values.std())
        else:
            weights = shares[known]
            total = float(weights.sum())
            if not total > 0:
                return cls(0.0, 0.0)
            mean = float(values @ weights) / total
            spread = float(np.sqrt((values - mean) ** 2 @ weights / total))
        return cls(mean, spread if spread > max(_LEAST_SPREAD, _ROUNDING * abs(mean)) else 0.0)

    def z(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Return bounded z-scores, shape (n,); an unknown score (NaN) gets 0, the mean.

        A z-score becomes b tanh(z / b) with b = 12: the tails of similarities are heavy, and a
        single outlier would outweigh all other evidence. Unknown counts neither for nor against an
        enterprise. If the spread is 0, all are 0.
        """
        z = np.zeros(len(scores), dtype=np.float64)
        if self.spread:
            known = ~np.isnan(scores)
            values = scores[known].astype(np.float64)
            z[known] = _BOUND * np.tanh((values - self.mean) / (self.spread * _BOUND))
        return z


def standardise(scores: NDArray[Any], shares: Shares = None) -> NDArray[np.float64]:
    """Return bounded z-scores on the scores' own scale, see `Moments`."""
    return Moments.of(scores, shares).z(scores)


@dataclass(frozen=True)
class FactorScale:
    """The scale of one factor.

    Attributes
    ----------
    columns : tuple of Moments
        One per column of the factor's scores; empty if it has no columns.
    weights : tuple of float
        Weights of the columns' z-scores.
    whole : Moments
        Moments of the sum, or of the scores.
    """

    columns: tuple[Moments, ...]
    weights: tuple[float, ...]
    whole: Moments

    @classmethod
    def of(
        cls, scores: NDArray[Any], weights: Sequence[float] = (), shares: Shares = None
    ) -> FactorScale:
        """Fit the scale of scores, shape (n,), or (n, c) with c weights; `shares` as above."""
        columns = tuple(Moments.of(own, shares) for own in scores.T) if scores.ndim > 1 else ()
        summed = _summed(scores, columns, weights)
        return cls(columns, tuple(weights), Moments.of(summed, shares))

    def z(self, scores: NDArray[Any]) -> NDArray[np.float64]:
        """Return one bounded z-score per enterprise, shape (n,)."""
        return self.whole.z(_summed(scores, self.columns, self.weights))


def _summed(
    scores: NDArray[Any], columns: Sequence[Moments], weights: Sequence[float]
) -> NDArray[Any]:
    """Return the weighted sum of the columns' z-scores; unknown where the first column is."""
    if not columns:
        return scores
    found = np.zeros(len(scores))
    for moments, weight, own in zip(columns, weights, scores.T, strict=True):
        found += weight * moments.z(own)
    found[np.isnan(scores[:, 0])] = np.nan
    return found


@dataclass(frozen=True)
class Scale:
    """The scale of all factors for one need.

    Attributes
    ----------
    factors : tuple of FactorScale or None
        Scales of the content factors; None for one that does not apply.
    content : float
        Spread of their weighted sum.
    head, hybrid : Moments or None
    constant : float
        Added to every raw score, see `models.scoring.fit.constant`.
    """

    factors: tuple[FactorScale | None, ...]
    content: float
    head: Moments | None
    hybrid: Moments | None
    constant: float = 0.0


class Values(NamedTuple):
    """Values of the factors for n enterprises, not standardised yet.

    Attributes
    ----------
    content : list of ndarrays of shape (n,) or (n, c), or None
        From `Factor.score`.
    head, hybrid : ndarray of shape (n,) or None
    history : ndarray of shape (2, n)
        Already on the scale of the whole pool.
    signals : ndarray of shape (n,)
        Already on the scale of raw scores.
    """

    content: list[NDArray[Any] | None]
    head: NDArray[np.float32] | None
    hybrid: NDArray[np.float32] | None
    history: NDArray[np.float64]
    signals: NDArray[np.float64]

    @classmethod
    def beside(cls, *parts: Values) -> Values:
        """Concatenate the values of several groups of enterprises for one need."""
        content, head, hybrid, history, signals = zip(*parts, strict=True)
        return cls(
            [_together(own) for own in zip(*content, strict=True)],
            _together(head),
            _together(hybrid),
            np.hstack(history),
            np.concatenate(signals),
        )

    @property
    def size(self) -> int:
        """Number of enterprises."""
        return len(self.signals)


def _together(parts: Sequence[NDArray[Any] | None]) -> Any:
    """Concatenate arrays; a factor applies to all groups or to none."""
    spoken = [own for own in parts if own is not None]
    return np.concatenate(spoken) if spoken else None


class Standardised(NamedTuple):
    """Standardised values, 0 where a factor does not apply.

    Attributes
    ----------
    content : ndarray of shape (content factors, n)
    head, hybrid : ndarray of shape (n,)
    history : ndarray of shape (2, n)
        Parts of one z-score.
    signals : ndarray of shape (n,)
    """

    content: NDArray[np.float64]
    head: NDArray[np.float64]
    hybrid: NDArray[np.float64]
    history: NDArray[np.float64]
    signals: NDArray[np.float64]


def standardised(values: Values, scale: Scale) -> Standardised:
    """Return values on a scale fitted for the same need, on these or other enterprises."""
    head, hybrid = z_scores((scale.head, scale.hybrid), (values.head, values.hybrid), values.size)
    content = z_scores(scale.factors, values.content, values.size)
    return Standardised(content, head, hybrid, values.history, values.signals)


def z_scores(
    scales: Sequence[FactorScale | Moments | None],
    scores: Sequence[NDArray[Any] | None],
    size: int,
) -> NDArray[np.float64]:
    """Return z-scores, shape (factors, size), 0 where a factor does not apply."""
    found = np.zeros((len(scales), size))
    for row, (scale, own) in enumerate(zip(scales, scores, strict=True)):
        if scale is not None and own is not None:
            found[row] = scale.z(own)
    return found
