"""Nodes of the chain map: those of enterprises, and the target nodes of needs.

A product fits a node by its words (it contains one of the node's keywords, or vice versa) or by its
meaning (cosine of sentence vectors). The fit of an enterprise is that of its best product, main
products having more weight than side products.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.industry.chains import ChainMap, Node
    from features.need import NeedQuery
    from features.structures.compact import SparseCodes
    from features.texts.text import WeightedTexts

_SIDE_PRODUCT = 0.6

NAMED_FROM = 0.45
"""Minimum fit for a node to be named as the enterprise's."""
_WHOLE_FROM = 0.75
_NO_PRODUCTS = np.empty((0, 0), dtype=np.int16)


def target_nodes(need: NeedQuery, chain_map: ChainMap) -> list[Node]:
    """Return the target nodes of a need, in chain order.

    These are the known nodes that it names; without any, all nodes of the chain named by its
    industry or chain; without such a chain, none.
    """
    named = [node for text in need.nodes if (node := chain_map.find_node(text))]
    if named:
        return named
    for text in (need.industry, need.chain):
        if text and (chain := chain_map.find(text)):
            return list(chain.nodes)
    return []


@dataclass(frozen=True)
class NodeFit:
    """The fit of every enterprise to every node.

    Attributes
    ----------
    node_ids : tuple of str
        The columns.
    fit : ndarray of shape (n enterprises, n nodes)
        0 to 1; NaN where neither products nor nodes of the enterprise are known. Of a large pool
        `Fractions`.
    product : ndarray of shape (n enterprises, n nodes), int16
        Index of the best fitting product of the enterprise; -1 if none is known. Of a large pool
        `NamedProducts`.
    """

    node_ids: tuple[str, ...]
    fit: Any
    product: Any

    def take(self, rows: NDArray[np.intp]) -> NodeFit:
        """Return the fit of some enterprises, without their products."""
        return NodeFit(self.node_ids, self.fit[rows], _NO_PRODUCTS)


class NamedProducts:
    """The best fitting products of enterprises at the nodes where they are named.

    Parameters
    ----------
    places : SparseCodes of shape (n enterprises, n nodes)
        Their indices, plus 1.
    """

    def __init__(self, places: SparseCodes) -> None:
        self._places = places

    @staticmethod
    def of(fit: NDArray[Any], product: NDArray[Any]) -> sparse.csr_array:
        """Return the places of a fit and its products."""
        named = np.where(fit >= NAMED_FROM, product + 1, 0)
        return sparse.csr_array(named.astype(np.uint16))

    def __getitem__(self, at: Any) -> NDArray[np.int16] | int:
        """Return the products of some rows at all nodes, or of one row at one; -1 elsewhere."""
        if isinstance(at, tuple):
            columns, places = self._places.row(at[0])
            return int(places[columns == at[1]].sum()) - 1
        return np.asarray(self._places[at].toarray().astype(np.int16) - np.int16(1))


class NamedNodes(NamedTuple):
    """Which of n enterprises are named at which node, with a fit of at least `NAMED_FROM`.

    Attributes
    ----------
    node_ids : tuple of v str
    bits : ndarray of uint8, shape (v, ⌈n / 8⌉)
        One row per node, packed as by `packbits`.
    size : int
        n.
    """

    node_ids: tuple[str, ...]
    bits: NDArray[np.uint8]
    size: int

    def at(self, node_ids: Sequence[str]) -> NDArray[np.bool_]:
        """Return which rows are named at any of these nodes, shape (n,); none at unknown nodes."""
        return self._any([at for at, own in enumerate(self.node_ids) if own in node_ids])

    def anywhere(self) -> NDArray[np.bool_]:
        """Return which rows are named at any node, shape (n,)."""
        return self._any(slice(None))

    def _any(self, rows: Any) -> NDArray[np.bool_]:
        bits = np.bitwise_or.reduce(self.bits[rows], axis=0)
        return np.unpackbits(bits, count=self.size).view(np.bool_)


