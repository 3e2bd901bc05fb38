"""The first stage of ranking a large pool: an estimate of every raw score, by one matrix product.

It uses what one matrix can hold for every enterprise: the leading directions of content (topics and
sentence vectors together), which approximate words and a need's head; beside them LightFM's
representations, the fit to the nodes that a need names, and the best item
(`models.retrieval.item_column`). Codes, links and gaps of a zone and the words of a head are left
to the second stage.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np
from scipy import sparse

from features.structures.compact import Codes, Fractions, dot
from features.structures.ordered import found_in
from models.factors.node_match import BREADTH
from models.factors.signals import WORTH
from models.factors.word_match import topic_query
from models.retrieval.item_column import ItemColumn, best_items
from models.scoring.scale import Moments

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.retrieval.sample import Sample
    from models.scoring.ranker import PoolRanker

_BY_TOPICS = ("item_kinds", "text_words", "topic_words")
"""The factors that topics approximate here."""
_GATHERED = 8_192
"""Rows estimated at once, so that what is computed of them fits into the CPU cache."""
_NEEDS_KEPT = 8
"""Queries of the latest needs: shards and the next pages ask for the same ones again."""


@dataclass(frozen=True)
class Query:
    """The query of the first stage for a need, the same for every part of a pool.

    Attributes
    ----------
    content : ndarray of shape (c,)
        The vector to multiply the matrix by.
    hybrid : ndarray of shape (h,) or None
        The vector to multiply LightFM's representations by.
    nodes : NodeColumn or None
        None for a need that names no node.
    items : ItemColumn or None
        None for a need without a known gram.
    added : tuple of pairs of ndarray
        Rows of the pool, ascending, and the values added to their estimates for deals and signals.
    """

    content: NDArray[np.float32]
    hybrid: NDArray[np.float32] | None
    nodes: NodeColumn | None
    items: ItemColumn | None
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

    def values(self, nodes: Fractions, rows: Any) -> NDArray[np.float32]:
        """Return the values added to the estimates of some rows, 0 where the fit is unknown."""
        values, mean = nodes.best_and_mean(rows, self.targets)
        values += np.float32(BREADTH) * mean
        values -= self.mean
        values *= self.strength
        values[np.isnan(values)] = 0
        return values


class Stored(NamedTuple):
    """What is stored of the enterprises of a pool, or of a part of it, for estimates.

    Attributes
    ----------
    matrix : Codes of shape (n, c)
        Content in its leading directions.
    hybrid : Codes of shape (n, h) or None
        LightFM's representations.
    nodes : Fractions of shape (n, v)
    items : SparseCodes of shape (n, m)
        The weights of items.
    """

    matrix: Codes
    hybrid: Codes | NDArray[np.float32] | None
    nodes: Fractions
    items: Any

    @classmethod
    def of(cls, bound: PoolRanker, arrays: Mapping[str, NDArray[Any]]) -> Self:
        """Return what is stored of a pool, given its rows of the arrays of `two_stage.make`."""
        codes, scales = arrays["matrix.codes"], arrays["matrix.scales"]
        return cls(
            Codes(codes, scales, codes.shape[1]),
            bound.measured[bound.ranker.hybrid.name].get("items"),
            Fractions.of(bound.pool.nodes.fit),
            bound.pool.products.weights,
        )

    def estimates(self, query: Query, pieces: Iterable[Any]) -> Iterator[NDArray[np.float32]]:
        """Yield the estimates of rows, without what is added for deals and signals.

        Parameters
        ----------
        query : Query
        pieces : iterable of slices or ndarrays of int
            So many rows at once that they fit into the CPU cache.
        """
        table = None if query.items is None else query.items.table(self.items.shape[1])
        for rows in pieces:
            found = self.matrix.dot(query.content, rows)
            if self.hybrid is not None and query.hybrid is not None:
                found += dot(self.hybrid, query.hybrid, rows)
            if query.nodes is not None:
                found += query.nodes.values(self.nodes, rows)
            if table is not None and query.items is not None:
                found += query.items.values(self.items, rows, table)
            yield found


class FirstStage:
    """Estimates the raw scores of a pool for a need, up to a constant.

    Parameters
    ----------
    sample : Sample
    arrays : dict
        From `models.retrieval.two_stage.make`, for the same pool.
    """

    def __init__(self, sample: Sample, arrays: Mapping[str, NDArray[Any]]) -> None:
        self._sample = sample
        self._ranker = sample.whole.ranker
        self._basis = arrays["basis"]
        self.stored = Stored.of(sample.whole, arrays)
        self._of_sample = self.stored.matrix[sample.rows]
        self._at = {name: at for at, name in enumerate(self._ranker.blend.names)}
        # Every distinct item of the pool is compared with the need's words.
        self.query = lru_cache(_NEEDS_KEPT)(self._query)

    def of(self, need: NeedFeatures, rows: NDArray[np.intp] | None = None) -> NDArray[np.float32]:
        """Return the estimates of some rows, or of all."""
        query = self.query(need)
        if rows is None:
            return estimates(self.stored, [query])[0]
        pieces = [rows[at : at + _GATHERED] for at in range(0, len(rows), _GATHERED)]
        found = np.concatenate([*self.stored.estimates(query, pieces), np.empty(0, np.float32)])
        for known, values in query.added:
            at, here = found_in(rows, known)
            found[at] += values[here]
        return found

    def _weights(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return the weights of content, head, LightFM and history for a need."""
        return self._ranker.blend.strengths(len(self._ranker.heads.chosen(need.need_id)))

    def _query(self, need: NeedFeatures) -> Query:
        """Return the query of a need, for every part of the pool."""
        items, of_sample = self._items(need)
        content, hybrid, scale = self._vectors(need, of_sample)
        if items is not None:
            items = replace(items, strength=items.strength * scale)
        known, parts = self._sample.whole.history_parts(need)
        added = []
        if len(known):
            weight = np.float32(self._weights(need)[-1])
            added.append((known, np.asarray(weight * parts.sum(axis=0), dtype=np.float32)))
        if need.signals is not None:
            told = np.flatnonzero(need.signals)
            worth = WORTH * np.asarray(need.signals[told], dtype=np.float64)
            added.append((told, worth.astype(np.float32)))
        return Query(content, hybrid, self._column(need, scale), items, tuple(added))

    def _vectors(
        self, need: NeedFeatures, items: NDArray[np.float32] | float
    ) -> tuple[NDArray[np.float32], NDArray[np.float32] | None, float]:
        """Return the vectors of `Query`, and the weight of a content factor.

        `items` are the values of the sample's best items, in the estimate of a content factor.
        """
        ranker = self._ranker
        vectors = np.zeros(len(self._basis), dtype=np.float32)
        topics = topic_query(need)
        spread = self._moments(need, "topic_words").spread
        strength = sum(self._weight(name) for name in _BY_TOPICS) / (spread or 1.0)
        vectors[: len(topics)] = np.float32(strength) * topics
        query = vectors @ self._basis
        content, head, hybrid, _ = self._weights(need)
        estimate = self._of_sample @ query
        column = self._column(need, 1.0)
        if column is not None:
            estimate += column.values(self.stored.nodes, self._sample.rows)
        estimate += items
        scale = content / max(float(np.std(estimate)), 1e-9)
        query *= np.float32(scale)
        direction = ranker.heads.direction(need.need_id, len(self._basis))
        if direction is not None:
            leading = direction @ self._basis
            query += leading * _strength(head, self._of_sample @ leading)
        learnt = self._sample.bound.measured[ranker.hybrid.name].get("items")
        towards = ranker.hybrid.direction(need)
        if learnt is not None and towards is not None:
            towards = towards * _strength(hybrid, learnt @ towards)
        return query, towards, scale

    def _items(self, need: NeedFeatures) -> tuple[ItemColumn | None, NDArray[np.float32] | float]:
        """Return the weighted z-scores of a need's items by the sample, and those of the sample."""
        column = ItemColumn.of(need, self._grams)
        if column is None:
            return None, 0.0
        own = self._sample.bound.pool.products.weights
        sample = best_items(own, slice(None), column.table(own.shape[1]))
        column = column.scaled(self._weight("item_words"), sample)
        return column, column.added(sample)

    @cached_property
    def _grams(self) -> sparse.csc_array:
        """The grams of all items, by columns: a need reads a few of them."""
        return sparse.csc_array(self._sample.whole.pool.product_grams[:])

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


def _strength(weight: float, values: NDArray[np.float32]) -> np.float32:
    """Return what to multiply values by, so that their spread is the weight."""
    return np.float32(weight / max(float(np.std(values)), 1e-9))


def estimates(
    stored: Stored, queries: Sequence[Query], start: int = 0
) -> list[NDArray[np.float32]]:
    """Return the estimates of a part of a pool for several needs.

    The matrix is read once for all of them. Products are computed row by row: for one need BLAS
    takes as long, and for several it sums in another order than for one.

    Parameters
    ----------
    stored : Stored
        Of the rows of the pool from `start` on.
    queries : sequence of Query
    start : int
    """
    size = len(stored.matrix)
    found = [np.empty(size, dtype=np.float32) for _ in queries]
    pieces = [slice(at, min(at + _GATHERED, size)) for at in range(0, size, _GATHERED)]
    each = zip(*(stored.estimates(query, pieces) for query in queries), strict=True)
    for rows, some in zip(pieces, each, strict=True):
        for own, values in zip(found, some, strict=True):
            own[rows] = values
    for query, own in zip(queries, found, strict=True):
        for known, values in query.added:
            first, last = np.searchsorted(known, [start, start + size])
            own[known[first:last] - start] += values[first:last]
    return found
