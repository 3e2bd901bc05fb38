"""The first stage of ranking a large pool: an estimate of every raw score, by one matrix product.

It uses what one matrix can hold for every enterprise: the leading directions of content (topics and
sentence vectors together), which approximate words and a need's head; LightFM's representations;
and columns for the nodes that a need names. Codes, links and gaps of a zone and the words of a head
are left to the second stage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from features.ordered import found_in
from models.node_match import BREADTH
from models.scale import Moments
from models.signals import WORTH
from models.word_match import topic_query

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from models.sample import Sample

_BY_TOPICS = ("item_words", "item_kinds", "text_words", "topic_words")
"""The factors that topics approximate here."""
_GATHERED = 1_024
"""Rows gathered at once, so that they fit into the CPU cache."""


@dataclass(frozen=True)
class Query:
    """The query of the first stage for a need, the same for every part of a pool.

    Attributes
    ----------
    vector : ndarray of shape (c + h,)
        The vector to multiply the matrix by.
    nodes : NodeColumn or None
        None for a need that names no node.
    added : tuple of pairs of ndarray
        Rows of the pool, ascending, and the values added to their estimates for deals and signals.
    """

    vector: NDArray[np.float32]
    nodes: NodeColumn | None
    added: tuple[tuple[NDArray[np.intp], NDArray[np.float32]], ...]


@dataclass(frozen=True)
class NodeColumn:
    """The node factor as estimated in the first stage: (value − mean) × strength.

    Attributes
    ----------
    targets : tuple of int
        The nodes that the need names.
    mean, strength : float32
    """

    targets: tuple[int, ...]
    mean: np.float32
    strength: np.float32

    def values(self, nodes: NDArray[np.uint8], rows: Any = slice(None)) -> NDArray[np.float32]:
        """Return the values added to the estimates of some rows."""
        fits = [nodes[at][rows] for at in self.targets]
        best, total = fits[0].copy(), fits[0].astype(np.uint16)
        for other in fits[1:]:
            np.maximum(best, other, out=best)
            total += other
        values = total * np.float32(BREADTH / len(fits))
        values += best
        values /= np.float32(255)
        values -= self.mean
        values *= self.strength
        return np.asarray(values)


class FirstStage:
    """Estimates the raw scores of a pool for a need, up to a constant.

    Parameters
    ----------
    sample : Sample
    arrays : dict
        From `models.two_stage.make`, for the same pool.
    """

    def __init__(self, sample: Sample, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._sample = sample
        self._ranker = sample.whole.ranker
        self.matrix, self._basis = arrays["matrix"], arrays["basis"]
        self._nodes = arrays["nodes"]
        self._of_sample = np.asarray(self.matrix[sample.rows])
        self._at = {name: at for at, name in enumerate(self._ranker.blend.names)}

    def of(self, need: NeedFeatures, rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
        """Return the estimates of some rows, or of all."""
        query = self.query(need)
        if rows is None:
            return estimates(self.matrix, self._nodes, [query])[0]
        found = self._products(query.vector, rows)
        if query.nodes is not None:
            found += query.nodes.values(self._nodes, rows)
        for known, values in query.added:
            at, here = found_in(rows, known)
            found[at] += values[here]
        return found

    def _products(self, vector: NDArray[np.float32], rows: NDArray[np.intp]) -> NDArray[np.float32]:
        """Return the products of some rows with the matrix."""
        found = np.empty(len(rows), dtype=np.float32)
        for at in range(0, len(rows), _GATHERED):
            some = rows[at : at + _GATHERED]
            np.vecdot(self.matrix[some], vector, out=found[at : at + _GATHERED])
        return found

    def _weights(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return the weights of content, head, LightFM and history for a need."""
        return self._ranker.blend.strengths(len(self._ranker.heads.chosen(need.need_id)))

    def query(self, need: NeedFeatures) -> Query:
        """Return the query of a need, for every part of the pool."""
        vector, scale = self._vector(need)
        known, parts = self._sample.whole.history_parts(need)
        added = []
        if len(known):
            weight = np.float32(self._weights(need)[-1])
            added.append((known, np.asarray(weight * parts.sum(axis=0), dtype=np.float32)))
        if need.signals is not None:
            told = np.flatnonzero(need.signals)
            worth = WORTH * np.asarray(need.signals[told], dtype=np.float64)
            added.append((told, worth.astype(np.float32)))
        return Query(vector, self._column(need, scale), tuple(added))

    def _vector(self, need: NeedFeatures) -> tuple[NDArray[np.float32], float]:
        """Return the vector to multiply the matrix by, and the weight of a content factor."""
        ranker, width = self._ranker, self._basis.shape[1]
        query = np.zeros(self.matrix.shape[1], dtype=np.float32)
        vectors = np.zeros(len(self._basis), dtype=np.float32)
        topics = topic_query(need)
        spread = self._moments(need, "topic_words").spread
        strength = sum(self._weight(name) for name in _BY_TOPICS) / (spread or 1.0)
        vectors[: len(topics)] = np.float32(strength) * topics
        query[:width] = vectors @ self._basis
        content, head, hybrid, _ = self._weights(need)
        estimate = self._of_sample @ query
        column = self._column(need, 1.0)
        if column is not None:
            estimate += column.values(self._nodes, self._sample.rows)
        scale = content / max(float(np.std(estimate)), 1e-9)
        query *= np.float32(scale)
        for strength, direction, cut in (
            (head, ranker.heads.direction(need.need_id, len(self._basis)), slice(width)),
            (hybrid, ranker.hybrid.direction(need), slice(width, None)),
        ):
            if direction is not None:
                own = direction @ self._basis if cut.start is None else direction
                spread = float(np.std(self._of_sample[:, cut] @ own))
                query[cut] += own * np.float32(strength / max(spread, 1e-9))
        return query, scale

    def _column(self, need: NeedFeatures, scale: float) -> NodeColumn | None:
        """Return the weighted z-scores of a need's nodes, standardised by the sample."""
        if not need.targets:
            return None
        seen = self._moments(need, "node_match")
        strength = np.float32(scale * self._weight("node_match") / (seen.spread or 1.0))
        return NodeColumn(need.targets, np.float32(seen.mean), strength)

    def _weight(self, name: str) -> float:
        return float(self._ranker.blend.content[self._at[name]])

    def _moments(self, need: NeedFeatures, name: str) -> Moments:
        """Return mean and spread of a content factor over the sample; 0 if it does not apply."""
        found = self._sample.scale(need).factors[self._at[name]]
        return Moments(0.0, 0.0) if found is None else found.whole


def estimates(
    matrix: NDArray[np.float32],
    nodes: NDArray[np.uint8],
    queries: Sequence[Query],
    start: int = 0,
) -> list[NDArray[np.float32]]:
    """Return the estimates of a part of a pool for several needs.

    The matrix is read once for all of them. Products are computed row by row: for one need BLAS
    takes twice as long, and for several it sums in another order than for one.

    Parameters
    ----------
    matrix : ndarray of shape (n, c + h)
        The rows of the pool from `start` on.
    nodes : ndarray of shape (v, n)
    queries : sequence of Query
    start : int
    """
    size = len(matrix)
    found = [np.empty(size, dtype=np.float32) for _ in queries]
    step = size if len(queries) == 1 else _GATHERED
    for at in range(0, size, step or 1):
        rows = matrix[at : at + step]
        for query, own in zip(queries, found, strict=True):
            np.vecdot(rows, query.vector, out=own[at : at + step])
    for query, own in zip(queries, found, strict=True):
        if query.nodes is not None:
            own += query.nodes.values(nodes)
        for known, values in query.added:
            first, last = np.searchsorted(known, [start, start + size])
            own[known[first:last] - start] += values[first:last]
    return found
