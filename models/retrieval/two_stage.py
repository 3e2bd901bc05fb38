"""Two stages for a large pool: a shortlist by one matrix product, then all factors for it.

The first stage estimates every raw score (`models.retrieval.first_stage`), the second computes
every factor exactly for the shortlist, on the scale of the whole pool (`models.retrieval.sample`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from features.industry.nodes import NamedNodes, named_bits
from features.structures.compact import Codes
from features.structures.ordered import drawn_by_content, found_in, without
from models.retrieval.first_stage import FirstStage
from models.retrieval.retrieval import EXACT, Retriever
from models.retrieval.sample import Among, Sample
from models.scoring.ranker import leading, order

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from features.space.arrays import NeedFeatures, PoolFeatures
    from models.scoring.ranker import PoolRanker

    Allocate = Callable[[str, tuple[int, ...], np.dtype[Any]], NDArray[Any]]
    Best = Callable[[NDArray[np.intp], int], NDArray[np.intp]]

CANDIDATES = 3_000
SAMPLE = 2_000
DIRECTIONS = 128
_SELECTIVE = 0.5
CHUNK = 8_192
"""Enterprises read at once: a multiple of 8, for bits."""


def make(
    bound: PoolRanker, *, seed: int = 0, allocate: Allocate | None = None
) -> dict[str, NDArray[Any]]:
    """Return the arrays of the first stage for a pool, to be stored with its features.

    Parameters
    ----------
    bound : PoolRanker
    seed : int
    allocate : callable, optional
        Returns an array to fill, for a name, shape and dtype, possibly a mapped file; in memory by
        default. Enterprises are otherwise read a few thousand at a time.

    Returns
    -------
    dict
        `matrix.codes` and `matrix.scales`: content in its leading directions, as `Codes` of shape
        (n, c). `basis`, of shape (d, c). `named`, the bits of `NamedNodes`. `sample`: rows, in
        order.
    """
    allocate = allocate or _in_memory
    pool = bound.pool
    drawn = drawn_by_content(_topics(pool), seed)
    sample = np.sort(drawn[:SAMPLE])
    basis = _basis(pool, np.sort(drawn[:EXACT]))
    size, width, of_nodes = len(pool), basis.shape[1], len(pool.nodes.node_ids)
    codes = allocate("matrix.codes", (size, width), np.dtype(np.int8))
    scales = allocate("matrix.scales", (size, 1), np.dtype(np.float16))
    named = allocate("named", (of_nodes, -(-size // 8)), np.dtype(np.uint8))
    for start in range(0, size, CHUNK):
        rows = slice(start, start + CHUNK)
        views = [pool.views[view][rows] for view in ("topics", "meaning")]
        own = Codes.of(np.hstack(views) @ basis, 8)
        codes[rows], scales[rows] = own.codes, own.scales
        named[:, start // 8 : (start + CHUNK) // 8] = named_bits(pool.nodes.fit[rows])
    return {
        "matrix.codes": codes,
        "matrix.scales": scales,
        "basis": basis,
        "named": named,
        "sample": sample,
    }


def _in_memory(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:  # noqa: ARG001
    return np.empty(shape, dtype)


class TwoStage(Retriever):
    """Ranks a large pool for a need.

    Parameters
    ----------
    bound : PoolRanker
    arrays : dict
        From `make`, for the same pool.
    """

    def __init__(self, bound: PoolRanker, arrays: dict[str, NDArray[Any]]) -> None:
        super().__init__(bound)
        self._named = NamedNodes(bound.pool.nodes.node_ids, arrays["named"], len(bound.pool))
        self.sample = Sample(bound, arrays["sample"])
        self.estimate = FirstStage(self.sample, arrays)

    @property
    def named(self) -> NamedNodes:
        """The nodes of each enterprise."""
        return self._named

    @property
    def in_two_stages(self) -> bool:
        """It is."""
        return True

    def ranked(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows at ranks `start` to `stop`, and their contributions (factors, k).

        The first `CANDIDATES` ranks are the shortlist, by raw score. For further ranks the whole
        pool is scored, which takes seconds, and the others follow by raw score. Raw scores decrease
        within both parts, but may increase from the last of the shortlist to the first of the
        others, if the first stage has erred.

        Parameters
        ----------
        need : NeedFeatures
        rows : ndarray of int
            Rows that can be listed, ascending.
        start, stop : int
        """
        shortlist = self.shortlist(need, rows)
        among = Among(self.sample, need, shortlist)

        def best(others: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
            pieces = [others[at : at + CHUNK] for at in range(0, len(others), CHUNK)]
            raw = np.concatenate([among.others(piece).sum(axis=0) for piece in pieces])
            return others[order(raw, np.arange(len(others)), limit)]

        return page(among, shortlist, rows, start, stop, best)

    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank of one row among `rows`, and its contributions.

        Beyond the shortlist it is the rank by the first stage.
        """
        shortlist = self.shortlist(need, rows)
        among = Among(self.sample, need, shortlist)
        if (found := place_among(among, shortlist, row)) is not None:
            return found
        estimate = self.estimate.of(need)
        before = int((estimate[rows] > estimate[row]).sum())
        return max(before, len(shortlist)) + 1, among.others(np.array([row]))[:, 0]

    def shortlist(self, need: NeedFeatures, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the candidates among `rows`, in order.

        They are the first `CANDIDATES` by the estimate. Those chosen for this very need or
        present in its zone take part in any case.
        """
        if len(rows) <= CANDIDATES:
            return rows
        size = len(self.bound.pool)
        estimate = self.estimate.of(need, rows if len(rows) < _SELECTIVE * size else None)
        if len(rows) < len(estimate):
            estimate = estimate[rows]
        return self.shortlisted(need, rows, rows, estimate)

    def shortlisted(
        self,
        need: NeedFeatures,
        rows: NDArray[np.intp],
        some: NDArray[np.intp],
        estimates: NDArray[np.float32],
    ) -> NDArray[np.intp]:
        """Return the candidates among `rows`, in order, by what was estimated of some of them.

        Parameters
        ----------
        need : NeedFeatures
        rows : ndarray of int
        some : ndarray of int, shape (k,)
            In order; whoever is not among them is not among the first by the estimate.
        estimates : ndarray of shape (k,)
        """
        first = some[leading(estimates, CANDIDATES)[:CANDIDATES]]
        return np.union1d(first, self._wanted(need, rows))

    def _wanted(self, need: NeedFeatures, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which rows were chosen for the need or are present in its zone."""
        chosen = self.bound.ranker.heads.chosen(need.need_id)
        if need.present is not None:
            chosen = np.concatenate([chosen, np.array(need.present.ids, dtype=np.str_)])
        there, _ = found_in(self.bound.pool.ids, chosen)
        return rows[np.unique(found_in(rows, there)[0])]


def page(
    among: Among,
    shortlist: NDArray[np.intp],
    rows: NDArray[np.intp],
    start: int,
    stop: int,
    best: Best,
) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
    """Return the rows at ranks `start` to `stop`, and their contributions, see `TwoStage.ranked`.

    Parameters
    ----------
    among : Among
        The shortlist, scored.
    shortlist, rows : ndarray of int
        In order.
    start, stop : int
    best : callable
        Takes rows and a limit; returns the first of the rows by their raw scores, best first.
    """
    raw = among.parts.sum(axis=0)
    if stop <= len(shortlist) or len(shortlist) == len(rows):
        at = order(raw, np.arange(len(shortlist)), stop)[start:]
        return shortlist[at], among.parts[:, at]
    first = shortlist[order(raw, np.arange(len(shortlist)), len(shortlist))]
    others = without(rows, shortlist)
    found = np.concatenate([first, best(others, stop - len(first))])[start:stop]
    return found, among.others(found)


def place_among(
    among: Among, shortlist: NDArray[np.intp], row: int
) -> tuple[int, NDArray[np.float64]] | None:
    """Return the rank of a row within the shortlist, and its contributions; None if not there."""
    at = int(np.searchsorted(shortlist, row))
    if at == len(shortlist) or shortlist[at] != row:
        return None
    ranked = order(among.parts.sum(axis=0), np.arange(len(shortlist)), len(shortlist))
    return 1 + int(np.flatnonzero(ranked == at)[0]), among.parts[:, at]


def _topics(pool: PoolFeatures) -> Iterator[bytes]:
    """Yield the bytes of every enterprise's topics, which do not depend on its id."""
    topics = pool.views["topics"]
    for start in range(0, len(topics), CHUNK):
        for row in topics[start : start + CHUNK]:
            yield row.tobytes()


def _basis(pool: PoolFeatures, rows: NDArray[np.intp]) -> NDArray[np.float32]:
    """Return the leading directions of content, shape (d, c), learnt from some rows."""
    content = pool.content.rows(rows).astype(np.float64)
    _, axes = np.linalg.eigh(content.T @ content)
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS], dtype=np.float32)
