"""What the feature space makes of enterprises and needs: arrays and sparse matrices."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from features.content import Content

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from scipy import sparse

    from features.nodes import NodeFit
    from features.presence import ZonePresence
    from features.text import WeightedTexts

NeedViews = dict[str, Any]
"""One matrix a view of `PoolFeatures`, a row a part of what a need says."""


@dataclass(frozen=True)
class PoolFeatures:
    """Everything known of `n` enterprises, one row each, ordered by id.

    Attributes
    ----------
    ids, names : ndarray of str, shape (n,)
    views : dict of matrices with n unit rows; a zero row is unknown
        `text`: character TF-IDF over products, name and scope (CSC); `topics`: LSA of characters
        and words; `meaning`: sentence vectors of products, scope and name.
    products : WeightedTexts
        n enterprises by m distinct products.
    product_vectors : ndarray of shape (m, d)
        Unit sentence vectors.
    references : NeedViews
        Names of industries in general, as if they were needs: against them a factor sees which
        enterprises resemble everything.
    nodes : NodeFit
    stations : NodeFit
        Of the supply graph: `nodes`, or the sectors of an input–output table.
    industries : ndarray of shape (l, n)
        How far the products, or for want of any the words of the name, are typical of each industry
        of the lexicon; zeros without either.
    attributes : csr_array of shape (n, a)
        Categories of place, code, size, age and tags.
    codes : tuple of n tuples of str
        The GB/T 4754-2017 code of each enterprise at all levels.
    points : ndarray of shape (n, 2)
        Longitude and latitude in degrees, NaN where unknown.
    """

    ids: NDArray[np.str_]
    names: NDArray[np.str_]
    views: dict[str, Any]
    products: WeightedTexts
    product_vectors: NDArray[np.float32]
    references: NeedViews
    nodes: NodeFit
    stations: NodeFit
    industries: NDArray[np.float32]
    attributes: sparse.csr_array
    codes: tuple[tuple[str, ...], ...]
    points: NDArray[np.float64]

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def content(self) -> Content:
        """Topics and sentence vectors together, for what learns from examples."""
        return Content(self.views["topics"], self.views["meaning"])


@dataclass(frozen=True)
class NeedFeatures:
    """A need in the space of the pool.

    Attributes
    ----------
    need_id : str or None
    texts : tuple of str
        Its own words.
    weights : ndarray of shape (p,)
        How much each part of what it says counts; the first part is its own words.
    views : dict of matrices with p unit rows
        One for every view of `PoolFeatures`.
    targets : tuple of int
        Columns of the nodes it is after.
    industries : tuple of int
        Rows of the lexicon's industries that it names.
    codes : tuple of str
        Its GB/T 4754-2017 codes at all levels.
    tokens : tuple of str
        Categories a model with need features learns from.
    point : tuple of float
        Longitude and latitude of its zone, NaN where unknown.
    present : ZonePresence or None
        What its zone already has, None where nothing is known.
    """

    need_id: str | None
    texts: tuple[str, ...]
    weights: NDArray[np.float64]
    views: NeedViews
    targets: tuple[int, ...]
    industries: tuple[int, ...]
    codes: tuple[str, ...]
    tokens: tuple[str, ...]
    point: tuple[float, float]
    present: ZonePresence | None = None
