"""The blend: a weighted sum of standardised factors, so that every contribution is exact.

The content factors are summed and scaled to unit spread. If a need has judgements or events of its
own (warm), the need's head is added, and content is weighted less the more of them there are.
LightFM and the history of deals are part of both cases.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from models.factors.signals import SIGNALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from models.scoring.scale import Standardised

CONSTANT = "constant"
HISTORY = ("track_record", "place_affinity")


def content_share(chosen: int) -> float:
    """Return content's weight next to a head with n = `chosen` examples: 1.2 / √n, 0.2 to 1."""
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
        Weights of content, LightFM and history for a need without labels.
    warm : ndarray of shape (4,)
        Weights of content, head, LightFM and history for a need with labels.
    """

    names: tuple[str, ...]
    content: NDArray[np.float64]
    cold: NDArray[np.float64]
    warm: NDArray[np.float64]

    @property
    def factors(self) -> tuple[str, ...]:
        """The rows of contributions, the constant last."""
        return (*self.names, "need_head", "hybrid", *HISTORY, SIGNALS, CONSTANT)

    def strengths(self, chosen: int) -> NDArray[np.float64]:
        """Return the weights of content, head, LightFM and history.

        Parameters
        ----------
        chosen : int
            Number of examples that the need's head was fitted on; 0 if it has none.
        """
        if not chosen:
            content, hybrid, history = self.cold
            return np.array([content, 0.0, hybrid, history])
        return np.asarray(self.warm * [content_share(chosen), 1, 1, 1])

    def weighed(self, content: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the content factors' z-scores, shape (names, n), times their weights."""
        return self.content[:, None] * content

    def contributions(
        self, z: Standardised, spread: float, constant: float, chosen: int
    ) -> NDArray[np.float64]:
        """Return each factor's part of the raw score, shape (factors, n).

        Parameters
        ----------
        z : Standardised
        spread : float
            Standard deviation of the sum of content; 0 if it is constant.
        constant : float
        chosen : int
            See `strengths`.
        """
        content, head, hybrid, history = self.strengths(chosen)
        return np.vstack(
            [
                content * (self.weighed(z.content) / (spread or 1.0)),
                head * z.head,
                hybrid * z.hybrid,
                history * z.history,
                z.signals,
                np.full(len(z.signals), constant),
            ]
        )

    def cold_terms(self, z: Standardised, spread: float) -> NDArray[np.float64]:
        """Return the terms that `content` and `cold` weight, shape (names + 2, n)."""
        return np.vstack([z.content / (spread or 1.0), z.hybrid, z.history.sum(axis=0)])

    def warm_terms(self, z: Standardised, spread: float, chosen: int) -> NDArray[np.float64]:
        """Return the terms that `warm` weights, shape (4, n)."""
        content = self.weighed(z.content).sum(axis=0) / (spread or 1.0)
        share = content_share(chosen)
        return np.vstack([share * content, z.head, z.hybrid, z.history.sum(axis=0)])

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
        """Restore from the result of `arrays`."""
        names = tuple(arrays["names"].tolist())
        return cls(names, arrays["content"], arrays["cold"], arrays["warm"])
