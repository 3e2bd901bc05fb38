"""Ridge heads: one regression per need on the enterprises chosen for it.

Each need with judgements or events has a ridge regression of the gains on two views side by side:
content (topics and sentence vectors) and character TF-IDF. All other enterprises are its
background, whether judged for another need or not: it carries no information for this one.

It is solved in its dual form (Saunders et al., "Ridge regression learning algorithm in dual
variables", ICML 1998), so that its cost does not depend on the number of tokens; for a large pool
the background is a sample.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse
from scipy.linalg import cho_factor, cho_solve

from features.structures.ordered import sampled
from models.factor import Factor
from models.settings import HeadSettings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures

_TOKENS = 2_000
_DEFAULTS = HeadSettings()


class Views(NamedTuple):
    """The features of a pool of n enterprises that heads read.

    Attributes
    ----------
    pool : PoolFeatures
    known : ndarray of bool, shape (n,)
    """

    pool: PoolFeatures
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, pool: PoolFeatures) -> Views:
        """Return which enterprises are known."""
        return cls(pool, np.any(pool.views["meaning"], axis=1))

    def dot(self, dense: NDArray[np.float32], tokens: sparse.csr_array) -> NDArray[np.float32]:
        """Return the dot product of every enterprise with a head."""
        text = self.pool.views["text"]
        if text.format == "csr":
            said = text @ tokens.toarray()[0]
        else:
            said = text[:, tokens.indices] @ tokens.data
        return np.asarray(self.pool.content.dot(dense) + said)


class Examples:
    """The examples that heads are fitted on, and the factorised K + αI of their regression.

    They only have to include all chosen enterprises: the same examples serve for the heads of all
    needs, and for heads fitted on a part of the labels.

    Parameters
    ----------
    pool : PoolFeatures
    chosen : ndarray of int
        Rows of the pool that must be included.
    settings : HeadSettings
    seed : int
        For the sample of a large pool.
    ranks : ndarray of shape (n,), optional
        The order in which enterprises are sampled and summed; by default that of their ids.
    """

    def __init__(
        self,
        pool: PoolFeatures,
        chosen: NDArray[np.intp],
        settings: HeadSettings = _DEFAULTS,
        *,
        seed: int = 0,
        ranks: NDArray[np.intp] | None = None,
    ) -> None:
        self.pool = pool
        ranks = np.arange(len(pool)) if ranks is None else ranks
        self.rows = sampled(ranks, chosen, settings.background, seed)
        dense = pool.content.rows(self.rows)
        # Scored rows need not be centred: that would shift all scores equally.
        self.dense = dense - dense.mean(axis=0)
        self.tokens = sparse.csr_array(pool.views["text"][self.rows])
        self.mean = self.tokens.mean(axis=0)
        shared = np.asarray((self.tokens @ self.tokens.T).toarray(), dtype=np.float32)
        towards = np.asarray(self.tokens @ self.mean, dtype=np.float32)
        kernel = self.dense @ self.dense.T + shared - towards - towards[:, None]
        kernel += self.mean @ self.mean
        kernel[np.diag_indices_from(kernel)] += settings.alpha
        self._factor = cho_factor(kernel, overwrite_a=True)

    def heads(self, gains: sparse.csr_array) -> tuple[NDArray[np.float32], list[sparse.csr_array]]:
        """Return the heads of m needs: dense parts (m, d), and their strongest tokens.

        Parameters
        ----------
        gains : csr_array of shape (m, n)
        """
        dual = cho_solve(self._factor, gains[:, self.rows].toarray().T)
        tokens = np.asarray(self.tokens.T @ dual) - np.outer(self.mean, dual.sum(axis=0))
        return np.asarray(dual.T @ self.dense, np.float32), [_strongest(t) for t in tokens.T]


class NeedHeads(Factor):
    """Ridge heads over content and tokens."""

    name = "need_head"

    def __init__(self) -> None:
        self.restore({})

    def fit(
        self, needs: Sequence[NeedFeatures], examples: Examples, gains: sparse.csr_array
    ) -> NeedHeads:
        """Fit one head for every need with a gain.

        Parameters
        ----------
        needs : sequence of m NeedFeatures
        examples : Examples
            Must include those with a gain.
        gains : csr_array of shape (m, n)
            From 0 to 1; negative for refusals.
        """
        with_gain = np.flatnonzero(np.diff(sparse.csr_array(gains > 0).indptr))
        chosen = sparse.csr_array(gains[with_gain] > 0)
        dense, tokens = examples.heads(gains[with_gain])
        starts = np.cumsum([0, *(part.nnz for part in tokens)])
        ids = [needs[at].need_id for at in with_gain.tolist()]
        self.restore(
            {
                "need_ids": np.array(ids, dtype=np.str_),
                "heads": dense,
                "tokens": np.concatenate([part.indices for part in tokens] or [[]]).astype(int),
                "weights": np.concatenate([part.data for part in tokens] or [[]]).astype(
                    np.float32
                ),
                "token_starts": starts,
                "chosen": examples.pool.ids[chosen.indices],
                "starts": chosen.indptr,
            }
        )
        return self

    def measure(self, pool: PoolFeatures) -> dict[str, NDArray[Any]]:
        """Return which enterprises are known."""
        return {"known": Views.of(pool).known}

    def prepare(self, pool: PoolFeatures) -> Views:
        """Return the features that heads read."""
        return self.prepare_measured(pool, self.measure(pool))

    def prepare_measured(self, pool: PoolFeatures, measured: Mapping[str, NDArray[Any]]) -> Views:
        """Return the same, given the result of `measure`."""
        return Views(pool, **measured)

    def score(self, need: NeedFeatures, prepared: Views) -> NDArray[np.float32] | None:
        """Return the head's prediction; None for a need without one."""
        row = self._row.get(need.need_id or "")
        if row is None:
            return None
        start, stop = self._arrays["token_starts"][row : row + 2]
        tokens = sparse.csr_array(
            (
                self._arrays["weights"][start:stop],
                self._arrays["tokens"][start:stop],
                np.array([0, stop - start]),
            ),
            shape=(1, prepared.pool.views["text"].shape[1]),
        )
        found = prepared.dot(self._arrays["heads"][row], tokens)
        return np.where(prepared.known, found, np.float32("nan"))

    def direction(self, need_id: str | None, content: int) -> NDArray[np.float32] | None:
        """Return the part of a need's head in content space, its first `content` columns."""
        row = self._row.get(need_id or "")
        return None if row is None else np.asarray(self._arrays["heads"][row][:content])

    def chosen(self, need_id: str | None) -> NDArray[np.str_]:
        """Return the ids of the enterprises that a need's head was fitted on."""
        row = self._row.get(need_id or "")
        if row is None:
            return np.empty(0, dtype=np.str_)
        starts = self._arrays["starts"]
        return np.asarray(self._arrays["chosen"][starts[row] : starts[row + 1]])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the heads and the chosen enterprises."""
        return self._arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Restore from the result of `arrays`."""
        self._arrays = dict(arrays)
        ids = self._arrays["need_ids"].tolist() if arrays else []
        self._row = {need_id: row for row, need_id in enumerate(ids)}


def _strongest(weights: NDArray[np.float32]) -> sparse.csr_array:
    """Return the strongest tokens; dropping the others changes no measured figure."""
    count, strength = min(_TOKENS, len(weights)), np.abs(weights)
    cut = np.partition(strength, len(weights) - count)[len(weights) - count :].min(initial=0)
    near = np.flatnonzero(strength >= cut)  # a full sort would dominate the running time
    kept = np.sort(near[np.argsort(-strength[near], kind="stable")[:count]])
    return sparse.csr_array((weights[kept], kept, np.array([0, count])), shape=(1, len(weights)))
