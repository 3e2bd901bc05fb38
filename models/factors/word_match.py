"""Match of a profile with a need's words, by three kinds of evidence.

Items (products, and what a scope names), the text of the whole profile, and its topics. Each is a
sum over words, so that the share of each word is exact: in texts and topics a sum of
cosines; in items a sum of the squared cosine of the best item, a side product counting less, and
how much of all items is of the words at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.structures.compact import dot
from models.factor import Factor

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

FOCUS_WEIGHT = 0.5
"""Weight of the share of matching items next to the best items."""


class TextWords(Factor):
    """Sum over words of the cosine with the whole text of a profile; NaN without any text."""

    name = "text_words"

    def prepare(self, pool: PoolFeatures) -> Any:
        """Return the rows of the view."""
        return pool.views["text"]

    def score(self, need: NeedFeatures, prepared: Any) -> NDArray[np.float32] | None:
        """Return the weighted sum of cosines, shape (n,)."""
        query = weighted_query(need, "text")
        if not query.nnz:
            return None
        matrix = prepared
        if matrix.format == "csr":
            return np.asarray(matrix @ query.toarray()[0], dtype=np.float32)
        return np.asarray(matrix[:, query.indices] @ query.data, dtype=np.float32)


class ItemKinds(Factor):
    """The share of an enterprise's items that are of a wanted kind, by the thesaurus."""

    name = "item_kinds"

    def prepare(self, pool: PoolFeatures) -> KindsOfItems:
        """Return the items with their concepts."""
        return KindsOfItems(pool.products.weights, pool.product_kinds)

    def score(self, need: NeedFeatures, prepared: KindsOfItems) -> NDArray[np.float32] | None:
        """Return the share of each enterprise, shape (n,); NaN where no item is known."""
        if need.kinds is None:
            return None
        found = np.full(prepared.weights.shape[0], np.nan, dtype=np.float32)
        found[prepared.known] = prepared.shares(prepared.worths(need.kinds))
        return found


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


def word_matches(grams: Any, need: NeedFeatures) -> sparse.csr_array:
    """Return how well each of m items matches each word of a need, shape (m, words).

    A match is the squared cosine, damped for long items, from 0 to 1.

    Parameters
    ----------
    grams : csr_array or csc_array of shape (m, g)
        By columns only those of the need's words are read.
    need : NeedFeatures
    """
    queries = sparse.csr_array(need.views["items"].T)
    if grams.format == "csc":
        read = np.flatnonzero(np.diff(queries.indptr))
        grams, queries = grams[:, read], queries[read]
    found = sparse.csr_array(grams @ queries)
    np.clip(found.data, 0, 1, out=found.data)
    found.data *= found.data
    return found


