"""Item words as estimated in the first stage: by the best item of an enterprise.

Every distinct item of a pool is compared with the words of a need once. An enterprise is then
estimated by its best item, that is by one number an item instead of one for each word.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from features.structures.compact import SparseCodes
from models.factors.word_match import word_matches

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy import sparse

    from features.space.arrays import NeedFeatures

_LEAST = 0.05
"""Items worth less than this share of the best one are left out."""


class Worths(NamedTuple):
    """The worth of each of m items, and which have one: bits are found faster than numbers."""

    each: NDArray[np.float32]
    counted: NDArray[np.bool_]


@dataclass(frozen=True)
class ItemColumn:
    """The estimated factor: worth of the best item × strength, up to a constant.

    Attributes
    ----------
    items : ndarray of int, shape (k,)
        The items that match words of the need.
    worths : ndarray of shape (k,)
        The sum of their matches, weighted by the words.
    mean, strength : float
    """

    items: NDArray[np.intp]
    worths: NDArray[np.float32]
    mean: float = 0.0
    strength: float = 1.0

    @classmethod
    def of(cls, need: NeedFeatures, grams: sparse.csc_array) -> ItemColumn | None:
        """Return the unscaled column of a need; None if its words have no grams.

        Parameters
        ----------
        need : NeedFeatures
        grams : csc_array of shape (m, g)
            Those of every item.
        """
        if not need.views["items"].nnz:
            return None
        worths = np.asarray(word_matches(grams, need) @ need.weights, dtype=np.float32)
        items = np.flatnonzero(worths > _LEAST * worths.max(initial=0))
        return cls(items, worths[items])

    def scaled(self, weight: float, sample: BestItems) -> ItemColumn:
        """Return the column that has this weight over a sample."""
        known = sample.known()
        spread = float(known.std()) if len(known) else 0.0
        mean = float(known.mean()) if len(known) else 0.0
        return replace(self, mean=mean, strength=weight / spread if spread else 0.0)

    def table(self, size: int) -> Worths:
        """Return the worth of each of the items of a pool, 0 for those left out."""
        each, counted = np.zeros(size, dtype=np.float32), np.zeros(size, dtype=np.bool_)
        each[self.items], counted[self.items] = self.worths, True
        return Worths(each, counted)

    def values(
        self, weights: SparseCodes | sparse.csr_array, rows: Any, table: Worths
    ) -> NDArray[np.float32]:
        """Return the values added to the estimates of some rows, up to a constant.

        An unknown enterprise gets the mean.

        Parameters
        ----------
        weights, rows, table
            See `best_items`: the items of each enterprise, of which a side product counts less.
        """
        return self.added(best_items(weights, rows, table))

    def added(self, best: BestItems) -> NDArray[np.float32]:
        """Return the values added to estimates for the best items of some rows; see `values`."""
        found = np.zeros(best.size, dtype=np.float32)
        found[best.rows] = np.float32(self.strength) * best.worths
        found[best.unknown] = np.float32(self.strength * self.mean)
        return found


class BestItems(NamedTuple):
    """The best items of n enterprises.

    Attributes
    ----------
    size : int
        n.
    rows : ndarray of int, shape (k,)
        Those with an item that has a worth.
    worths : ndarray of shape (k,)
        The worth of their best item, times the root of its weight.
    unknown : ndarray of int
        Those without any item.
    """

    size: int
    rows: NDArray[np.intp]
    worths: NDArray[np.float32]
    unknown: NDArray[np.intp]

    def known(self) -> NDArray[np.float32]:
        """Return the worths of all that have items."""
        found = np.zeros(self.size, dtype=np.float32)
        found[self.rows] = self.worths
        return np.delete(found, self.unknown)


def best_items(weights: SparseCodes | sparse.csr_array, rows: Any, table: Worths) -> BestItems:
    """Return the best items of some rows.

    Parameters
    ----------
    weights : SparseCodes or csr_array of shape (n, m)
    rows : slice or ndarray of int
    table : Worths
    """
    scales = None
    if isinstance(rows, slice) and isinstance(weights, SparseCodes) and weights.scales is not None:
        starts = weights.indptr[rows.start : rows.stop + 1]
        entries = slice(starts[0], starts[-1])
        items, data, scales = weights.indices[entries], weights.data[entries], weights.scales[rows]
        starts = starts - starts[0]
    else:
        some = weights[rows]
        items, data, starts = some.indices, some.data, some.indptr
    unknown = np.flatnonzero(starts[1:] == starts[:-1])
    hits = np.flatnonzero(table.counted.take(items))
    if not len(hits):
        return BestItems(len(starts) - 1, hits, np.empty(0, dtype=np.float32), unknown)
    owners = np.searchsorted(starts, hits, side="right") - 1
    shares = data[hits].astype(np.float32)
    if scales is not None:
        shares *= scales[owners, 0]
    each = table.each.take(items[hits]) * np.sqrt(shares)
    firsts = np.flatnonzero(np.diff(owners, prepend=-1))
    worths = np.maximum.reduceat(each, firsts)
    return BestItems(len(starts) - 1, owners[firsts], worths, unknown)
