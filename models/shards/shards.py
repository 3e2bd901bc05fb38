"""A shard: some enterprises of a prepared pool, one after another, as one worker ranks them.

What a raw score depends on besides its enterprise and the need is the scale, and that is fitted
once, where everything comes together (`models.shards.sharded`). A shard reads its own rows of
the files, and the items that the whole pool shares (`models.shards.open_shards`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.structures.ordered import found_in
from models.retrieval.first_stage import Stored, estimates
from models.scoring.ranker import leading

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.scoring.ranker import PoolRanker
    from models.scoring.scale import Values
    from models.shards.requests import (
        CompareRequest,
        EstimateRequest,
        HistoryParts,
        MeasureRequest,
        RankRequest,
    )

_PIECE = 8_192
_PAGE = 4_096


class Shard:
    """Some rows of a pool, one after another.

    Parameters
    ----------
    bound : PoolRanker
        Of these rows alone, without a history.
    start : int
        The row of the whole pool that is the first here.
    first : mapping, optional
        The arrays of the first stage, these rows of them.
    """

    def __init__(
        self, bound: PoolRanker, start: int, first: Mapping[str, NDArray[Any]] | None = None
    ) -> None:
        self.bound = bound
        self.start = start
        self._stored = Stored.of(bound, first) if first else None

    def leading(
        self, asked: Sequence[EstimateRequest]
    ) -> list[tuple[NDArray[np.intp], NDArray[np.float32]]]:
        """Return, for each need, rows and estimates of those not below the one at rank `count`."""
        found = []
        for each, own in zip(asked, self._estimates(asked), strict=True):
            rows = self._rows(each.listed)
            kept = rows[leading(own[rows], each.count)]
            found.append((self.start + kept, own[kept]))
        return found

    def above(self, asked: Sequence[CompareRequest]) -> list[int]:
        """Return, for each need, how many rows have a higher estimate."""
        return [
            int((own[self._rows(each.listed)] > each.estimate).sum())
            for each, own in zip(asked, self._estimates(asked), strict=True)
        ]

    def size(self, _: None = None) -> int:
        """Return the number of rows, as a sign of life."""
        return len(self.bound.pool)

    def touch(self) -> None:
        """Read every page of the rows' features, so that no request waits for the disk."""
        pool, views = self.bound.pool, self.bound.pool.views
        read = [views["text"].data, pool.products.weights.data]
        if self._stored is not None:
            read += [views[view].codes for view in ("topics", "meaning")]
            read += [self._stored.matrix.codes, self._stored.nodes.codes]
        for array in read:
            array.reshape(-1).view(np.uint8)[::_PAGE].max(initial=0)

    def values(self, asked: Sequence[MeasureRequest]) -> list[Values | None]:
        """Return, for each need, the values of every factor for its rows; None without rows."""
        return [
            self._values(each.need, each.history, each.rows - self.start)
            if len(each.rows)
            else None
            for each in asked
        ]

    def best(
        self, asked: Sequence[RankRequest]
    ) -> list[tuple[NDArray[np.intp], NDArray[np.float64]]]:
        """Return, for each need, rows and raw scores not below the one at rank `count`."""
        found = []
        for each in asked:
            rows = self._rows(each.listed)
            raw = np.empty(len(rows))
            for at in range(0, len(rows), _PIECE):
                values = self._values(each.need, each.history, rows[at : at + _PIECE])
                parts = self.bound.parts(each.need, values, each.scale)
                raw[at : at + _PIECE] = parts.sum(axis=0)
            kept = leading(raw, each.count)
            found.append((self.start + rows[kept], raw[kept]))
        return found

    def _estimates(
        self, asked: Sequence[EstimateRequest | CompareRequest]
    ) -> list[NDArray[np.float32]]:
        assert self._stored is not None, "the pool is scored in full"
        return estimates(self._stored, [each.query for each in asked], self.start)

    def _rows(self, listed: NDArray[np.uint8]) -> NDArray[np.intp]:
        return np.flatnonzero(np.unpackbits(listed, count=len(self.bound.pool)))

    def _values(self, need: NeedFeatures, history: HistoryParts, rows: NDArray[np.intp]) -> Values:
        found = self.bound.take(rows).values(need)
        at, here = found_in(self.start + rows, history.rows)
        deals, signals = np.zeros((len(history.deals), len(rows))), np.zeros(len(rows))
        deals[:, at], signals[at] = history.deals[:, here], history.signals[here]
        return found._replace(history=deals, signals=signals)
