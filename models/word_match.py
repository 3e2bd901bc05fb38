"""How far a profile holds the words that a need stands for, in three kinds of evidence.

Items (products, and what a scope names), the text of the whole profile, and its topics. Each is a
sum over words, so that the share of each word is exact: in texts and topics a sum of
cosines; in items a sum of the squared cosine of the best item, a side product counting less, and
how much of all items is of the words at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.compact import dot, rows_of, single
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures

FOCUS_WEIGHT = 0.5
"""What the share of items that are of the words counts beside the best items."""
_CHUNK = 8_192
"""Items compared at once."""


class TextWords(Factor):
    """Sum over words of the cosine with the whole text of a profile; NaN without any text."""

    name = "text_words"

    def prepare(self, pool: PoolFeatures) -> Any:
        """Return the rows of the view, single precision."""
        return pool.views["text"]

    def score(self, need: NeedFeatures, prepared: Any) -> NDArray[np.float32] | None:
        """Return the weighted sum of cosines, shape (n,)."""
        query = weighted_query(need, "text")
        if not query.nnz:
            return None
        matrix = single(prepared)
        if matrix.format == "csr":
            return np.asarray(matrix @ query.toarray()[0], dtype=np.float32)
        return np.asarray(matrix[:, query.indices] @ query.data, dtype=np.float32)


class TopicWords(Factor):
    """Sum over words of the cosine with the topics (LSA) of a profile."""

    name = "topic_words"

    def prepare(self, pool: PoolFeatures) -> Any:
        """Return the rows of the view."""
        return pool.views["topics"]

    def score(self, need: NeedFeatures, prepared: Any) -> NDArray[np.float32] | None:
        """Return the weighted sum of cosines, shape (n,)."""
        query = topic_query(need)
        return np.asarray(dot(prepared, query)) if query.any() else None


def item_matches(
    grams: sparse.csr_array, items: NDArray[np.intp], need: NeedFeatures
) -> NDArray[np.float32]:
    """Return how well each of some items matches each word of a need, shape (items, words).

    A match is the squared cosine, damped for long items, from 0 to 1.
    """
    queries = sparse.csc_array(need.views["items"].T)
    found = np.zeros((len(items), queries.shape[1]), dtype=np.float32)
    for start in range(0, len(items), _CHUNK):
        rows = items[start : start + _CHUNK]
        found[start : start + len(rows)] = (rows_of(grams, rows) @ queries).toarray()
    np.clip(found, 0, 1, out=found)
    return found * found


@dataclass(frozen=True)
class Items:
    """The items of n enterprises as word matching reads them.

    Attributes
    ----------
    weights : csr_array of shape (n, m)
    grams : csr_array of shape (m, g)
    """

    weights: sparse.csr_array
    grams: sparse.csr_array

    def matches(self, need: NeedFeatures) -> tuple[NDArray[np.intp], NDArray[np.float32]]:
        """Return the items that enterprises here have, and their matches, see `item_matches`."""
        named = np.unique(self.weights.indices)
        return named, item_matches(self.grams, named, need)

    def by_enterprise(self, need: NeedFeatures) -> ItemMatches:
        """Return the matches enterprise by enterprise; at least one item must be known."""
        known = np.flatnonzero(np.diff(self.weights.indptr))
        starts, data = self.weights.indptr[known], self.weights.data
        named, matches = self.matches(need)
        at = np.searchsorted(named, self.weights.indices)
        any_word = (matches * np.minimum(need.weights, 1)).max(axis=1)[at]
        focus = np.add.reduceat(any_word * data, starts) / np.add.reduceat(data, starts)
        return ItemMatches(known, starts, matches[at], focus)


class ItemMatches(NamedTuple):
    """How the items of k enterprises match the w words of a need, e items in all.

    Attributes
    ----------
    known : ndarray of int, shape (k,)
        The rows of those that have items.
    starts : ndarray of int, shape (k,)
        Where the items of each begin.
    matches : ndarray of shape (e, w)
        See `item_matches`.
    focus : ndarray of shape (k,)
        The mean of all items' best matches, weighted by their weights.
    """

    known: NDArray[np.intp]
    starts: NDArray[np.intp]
    matches: NDArray[np.float32]
    focus: NDArray[np.floating[Any]]

    def best(self, strengths: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the best match for each word, shape (k, w), times strengths of shape (e,)."""
        each = self.matches if strengths is None else self.matches * strengths[:, None]
        return np.asarray(np.maximum.reduceat(each, self.starts, axis=0))


class ItemWords(Factor):
    """What an enterprise makes or does of the words; NaN where no item of it is known.

    The best item for each word, its match multiplied by the item's share to the power ¼ (its
    weight is the root of the share), summed over words; beside it the mean of all items' best
    matches, weighted by their weights.
    """

    name = "item_words"
    columns = (1.0, FOCUS_WEIGHT)

    def prepare(self, pool: PoolFeatures) -> Items:
        """Return the items."""
        return Items(pool.products.weights, pool.product_grams)

    def score(self, need: NeedFeatures, prepared: Items) -> NDArray[np.float32] | None:
        """Return the sum over words of the best item, and how much of the items is of any word."""
        if not need.views["items"].nnz:
            return None
        weights = prepared.weights
        found = np.full((weights.shape[0], 2), np.nan, dtype=np.float32)
        if weights.nnz:
            items = prepared.by_enterprise(need)
            found[items.known, 0] = items.best(np.sqrt(weights.data)) @ need.weights
            found[items.known, 1] = items.focus
        return found


def weighted_query(need: NeedFeatures, view: str) -> sparse.csr_array:
    """Return the weighted sum of the words in a sparse view, shape (1, tokens)."""
    return sparse.csr_array(sparse.csr_array(need.weights[None, :]) @ need.views[view])


def topic_query(need: NeedFeatures) -> NDArray[np.float32]:
    """Return the weighted sum of the words' topics, shape (topics,)."""
    return np.asarray(need.weights @ need.views["topics"], dtype=np.float32)
