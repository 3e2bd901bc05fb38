"""Partners of an enterprise (以商招商): potential suppliers and customers.

There are two kinds of evidence, each of strength 0 to 1. A link: the partner's membership in a
station of the supply graph, times the strength of the link, times the enterprise's membership at
its other end. A trade: an item of the partner that, by the thesaurus, goes into a product of the
enterprise, or that such a product goes into. Together they are 1 − Π (1 − strength).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from features.industry.nodes import membership
from features.industry.supply_graph import supply_graph
from features.words.trade import trades
from models.factors.supply import reach

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.industry.chains import Node
    from features.industry.nodes import NodeFit
    from features.industry.supply_graph import SupplyGraph
    from features.space.arrays import PoolFeatures
    from features.space.space import FeatureSpace
    from features.texts.text import WeightedTexts
    from features.words.trade import Trade

OF_A_NODE, OF_A_SECTOR, OF_A_TRADE = 0.9, 0.5, 0.7
"""Maximum strength of each kind of evidence: neither shows an actual relation, and a link between
the broad sectors of an input–output table is the weakest."""
SIDES = ("suppliers", "customers")


class LinkPath(NamedTuple):
    """A path over the supply graph: the partner's station, and that of the enterprise."""

    theirs: Node
    ours: Node
    product: str | None
    own_product: str | None
    by_sectors: bool
    strength: float


class TradePath(NamedTuple):
    """A path over the thesaurus: an item of the partner, and its trade with the enterprise."""

    item: str
    trade: Trade
    strength: float


class _Found(NamedTuple):
    """Matches of trades: items of the pool, the quality of each match, and its trade."""

    items: NDArray[np.intp]
    matches: NDArray[np.float32]
    trades: NDArray[np.intp]


@dataclass(frozen=True)
class _Links:
    """The links of one supply graph that reach the enterprise.

    Attributes
    ----------
    fit : NodeFit
        The pool's fit over the stations of the graph.
    pulls : ndarray of shape (v,)
        The enterprise's demand at each station, on one side.
    """

    graph: SupplyGraph
    fit: NodeFit
    row: int
    supplies: bool
    pulls: NDArray[np.float32]

    @property
    def worth(self) -> float:
        """The strength of a full link."""
        return OF_A_SECTOR if self.graph.by_sectors else OF_A_NODE

    def strengths(self) -> NDArray[np.float32]:
        """Return each enterprise's strongest link, shape (n,), 0 if none is known."""
        columns = np.flatnonzero(self.pulls)
        if not len(columns):
            return np.zeros(len(self.fit.fit), dtype=np.float32)
        stands = membership(self.fit.fit[:, columns]).T
        return self.worth * np.nan_to_num(reach(stands, self.pulls[columns]))

    def path(self, pool: PoolFeatures, row: int) -> LinkPath | None:
        """Return the link that a row's strength is based on."""
        stands = np.nan_to_num(membership(self.fit.fit[row])) * self.pulls
        theirs = int(stands.argmax())
        if not stands[theirs] > 0:
            return None
        others, strengths = self.graph.linked(theirs, supplies=self.supplies)
        here = np.nan_to_num(membership(self.fit.fit[self.row]))
        ours = int(others[np.argmax(strengths * here[others])])
        nodes, product = self.graph.stations.nodes, self.fit.product
        return LinkPath(
            nodes[theirs],
            nodes[ours],
            pool.products.text(row, product[row, theirs]),
            pool.products.text(self.row, product[self.row, ours]),
            self.graph.by_sectors,
            self.worth * float(stands[theirs]),
        )


@dataclass(frozen=True)
class Partners:
    """The partners of one enterprise on one side.

    Attributes
    ----------
    supplies : bool
        Whether partners supply the enterprise, as opposed to buying from it.
    strengths : ndarray of float32, shape (n,)
        0 for enterprises that are not known to be partners.
    """

    pool: PoolFeatures
    supplies: bool
    strengths: NDArray[np.float32]
    links: Sequence[_Links]
    trades: Sequence[Trade]
    found: _Found

    def paths(self, row: int) -> list[LinkPath | TradePath]:
        """Return the strongest path of each kind from a partner to the enterprise."""
        paths = (*(links.path(self.pool, row) for links in self.links), self._trade(row))
        return sorted((p for p in paths if p is not None), key=lambda path: -path.strength)

    def _trade(self, row: int) -> TradePath | None:
        weights = self.pool.products.weights
        own = weights.indices[weights.indptr[row] : weights.indptr[row + 1]]
        at = np.flatnonzero(np.isin(self.found.items, own))
        if not len(at):
            return None
        best = at[np.argmax(self.found.matches[at])]
        item = self.pool.products.texts[int(self.found.items[best])]
        strength = OF_A_TRADE * float(self.found.matches[best])
        return TradePath(item, self.trades[int(self.found.trades[best])], strength)


def partners(
    pool: PoolFeatures, space: FeatureSpace, row: int, products: Sequence[str], *, supplies: bool
) -> Partners:
    """Find potential suppliers of an enterprise, or customers if `supplies` is false.

    Parameters
    ----------
    pool : PoolFeatures
    space : FeatureSpace
        Provides the chain map, the input–output table if there is one, and the thesaurus.
    row : int
        The enterprise.
    products : sequence of str
        Its products; without any, trades are unknown.
    supplies : bool
    """
    graphs = [(space.supply, pool.stations)]
    if space.supply.by_sectors:
        graphs.insert(0, (supply_graph(space.chain_map), pool.nodes))
    links = []
    for graph, fit in graphs:
        here = np.nan_to_num(membership(fit.fit[row]))
        links.append(_Links(graph, fit, row, supplies, graph.pulls(here[None])[1 - supplies, 0]))
    traded = trades(space.thesaurus, products, inputs=supplies)
    found = _find(pool.products, traded)
    apart = 1 - OF_A_TRADE * _of_rows(pool, found)
    for each in links:
        apart *= 1 - each.strengths()
    strengths = (1 - apart).astype(np.float32)
    strengths[row] = 0
    return Partners(pool, supplies, strengths, links, traded, found)


def _find(products: WeightedTexts, traded: Sequence[Trade]) -> _Found:
    """Return the items that end in a word of a trade; longer items match less surely."""
    of_word: dict[str, int] = {}
    for at, trade in enumerate(traded):
        for word in trade.words:
            of_word.setdefault(word, at)
    if not of_word:
        nothing = np.empty(0, dtype=np.intp)
        return _Found(nothing, np.empty(0, dtype=np.float32), nothing)
    words = sorted(of_word, key=len, reverse=True)
    ending = f"({'|'.join(map(re.escape, words))})$"
    items = products.plain
    # The longest word that it ends in: the search goes from the left.
    said = items.str.extract(ending, 1)
    places = said.is_not_null().arg_true()
    shares = said[places].str.len_chars() / items[places].str.len_chars()
    return _Found(
        places.to_numpy().astype(np.intp),
        (shares**0.25).to_numpy().astype(np.float32),
        np.array([of_word[word] for word in said[places]], dtype=np.intp),
    )


def _of_rows(pool: PoolFeatures, found: _Found) -> NDArray[np.float32]:
    """Return each enterprise's best match, shape (n,)."""
    weights = pool.products.weights
    best = np.zeros(len(pool), dtype=np.float32)
    if not len(found.items):
        return best
    matches = np.zeros(weights.shape[1], dtype=np.float32)
    matches[found.items] = found.matches
    said = matches[weights.indices]
    known = np.flatnonzero(np.diff(weights.indptr))
    best[known] = np.maximum.reduceat(said, weights.indptr[known])
    return best
