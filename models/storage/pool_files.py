"""The features of a pool as files: written chunk by chunk, and read as memory maps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.industry.nodes import NamedProducts, NodeFit
from features.space.arrays import PoolFeatures
from features.structures.compact import Codes, Fractions, Shared, SparseCodes, sparse_codes
from features.structures.lines import Lines
from features.texts.text import WeightedTexts
from models.factors.track_record import DealHistory, HistoryScorer
from models.scoring.ranker import PoolRanker
from models.scoring.scorer import content_factors
from models.storage.chunks import chunk_of, rows_of_pool

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.progress import Count
    from features.space.space import FeatureSpace
    from features.storage.stored_rows import Rows
    from features.structures.growing import Growing
    from models.scoring.ranker import Ranker
    from models.storage.chunks import Chunk

    Elsewhere = Callable[[Iterable[pl.DataFrame]], Iterator[Chunk]]

_CHUNK = 20_000
_AVERAGED = 50_000
_SHARED = ("codes", "points")
"""Features that many enterprises have in common."""


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
    frame: Rows,
    compact: bool,
    progress: Count | None,
    former: FormerPool | None = None,
    elsewhere: Elsewhere | None = None,
) -> None:
    """Write the features and factor measurements of all enterprises, chunk by chunk.

    Parameters
    ----------
    files : Growing
    ranker : Ranker
    frame : DataFrame or StoredRows
        The enterprises, ordered by id.
    compact : bool
        Whether they are stored in codes, as those of large pools.
    progress : callable, optional
        Called with (enterprises done, enterprises).
    former : FormerPool, optional
        Provides the features of unchanged enterprises.
    elsewhere : callable, optional
        Takes chunks of the table and yields their features, computed in other processes.
    """
    size, mean, products = len(frame), ContentMean(len(frame)), _Products(files, compact)
    shared = {name: _Distinct(files, name) for name in _SHARED if compact}
    before = np.full(size, -1) if former is None else former.rows
    own = None if elsewhere is None else elsewhere(_changed(frame, before))
    for start in range(0, max(size, 1), _CHUNK):
        at = before[start : start + _CHUNK]
        changed = at < 0

        def told(done: int, of: int, start: int = start, rows: int = len(at)) -> None:
            if progress is not None and of:
                progress(start + rows * done // of, size)

        parts = []
        if changed.any() or not size:
            if own is None:
                read = frame.slice(start, _CHUNK).filter(changed)
                made = chunk_of(ranker, read, compact, told)
            else:
                made = next(own)
            parts.append(products.numbered(made))
        if former is not None and not changed.all():
            pool, measured = former.bound.pool, former.bound.measured
            parts.append(products.numbered(rows_of_pool(pool, measured, compact, at[~changed])))
        rows = _merged(parts, changed)
        mean.add(*_content(rows, ranker.space))
        for name, array in rows.items():
            if sparse.issparse(array):
                files.append_sparse(name, array, gaps=compact and name != "products")
            elif name in shared:
                shared[name].append(array)
            else:
                files.append(name, array)
        told(1, 1)
    for name, array in (products.arrays() | mean.arrays()).items():
        files.append(name, array)


def _changed(frame: Rows, before: NDArray[np.intp]) -> Iterator[pl.DataFrame]:
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
    """Assigns a column to every distinct product of a pool, and keeps its grams and concepts."""

    def __init__(self, files: Growing, compact: bool) -> None:
        self._files = files
        self._compact = compact
        self._columns: dict[str, int] = {}

    def numbered(self, chunk: Chunk) -> dict[str, Any]:
        """Return the rows of a chunk with their products' columns renumbered."""
        said = chunk.rows["products"]
        own = np.unique(said.indices)
        known = len(self._columns)
        texts = (chunk.texts[at] for at in own.tolist())
        columns = [self._columns.setdefault(text, len(self._columns)) for text in texts]
        number = np.zeros(len(chunk.texts), dtype=np.int32)
        number[own] = columns
        new = own[number[own] >= known]
        for name, matrix in (("product_grams", chunk.grams), ("product_kinds", chunk.kinds)):
            rows = matrix[new]
            if self._compact:
                rows, scales = sparse_codes(rows)
                self._files.append(f"{name}.scales", scales)
            self._files.append_sparse(name, rows, gaps=self._compact)
        shape = (said.shape[0], np.iinfo(np.int32).max)  # the final number is not known yet
        mine = sparse.csr_array((said.data, number[said.indices], said.indptr), shape=shape)
        return chunk.rows | {"products": mine}

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return the texts of all columns, to be saved."""
        return Lines.of(list(self._columns)).arrays("texts")


class _Distinct:
    """Keeps each distinct row once, and numbers, see `features.structures.compact.Shared`."""

    def __init__(self, files: Growing, name: str) -> None:
        self._files, self._name = files, name
        self._numbers: dict[bytes, int] = {}

    def append(self, rows: NDArray[Any]) -> None:
        """Append rows."""
        known, numbers = len(self._numbers), self._numbers
        each = [numbers.setdefault(row.tobytes(), len(numbers)) for row in rows]
        found = np.array(each, dtype=np.int32)
        new = np.unique(found, return_index=True)[1]
        self._files.append(f"{self._name}.distinct", rows[new[found[new] >= known]])
        self._files.append(f"{self._name}.numbers", found)


class ContentMean:
    """The mean of content, of a large pool over some `_AVERAGED` evenly spaced enterprises.

    Parameters
    ----------
    size : int
        Total number of enterprises.
    """

    def __init__(self, size: int) -> None:
        self._stride, self._count = max(1, size // _AVERAGED), 0
        self._sum: Any = np.float64(0)

    def add(self, topics: NDArray[Any] | Codes, meaning: NDArray[Any] | Codes) -> None:
        """Add the content of some enterprises."""
        content = np.hstack([part[:: self._stride] for part in (topics, meaning)])
        self._sum += content.sum(axis=0, dtype=np.float64)
        self._count += len(content)

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `centre`, shape (d,)."""
        return {"centre": (self._sum / max(self._count, 1)).astype(np.float32)}


