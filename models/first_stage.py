"""The first stage of ranking a large pool: an estimate of every raw score, by one matrix product.

It uses what one matrix can hold for every enterprise: the leading directions of content (topics and
sentence vectors together), which approximate words and a need's head; LightFM's representations;
and columns for the nodes that a need names. Codes, links and gaps of a zone and the words of a head
are left to the second stage.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.ordered import found_in
from models.node_match import BREADTH
from models.scale import Moments
from models.signals import signal_part
from models.word_match import topic_query

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from models.sample import Sample

_BY_TOPICS = ("item_words", "text_words", "topic_words")
"""The factors that topics approximate here."""
_GATHERED = 1_024
"""Rows gathered at once, so that they fit into the CPU cache."""


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
        query, scale = self._query(need)
        found = self._products(query, rows)
        for values in self._columns(need, rows, scale):
            found += values
        history = self._sample.whole.history_sum(need)
        if history is not None:
            known, parts = history
            weight = np.float32(self._weights(need)[-1])
            if rows is None:
                found[known] += weight * parts
            else:
                at, here = found_in(rows, known)
                found[at] += weight * parts[here]
        return found + signal_part(need, rows, len(found)).astype(np.float32)

    def _products(
        self, query: NDArray[np.float32], rows: NDArray[np.intp] | None
    ) -> NDArray[np.float32]:
        """Return the products with the matrix, read row by row: BLAS takes twice as long here."""
        if rows is None:
            return np.asarray(np.vecdot(self.matrix, query))
        found = np.empty(len(rows), dtype=np.float32)
        for at in range(0, len(rows), _GATHERED):
            some = rows[at : at + _GATHERED]
            np.vecdot(self.matrix[some], query, out=found[at : at + _GATHERED])
        return found

    def _weights(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return the weights of content, head, LightFM and history for a need."""
        return self._ranker.blend.strengths(len(self._ranker.heads.chosen(need.need_id)))

    def _query(self, need: NeedFeatures) -> tuple[NDArray[np.float32], float]:
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
        for values in self._columns(need, self._sample.rows, 1.0):
            estimate += values
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

    def _columns(
        self, need: NeedFeatures, rows: NDArray[np.intp] | None, scale: float
    ) -> list[NDArray[np.float32]]:
        """Return the weighted z-scores of the nodes that a need names."""
        found = []
        taken = slice(None) if rows is None else rows
        if need.targets:
            fits = [self._nodes[at][taken] for at in need.targets]
            best, total = fits[0].copy(), fits[0].astype(np.uint16)
            for other in fits[1:]:
                np.maximum(best, other, out=best)
                total += other
            values = total * np.float32(BREADTH / len(fits))
            values += best
            values /= np.float32(255)
            found.append(self._z(need, "node_match", values, scale))
        return found

    def _z(
        self, need: NeedFeatures, name: str, values: NDArray[np.float32], scale: float
    ) -> NDArray[np.float32]:
        """Convert values to weighted z-scores, by mean and spread of the sample."""
        seen = self._moments(need, name)
        values -= np.float32(seen.mean)
        values *= np.float32(scale * self._weight(name) / (seen.spread or 1.0))
        return values

    def _weight(self, name: str) -> float:
        return float(self._ranker.blend.content[self._at[name]])

    def _moments(self, need: NeedFeatures, name: str) -> Moments:
        """Return mean and spread of a content factor over the sample; 0 if it does not apply."""
        found = self._sample.scale(need).factors[self._at[name]]
        return Moments(0.0, 0.0) if found is None else found.whole
