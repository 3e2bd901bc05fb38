"""Enterprises already chosen for a need, and the one most similar to an enterprise."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from features.structures.ordered import found_in
from features.words.relation import denies, is_plain, same_head

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures
    from models.scoring.ranker import PoolRanker
    from service.serving.explanation.items import Item

_TRIED = 10
"""Number of most similar pairs that are tried."""
_ALIKE = 0.5
"""Cosine from which two items are similar."""


class Precedent(NamedTuple):
    """An enterprise already chosen for the need.

    Attributes
    ----------
    name : str
    ours : Item or None
        The item of the explained enterprise that is similar to one of its items; None if none is.
    theirs : str or None
        Its item, else its main product; None if that is unknown.
    """

    name: str
    ours: Item | None = None
    theirs: str | None = None


class Chosen(NamedTuple):
    """The enterprises chosen for a need.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
    entries : ndarray of int, shape (e,)
        Their items, grouped by enterprise.
    owners : ndarray of int, shape (e,)
        Positions in `rows`.
    grams : csr_array of shape (g, e)
        Character n-grams of these items, as columns of length 1.
    """

    rows: NDArray[np.intp]
    entries: NDArray[np.intp]
    owners: NDArray[np.intp]
    grams: sparse.csr_array

    def likeness(self, grams: sparse.csr_array) -> NDArray[np.float32]:
        """Return cosines between items, given as rows of n-grams, and the items of the chosen."""
        if not len(self.entries):
            return np.zeros((grams.shape[0], 0), dtype=np.float32)
        return np.asarray((_unit_rows(grams) @ self.grams).toarray())

    @property
    def nbytes(self) -> int:
        """Size in memory."""
        arrays = (self.rows, self.entries, self.owners, self.grams.data, self.grams.indices)
        return int(sum(own.nbytes for own in arrays) + self.grams.indptr.nbytes)


_NOT_ANY = np.empty(0, dtype=np.intp)
_NOBODY = Chosen(_NOT_ANY, _NOT_ANY, _NOT_ANY, sparse.csr_array((0, 0), dtype=np.float32))


def chosen_for(bound: PoolRanker, need: NeedFeatures) -> Chosen:
    """Return the enterprises already chosen for a need, with their items."""
    pool = bound.pool
    rows = np.unique(found_in(pool.ids, bound.ranker.heads.chosen(need.need_id))[0])
    if not len(rows):
        return _NOBODY
    weights = pool.products.weights[rows]
    stated = [pool.products.texts[at] for at in weights.indices.tolist()]
    plain = np.array([is_plain(text) for text in stated], dtype=bool)
    entries = weights.indices.astype(np.intp)[plain]
    owners = np.repeat(np.arange(len(rows)), np.diff(weights.indptr))[plain]
    grams = sparse.csr_array(_unit_rows(pool.product_grams[entries]).T)
    return Chosen(rows, entries, owners, grams)


def _unit_rows(grams: sparse.csr_array) -> sparse.csr_array:
    """Scale rows to length 1."""
    lengths = np.diff(grams.indptr)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(owners, grams.data**2, minlength=len(lengths)))
    unit = (grams.data / np.maximum(norms, 1e-9)[owners]).astype(np.float32)
    return sparse.csr_array((unit, grams.indices, grams.indptr), shape=grams.shape)


def precedent_of(
    pool: PoolFeatures,
    chosen: Chosen,
    row: int,
    likeness: NDArray[np.float32],
    items: Sequence[Item],
    worth: NDArray[np.float64],
) -> Precedent | None:
    """Return the chosen enterprise with the most similar item, else the most similar enterprise.

    `likeness` has a row per item here. The worth of an item as an answer to the need (`worth`, 0
    for none) counts as much as the similarity: 技术服务 and 贸易 are common to many.
    """
    others = np.flatnonzero(chosen.rows != row)
    if not len(others):
        return None
    theirs = np.isin(chosen.owners, others)
    if worth.any() and theirs.any():
        alike = np.where(theirs & (likeness >= _ALIKE), likeness, 0)
        ranked = np.round(alike * worth[:, None], 4)
        for _ in range(_TRIED):
            at, other = map(int, np.unravel_index(int(ranked.argmax()), ranked.shape))
            if not ranked[at, other]:
                break
            text = pool.products.texts[int(chosen.entries[other])]
            if same_head(items[at].text, text) and not denies(text, items[at].text):
                name = pool.names[int(chosen.rows[chosen.owners[other]])]
                return Precedent(name, items[at], text)
            ranked[at, other] = 0  # 溶剂类色浆 contains 溶剂 and is not one
    vectors = pool.views["meaning"]
    nearest = others[int(np.argmax(vectors[chosen.rows[others]] @ vectors[row]))]
    return Precedent(
        pool.names[int(chosen.rows[nearest])], theirs=_chief(pool, chosen, int(nearest))
    )


def _chief(pool: PoolFeatures, chosen: Chosen, place: int) -> str | None:
    """Return the main product of a chosen enterprise."""
    weights = pool.products.weights
    row = chosen.rows[place]
    own = slice(weights.indptr[row], weights.indptr[row + 1])
    if own.start == own.stop:
        return None
    texts = [pool.products.texts[at] for at in weights.indices[own].tolist()]
    plain = [is_plain(text) for text in texts]
    return str(max(zip(plain, weights.data[own].tolist(), texts, strict=True))[-1])
