"""The order of a pool for a need: in full for a small pool, in two stages for a large one."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from features.nodes import NamedNodes, named_bits
from models.ranker import order

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from models.prepared import Prepared


class Ranking:
    """Ranks rows of one prepared pool.

    Parameters
    ----------
    prepared : Prepared
    """

    def __init__(self, prepared: Prepared) -> None:
        self.bound = prepared.bound
        self.two_stage = prepared.two_stage

    def page(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows at ranks `start` to `stop`, and their contributions.

        Returns
        -------
        ndarray of int, shape (n,)
            Best first; equal scores in the order of the pool.
        ndarray of float, shape (factors + 1, n)
        """
        if self.two_stage is not None:
            return self.two_stage.ranked(need, rows, start, stop)
        parts = self.bound.contributions(need)
        ranked = order(parts.sum(axis=0), rows, stop)[start:]
        return ranked, parts[:, ranked]

    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank that a row has among `rows`, and its contributions."""
        if self.two_stage is not None:
            return self.two_stage.place(need, row, rows)
        parts = self.bound.contributions(need)
        raw = parts.sum(axis=0)
        before = (raw > raw[row]) | ((raw == raw[row]) & (np.arange(len(raw)) < row))
        return 1 + int(before[rows].sum()), parts[:, row].copy()

    @cached_property
    def named(self) -> NamedNodes:
        """The nodes of each enterprise: those stated, and those that its products fit."""
        if self.two_stage is not None:
            return self.two_stage.named
        nodes = self.bound.pool.nodes
        return NamedNodes(nodes.node_ids, named_bits(nodes.fit), len(self.bound.pool))
