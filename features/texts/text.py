"""Texts of profiles with weights: products, business scope, name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from features.structures.lines import Lines
from features.words.normal import normal
from features.words.scope import scope_items

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray


BESIDE_PRODUCTS = 0.36
"""Weight of a scope's item if products are known, relative to one if they are not."""

LEAST_SHARE = 0.01
UNKNOWN_SHARE = 0.05
"""The share assumed for a product without a stated one, next to products with a share."""

_LEGAL_FORM = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团股份|（集团）|\(集团\)|控股集团|集团|控股|公司"
)
_VAGUE = re.compile(r"^其他|及其他$|Ⅱ|Ⅲ")


def core_name(name: str) -> str:
    """Return the name without its legal form: 山西焦煤股份有限公司 becomes 山西焦煤.

    A name that consists only of a legal form is returned unchanged.
    """
    return _LEGAL_FORM.sub("", name).strip() or name


@dataclass(frozen=True)
class WeightedTexts:
    """Distinct texts, and their weights in each of `n` rows.

    Attributes
    ----------
    texts : sequence of str
        The `m` distinct texts, in order of first appearance.
    weights : scipy.sparse.csr_array of shape (n, m)
        Non-negative weights; a row without entries is unknown.
    """

    texts: Sequence[str]
    weights: sparse.csr_array

    @cached_property
    def plain(self) -> pl.Series:
        """The texts in normal form for comparing words; computed on first access."""
        return pl.Series([normal(text) for text in self.texts], dtype=pl.String)

    def mentioning(self, text: str) -> NDArray[np.intp]:
        """Return the rows with a text that contains this one."""
        texts = self.texts if isinstance(self.texts, Lines) else Lines.of(self.texts)
        having = np.zeros(len(texts), dtype=np.bool_)
        having[texts.containing(text)] = True
        entries = np.flatnonzero(having.take(self.weights.indices))
        return np.unique(np.searchsorted(self.weights.indptr, entries, side="right") - 1)

    def text(self, row: int, place: int) -> str | None:
        """Return the text at an index among those of a row, None for -1."""
        first = self.weights.indptr[row]
        return None if place < 0 else self.texts[self.weights.indices[first + place]]

    def scaled(self, factor: float) -> WeightedTexts:
        """Return the same texts with all weights multiplied."""
        return self if factor == 1 else WeightedTexts(self.texts, self.weights * factor)

    def beside(self, other: WeightedTexts) -> WeightedTexts:
        """Concatenate the texts of the same rows; texts in both are repeated."""
        both = sparse.csr_array(sparse.hstack([self.weights, other.weights], format="csr"))
        return WeightedTexts([*self.texts, *other.texts], both)


def item_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the weighted items of every enterprise.

    Items are its products, weighted by the square root of their revenue share, and the items of its
    business scope, early items of a short scope the most. The root keeps side products visible
    beside a dominant one. If no share is stated, all products have equal shares: unknown must not
    count against it. Beside products a scope has less weight, since it lists permitted activities.
    """
    return _gather(pl.concat([_products(enterprises), _scopes(enterprises)]), enterprises.height)


def product_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return only the products of every enterprise, weighted as in `item_texts`."""
    return _gather(_products(enterprises), enterprises.height)


def _products(enterprises: pl.DataFrame) -> pl.DataFrame:
    share = pl.col("products").struct.field("share")
    even = 1 / pl.len().over("row")
    known = pl.when(share.is_null().all().over("row")).then(even).otherwise(share.clip(LEAST_SHARE))
    return (
        enterprises.select(pl.int_range(pl.len()).alias("row"), "products")
        .explode("products")
        .drop_nulls("products")
        .select(
            "row",
            pl.col("products").struct.field("name").alias("text"),
            known.fill_null(UNKNOWN_SHARE).sqrt().alias("weight"),
        )
    )


def _scopes(enterprises: pl.DataFrame) -> pl.DataFrame:
    """Return rows of (row, text, weight) for the items of every business scope.

    The item at index i of c has the weight (1 + i)^-0.3 c^-0.5, and a fraction of it beside
    products.
    """
    place, count = pl.int_range(pl.len()).over("row"), pl.len().over("row")
    beside = pl.when(pl.col("has_products")).then(BESIDE_PRODUCTS).otherwise(1.0)
    return (
        enterprises.select(
            pl.int_range(pl.len()).alias("row"),
            (pl.col("products").list.len().fill_null(0) > 0).alias("has_products"),
            pl.col("business_scope")
            .map_elements(scope_items, return_dtype=pl.List(pl.String))
            .alias("text"),
        )
        .explode("text")
        .drop_nulls("text")
        .select("row", "text", (beside / (1 + place) ** 0.3 / count.sqrt()).alias("weight"))
    )


def scope_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the business scope of every enterprise, weight 1."""
    scopes = enterprises.select(
        pl.int_range(pl.len()).alias("row"),
        pl.col("business_scope").alias("text"),
        pl.lit(1.0).alias("weight"),
    )
    return _gather(scopes.drop_nulls("text"), enterprises.height)


def name_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the name of every enterprise without its legal form, and its short name, weight 1."""
    core = pl.col("name").map_elements(core_name, return_dtype=pl.String)
    names = enterprises.select(
        pl.int_range(pl.len()).alias("row"),
        pl.concat_str(core, "short_name", separator=" ", ignore_nulls=True).alias("text"),
        pl.lit(1.0).alias("weight"),
    )
    return _gather(names, enterprises.height)


def full_name_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the full name of every enterprise, weight 1."""
    names = pl.int_range(pl.len()).alias("row"), pl.col("name").alias("text")
    return _gather(enterprises.select(*names, pl.lit(1.0).alias("weight")), enterprises.height)


def clear(text: str) -> str:
    """Remove vague parts (其他, 及其他, Ⅱ) of an industry's name, unless nothing would remain."""
    return _VAGUE.sub("", text) or text


def _gather(stated: pl.DataFrame, rows: int) -> WeightedTexts:
    """Convert rows of (row, text, weight) to distinct texts and a weight matrix."""
    texts = stated["text"].unique(maintain_order=True)
    columns = stated["text"].replace_strict(texts, pl.int_range(len(texts), eager=True))
    weights = sparse.csr_array(
        (
            stated["weight"].to_numpy().astype(np.float32),
            (stated["row"].to_numpy(), columns.to_numpy()),
        ),
        shape=(rows, len(texts)),
    )
    weights.sum_duplicates()
    return WeightedTexts(texts.to_list(), weights)
