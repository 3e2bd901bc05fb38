"""Published factorisations: LightFM, implicit ALS and BPR."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl
from scipy import sparse
from threadpoolctl import threadpool_limits

from features.space.attributes import TokenColumns
from training.peers.base import Peer
from training.peers.rules import Popularity, known_deals
from training.peers.search import said_by, side_by_side
from training.peers.settings import AlsSettings, BprSettings, LightFMSettings
from training.tasks import relevant_pairs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from training.rounds import Round
    from training.tasks import EvaluationQuestion, Split


_CATEGORIES = ("need_id", "industry", "sector", "chain", "role", "zone_id", "region")


class LightFMAlone(Peer):
    """LightFM with features on both sides, WARP; deals weighted by recency.

    The features of a need are its identity, its categories (industry, sector, chain, role, zone,
    region, industry × region) and its text embedding; those of an enterprise its attributes, its
    text embedding, and its identity if it has events. Text embeddings are the leading principal
    components of topics and sentence vectors.
    """

    name = "lightfm"
    gloss = "LightFM"

    def __init__(self, settings: LightFMSettings | None = None) -> None:
        self.parameters = settings or LightFMSettings()

    def why_not(self, split: Split) -> str | None:
        """Require pairs to learn from."""
        if any(relevant_pairs(task.data).is_empty() for task in split.tasks):
            return "there is no pair left to learn from"
        return super().why_not(split)

    def settings(self) -> dict[str, Any]:
        """Return the settings."""
        return asdict(self.parameters) | {"loss": "warp", "threads": 1}

    def fit(self, ground: Round) -> Self:
        """Fit with one thread, so that the same seed gives the same model."""
        from lightfm import LightFM

        own = self.parameters
        self.ground_ = ground
        pairs = self._weights(ground)
        # Needs without pairs are left out: they would only change the random draws of the others.
        asked, row_of = np.unique(pairs.row, return_inverse=True)
        needs, rows = ([own[at] for at in asked] for own in (ground.needs, ground.rows))
        pairs = sparse.coo_matrix(
            (pairs.data, (row_of.astype(np.int32), pairs.col)), (len(asked), len(ground.pool))
        )
        self.columns_ = TokenColumns(min_rows=1).fit([_tokens(row) for row in rows])
        both = side_by_side(ground.pool)
        self.centre_ = both.mean(axis=0)
        spread = (both - self.centre_).T @ (both - self.centre_)
        self.directions_ = np.linalg.eigh(spread)[1][:, ::-1][:, : own.dense]
        users, self.items_ = self._users(needs, rows), self._items(ground)
        model = LightFM(
            no_components=own.components,
            loss="warp",
            learning_rate=own.learning_rate,
            user_alpha=own.user_alpha,
            item_alpha=own.item_alpha,
            max_sampled=own.max_sampled,
            random_state=ground.seed,
        )
        model.fit(
            sparse.coo_matrix((np.ones_like(pairs.data), (pairs.row, pairs.col)), pairs.shape),
            user_features=_lightfm_matrix(users),
            item_features=_lightfm_matrix(self.items_),
            sample_weight=pairs,
            epochs=own.epochs,
            num_threads=1,
        )
        self.user_embeddings_ = model.user_embeddings
        self.represented_ = self.items_ @ model.item_embeddings
        self.biases_ = self.items_ @ model.item_biases
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.float32]:
        """Return the result of LightFM's `predict` without the need's own bias."""
        users = self._users([self.ground_.need(question)], [question.row])
        vector = (users @ self.user_embeddings_)[0]
        return np.asarray(self.represented_ @ vector + self.biases_)

    def _weights(self, ground: Round) -> sparse.coo_matrix:
        """Return the remaining pairs, each weighted by the age of its last deal."""
        half = self.parameters.half_life_years * 365.25
        days = (pl.lit(ground.task.as_of) - pl.col("date").max()).dt.total_days().clip(0)
        found = _pairs(ground, (0.5 ** (days / half)).fill_null(1.0))
        # Only ratios matter: without this, old deals would be learnt too slowly.
        found.data /= found.data.max(initial=np.float32(1e-9))
        return found

    def _users(
        self, needs: Sequence[NeedFeatures], rows: Sequence[Mapping[str, Any]]
    ) -> sparse.csr_array:
        tokens = self.columns_.transform([_tokens(row) for row in rows])
        stated = np.stack([said_by(need) for need in needs])
        return sparse.csr_array(sparse.hstack([tokens, self._dense(stated)], dtype=np.float32))

    def _items(self, ground: Round) -> sparse.csr_array:
        data, size = ground.task.data, len(ground.pool)
        own = np.isin(ground.task.ids, data.events["enterprise_id"].to_numpy().astype(np.str_))
        identity = sparse.csr_array(sparse.eye_array(size, format="csr")[:, np.flatnonzero(own)])
        blocks = [identity, ground.pool.attributes, self._dense(side_by_side(ground.pool))]
        return sparse.csr_array(sparse.hstack(blocks, dtype=np.float32))

    def _dense(self, rows: NDArray[np.float32]) -> sparse.csr_array:
        """Return the leading principal components of texts; all of them would take minutes."""
        return sparse.csr_array((rows - self.centre_) @ self.directions_)


class _Implicit(Peer):
    """A factorisation of the counts of deals between needs and enterprises.

    Needs without pairs are scored by popularity.
    """

    package = "implicit"

    def why_not(self, split: Split) -> str | None:
        """Require needs with pairs of their own."""
        asked = [question for task in split.tasks for question in task.questions]
        if not any(question.warm for question in asked):
            return "it knows only needs with pairs of their own, and here there are none"
        if not any((question.known & question.candidates).any() for question in asked):
            return "it knows only enterprises with pairs of their own, and none is a candidate"
        return super().why_not(split)

    def model(self, seed: int) -> Any:
        """Return the library's model."""
        raise NotImplementedError

    def fit(self, ground: Round) -> Self:
        """Fit with one thread, so that the same seed gives the same model."""
        self.popularity_ = Popularity().fit(ground)
        self.row_ = {row["need_id"]: at for at, row in enumerate(ground.rows)}
        counts = sparse.csr_matrix(_pairs(ground, pl.len()))
        self.own_ = np.diff(counts.indptr)
        # The library's own threads and those of BLAS would compete.
        with threadpool_limits(1, user_api="blas"):
            self.model_ = self.model(ground.seed)
            self.model_.fit(counts, show_progress=False)
        return self

    def scores(self, question: EvaluationQuestion) -> NDArray[np.floating[Any]]:
        """Return the product of factors, or popularity for a need without any."""
        row = self.row_.get(question.query.need_id or "")
        if row is None or not self.own_[row]:
            return self.popularity_.scores(question)
        return np.asarray(self.model_.item_factors @ self.model_.user_factors[row])


