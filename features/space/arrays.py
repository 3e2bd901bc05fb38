"""Features of enterprises and needs: arrays and sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from sys import getsizeof
from typing import TYPE_CHECKING, Any

from scipy import sparse

from features.space.content import Content
from features.structures.compact import Codes
from features.texts.text import WeightedTexts

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from features.industry.nodes import NodeFit
    from features.industry.zone_presence import ZonePresence
    from features.words.kinds import Wants
    from features.words.understanding import Understood

NeedViews = dict[str, Any]
"""One matrix per view, with one row per word of the need."""
_BESIDES = 2_000
"""Estimated bytes of a need's features besides numbers and texts."""


@dataclass(frozen=True)
class PoolFeatures:
    """Features of `n` enterprises, one row each, ordered by id.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
    names : sequence of n str
        Empty for rows taken from a large pool.
    views : dict of matrices with n unit rows; a zero row is unknown
        `text`: character TF-IDF over items and name (CSC; CSR for a large pool); `topics`: LSA of
        it; `meaning`: sentence vectors of items and name.
    products : WeightedTexts
        n enterprises by m distinct items: products, and items of business scopes.
    product_grams : csr_array of shape (m, g)
        Character 1-2-grams of the items, TF-IDF weighted, divided by their length to the power
        0.75: a long item that contains a word is nearly as good as the word alone.
    product_kinds : csr_array of shape (m, c)
        How surely each item is each concept of the thesaurus.
    nodes : NodeFit
    stations : NodeFit
        Fit to the supply graph: `nodes`, or the sectors of an input–output table.
    attributes : csr_array of shape (n, a)
        Categories of place, code, size, age and tags.
    codes : ndarray of str, shape (n, levels)
        The GB/T 4754-2017 code of each enterprise at all levels, "" where there is none.
    points : ndarray of shape (n, 2)
        Longitude and latitude in degrees, NaN where unknown.
    centre : ndarray of shape (d,) or None
        The mean to centre content on, if it is not its own mean.
    """

    ids: NDArray[np.str_]
    names: Sequence[str]
    views: dict[str, Any]
    products: WeightedTexts
    product_grams: sparse.csr_array
    product_kinds: sparse.csr_array
    nodes: NodeFit
    stations: NodeFit
    attributes: sparse.csr_array
    codes: NDArray[np.str_]
    points: NDArray[np.float64]
    centre: NDArray[np.float32] | None = None

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def content(self) -> Content:
        """Topics and sentence vectors side by side, for factors fitted on labels."""
        return Content(self.views["topics"], self.views["meaning"], self.centre)

    def by_rows(self) -> PoolFeatures:
        """Return the same features in row-major layout, for a pool that rows are taken from."""
        text = sparse.csr_array(self.views["text"])
        return replace(self, views={**self.views, "text": text})

    def take(self, rows: NDArray[np.intp]) -> PoolFeatures:
        """Return the features of some rows that scoring needs.

        Products keep their columns of the whole pool. Texts of products, names and attributes are
        left out, since scoring does not read them.

        Parameters
        ----------
        rows : ndarray of int, shape (k,)
        """
        nodes = self.nodes.take(rows)
        return replace(
            self,
            ids=self.ids[rows],
            names=(),
            views={
                name: view.take(rows) if isinstance(view, Codes) else view[rows]
                for name, view in self.views.items()
            },
            products=WeightedTexts([], self.products.weights[rows]),
            nodes=nodes,
            stations=nodes if self.stations is self.nodes else self.stations.take(rows),
            attributes=self.attributes[:0],
            codes=self.codes[rows],
            points=self.points[rows],
            centre=self.content.mean,
        )


@dataclass(frozen=True, eq=False)
class NeedFeatures:
    """Features of a need in the space of the pool.

    Attributes
    ----------
    need_id : str or None
    understood : Understood
        How it was understood; factors match its p `words`.
    weights : ndarray of shape (p,)
        The weight of each word.
    views : dict of matrices with p unit rows
        `text`, `topics` and `items` (1-2-grams): one row per word.
    meaning : ndarray of shape (1, d)
        The sentence vector of its own text.
    targets : tuple of int
        Columns of the target nodes.
    codes : tuple of str
        Its GB/T 4754-2017 codes at all levels.
    tokens : tuple of str
        Categories, for models with features of needs.
    point : tuple of float
        Longitude and latitude of its zone, NaN where unknown.
    wants : Wants
        What it is after by the thesaurus.
    present : ZonePresence or None
        The zone's enterprises, None if nothing is known.
    kinds : ndarray of shape (c,) or None
        The worth of each concept of the thesaurus for it; None if no concept is wanted.
    signals : ndarray of shape (n,) or None
        The strength of the signals of each enterprise, 0 to 1; None without any signal.
    """

    need_id: str | None
    understood: Understood
    weights: NDArray[np.float32]
    views: NeedViews
    meaning: NDArray[np.float32]
    targets: tuple[int, ...]
    codes: tuple[str, ...]
    tokens: tuple[str, ...]
    point: tuple[float, float]
    wants: Wants
    present: ZonePresence | None = None
    kinds: NDArray[np.float32] | None = None
    signals: NDArray[np.float32] | None = None

    @property
    def weight(self) -> int:
        """Estimated bytes, without `present` and `signals`."""
        dense = [self.weights] if self.kinds is None else [self.weights, self.kinds]
        for view in self.views.values():
            dense += [view.data, view.indices, view.indptr] if sparse.issparse(view) else [view]
        words = [word for word, _ in self.understood.words]
        texts = (*words, *self.understood.parts, *self.codes, *self.tokens)
        arrays = sum(array.nbytes for array in dense)
        return arrays + self.wants.nbytes + sum(map(getsizeof, texts)) + _BESIDES
