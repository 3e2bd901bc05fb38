"""A ridge head a need: what the enterprises chosen for it have in common, in content space.

One linear regression of the gains on the content of the whole pool, for every need with
judgements or events. Everybody else is its background, whoever was judged for another need
included on the same terms as whoever was not: that an enterprise was judged elsewhere says nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import linalg

from models.factor import Factor
from models.feedback import content

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray
    from scipy import sparse

    from features.arrays import NeedFeatures, PoolFeatures


class NeedHeads(Factor):
    """Ridge heads over topics and sentence vectors.

    Parameters
    ----------
    alpha : float
        Strength of the ridge penalty on unit rows.
    """

    name = "need_head"

    def __init__(self, alpha: float = 3.0) -> None:
        self.alpha = alpha
        self.restore({})

    def fit(
        self,
        needs: Sequence[NeedFeatures],
        pool: PoolFeatures,
        gains: sparse.csr_array,
    ) -> NeedHeads:
        """Fit one head for every need with a gain.

        Parameters
        ----------
        needs : sequence of m NeedFeatures
        pool : PoolFeatures of n enterprises
        gains : csr_array of shape (m, n), from 0 to 1
        """
        with_gain = np.flatnonzero(np.diff(gains.indptr))
        rows = content(pool)
        gram = rows.T @ rows
        gram[np.diag_indices_from(gram)] += self.alpha
        chosen = gains[with_gain]
        heads = linalg.solve(gram, rows.T @ chosen.T.toarray(), assume_a="pos")
        self.restore(
            {
                "need_ids": np.array(
                    [needs[at].need_id for at in with_gain.tolist()], dtype=np.str_
                ),
                "heads": heads.T.astype(np.float32),
                "chosen": pool.ids[chosen.indices],
                "starts": chosen.indptr,
            }
        )
        return self

    def prepare(self, pool: PoolFeatures) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
        """Return the content of the pool, and whose is known."""
        return content(pool), np.any(pool.views["meaning"], axis=1)

    def score(
        self, need: NeedFeatures, prepared: tuple[NDArray[np.float32], NDArray[np.bool_]]
    ) -> NDArray[np.float32] | None:
        """Return the head's prediction; None for a need without one."""
        row = self._row.get(need.need_id or "")
        if row is None:
            return None
        rows, known = prepared
        return np.where(known, rows @ self._arrays["heads"][row], np.float32("nan"))

    def chosen(self, need_id: str | None) -> NDArray[np.str_]:
        """Return the ids of the enterprises that a need's head was fitted on."""
        row = self._row.get(need_id or "")
        if row is None:
            return np.empty(0, dtype=np.str_)
        starts = self._arrays["starts"]
        return np.asarray(self._arrays["chosen"][starts[row] : starts[row + 1]])

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the heads and who was chosen."""
        return self._arrays

    def restore(self, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Take back what `arrays` returned."""
        self._arrays = dict(arrays)
        ids = self._arrays["need_ids"].tolist() if arrays else []
        self._row = {need_id: row for row, need_id in enumerate(ids)}
