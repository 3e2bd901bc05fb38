"""Enterprises already chosen for a need, and which of them one is like."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

from features.compact import rows_of
from features.ordered import found_in
from service.serving.items import NEAR, Item

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from models.ranker import PoolRanker

_ALIKE = 0.5
"""From which cosine on two items are said to be alike."""


class Peer(NamedTuple):
    """One already chosen for the need, and the pair of items that are most alike, if any are."""

    name: str
    ours: Item | None = None
    theirs: str | None = None


class Chosen(NamedTuple):
    """The enterprises chosen for a need.

    Attributes
    ----------
    rows : ndarray of int, shape (k,)
    entries : ndarray of int, shape (e,)
        Their items, enterprise by enterprise.
    owners : ndarray of int, shape (e,)
        Places in `rows`.
    grams : csr_array of shape (g, e)
        Of these items, a column of length 1 each.
    """

    rows: NDArray[np.intp]
    entries: NDArray[np.intp]
    owners: NDArray[np.intp]
    grams: sparse.csr_array

    @property
    def nbytes(self) -> int:
        """What it weighs in memory."""
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
    entries = weights.indices.astype(np.intp)
    owners = np.repeat(np.arange(len(rows)), np.diff(weights.indptr))
    grams = sparse.csr_array(_unit_rows(rows_of(pool.product_grams, entries)).T)
    return Chosen(rows, entries, owners, grams)


def _unit_rows(grams: sparse.csr_array) -> sparse.csr_array:
    """Return rows of length 1."""
    lengths = np.diff(grams.indptr)
    owners = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(owners, grams.data**2, minlength=len(lengths)))
    unit = (grams.data / np.maximum(norms, 1e-9)[owners]).astype(np.float32)
    return sparse.csr_array((unit, grams.indices, grams.indptr), shape=grams.shape)


def peer_of(
    pool: PoolFeatures,
    chosen: Chosen,
    row: int,
    grams: sparse.csr_array,
    items: Sequence[Item],
    nearest: NDArray[np.float32],
) -> Peer | None:
    """Return the one among the chosen that has an item most like one here, else the most alike.

    `grams` are those of the items here, a row each. Items that do not come near the need
    (`nearest`, a match each) are left out: 技术服务 and 贸易 are everybody's.
    """
    others = np.flatnonzero(chosen.rows != row)
    if not len(others):
        return None
    theirs = np.isin(chosen.owners, others)
    near = nearest >= NEAR
    if near.any() and theirs.any():
        alike = (_unit_rows(grams) @ chosen.grams).toarray()
        alike[:, ~theirs] = 0
        alike[~near] = 0
        # Of pairs that are equally alike, the one that is nearest to the need.
        ranked = np.round(alike, 4) + nearest[:, None] * np.float32(1e-6)
        at, other = map(int, np.unravel_index(int(ranked.argmax()), ranked.shape))
        if alike[at, other] >= _ALIKE:
            peer = pool.names[int(chosen.rows[chosen.owners[other]])]
            return Peer(peer, items[at], pool.products.texts[int(chosen.entries[other])])
    vectors = pool.views["meaning"]
    rows = chosen.rows[others]
    return Peer(pool.names[int(rows[np.argmax(vectors[rows] @ vectors[row])])])
