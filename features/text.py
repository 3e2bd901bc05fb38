"""What a profile and a need say, as short texts with weights.

A profile speaks through its products (weighted by revenue share), its name and its business
scope; a need through its industry, its nodes and keywords, and the context it stands in.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from scipy import sparse

from features.nodes import target_nodes
from features.tfidf import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.chains import ChainMap
    from features.lexicon import Lexicon
    from features.need import NeedQuery

NODES_WEIGHT = 1.0
LEXICON_WEIGHT = 0.8
SECTOR_WEIGHT = 0.35
CHAIN_WEIGHT = 0.1
"""How much the words of the chain map, of the lexicon and of its context count beside its own."""

LEAST_SHARE = 0.01
UNKNOWN_SHARE = 0.05
"""What a product without a stated share counts as: little beside a stated one, but not nothing."""

_LEGAL_FORM = re.compile(
    r"股份有限公司|有限责任公司|有限公司|集团股份|（集团）|\(集团\)|控股集团|集团|控股|公司"
)
_VAGUE = re.compile(r"^其他|及其他$|Ⅱ|Ⅲ")
_SCOPE_BREAK = re.compile(r"[;；,，。、\n]+")
_SCOPE_PHRASES = 30


def core_name(name: str) -> str:
    """Return the name without its legal form: 山西焦煤股份有限公司 becomes 山西焦煤.

    A name that is nothing but a legal form comes back unchanged.
    """
    return _LEGAL_FORM.sub("", name).strip() or name


@dataclass(frozen=True)
class WeightedTexts:
    """Distinct texts, and how strongly each of `n` rows says each of them.

    Attributes
    ----------
    texts : sequence of str
        The `m` distinct texts, in order of first appearance.
    weights : scipy.sparse.csr_array of shape (n, m)
        Non-negative weights; a row without any entry says nothing.
    """

    texts: Sequence[str]
    weights: sparse.csr_array

    def text(self, row: int, place: int) -> str | None:
        """Return the text at a place among those of a row, None where the place is -1."""
        first = self.weights.indptr[row]
        return None if place < 0 else self.texts[self.weights.indices[first + place]]

    def scaled(self, factor: float) -> WeightedTexts:
        """Return the same texts with all weights multiplied."""
        return self if factor == 1 else WeightedTexts(self.texts, self.weights * factor)

    def beside(self, other: WeightedTexts) -> WeightedTexts:
        """Return what the same rows say here and there; a text of both stands there twice."""
        both = sparse.csr_array(sparse.hstack([self.weights, other.weights], format="csr"))
        return WeightedTexts([*self.texts, *other.texts], both)


def product_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the products of every enterprise, each weighted by the root of its revenue share.

    The root keeps a side product visible next to one that earns nearly everything. Where no share
    of an enterprise is stated, all its products have the same: unknown must not count against it.
    """
    share = pl.col("products").struct.field("share")
    even = 1 / pl.len().over("row")
    known = pl.when(share.is_null().all().over("row")).then(even).otherwise(share.clip(LEAST_SHARE))
    stated = (
        enterprises.select(pl.int_range(pl.len()).alias("row"), "products")
        .explode("products")
        .drop_nulls("products")
        .select(
            "row",
            pl.col("products").struct.field("name").alias("text"),
            known.fill_null(UNKNOWN_SHARE).sqrt().alias("weight"),
        )
    )
    return _gather(stated, enterprises.height)