def named_bits(fit: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the bits of `NamedNodes` for a fit of shape (n, v); unknown is not named."""
    return np.packbits(fit.T >= NAMED_FROM, axis=1)


def lexical_fit(texts: Sequence[str], nodes: Sequence[Node]) -> NDArray[np.float32]:
    """Return the containment of each text and the closest keyword of each node, 0 to 1.

    A text that contains a keyword scores (length of keyword / length of text)^¼, one that is
    contained in a keyword the square of the share it covers: 锂电池隔膜涂覆 is close to 锂电池隔膜,
    电池 is not. Shape (texts, nodes).
    """
    fit = np.zeros((len(texts), len(nodes)), dtype=np.float32)
    holders: dict[str, list[int]] = {}
    parts: dict[str, dict[int, float]] = {}
    for column, node in enumerate(nodes):
        for keyword in {word.lower() for word in (node.name, *node.keywords)}:
            holders.setdefault(keyword, []).append(column)
            for part in _parts(keyword):
                covered = parts.setdefault(part, {})
                covered[column] = max(covered.get(column, 0), (len(part) / len(keyword)) ** 2)
    lowered = pl.Series(texts, dtype=pl.String).str.to_lowercase()
    found = lowered.str.extract_many(list(holders), overlapping=True).to_list()
    for row, (text, keywords) in enumerate(zip(lowered, found, strict=True)):
        for column, share in parts.get(text, {}).items():
            fit[row, column] = share
        for keyword in keywords:
            for column in holders[keyword]:
                fit[row, column] = max(fit[row, column], (len(keyword) / len(text)) ** 0.25)
    return fit


def _parts(keyword: str) -> set[str]:
    """Return the proper substrings of at least two characters."""
    size = len(keyword)
    return {
        keyword[start:stop]
        for start in range(size)
        for stop in range(start + 2, size + 1)
        if stop - start < size
    }


def fit_nodes(
    products: WeightedTexts,
    product_vectors: NDArray[np.float32],
    stated: Sequence[Sequence[str] | None],
    chain_map: ChainMap,
    node_vectors: NDArray[np.float32],
) -> NodeFit:
    """Match every enterprise with every node of the map.

    Parameters
    ----------
    products : WeightedTexts
        n enterprises by m distinct products.
    product_vectors : ndarray of shape (m, d)
        Unit sentence vectors.
    stated : sequence of n sequences of str, or None
        The stated nodes (ids or names) of each enterprise.
    chain_map : ChainMap
    node_vectors : ndarray of shape (n nodes, d)
        Unit sentence vectors of the nodes.
    """
    nodes = chain_map.nodes
    matches = product_matches(products.texts, product_vectors, nodes, node_vectors)
    fit, product = best_products(products, matches)
    for row, texts in enumerate(stated):
        for text in texts or ():
            if node := chain_map.find_node(text):
                column = nodes.index(node)
                fit[row] = np.nan_to_num(fit[row])
                fit[row, column] = 1.0
    return NodeFit(tuple(node.node_id for node in nodes), fit, product)


def product_matches(
    texts: Sequence[str],
    product_vectors: NDArray[np.float32],
    nodes: Sequence[Node],
    node_vectors: NDArray[np.float32],
) -> NDArray[np.float32]:
    """Return how well each of m products matches each node, by words and meaning, 0 to 1."""
    meaning = np.clip(product_vectors @ node_vectors.T, 0, 1)
    words = lexical_fit(texts, nodes)
    return np.asarray(0.6 * np.maximum(words, meaning) + 0.4 * meaning)


def best_products(
    products: WeightedTexts, matches: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.int16]]:
    """Return each enterprise's best match with each node, and the index of its product.

    Both of shape (n enterprises, n nodes); NaN and -1 if no product is known. Indices are those
    among the enterprise's own products.
    """
    rows, columns = products.weights.shape[0], matches.shape[1]
    indptr, indices = products.weights.indptr, products.weights.indices
    fit = np.full((rows, columns), np.nan, dtype=np.float32)
    product = np.full((rows, columns), -1, dtype=np.int16)
    every = np.arange(columns)
    for row in range(rows):
        start, stop = indptr[row], indptr[row + 1]
        if start < stop:
            own = indices[start:stop]
            weight = products.weights.data[start:stop]
            scale = _SIDE_PRODUCT + (1 - _SIDE_PRODUCT) * weight / weight.max()
            scores = matches[own] * scale[:, None]
            best = scores.argmax(axis=0)
            fit[row] = scores[best, every]
            product[row] = best
    return fit, product


def membership(fit: NDArray[Any]) -> NDArray[np.float32]:
    """Return the membership of an enterprise in a node by its fit: 0 to 1, NaN if unknown.

    Meaning gives every pair some fit. Below the fit for being named the membership is 0, from 0.75
    on it is 1, and linear between. (Of the nodes stated for the demo's companies nine in ten reach
    0.45 and half reach 0.75 by products alone, of the others one in fifty and one in two hundred.)
    """
    fit = np.asarray(fit, dtype=np.float32)
    return np.asarray(np.clip((fit - NAMED_FROM) / (_WHOLE_FROM - NAMED_FROM), 0, 1))
