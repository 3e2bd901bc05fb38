"""Retrieval: ranking some enterprises for one need, with contributions.

Two implementations share one interface: exact scoring for pools of up to `EXACT`, and two stages
(`models.retrieval.two_stage`) for larger ones.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.industry.nodes import NamedNodes, named_bits
from models.scoring.ranker import order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.retrieval.spans import Span, UnavailableReplica, UnavailableShard
    from models.scoring.ranker import PoolRanker

    Wanted = tuple[NeedFeatures, NDArray[np.intp]]
    Page = tuple[NDArray[np.intp], NDArray[np.float64]]

EXACT = 20_000
"""Up to this pool size all enterprises are scored exactly."""
KEPT = 4
"""How many needs' contributions are kept, a few hundred kilobytes each."""


class Retriever(ABC):
    """Ranks rows of one pool for a need.

    Parameters
    ----------
    bound : PoolRanker
    """

    spans: Sequence[Span] = ()
    """The shards by which the pool is ranked; empty without shards."""
    replicas: int = 1
    """Replicas of each shard."""

    def __init__(self, bound: PoolRanker) -> None:
        self.bound = bound

    @property
    def unavailable(self) -> Sequence[UnavailableShard]:
        """The unavailable shards, with the reasons."""
        return ()

    @property
    def unavailable_replicas(self) -> Sequence[UnavailableReplica]:
        """The unavailable replicas of all shards, with the reasons."""
        return ()

    @property
    def is_outdated(self) -> bool:
        """Whether files that it maps were replaced, so that it has to be loaded again."""
        return False

    def number(self, span: Span) -> int:
        """Return the number of a shard, from 1."""
        return self.spans.index(span) + 1

    @abstractmethod
    def ranked(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows at ranks `start` to `stop`, and their contributions (factors, k).

        Best first; ties in the order of the pool.

        Parameters
        ----------
        need : NeedFeatures
        rows : ndarray of int
            Rows that can be listed, ascending.
        start, stop : int
        """

    def ranked_partly(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[Page, tuple[Span, ...]]:
        """Return the same for the available shards of the pool, and the unavailable ones."""
        return self.ranked(need, rows, start, stop), ()

    def ranked_all(self, wanted: Iterable[Wanted], stop: int) -> Iterator[Page]:
        """Return the first `stop` rows for each of many needs, and their contributions.

        Parameters
        ----------
        wanted : iterable of pairs
            A need, and who can be listed for it, see `ranked`.
        stop : int
        """
        for need, rows in wanted:
            yield self.ranked(need, rows, 0, stop)

    @abstractmethod
    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank that a row has or would have among `rows`, and its contributions."""

    @property
    def in_two_stages(self) -> bool:
        """Whether the pool is too large to be scored in full."""
        return False

    @property
    @abstractmethod
    def named(self) -> NamedNodes:
        """The nodes of each enterprise: those stated, and those that its products fit."""


class Exhaustive(Retriever):
    """Scores all enterprises exactly; the last scores are kept, for next pages, counts and maps."""

    def __init__(self, bound: PoolRanker) -> None:
        super().__init__(bound)
        self._last: deque[tuple[NeedFeatures, NDArray[np.float64]]] = deque(maxlen=KEPT)

    def ranked(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows at ranks `start` to `stop`, and their contributions."""
        parts = self._contributions(need)
        found = order(parts.sum(axis=0), rows, stop)[start:]
        return found, parts[:, found]

    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank of a row, and its contributions."""
        parts = self._contributions(need)
        return place_of(parts, row, rows), parts[:, row].copy()

    def _contributions(self, need: NeedFeatures) -> NDArray[np.float64]:
        for own, parts in tuple(self._last):
            if own is need:
                return parts
        parts = self.bound.contributions(need)
        parts.flags.writeable = False
        self._last.append((need, parts))
        return parts

    @cached_property
    def named(self) -> NamedNodes:
        """The nodes of each enterprise."""
        nodes = self.bound.pool.nodes
        return NamedNodes(nodes.node_ids, named_bits(nodes.fit), len(self.bound.pool))


def place_of(parts: NDArray[np.float64], row: int, rows: NDArray[np.intp]) -> int:
    """Return the rank of a row among `rows`, by the contributions of all enterprises."""
    raw = parts.sum(axis=0)
    before = (raw > raw[row]) | ((raw == raw[row]) & (np.arange(len(raw)) < row))
    return 1 + int(before[rows].sum())
