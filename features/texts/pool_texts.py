"""The texts of a pool's profiles, from which features are computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from features.texts.text import WeightedTexts, product_texts, scope_texts

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PoolTexts:
    """The texts and attributes of a pool's profiles.

    Attributes
    ----------
    frame : DataFrame
        Ordered by id.
    items : WeightedTexts
        Products, and items of business scopes.
    short_names : WeightedTexts
        Names without their legal form, and short names.
    names : WeightedTexts
        The full name of every enterprise.
    vectors : list of two ndarrays
        Sentence vectors of the items and of the full names.
    tokens : list of n lists of str
        Attribute tokens.
    """

    frame: pl.DataFrame
    items: WeightedTexts
    short_names: WeightedTexts
    names: WeightedTexts
    vectors: list[NDArray[np.float32]]
    tokens: list[list[str]]

    @property
    def spoken(self) -> WeightedTexts:
        """All texts of each enterprise: products, scope and names."""
        both = product_texts(self.frame).beside(scope_texts(self.frame)).beside(self.short_names)
        stated = both.weights.copy()
        stated.data = np.ones_like(stated.data)
        return WeightedTexts(both.texts, stated)

    @property
    def distinct_items(self) -> WeightedTexts:
        """Each distinct item as one document."""
        size = len(self.items.texts)
        return WeightedTexts(self.items.texts, sparse.eye_array(size, format="csr"))
