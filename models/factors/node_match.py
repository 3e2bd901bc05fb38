"""Factors of nodes and industry codes: whether the enterprise is at the need's nodes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.industry.nodes import NodeFit
    from features.space.arrays import NeedFeatures, PoolFeatures

BREADTH = 0.2
"""Weight of the mean fit over all wanted nodes beside the best one: some enterprises serve a whole
chain."""


class NodeMatch(Factor):
    """Fit of the enterprise to the need's nodes of the chain map."""

    name = "node_match"

    def prepare(self, pool: PoolFeatures) -> NodeFit:
        """Return the fit of every enterprise to every node."""
        return pool.nodes

    def score(self, need: NeedFeatures, prepared: NodeFit) -> NDArray[np.float32] | None:
        """Return the best node's fit, plus a small share of the mean over the wanted nodes."""
        if not need.targets:
            return None
        wanted = prepared.fit[:, list(need.targets)].astype(np.float32)
        return np.asarray(wanted.max(axis=1) + BREADTH * wanted.mean(axis=1))


class CodeMatch(Factor):
    """How many levels of the GB/T 4754-2017 code agree, from none (0) to four (1)."""

    name = "industry_code"

    def prepare(self, pool: PoolFeatures) -> NDArray[np.str_]:
        """Return the codes of every enterprise at all levels."""
        return pool.codes

    def score(self, need: NeedFeatures, prepared: NDArray[np.str_]) -> NDArray[np.float32] | None:
        """Return the share of levels in common, NaN where the enterprise's code is unknown."""
        if not need.codes:
            return None
        shared = np.isin(prepared, need.codes).sum(axis=1, dtype=np.float32) / 4
        return np.where((prepared != "").any(axis=1), shared, np.float32("nan"))