def scope_texts(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the phrases of every business scope, each with the same weight (their sum is 1)."""
    phrases = (
        enterprises.select(pl.int_range(pl.len()).alias("row"), "business_scope")
        .drop_nulls("business_scope")
        .with_columns(
            pl.col("business_scope")
            .map_elements(_phrases, return_dtype=pl.List(pl.String))
            .alias("text")
        )
        .explode("text")
        .drop_nulls("text")
    )
    return _gather(
        phrases.select("row", "text", (1.0 / pl.len().over("row")).alias("weight")),
        enterprises.height,
    )


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
    """Return the name of every enterprise as it is written, weight 1."""
    names = pl.int_range(pl.len()).alias("row"), pl.col("name").alias("text")
    return _gather(enterprises.select(*names, pl.lit(1.0).alias("weight")), enterprises.height)


def name_words(enterprises: pl.DataFrame) -> WeightedTexts:
    """Return the words in the name of every enterprise that states no product, weight 1.

    上海银行 is a bank, 山东高速 runs motorways: where nothing else is known, the name says what an
    enterprise does. Legal form and single characters are left out.
    """
    silent = pl.col("products").list.len().fill_null(0) == 0
    said = (
        enterprises.select(pl.int_range(pl.len()).alias("row"), "name", silent.alias("silent"))
        .filter("silent")
        .select(
            "row",
            pl.col("name")
            .map_elements(
                lambda name: list(dict.fromkeys(words(core_name(name)))),
                return_dtype=pl.List(pl.String),
            )
            .alias("text"),
            pl.lit(1.0).alias("weight"),
        )
        .explode("text")
        .drop_nulls("text")
    )
    return _gather(said, enterprises.height)


def named_industries(need: NeedQuery, lexicon: Lexicon) -> list[int]:
    """Return the numbers of the lexicon's industries that its industry and keywords name."""
    texts = (need.industry, *need.keywords)
    return list(dict.fromkeys(number for text in texts for number in lexicon.find(text)))


def need_texts(
    need: NeedQuery, chain_map: ChainMap, lexicon: Lexicon
) -> list[tuple[float, list[str]]]:
    """Return the parts of what a need says, each with its weight; the first are its own words.

    Its own words are the industry and the keywords given with it; then come what its name does
    not spell out (the words that the chain map has for the nodes it is after, and what the lexicon
    has as typical products), its sector and its chain. Parts without any words are left out.
    """
    nodes = target_nodes(need, chain_map)
    unknown_nodes = [text for text in need.nodes if chain_map.find_node(text) is None]
    industries = [lexicon.industries[at] for at in named_industries(need, lexicon)]
    own = _distinct([clear(need.industry), *need.keywords, *unknown_nodes])
    parts = [
        (1.0, own),
        (NODES_WEIGHT, _distinct([word for node in nodes for word in (node.name, *node.keywords)])),
        (LEXICON_WEIGHT, _distinct([text for row in industries for text in row.products])),
        (SECTOR_WEIGHT, _distinct([clear(need.sector or "")])),
        (CHAIN_WEIGHT, _distinct([clear(need.chain or "")])),
    ]
    return [(weight, texts) for weight, texts in parts if texts and (weight == 1 or texts != own)]


def clear(text: str) -> str:
    """Leave out what says nothing of an industry (其他, 及其他, Ⅱ), unless it is all there is."""
    return _VAGUE.sub("", text) or text


def _distinct(texts: Sequence[str]) -> list[str]:
    return list(dict.fromkeys(text.strip() for text in texts if text.strip()))


def _phrases(scope: str) -> list[str]:
    return [phrase.strip() for phrase in _SCOPE_BREAK.split(scope) if phrase.strip()][
        :_SCOPE_PHRASES
    ]


def _gather(said: pl.DataFrame, rows: int) -> WeightedTexts:
    """Turn rows of (row, text, weight) into distinct texts and a weight matrix."""
    texts = said["text"].unique(maintain_order=True)
    columns = said["text"].replace_strict(texts, pl.int_range(len(texts), eager=True))
    weights = sparse.csr_array(
        (
            said["weight"].to_numpy().astype(np.float32),
            (said["row"].to_numpy(), columns.to_numpy()),
        ),
        shape=(rows, len(texts)),
    )
    weights.sum_duplicates()
    return WeightedTexts(texts.to_list(), weights)