@dataclass(frozen=True)
class _ItemEntries:
    """The items of n enterprises, some of m, as the entries of their weights.

    Attributes
    ----------
    weights : csr_array of shape (n, m)
    """

    weights: sparse.csr_array

    @cached_property
    def known(self) -> NDArray[np.intp]:
        """The rows of the enterprises that have items."""
        return np.flatnonzero(np.diff(self.weights.indptr))

    @cached_property
    def named(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The items that are named here, and which of them each entry is."""
        named, at = np.unique(self.weights.indices, return_inverse=True)
        return named, at

    @cached_property
    def totals(self) -> NDArray[np.float32]:
        """The sum of the weights of each of `known`."""
        return self.reduced(np.add, self.weights.data)

    def reduced(self, how: np.ufunc, values: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return values of the entries reduced for each of `known`: their sum, say."""
        if not len(self.known):
            return np.empty(0, dtype=np.float32)
        return np.asarray(how.reduceat(values, self.weights.indptr[self.known]))


@dataclass(frozen=True)
class KindsOfItems(_ItemEntries):
    """The items of n enterprises, and the concepts that they are.

    Attributes
    ----------
    weights : csr_array of shape (n, m)
    concepts : csr_array of shape (m, c)
    """

    concepts: sparse.csr_array

    @cached_property
    def _concepts_named(self) -> sparse.csr_array:
        return sparse.csr_array(self.concepts[self.named[0]])

    def worths(self, kinds: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return what each entry of the weights is worth, given the worth of each concept.

        Concepts that came after the items were indexed, of an office's own, are left out.
        """
        concepts = self._concepts_named
        found = np.zeros(concepts.shape[0], dtype=np.float32)
        own = np.flatnonzero(np.diff(concepts.indptr))
        if len(own):
            each = concepts.data * kinds[: concepts.shape[1]][concepts.indices]
            found[own] = np.maximum.reduceat(each, concepts.indptr[own])
        return found[self.named[1]]

    def shares(self, worths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the mean worth of the entries by their weights, one for each of `known`."""
        return self.reduced(np.add, worths * self.weights.data) / self.totals

    def best(self, worths: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return the worth of the best entry, one for each of `known`."""
        return self.reduced(np.maximum, worths)


@dataclass(frozen=True)
class Items(_ItemEntries):
    """The items of n enterprises as word matching reads them.

    Attributes
    ----------
    weights : csr_array of shape (n, m)
    grams : csr_array of shape (m, g)
    """

    grams: sparse.csr_array

    @cached_property
    def _grams_named(self) -> sparse.csc_array:
        return sparse.csc_array(self.grams[self.named[0]])

    def by_enterprise(self, need: NeedFeatures) -> ItemMatches:
        """Return the matches enterprise by enterprise; at least one item must be known."""
        at, known = self.named[1], self.known
        found = word_matches(self._grams_named, need)
        matched = np.flatnonzero(np.diff(found.indptr))
        dense = found[matched].toarray()
        place = np.full(found.shape[0], -1)
        place[matched] = np.arange(len(matched))
        entries = np.flatnonzero(place[at] >= 0)
        any_word = np.zeros(found.shape[0], dtype=np.float32)
        any_word[matched] = (dense * np.minimum(need.weights, 1)).max(axis=1, initial=0)
        focus = self.reduced(np.add, any_word[at] * self.weights.data) / self.totals
        owners = np.searchsorted(self.weights.indptr[known], entries, side="right") - 1
        return ItemMatches(known, entries, owners, dense[place[at[entries]]], focus)


class ItemMatches(NamedTuple):
    """How the items of k enterprises match the w words of a need; e of them match any.

    Attributes
    ----------
    known : ndarray of int, shape (k,)
        The rows of those that have items.
    entries : ndarray of int, shape (e,)
        Which entries of the weights the items are that match any word, in order.
    owners : ndarray of int, shape (e,)
        Whose they are, as places in `known`.
    matches : ndarray of shape (e, w)
        See `word_matches`.
    focus : ndarray of shape (k,)
        The mean of all items' best matches, weighted by their weights.
    """

    known: NDArray[np.intp]
    entries: NDArray[np.intp]
    owners: NDArray[np.intp]
    matches: NDArray[np.float32]
    focus: NDArray[np.floating[Any]]

    def best(self, strengths: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the best match for each word, shape (k, w).

        Parameters
        ----------
        strengths : ndarray, optional
            What each match is multiplied by, one for every entry of the weights.
        """
        best = np.zeros((len(self.known), self.matches.shape[1]), dtype=np.float32)
        if len(self.entries):
            each = self.matches
            if strengths is not None:
                each = each * strengths[self.entries, None]
            starts = np.flatnonzero(np.diff(self.owners, prepend=-1))
            sizes = np.diff(starts, append=len(self.owners))
            # Item by item of all enterprises at once: faster than `reduceat` over rows.
            for place in range(int(sizes.max())):
                own = starts[sizes > place]
                at = self.owners[own]
                best[at] = np.maximum(best[at], each[own + place])
        return best


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
            # Row by row, so that a score does not depend on who else is scored, to the last bit.
            found[items.known, 0] = np.vecdot(items.best(np.sqrt(weights.data)), need.weights)
            found[items.known, 1] = items.focus
        return found


def weighted_query(need: NeedFeatures, view: str) -> sparse.csr_array:
    """Return the weighted sum of the words in a sparse view, shape (1, tokens)."""
    return sparse.csr_array(sparse.csr_array(need.weights[None, :]) @ need.views[view])


def topic_query(need: NeedFeatures) -> NDArray[np.float32]:
    """Return the weighted sum of the words' topics, shape (topics,)."""
    return np.asarray(need.weights @ need.views["topics"], dtype=np.float32)
