"""The features of a pool as files: written chunk by chunk, and read as memory maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.arrays import PoolFeatures
from features.compact import rows_of
from features.lines import Lines
from features.nodes import NodeFit
from features.text import WeightedTexts
from models.chunks import chunk_of, rows_of_pool
from models.ranker import PoolRanker
from models.scorer import content_factors
from models.track_record import DealHistory, HistoryScorer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    import polars as pl
    from numpy.typing import DTypeLike, NDArray

    from features.chains import ChainMap
    from features.progress import Count
    from models.chunks import Chunk
    from models.growing import Growing
    from models.ranker import Ranker

    Elsewhere = Callable[[Iterable[pl.DataFrame]], Iterator[Chunk]]

_CHUNK = 20_000
_SQUARED = 50_000


class FormerPool(NamedTuple):
    """A pool prepared for earlier tables, whose unchanged rows are reused.

    Attributes
    ----------
    bound : PoolRanker
        Bound to the same ranker, chain map and supply links.
    rows : ndarray of int, shape (n,)
        The row there of each unchanged enterprise, -1 for all others.
    """

    bound: PoolRanker
    rows: NDArray[np.intp]


def write(
    files: Growing,
    ranker: Ranker,
    frame: pl.DataFrame,
    kind: DTypeLike,
    progress: Count | None,
    former: FormerPool | None = None,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Write the features and factor measurements of all enterprises, chunk by chunk.

    Parameters
    ----------
    files : Growing
    ranker : Ranker
    frame : DataFrame
        The enterprises, ordered by id.
    kind : dtype
        The dtype of stored dense features.
    progress : callable, optional
        Called with (enterprises done, enterprises).
    former : FormerPool, optional
        Provides the features of unchanged enterprises.
    elsewhere : callable, optional
        Takes chunks of the table and yields their features, computed in other processes.
    """
    size, moments, products = len(frame), ContentMoments(len(frame)), _Products(files, kind)
    before = np.full(size, -1) if former is None else former.rows
    own = None if elsewhere is None else elsewhere(_changed(frame, before))
    for start in range(0, max(size, 1), _CHUNK):
        chunk, at = frame.slice(start, _CHUNK), before[start : start + _CHUNK]
        changed = at < 0

        def told(done: int, of: int, start: int = start, rows: int = len(chunk)) -> None:
            if progress is not None and of:
                progress(start + rows * done // of, size)

        parts = []
        if changed.any() or not size:
            made = chunk_of(ranker, chunk.filter(changed), kind, told) if own is None else next(own)
            parts.append(products.numbered(made))
        if former is not None and not changed.all():
            pool, measured = former.bound.pool, former.bound.measured
            parts.append(products.numbered(rows_of_pool(pool, measured, kind, at[~changed])))
        rows = _merged(parts, changed)
        moments.add(rows["views.topics"], rows["views.meaning"])
        for name, array in rows.items():
            if sparse.issparse(array):
                files.append_sparse(name, array, kind if name == "views.text" else array.dtype)
            else:
                files.append(name, array)
        told(1, 1)
    for name, array in (products.arrays() | moments.arrays()).items():
        files.append(name, array)


def _changed(frame: pl.DataFrame, before: NDArray[np.intp]) -> Iterator[pl.DataFrame]:
    """Yield the enterprises of each chunk that have to be read, if there are any."""
    for start in range(0, max(len(frame), 1), _CHUNK):
        changed = before[start : start + _CHUNK] < 0
        if changed.any() or not len(frame):
            yield frame.slice(start, _CHUNK).filter(changed)


def _merged(parts: list[dict[str, Any]], changed: NDArray[np.bool_]) -> dict[str, Any]:
    """Return changed and unchanged rows merged in the order of the pool."""
    if len(parts) == 1:
        return parts[0]
    order = np.argsort(np.argsort(~changed, kind="stable"))
    found = {}
    for name, one in parts[0].items():
        both = (one, parts[1][name])
        is_sparse = sparse.issparse(one)
        found[name] = (sparse.vstack(both, "csr") if is_sparse else np.concatenate(both))[order]
    return found


class _Products:
    """Assigns a column to every distinct product of a pool, and keeps its vector."""

    def __init__(self, files: Growing, kind: DTypeLike) -> None:
        self._files = files
        self._kind = kind
        self._columns: dict[str, int] = {}

    def numbered(self, chunk: Chunk) -> dict[str, Any]:
        """Return the rows of a chunk with their products' columns renumbered."""
        said = chunk.rows["products"]
        own = np.unique(said.indices)
        known = len(self._columns)
        texts = (chunk.texts[at] for at in own.tolist())
        columns = [self._columns.setdefault(text, len(self._columns)) for text in texts]
        number = np.zeros(len(chunk.vectors), dtype=np.int32)
        number[own] = columns
        new = own[number[own] >= known]
        self._files.append("product_vectors", chunk.vectors[new].astype(self._kind))
        self._files.append_sparse("product_grams", rows_of(chunk.grams, new), self._kind)
        self._files.append_sparse("product_kinds", rows_of(chunk.kinds, new), self._kind)
        shape = (said.shape[0], np.iinfo(np.int32).max)  # the final number is not known yet
        mine = sparse.csr_array((said.data, number[said.indices], said.indptr), shape=shape)
        return chunk.rows | {"products": mine}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the texts of all columns, to be saved."""
        return Lines.of(list(self._columns)).arrays("texts")


class ContentMoments:
    """Mean and XᵀX of content, accumulated chunk by chunk.

    For a large pool XᵀX is estimated on `_SQUARED` evenly spaced enterprises, which takes a second
    instead of minutes.

    Parameters
    ----------
    size : int
        Total number of enterprises.
    """

    def __init__(self, size: int) -> None:
        self._stride = max(1, size // _SQUARED)
        self._count = self._squared = 0
        self._sum: Any = np.float64(0)
        self._squares: Any = np.float64(0)

    def add(self, topics: NDArray[Any], meaning: NDArray[Any]) -> None:
        """Add the content of some enterprises."""
        self._sum += np.concatenate(
            [part.sum(axis=0, dtype=np.float64) for part in (topics, meaning)]
        )
        self._count += len(topics)
        some = [part[:: self._stride].astype(np.float32) for part in (topics, meaning)]
        content = np.hstack(some)
        self._squares += content.T @ content
        self._squared += len(content)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `centre`, shape (d,), and `gram` of the centred content, shape (d, d)."""
        centre = self._sum / max(self._count, 1)
        squares = self._squares * (self._count / max(self._squared, 1))
        gram = squares - self._count * np.outer(centre, centre)
        return {"centre": centre.astype(np.float32), "gram": gram.astype(np.float32)}


def bind(
    arrays: Mapping[str, NDArray[Any]], ranker: Ranker, rows: slice = slice(None)
) -> PoolRanker:
    """Return the ranker, bound to the features in these arrays.

    Parameters
    ----------
    arrays : mapping
        The arrays written by `write`, with ids and names of `features.profiles` as `profiles.…`.
    ranker : Ranker
    rows : slice, optional
        Bind only these rows; the others are not read, and names are left out. All by default.
    """
    space = ranker.space
    text = _sparse(arrays, "views.text", len(space.wording_.characters_.tokens_), rows)
    if text.dtype != np.float16:  # a pool that is scored in full
        text = sparse.csc_array(text)
    texts = Lines(arrays["texts"], arrays["texts_ends"])
    nodes = _node_fit(arrays, "nodes", space.chain_map, rows)
    of_sectors = space.supply.by_sectors
    every = rows == slice(None)

    def own(name: str) -> NDArray[Any]:
        return arrays[name] if every else arrays[name][rows]

    views = {view: own(f"views.{view}") for view in ("topics", "meaning")}
    pool = PoolFeatures(
        ids=own("profiles.ids"),
        names=Lines(arrays["profiles.names"], arrays["profiles.names_ends"]) if every else (),
        views={"text": text, **views},
        products=WeightedTexts(texts, _sparse(arrays, "products", len(texts), rows)),
        product_vectors=arrays["product_vectors"],
        product_grams=_sparse(arrays, "product_grams", len(space.items_.tokens_)),
        product_kinds=_sparse(arrays, "product_kinds", space.concepts),
        nodes=nodes,
        stations=_node_fit(arrays, "stations", space.supply.stations, rows)
        if of_sectors
        else nodes,
        attributes=_sparse(arrays, "attributes", len(space.attributes_.tokens_), rows),
        codes=own("codes"),
        points=own("points"),
        centre=arrays["centre"],
        gram=arrays["gram"],
    )
    factors = (*content_factors(), ranker.hybrid, ranker.heads)
    measured = {
        factor.name: {
            name: own(f"measured.{factor.name}.{name}")
            for name in part(arrays, f"measured.{factor.name}")
        }
        for factor in factors
    }
    # The history is scaled over the whole pool, so a part of it gets the values with each need.
    history = None if every else HistoryScorer(DealHistory(), pool)
    return PoolRanker(ranker, pool, measured, history=history)


def part(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one part, by their names without the prefix."""
    prefix = f"{name}."
    return {key[len(prefix) :]: own for key, own in arrays.items() if key.startswith(prefix)}


def _sparse(
    arrays: Mapping[str, NDArray[Any]], name: str, columns: int, rows: slice = slice(None)
) -> sparse.csr_array:
    own = part(arrays, name)
    first = int(own["lengths"][: rows.start].sum(dtype=np.int64)) if rows.start else 0
    lengths = own["lengths"][rows]
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    entries = slice(first, first + int(starts[-1]))
    if starts[-1] <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)  # with two index widths SciPy would copy the indices
    parts = own["data"][entries], own["indices"][entries], starts
    return sparse.csr_array(parts, shape=(len(lengths), columns))


def _node_fit(
    arrays: Mapping[str, NDArray[Any]], name: str, chain_map: ChainMap, rows: slice
) -> NodeFit:
    ids = tuple(node.node_id for node in chain_map.nodes)
    fit, product = arrays[f"{name}.fit"], arrays[f"{name}.product"]
    every = rows == slice(None)
    return NodeFit(ids, fit if every else fit[rows], product if every else product[rows])