def bind(
    arrays: Mapping[str, NDArray[Any]], ranker: Ranker, rows: slice = slice(None)
) -> PoolRanker:
    """Return the ranker, bound to the features in these arrays.

    Parameters
    ----------
    arrays : mapping
        Arrays of `write`, with ids and names of `features.enterprises.profiles` as `profiles.…`.
    ranker : Ranker
    rows : slice, optional
        Bind only these rows; the others are not read, and names are left out. All by default.
    """
    space = ranker.space
    text = _sparse(arrays, "views.text", len(space.wording_.characters_.tokens_), rows)
    if sparse.issparse(text):  # a pool that is scored in full
        text = sparse.csc_array(text)
    texts = Lines.restore(arrays, "texts")
    chained = [node.node_id for node in space.chain_map.nodes]
    stations = [node.node_id for node in space.supply.stations.nodes]
    nodes = _node_fit(arrays, "nodes", chained, rows)
    every = rows == slice(None)
    topics, meaning = _content(arrays, space, rows)
    pool = PoolFeatures(
        ids=_dense(arrays, "profiles.ids", rows),
        names=Lines.restore(arrays, "profiles.names") if every else (),
        views={"text": text, "topics": topics, "meaning": meaning},
        products=WeightedTexts(texts, _sparse(arrays, "products", len(texts), rows)),
        product_grams=_sparse(arrays, "product_grams", len(space.items_.tokens_)),
        product_kinds=_sparse(arrays, "product_kinds", space.concepts),
        nodes=nodes,
        stations=_node_fit(arrays, "stations", stations, rows)
        if space.supply.by_sectors
        else nodes,
        attributes=_sparse(arrays, "attributes", len(space.attributes_.tokens_), rows),
        codes=_dense(arrays, "codes", rows),
        points=_dense(arrays, "points", rows),
        centre=arrays["centre"],
    )
    factors = (*content_factors(), ranker.hybrid, ranker.heads)
    measured = {
        factor.name: {
            name: _dense(arrays, f"measured.{factor.name}.{name}", rows)
            for name in {key.partition(".")[0] for key in part(arrays, f"measured.{factor.name}")}
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


def _content(
    arrays: Mapping[str, NDArray[Any]], space: FeatureSpace, rows: slice = slice(None)
) -> tuple[NDArray[Any] | Codes, NDArray[Any] | Codes]:
    """Return topics and sentence vectors."""
    topics = _dense(arrays, "views.topics", rows)
    return topics, _dense(arrays, "views.meaning", rows, len(space.sentences_.rotation_))


def _dense(
    arrays: Mapping[str, NDArray[Any]], name: str, rows: slice, columns: int | None = None
) -> Any:
    """Return some rows of an array, as it is stored; codes of 6 bits have so many columns."""
    if f"{name}.numbers" in arrays:
        return Shared(arrays[f"{name}.distinct"], arrays[f"{name}.numbers"][rows])
    if f"{name}.scales" in arrays:
        codes, scales = arrays[f"{name}.codes"], arrays[f"{name}.scales"]
        return Codes(codes[rows], scales[rows], columns or codes.shape[1])
    return arrays[name] if rows == slice(None) else arrays[name][rows]


def _sparse(
    arrays: Mapping[str, NDArray[Any]], name: str, columns: int, rows: slice = slice(None)
) -> sparse.csr_array | SparseCodes:
    """Return some rows of a sparse matrix, as it is stored."""
    own = part(arrays, name)
    first = int(own["lengths"][: rows.start].sum(dtype=np.int64)) if rows.start else 0
    lengths = own["lengths"][rows]
    starts = np.concatenate([[0], np.cumsum(lengths, dtype=np.int64)])
    entries = slice(first, first + int(starts[-1]))
    if starts[-1] <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)  # with two index widths SciPy would copy the indices
    kept = {key: own[key][entries] for key in ("indices", "gaps") if key in own}
    data = own["data"][entries]
    if data.dtype == np.float32:
        return sparse.csr_array((data, kept["indices"], starts), shape=(len(lengths), columns))
    scales = own["scales"][rows] if "scales" in own else None
    return SparseCodes(data, starts, columns, scales=scales, **kept)


def _node_fit(
    arrays: Mapping[str, NDArray[Any]], name: str, node_ids: Sequence[str], rows: slice
) -> NodeFit:
    fit = _dense(arrays, f"{name}.fit", rows)
    if fit.dtype != np.uint8:
        return NodeFit(tuple(node_ids), fit, _dense(arrays, f"{name}.product", rows))
    product = NamedProducts(_sparse(arrays, f"{name}.product", len(node_ids), rows))
    return NodeFit(tuple(node_ids), Fractions(fit), product)
