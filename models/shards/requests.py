"""Requests to a shard, as plain data: best estimates, values of rows, the first of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.retrieval.first_stage import Query
    from models.scoring.scale import Scale


class HistoryParts(NamedTuple):
    """The parts of the raw score that rest on deals and signals, of enterprises that have any.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
        Of the whole pool, in order.
    deals : ndarray of shape (2, k)
        On the scale of the whole pool.
    signals : ndarray of shape (k,)
    """

    rows: NDArray[np.intp]
    deals: NDArray[np.float64]
    signals: NDArray[np.float64]


@dataclass(frozen=True)
class EstimateRequest:
    """A need, of which the rows with the best estimates are requested.

    Attributes
    ----------
    query : Query
    listed : ndarray of uint8
        Bits: which rows of the shard can be listed.
    count : int
    """

    query: Query
    listed: NDArray[np.uint8]
    count: int


@dataclass(frozen=True)
class CompareRequest:
    """A need, of which the rows with a higher estimate are counted.

    Attributes
    ----------
    query : Query
    listed : ndarray of uint8
        Bits: which rows of the shard can be listed.
    estimate : float32
    """

    query: Query
    listed: NDArray[np.uint8]
    estimate: np.float32


@dataclass(frozen=True)
class MeasureRequest:
    """A need, of which some rows are to be measured by every factor.

    Attributes
    ----------
    need : NeedFeatures
        Without signals.
    history : HistoryParts
    rows : ndarray of int
        Of the whole pool, all in the shard, in order.
    """

    need: NeedFeatures
    history: HistoryParts
    rows: NDArray[np.intp]


@dataclass(frozen=True)
class RankRequest:
    """A need, of which the first of some rows are requested, on a fitted scale.

    Attributes
    ----------
    need, history
        As for `MeasureRequest`.
    listed : ndarray of uint8
        Bits: which rows of the shard take part.
    scale : Scale
    count : int
    """

    need: NeedFeatures
    history: HistoryParts
    listed: NDArray[np.uint8]
    scale: Scale
    count: int
