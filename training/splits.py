"""Splits: which needs, pairs and years are held out from fitting.

Training (`training.trials`) and the protocols of `evaluate` (`training.protocols`) both split by
these rules.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from training.metrics import MIN_RELEVANT

if TYPE_CHECKING:
    from datetime import date

    from numpy.typing import NDArray
    from scipy import sparse

FOLDS = 5
YEARS_JUDGED = 2
"""The number of years after a cut whose deals are evaluated."""
MIN_NEEDS = 10
"""With fewer needs that can be held out, none are: the figures would be meaningless."""


_DAYS_PER_YEAR = 365.25
_PAIR = ("need_id", "enterprise_id")


@dataclass(frozen=True)
class Cut:
    """A day in the log of events: earlier events are known, later ones are evaluated.

    Attributes
    ----------
    day : date
    end : date or None
        The first day after the period asked for; None if it is unbounded.
    """

    day: date
    end: date | None = None

    def before(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the events to learn from."""
        return events.filter(pl.col("date") < self.day)

    def after(self, events: pl.DataFrame) -> pl.DataFrame:
        """Return the hidden events to be predicted."""
        late = pl.col("date") >= self.day
        return events.filter(late if self.end is None else late & (pl.col("date") < self.end))


def cut_before(last: date, years: int) -> Cut:
    """Return the cut `years` before the day after `last`, evaluated for `YEARS_JUDGED`."""
    day = last + timedelta(days=1) - timedelta(days=round(years * _DAYS_PER_YEAR))
    return Cut(day, day + timedelta(days=round(YEARS_JUDGED * _DAYS_PER_YEAR)))


def without_pairs(table: pl.DataFrame, pairs: pl.DataFrame) -> pl.DataFrame:
    """Return a table of judgements or events without those of some pairs, in the same order."""
    return table.join(pairs, on=_PAIR, how="anti", maintain_order="left")


def need_folds(
    relevant: NDArray[np.integer], seed: int, least: int = MIN_NEEDS
) -> list[NDArray[np.intp]]:
    """Split the needs with enough relevant enterprises into `FOLDS` folds.

    Parameters
    ----------
    relevant : ndarray of shape (needs,)
        The number of relevant enterprises of each need.
    seed : int
    least : int
        With fewer needs that can be held out, none are.

    Returns
    -------
    list of ndarrays of row numbers, one per fold
    """
    rows = np.flatnonzero(relevant >= MIN_RELEVANT)
    if len(rows) < least:
        return []
    return [rows[part] for part in parts(len(rows), FOLDS, seed)]


def half_pairs(
    relevant: sparse.csr_array, seed: int, ranks: NDArray[np.intp] | None = None
) -> list[sparse.csr_array]:
    """Split the relevant enterprises of every need into two halves, for needs with four or more.

    Needs with fewer are never held out.

    Parameters
    ----------
    relevant : csr_array of shape (needs, n)
    seed : int
    ranks : ndarray of shape (n,), optional
        The order in which enterprises are sampled; by default that of their ids.

    Returns
    -------
    list of two csr_arrays of bool, shape as `relevant`
        The pairs held out in turn; none where there are fewer than `MIN_NEEDS` such needs.
    """
    enough = np.diff(relevant.indptr) >= 2 * MIN_RELEVANT
    if enough.sum() < MIN_NEEDS:
        return []
    generator = np.random.default_rng(seed)
    side = np.full(relevant.nnz, -1, dtype=np.int8)
    for row in np.flatnonzero(enough):
        start, stop = relevant.indptr[row], relevant.indptr[row + 1]
        columns = relevant.indices[start:stop]
        order = np.argsort(columns if ranks is None else ranks[columns])
        side[start + order] = generator.permutation(np.arange(stop - start) % 2)
    halves = []
    for part in (0, 1):
        half = relevant.copy()
        half.data = side == part
        half.eliminate_zeros()
        halves.append(half)
    return halves


def parts(size: int, folds: int, seed: int) -> list[NDArray[np.intp]]:
    """Split the numbers 0 to `size` - 1 randomly into `folds` sorted parts of about equal size."""
    shuffled = np.random.default_rng(seed).permutation(size)
    return [np.sort(part) for part in np.array_split(shuffled, folds)]


def held_pairs(
    rows: NDArray[np.intp], columns: NDArray[np.intp], folds: int, seed: int
) -> list[NDArray[np.intp]]:
    """Split pairs into folds in which every need and every enterprise held out keeps another pair.

    Parameters
    ----------
    rows, columns : ndarrays of shape (pairs,)
        Need and enterprise of every distinct pair.
    folds : int
    seed : int

    Returns
    -------
    list of `folds` arrays of pair numbers
        A pair whose need or enterprise has no other one left is never held out.
    """
    held = []
    for part in parts(len(rows), folds, seed):
        of_row, of_column = np.bincount(rows), np.bincount(columns)
        kept = []
        for pair in np.random.default_rng(seed).permutation(part).tolist():
            row, column = rows[pair], columns[pair]
            if of_row[row] > 1 and of_column[column] > 1:
                of_row[row] -= 1
                of_column[column] -= 1
                kept.append(pair)
        held.append(np.array(sorted(kept), dtype=np.intp))
    return held
