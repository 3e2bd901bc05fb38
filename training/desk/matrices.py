"""The matrices that models are trained on, with labelled rows and columns, as polars or NumPy."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures
    from models.scoring.ranker import PoolRanker
    from training.interactions import Interactions


@dataclass(frozen=True)
class Matrix:
    """A matrix with labelled rows and columns.

    Attributes
    ----------
    values : ndarray or csr_array of shape (n, p)
        NaN where a number is unknown.
    rows : sequence of n str
        enterprise_ids, or need_ids.
    columns : sequence of p str
    row_name : str
        Name of the row labels: "enterprise_id" or "need_id".
    column_name : str
        Name of the column labels.
    """

    values: Any
    rows: Sequence[str]
    columns: Sequence[str]
    row_name: str
    column_name: str = "column"

    def to_numpy(self) -> NDArray[Any]:
        """Return the dense matrix, shape (n, p)."""
        dense = self.values.toarray() if sparse.issparse(self.values) else self.values
        return np.asarray(dense)

    def to_polars(self) -> pl.DataFrame:
        """Return the matrix as a frame; of a sparse matrix one row per stored value."""
        if not sparse.issparse(self.values):
            frame = pl.DataFrame(self.values, schema=list(self.columns))
            return frame.insert_column(0, pl.Series(self.row_name, self.rows, dtype=pl.String))
        held = sparse.coo_array(self.values)
        rows, columns = (np.asarray(names, dtype=object) for names in (self.rows, self.columns))
        return pl.DataFrame(
            {
                self.row_name: rows[held.row].tolist(),
                self.column_name: columns[held.col].tolist(),
                "value": held.data,
            },
            schema_overrides={self.row_name: pl.String, self.column_name: pl.String},
        )


def enterprise_matrices(bound: PoolRanker) -> dict[str, Matrix]:
    """Return the features of enterprises.

    Returns
    -------
    dict of Matrix
        `text`: TF-IDF of characters; `topics`: LSA of it; `meaning`: sentence vectors;
        `attributes`: categories of place, code, size, age and tags; `nodes`: the fit to every node;
        `lightfm`: representations with their biases, where LightFM was fitted.
    """
    pool, space = bound.pool, bound.ranker.space
    text = sparse.csr_array(pool.views["text"][:])
    found = {
        "text": (text, space.wording_.characters_.tokens_.tolist()),
        "topics": _numbered("topic", pool.views["topics"][:]),
        "meaning": _numbered("meaning", pool.views["meaning"][:]),
        "attributes": (pool.attributes[:], space.attributes_.tokens_.tolist()),
        "nodes": (pool.nodes.fit[:], list(pool.nodes.node_ids)),
    }
    items = bound.measured[bound.ranker.hybrid.name].get("items")
    if items is not None:
        size = items.shape[1] - 2
        names = [*(f"component {at}" for at in range(size)), "bias", "of the need's bias"]
        found["lightfm"] = (items[:], names)
    rows = pool.ids.tolist()
    return {
        name: Matrix(values, rows, columns, "enterprise_id")
        for name, (values, columns) in found.items()
    }


def need_matrices(bound: PoolRanker, needs: Sequence[NeedFeatures]) -> dict[str, Matrix]:
    """Return the features of needs in the same columns: `text`, `topics`, `words`.

    Parameters
    ----------
    bound : PoolRanker
    needs : sequence of NeedFeatures
    """
    space = bound.ranker.space
    texts, topics, words = [], [], []
    for need in needs:
        texts.append(sparse.csr_array(need.weights[None, :]) @ need.views["text"])
        topics.append(need.weights @ need.views["topics"])
        words.append(dict(need.understood.words))
    columns = sorted({word for own in words for word in own})
    weights = np.array([[own.get(word, 0.0) for word in columns] for own in words])
    found = {
        "text": (
            sparse.csr_array(sparse.vstack(texts, format="csr")),
            space.wording_.characters_.tokens_.tolist(),
        ),
        "topics": _numbered("topic", np.vstack(topics)),
        "words": (sparse.csr_array(weights), columns),
    }
    rows = [need.need_id or "" for need in needs]
    return {
        name: Matrix(values, rows, columns, "need_id") for name, (values, columns) in found.items()
    }


def interaction_matrices(
    known: Interactions, need_ids: Sequence[str], enterprise_ids: Sequence[str]
) -> dict[str, Matrix]:
    """Return the labels of pairs: `gains`, `relevant` and `closed`, see `Interactions`."""
    return {
        name: Matrix(
            getattr(known, name),
            list(need_ids),
            list(enterprise_ids),
            row_name="need_id",
            column_name="enterprise_id",
        )
        for name in ("gains", "relevant", "closed")
    }


def all_matrices(
    bound: PoolRanker, needs: Sequence[NeedFeatures], known: Interactions
) -> dict[str, Matrix]:
    """Return all matrices, as `enterprises.text`, `needs.words`, `pairs.gains` and so on.

    Parameters
    ----------
    bound : PoolRanker
    needs : sequence of m NeedFeatures
    known : Interactions
        Interactions of these needs and the enterprises of the pool.
    """
    ids = [need.need_id or "" for need in needs]
    parts = {
        "enterprises": enterprise_matrices(bound),
        "needs": need_matrices(bound, needs) if needs else {},
        "pairs": interaction_matrices(known, ids, bound.pool.ids.tolist()),
    }
    return {f"{part}.{name}": own for part, found in parts.items() for name, own in found.items()}


def factor_matrix(bound: PoolRanker, need: NeedFeatures, *, weighed: bool = True) -> Matrix:
    """Return each factor's contribution to the raw scores for a need, shape (n, factors).

    If not `weighed`, each factor's own standardised scores, without weights and constant.
    """
    names = bound.ranker.blend.factors
    values = bound.contributions(need) if weighed else bound.alone(need)
    return Matrix(values.T, bound.pool.ids.tolist(), names[: len(values)], "enterprise_id")


def _numbered(name: str, values: NDArray[Any]) -> tuple[NDArray[Any], list[str]]:
    return values, [f"{name} {at}" for at in range(values.shape[1])]
