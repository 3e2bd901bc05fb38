"""The settings of all peers, fixed in one place.

Values recommended by a library's authors are used. Others were tuned like the stack's own settings,
with the same harness: text search on all folds of `cold-need` of the listed companies, which
favours it; LightFM's features of enterprises on one fold of `cold-enterprise` there; peers that
learn from deals on deals of 2012 to 2014, so that later years were not used, with one exception in
a peer's favour: the region's weight in `recent_popularity` was raised from 0.3 to 0.5, which
improves later years and hardly changes earlier ones.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Bm25Settings:
    """Okapi BM25 as in Lucene, over words and single characters.

    `k1` and `b` are the authors' defaults (Lù, "BM25S: orders of magnitude faster lexical search
    via eager sparse scoring", 2024); the query is what the need says in its own words, and its
    sector at the weight `sector`.
    """

    method: str = "lucene"
    k1: float = 1.5
    b: float = 0.75
    sector: float = 0.35


@dataclass(frozen=True)
class LightFMSettings:
    """LightFM alone, with features on both sides (Kula, CBRecSys 2015).

    `dense` is the number of principal components of text embeddings on both sides.
    """

    components: int = 64
    epochs: int = 40
    learning_rate: float = 0.05
    user_alpha: float = 1e-5
    item_alpha: float = 1e-5
    max_sampled: int = 30
    dense: int = 128
    half_life_years: float = 4.0


@dataclass(frozen=True)
class AlsSettings:
    """Alternating least squares on implicit feedback (Hu, Koren and Volinsky, ICDM 2008)."""

    factors: int = 16
    regularization: float = 1.0
    alpha: float = 40.0
    iterations: int = 15


@dataclass(frozen=True)
class BprSettings:
    """Bayesian personalised ranking (Rendle et al., UAI 2009)."""

    factors: int = 16
    learning_rate: float = 0.01
    regularization: float = 0.01
    iterations: int = 400


@dataclass(frozen=True)
class PopularitySettings:
    """Rules for deals: weights of ln(1 + deals) in the zone, the region and overall; sector: 1."""

    zone: float = 0.5
    region: float = 0.5
    overall: float = 0.01
    half_life_years: float = 4.0
