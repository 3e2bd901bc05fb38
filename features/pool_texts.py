"""The texts of the profiles of a pool, from which its features are made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from features.text import WeightedTexts, product_texts, scope_texts

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PoolTexts:
    """What the profiles of a pool say.

    Attributes
    ----------
    frame : DataFrame
        Ordered by id.
    items : WeightedTexts
        Products, and what business scopes name.
    short_names : WeightedTexts
        Names without their legal form, and short names.
    names : WeightedTexts
        The full name of every enterprise.
    vectors : list of two ndarrays
        Sentence vectors of the items and of the full names.
    tokens : list of n lists of str
        What else they state.
    """

    frame: pl.DataFrame
    items: WeightedTexts
    short_names: WeightedTexts
    names: WeightedTexts
    vectors: list[NDArray[np.float32]]
    tokens: list[list[str]]

    @property
    def spoken(self) -> WeightedTexts:
        """All that an enterprise says, each text once: products, scope and names."""
        both = product_texts(self.frame).beside(scope_texts(self.frame)).beside(self.short_names)
        stated = both.weights.copy()
        stated.data = np.ones_like(stated.data)
        return WeightedTexts(both.texts, stated)

    @property
    def distinct_items(self) -> WeightedTexts:
        """Each distinct item as one document."""
        size = len(self.items.texts)
        return WeightedTexts(self.items.texts, sparse.eye_array(size, format="csr"))
