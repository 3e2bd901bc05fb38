"""Two stages for a large pool: a shortlist by one matrix product, and all factors for it alone.

The first stage is an estimate of the raw score, from what can be had of everybody at the cost of
reading one matrix: the leading directions of content (topics and sentence vectors together), which
stand for the text factors and for a need's head; LightFM's representations; and columns for the
industries and nodes that a need names. Codes, links and gaps of a zone and the words of a head are
left to the second stage, and so is feedback.

The second stage computes every factor exactly for the shortlist. Means and spreads of each factor
are those of a sample of the pool that is drawn once, so that a score does not depend on who else is
on the shortlist. Feedback follows the first leads among the candidates, as the filters leave them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

import numpy as np

from features.nodes import NamedNodes, named_bits
from models.blend import content_share
from models.ranker import leading, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures, PoolFeatures
    from models.ranker import PoolRanker
    from models.similarity import Prepared, Similarity

    Allocate = Callable[[str, tuple[int, ...], np.dtype[Any]], NDArray[Any]]

EXACT = 20_000
"""Up to so many enterprises everybody is scored in full and there is no first stage."""
CANDIDATES = 3_000
SAMPLE = 2_000
DIRECTIONS = 192
_SELECTIVE = 0.5
_CHUNK = 8_192
"""Enterprises read at once: a multiple of 8, for bits."""
_BREADTH = 0.2
_VIEWS = (("topic_similarity", "text_similarity"), ("meaning_similarity", "product_similarity"))
"""The factors of each dense view, and the ones beside it that it stands for in the first stage."""


def make(
    bound: PoolRanker, *, seed: int = 0, allocate: Allocate | None = None
) -> dict[str, NDArray[Any]]:
    """Return the arrays of the first stage for a pool, to be kept with its features.

    Parameters
    ----------
    bound : PoolRanker
    seed : int
    allocate : callable, optional
        From name, shape and dtype to an array to be filled, which may be a file; in memory by
        default. Apart from these arrays a few thousand enterprises are read at a time.

    Returns
    -------
    dict
        `matrix`, float32 of shape (n, c + 2 + h): content in its leading directions, hubness of
        both views, LightFM's representations. `basis`, of shape (d, c). `nodes`, uint8 of shape
        (v, n): the fit in 255ths, the mean where it is unknown. `industries`, float16 of shape
        (l, n). `named`, the bits of `NamedNodes`. `sample`: rows, in order.
    """
    allocate = allocate or _in_memory
    pool = bound.pool
    generator = np.random.default_rng(seed)
    sample = np.sort(generator.choice(len(pool), min(SAMPLE, len(pool)), replace=False))
    basis = _basis(pool, generator)
    hubness = [bound.measured[name]["hubness"] for name, _ in _VIEWS]
    items = bound.measured["hybrid"].get("items", np.zeros((len(pool), 0), dtype=np.float32))
    size, width, of_nodes = len(pool), basis.shape[1], len(pool.nodes.node_ids)
    columns = width + len(_VIEWS) + items.shape[1]
    matrix = allocate("matrix", (size, columns), np.dtype(np.float32))
    nodes = allocate("nodes", (of_nodes, size), np.dtype(np.uint8))
    named = allocate("named", (of_nodes, -(-size // 8)), np.dtype(np.uint8))
    industries = allocate("industries", pool.industries.shape, np.dtype(np.float16))
    with np.errstate(invalid="ignore"):
        fill = np.nan_to_num(np.nanmean(pool.nodes.fit[sample].astype(np.float32), axis=0))
    for start in range(0, size, _CHUNK):
        rows = slice(start, start + _CHUNK)
        views = [np.asarray(pool.views[view][rows], np.float32) for view in ("topics", "meaning")]
        matrix[rows, :width] = np.hstack(views) @ basis
        matrix[rows, width : width + len(_VIEWS)] = np.hstack([own[rows] for own in hubness])
        matrix[rows, width + len(_VIEWS) :] = items[rows]
        fit = np.asarray(pool.nodes.fit[rows], dtype=np.float32)
        nodes[:, rows] = np.rint(255 * np.where(np.isnan(fit), fill, fit).clip(0, 1)).T
        named[:, start // 8 : (start + _CHUNK) // 8] = named_bits(fit)
        industries[:, rows] = pool.industries[:, rows]
    return {
        "matrix": matrix,
        "basis": basis,
        "nodes": nodes,
        "named": named,
        "industries": industries,
        "sample": sample,
    }


def _in_memory(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:  # noqa: ARG001
    return np.empty(shape, dtype)


class TwoStage:
    """Ranks a large pool for a need.

    Parameters
    ----------
    bound : PoolRanker
    arrays : dict
        From `make`, for the same pool.
    """

    def __init__(self, bound: PoolRanker, arrays: dict[str, NDArray[Any]]) -> None:
        self.bound = bound
        self._matrix, self._basis = arrays["matrix"], arrays["basis"]
        self._nodes, self._industries = arrays["nodes"], arrays["industries"]
        self._sample = arrays["sample"]
        self.named = NamedNodes(bound.pool.nodes.node_ids, arrays["named"], len(bound.pool))
        self._sampled = bound.take(self._sample, slice(None))
        self._of_sample = np.asarray(self._matrix[self._sample])

    def ranked(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the rows at ranks `start` to `stop`, and their contributions (factors, k).

        The first `CANDIDATES` places go to the shortlist, in the order of its raw scores. Whoever
        asks for more is given all the others after it, in the order of theirs; everybody is then
        scored, which takes seconds. Within both parts raw scores fall with the rank; from the last
        of the shortlist to the first of the others they may rise, where the first stage has erred.

        Parameters
        ----------
        need : NeedFeatures
        rows : ndarray of int
            Who can be listed, in order.
        start, stop : int
        """
        shortlist = self.shortlist(need, rows)
        parts, lead = self._scored(need, shortlist)
        raw = parts.sum(axis=0)
        if stop <= len(shortlist) or len(shortlist) == len(rows):
            at = order(raw, np.arange(len(shortlist)), stop)[start:]
            return shortlist[at], parts[:, at]
        first = shortlist[order(raw, np.arange(len(shortlist)), len(shortlist))]
        others = np.setdiff1d(rows, shortlist, assume_unique=True)
        found = np.concatenate(
            [
                self._scored(need, others[at : at + _CHUNK], lead)[0].sum(axis=0)
                for at in range(0, len(others), _CHUNK)
            ]
        )
        after = others[order(found, np.arange(len(others)), max(stop - len(first), 0))]
        page = np.concatenate([first, after])[start:stop]
        return page, self._scored(need, page, lead)[0]

    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank of one row among `rows`, and its contributions.

        Beyond the shortlist it is the rank by the first stage.
        """
        shortlist = self.shortlist(need, rows)
        parts, lead = self._scored(need, shortlist)
        own = self._scored(need, np.array([row]), lead)[0][:, 0]
        if row in shortlist:
            ranked = shortlist[order(parts.sum(axis=0), np.arange(len(shortlist)), len(shortlist))]
            return 1 + int(np.flatnonzero(ranked == row)[0]), own
        estimate = self._estimate(need, None)
        before = int((estimate[rows] > estimate[row]).sum())
        return max(before, len(shortlist)) + 1, own

    def shortlist(self, need: NeedFeatures, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return the candidates among `rows`, in order.

        They are the first `CANDIDATES` by the estimate. Whoever was chosen for this very need or is
        present in its zone takes part in any case.
        """
        if len(rows) <= CANDIDATES:
            return rows
        selective = len(rows) < _SELECTIVE * len(self.bound.pool)
        estimate = self._estimate(need, rows if selective else None)
        if not selective:
            estimate = estimate[rows]
        first = rows[leading(estimate, CANDIDATES)[:CANDIDATES]]
        return np.union1d(first, self._wanted(need, rows))

    def _scored(
        self, need: NeedFeatures, rows: NDArray[np.intp], lead: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the contributions of some rows, and the direction of feedback in them."""
        size = len(self._sample)
        taken = self.bound.take(np.concatenate([self._sample, rows]), slice(size))
        parts, lead = taken.scored(need, lead, slice(size, None))
        return parts, lead

    def _wanted(self, need: NeedFeatures, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which rows were chosen for the need or are present in its zone."""
        ids = self.bound.pool.ids
        chosen = self.bound.ranker.heads.chosen(need.need_id)
        if need.present is not None:
            chosen = np.concatenate([chosen, np.array(need.present.ids, dtype=np.str_)])
        at = np.minimum(np.searchsorted(ids, chosen), len(ids) - 1)
        return np.intersect1d(at[ids[at] == chosen], rows)

    def _estimate(self, need: NeedFeatures, rows: NDArray[np.intp] | None) -> NDArray[np.float32]:
        """Return the estimate of the raw scores but for a constant: of some rows, or of all."""
        query, columns = self._query(need)
        history = self.bound.history_sum(need)
        weight = np.float32(self._weights(need)[3])
        if rows is None:
            found = self._matrix @ query
        else:
            found = np.concatenate(
                [self._matrix[rows[at : at + _CHUNK]] @ query for at in range(0, len(rows), _CHUNK)]
            )
        for values in columns:
            found += values if rows is None else values[rows]
        if history is not None:
            known, parts = history
            if rows is None:
                found[known] += weight * parts
            else:
                _, here, there = np.intersect1d(rows, known, return_indices=True)
                found[here] += weight * parts[there]
        return np.asarray(found)

    def _weights(self, need: NeedFeatures) -> NDArray[np.float64]:
        """Return the weights of content, head or feedback, LightFM and history for a need."""
        blend, heads = self.bound.ranker.blend, self.bound.ranker.heads
        chosen = len(heads.chosen(need.need_id))
        if not chosen:
            return blend.cold
        share = np.array([content_share(chosen), 1, 1, 1])
        return np.asarray(blend.warm * share)

    def _query(self, need: NeedFeatures) -> tuple[NDArray[np.float32], list[NDArray[np.float32]]]:
        """Return what the matrix is multiplied by, and what is added for every enterprise."""
        ranker, width = self.bound.ranker, self._basis.shape[1]
        weight = dict(zip(ranker.blend.names, ranker.blend.content, strict=True))
        query = np.zeros(self._matrix.shape[1], dtype=np.float32)
        vectors = []
        for at, names in enumerate(_VIEWS):
            factor, prepared = self._sampled.prepared(names[0])
            view = cast("Similarity", factor)
            found = view.direction(need, cast("Prepared", prepared))
            vector, hubness = found or (np.zeros(need.views[view.view].shape[1], np.float32), 0.0)
            both = sum(weight[name] for name in names)
            vectors.append(both * vector)
            query[width + at] = -both * hubness
        query[:width] = np.concatenate(vectors) @ self._basis
        columns = self._columns(need, weight)
        content, head, hybrid, _ = self._weights(need)
        estimate = self._of_sample @ query + sum(own[self._sample] for own in columns)
        scale = np.float32(content / max(float(np.std(estimate)), 1e-9))
        query *= scale
        for own in columns:
            own *= scale
        for strength, direction, cut in (
            (head, ranker.heads.direction(need.need_id, len(self._basis)), slice(width)),
            (hybrid, ranker.hybrid.direction(need), slice(width + len(_VIEWS), None)),
        ):
            if direction is not None:
                own = direction @ self._basis if cut.start is None else direction
                spread = float(np.std(self._of_sample[:, cut] @ own))
                query[cut] += own * np.float32(strength / max(spread, 1e-9))
        return query, columns

    def _columns(self, need: NeedFeatures, weight: dict[str, float]) -> list[NDArray[np.float32]]:
        """Return the weighted z-scores of the industries and of the nodes that a need names."""
        found = []
        if need.industries:
            own = self.bound.measured["industry_match"]
            columns = [self._industries[at].astype(np.float32) for at in need.industries]
            fit = sum(columns) / len(columns)
            values = self._z(fit - own["elsewhere"], weight["industry_match"])
            values *= own["known"]
            found.append(values)
        if need.targets:
            fits = self._nodes[list(need.targets)]
            mean = fits.sum(axis=0, dtype=np.uint32) * np.float32(_BREADTH / len(fits))
            found.append(self._z(fits.max(axis=0) + mean, weight["node_match"]))
        return found

    def _z(self, values: NDArray[Any], weight: float) -> NDArray[np.float32]:
        seen = values[self._sample]
        spread = max(float(seen.std()), 1e-9)
        return np.asarray((values - seen.mean()) * np.float32(weight / spread), dtype=np.float32)


def _basis(pool: PoolFeatures, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return the leading directions of content, shape (d, c), learnt from up to 20,000 rows."""
    rows = np.sort(generator.choice(len(pool), min(len(pool), EXACT), replace=False))
    content = pool.content.rows(rows).astype(np.float64)
    _, axes = np.linalg.eigh(content.T @ content)
    return np.ascontiguousarray(axes[:, ::-1][:, :DIRECTIONS], dtype=np.float32)