class Als(_Implicit):
    """Implicit alternating least squares."""

    name = "als"
    gloss = "隐式ALS"

    def __init__(self, settings: AlsSettings | None = None) -> None:
        self.parameters = settings or AlsSettings()

    def settings(self) -> dict[str, Any]:
        """Return the settings."""
        return asdict(self.parameters)

    def model(self, seed: int) -> Any:
        """Return implicit's model."""
        from implicit.cpu.als import AlternatingLeastSquares

        return AlternatingLeastSquares(**self.settings(), num_threads=1, random_state=seed)


class Bpr(_Implicit):
    """Bayesian personalised ranking."""

    name = "bpr"
    gloss = "BPR"

    def __init__(self, settings: BprSettings | None = None) -> None:
        self.parameters = settings or BprSettings()

    def settings(self) -> dict[str, Any]:
        """Return the settings."""
        return asdict(self.parameters)

    def model(self, seed: int) -> Any:
        """Return implicit's model."""
        from implicit.cpu.bpr import BayesianPersonalizedRanking

        return BayesianPersonalizedRanking(**self.settings(), num_threads=1, random_state=seed)


def _pairs(ground: Round, weight: pl.Expr) -> sparse.coo_matrix:
    """Return the remaining pairs, shape (m, n), with the value of an expression over deals."""
    row_of = {row["need_id"]: at for at, row in enumerate(ground.rows)}
    stated = (
        known_deals(ground)
        .filter(pl.col("need_id").is_in(list(row_of)))
        .group_by("need_id", "enterprise_id")
        .agg(weight.cast(pl.Float32).alias("weight"))
        .sort("need_id", "enterprise_id")
    )
    rows = np.array([row_of[need_id] for need_id in stated["need_id"]], dtype=np.int32)
    ids = stated["enterprise_id"].to_numpy().astype(np.str_)
    columns = np.searchsorted(ground.task.ids, ids).astype(np.int32)
    shape = (len(ground.rows), len(ground.pool))
    return sparse.coo_matrix((stated["weight"].to_numpy().copy(), (rows, columns)), shape=shape)


def _tokens(row: Mapping[str, Any]) -> list[str]:
    """Return the categories stated in the row of a need, and region × industry."""
    tokens = [f"{name}={row[name]}" for name in _CATEGORIES if row.get(name)]
    if row.get("region"):
        tokens.append(f"industry_region={row['industry']}|{row['region']}")
    return tokens


def _lightfm_matrix(features: sparse.csr_array) -> sparse.csr_matrix:
    """Return a matrix in the class and index width that LightFM reads."""
    matrix = sparse.csr_matrix(features, dtype=np.float32)
    matrix.indices = matrix.indices.astype(np.int32)
    matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix
