"""LightFM: a factorisation of chosen pairs, with features of needs and enterprises.

Kula, "Metadata embeddings for user and item cold-start recommendations", CBRecSys 2015. Needs are
the users, enterprises the items. Enterprises are represented only by leading topics and attributes,
unless they have events: a judgement for one need must not count for or against an enterprise
elsewhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from features.space.attributes import TokenColumns
from features.structures.ordered import found_in, sampled
from models.factor import Factor
from models.settings import HybridSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

TOPICS = 200
_DEFAULTS = HybridSettings()


class LightFMHybrid(Factor):
    """Dot product of the LightFM representations of need and enterprise, biases included.

    Parameters
    ----------
    settings : HybridSettings
    seed : int
        With one thread, the same seed gives the same model.
    """

    name = "hybrid"

    def __init__(self, settings: HybridSettings = _DEFAULTS, seed: int = 0) -> None:
        self.settings = settings
        self.seed = seed

    def fit(
        self,
        needs: Sequence[NeedFeatures],
        pool: PoolFeatures,
        gains: sparse.csr_array,
        identities: NDArray[np.bool_],
        ranks: NDArray[np.intp] | None = None,
    ) -> LightFMHybrid:
        """Learn from gains.

        Parameters
        ----------
        needs : sequence of m NeedFeatures
        pool : PoolFeatures of n enterprises
        gains : csr_array of shape (m, n)
            Weights of pairs, above 0 up to 1.
        identities : ndarray of bool, shape (n,)
            Which enterprises have events and so an embedding of their own.
        ranks : ndarray of shape (n,), optional
            The order in which they are sampled and learnt from; by default that of their ids.
        """
        from lightfm import LightFM

        # Needs without pairs are left out: they would only change the random draws of the others.
        asked = np.flatnonzero(np.diff(gains.indptr))
        needs, gains = [needs[row] for row in asked.tolist()], gains[asked]
        self.columns_ = TokenColumns(min_rows=1).fit(
            [[*need.tokens, *_identity(need)] for need in needs]
        )
        self.own_ = pool.ids[identities]
        users = self._users(needs)
        known = np.union1d(gains.indices, np.flatnonzero(identities))
        own = self.settings
        ranks = np.arange(len(pool)) if ranks is None else ranks
        # WARP draws its negatives from the others; a sample of them is enough.
        rows = sampled(ranks, known, own.sampled, self.seed)
        # LightFM draws embeddings column by column, and pairs and negatives row by row.
        items = self._items(pool, rows)
        columns = np.argsort(ranks[identities])
        columns = np.concatenate([columns, np.arange(len(columns), items.shape[1])])
        items = items[:, columns]
        model = LightFM(
            no_components=own.components,
            loss=own.loss,
            learning_schedule=own.learning_schedule,
            learning_rate=own.learning_rate,
            rho=own.rho,
            epsilon=own.epsilon,
            user_alpha=own.user_alpha,
            item_alpha=own.item_alpha,
            max_sampled=own.max_sampled,
            random_state=self.seed,
        )
        chosen = sparse.csr_array(gains[:, rows])
        chosen.sort_indices()
        pairs = sparse.coo_matrix(chosen)
        model.fit(
            sparse.coo_matrix((np.ones_like(pairs.data), (pairs.row, pairs.col)), pairs.shape),
            user_features=_lightfm_matrix(users),
            item_features=_lightfm_matrix(items),
            sample_weight=pairs.astype(np.float32),
            epochs=own.epochs,
            num_threads=1,
        )
        self.user_embeddings_ = np.column_stack([model.user_embeddings, model.user_biases])
        learnt = np.column_stack([model.item_embeddings, model.item_biases])
        self.item_embeddings_ = np.empty_like(learnt)
        self.item_embeddings_[columns] = learnt
        return self

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:
        """Return the representations of the pool, shape (n, components + 2)."""
        if not self.fitted:
            return {}
        cuts = np.cumsum([len(self.own_), pool.attributes.shape[1]])
        own, attributes, topics = np.split(self.item_embeddings_, cuts)
        rows = (self._identities(pool) @ own + pool.attributes @ attributes).astype(np.float64)
        # In double precision, so that equal profiles have equal rows after rounding.
        rows += pool.views["topics"][:, :TOPICS].astype(np.float64) @ topics.astype(np.float64)
        return {"items": np.column_stack([rows, np.ones(len(rows))]).astype(np.float32)}

    def prepare(self, pool: PoolFeatures) -> NDArray[np.float32] | None:
        """Return the representations of the pool, shape (n, components + 2)."""
        return self.prepare_measured(pool, self.measure(pool))

    def prepare_measured(
        self,
        pool: PoolFeatures,  # noqa: ARG002  scoring reads measured rows alone
        measured: Mapping[str, NDArray[Any]],
    ) -> NDArray[np.float32] | None:
        """Return the same, given the result of `measure`."""
        return measured.get("items")

    def score(
        self, need: NeedFeatures, prepared: NDArray[np.float32] | None
    ) -> NDArray[np.float32] | None:
        """Return LightFM's scores, as its `predict` does, by one product."""
        direction = self.direction(need)
        if prepared is None or direction is None:
            return None
        return np.asarray(np.vecdot(prepared, direction))  # BLAS takes twice as long for one vector

    def direction(self, need: NeedFeatures) -> NDArray[np.float32] | None:
        """Return the vector to multiply representations by; None for a need without features.

        (vector, 1, bias) · (enterprise's vector, its bias, 1) is the sum that LightFM predicts.
        """
        users = self._users([need]) if self.fitted else None
        if users is None or users.nnz == 0:
            return None
        *vector, bias = (users @ self.user_embeddings_)[0]
        return np.array([*vector, 1, bias], dtype=np.float32)

    @property
    def fitted(self) -> bool:
        """Whether the model was fitted."""
        return hasattr(self, "item_embeddings_")

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the embeddings and their columns."""
        if not self.fitted:
            return {}
        return {
            "columns": self.columns_.tokens_,
            "own": self.own_,
            "users": self.user_embeddings_,
            "items": self.item_embeddings_,
        }

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Restore from the result of `arrays`."""
        if arrays:
            self.columns_ = TokenColumns().restore({"tokens": arrays["columns"]})
            self.own_ = arrays["own"]
            self.user_embeddings_ = arrays["users"]
            self.item_embeddings_ = arrays["items"]

    def _users(self, needs: Sequence[NeedFeatures]) -> sparse.csr_array:
        tokens = self.columns_.transform([[*need.tokens, *_identity(need)] for need in needs])
        topics = np.stack([need.views["topics"][0, :TOPICS] for need in needs])
        return sparse.csr_array(
            sparse.hstack([tokens, sparse.csr_array(topics)], format="csr", dtype=np.float32)
        )

    def _items(self, pool: PoolFeatures, rows: NDArray[np.intp]) -> sparse.csr_array:
        known = [self._identities(pool)[rows], pool.attributes[rows]]
        topics = sparse.csr_array(pool.views["topics"][rows, :TOPICS])
        return sparse.csr_array(sparse.hstack([*known, topics], format="csr", dtype=np.float32))

    def _identities(self, pool: PoolFeatures) -> sparse.csr_array:
        rows, own = found_in(pool.ids, self.own_)
        shape = (len(pool), len(self.own_))
        return sparse.csr_array((np.ones(len(own), dtype=np.float32), (rows, own)), shape=shape)


def _identity(need: NeedFeatures) -> list[str]:
    return [f"need={need.need_id}"] if need.need_id else []


def _lightfm_matrix(features: sparse.csr_array) -> sparse.csr_matrix:
    """Return a matrix in the class and index width that LightFM reads."""
    matrix = sparse.csr_matrix(features, dtype=np.float32)
    matrix.indices = matrix.indices.astype(np.int32)
    matrix.indptr = matrix.indptr.astype(np.int32)
    return matrix
