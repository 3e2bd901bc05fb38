"""The features of a pool as files: written chunk by chunk, and taken back as maps of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from features.arrays import PoolFeatures
from features.lines import Lines
from features.nodes import NodeFit
from features.text import WeightedTexts
from models import retrieval
from models.ranker import PoolRanker, content_factors, measure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl
    from numpy.typing import DTypeLike, NDArray

    from features.chains import ChainMap
    from features.progress import Count
    from models.growing import GrowingArrays
    from models.ranker import Ranker

_CHUNK = 20_000
_CODE_LEVELS = 4


def write(
    files: GrowingArrays,
    ranker: Ranker,
    frame: pl.DataFrame,
    kind: DTypeLike,
    progress: Count | None,
) -> None:
    """Write the features of all enterprises and what factors measure of them, chunk by chunk.

    Parameters
    ----------
    files : GrowingArrays
    ranker : Ranker
    frame : DataFrame
        The enterprises, ordered by id.
    kind : dtype
        What dense features are kept in.
    progress : callable, optional
        Told (enterprises done, enterprises).
    """
    columns: dict[str, int] = {}
    size, moments = len(frame), Moments()
    for start in range(0, max(size, 1), _CHUNK):
        chunk = frame.slice(start, _CHUNK)

        def told(done: int, of: int, start: int = start, rows: int = len(chunk)) -> None:
            if progress is not None and of:
                progress(start + rows * done // of, size)

        pool = ranker.space.pool(chunk, progress=told)
        moments.add(pool)
        known = len(columns)
        number = _number(pool.products.texts, columns)
        weights = pool.products.weights.copy()
        weights.indices = number[weights.indices]
        files.append_sparse("products", weights)
        files.append("product_vectors", pool.product_vectors[number >= known].astype(kind))
        for view in ("topics", "meaning"):
            files.append(f"views.{view}", pool.views[view].astype(kind))
        files.append_sparse("views.text", sparse.csr_array(pool.views["text"]))
        for name, fit in (("nodes", pool.nodes), ("stations", pool.stations)):
            if name == "nodes" or fit is not pool.nodes:
                files.append(f"{name}.fit", fit.fit.astype(kind))
                files.append(f"{name}.product", np.append(number, -1)[fit.product])
        files.append("industries", pool.industries.T.astype(kind))
        files.append_sparse("attributes", pool.attributes)
        files.append("codes", _padded(pool.codes))
        files.append("points", pool.points)
        for factor, own in measure(ranker, pool).items():
            for name, array in own.items():
                files.append(f"measured.{factor}.{name}", array)
        told(1, 1)
    for name, array in (Lines.of(list(columns)).arrays() | moments.arrays()).items():
        files.append(name, array)


def _number(texts: Sequence[str], columns: dict[str, int]) -> NDArray[np.int32]:
    """Return the column of each text, a new one for each that has none yet."""
    found = (columns.setdefault(text, len(columns)) for text in texts)
    return np.fromiter(found, dtype=np.int32, count=len(texts))


def _padded(codes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the codes of a chunk in as many columns as there are levels of them."""
    found = np.zeros((len(codes), _CODE_LEVELS), dtype=f"<U{_CODE_LEVELS}")
    found[:, : codes.shape[1]] = codes
    return found


class Moments:
    """Mean and XᵀX of content, summed up chunk by chunk."""

    def __init__(self) -> None:
        self._count = 0
        self._sum: Any = 0.0
        self._squares: Any = 0.0

    def add(self, pool: PoolFeatures) -> None:
        """Add the enterprises of a chunk."""
        content = np.hstack([pool.views["topics"], pool.views["meaning"]])
        self._count += len(content)
        self._sum = self._sum + content.sum(axis=0, dtype=np.float64)
        self._squares = self._squares + content.T @ content

    def arrays(self) -> dict[str, NDArray[Any]]:
        """Return `centre`, shape (d,), and `gram` of the centred content, shape (d, d)."""
        centre = self._sum / max(self._count, 1)
        gram = self._squares - self._count * np.outer(centre, centre)
        return {"centre": centre.astype(np.float32), "gram": gram.astype(np.float32)}


def bind(arrays: Mapping[str, NDArray[Any]], ranker: Ranker) -> PoolRanker:
    """Return the ranker, bound to the features that these arrays are.

    Parameters
    ----------
    arrays : mapping
        What `write` has written, with ids and names of `features.profiles` as `profiles.…`.
    ranker : Ranker
    """
    space = ranker.space
    text = _sparse(arrays, "views.text", len(space.wording_.characters_.tokens_))
    if len(arrays["points"]) <= retrieval.EXACT:
        text = sparse.csc_array(text)
    texts = Lines(arrays["data"], arrays["ends"])
    nodes = _node_fit(arrays, "nodes", space.chain_map)
    by_sectors = space.supply.by_sectors
    pool = PoolFeatures(
        ids=arrays["profiles.ids"],
        names=arrays["profiles.names"],
        views={"text": text, **{view: arrays[f"views.{view}"] for view in ("topics", "meaning")}},
        products=WeightedTexts(texts, _sparse(arrays, "products", len(texts))),
        product_vectors=arrays["product_vectors"],
        references={},
        nodes=nodes,
        stations=_node_fit(arrays, "stations", space.supply.stations) if by_sectors else nodes,
        industries=arrays["industries"].T,
        attributes=_sparse(arrays, "attributes", len(space.attributes_.tokens_)),
        codes=arrays["codes"],
        points=arrays["points"],
        centre=arrays["centre"],
        gram=arrays["gram"],
    )
    factors = (*content_factors(), ranker.hybrid, ranker.heads)
    measured = {factor.name: part(arrays, f"measured.{factor.name}") for factor in factors}
    return PoolRanker(ranker, pool, measured)


def part(arrays: Mapping[str, NDArray[Any]], name: str) -> dict[str, NDArray[Any]]:
    """Return the arrays of one part, by what is left of their names."""
    prefix = f"{name}."
    return {key[len(prefix) :]: own for key, own in arrays.items() if key.startswith(prefix)}


def _sparse(arrays: Mapping[str, NDArray[Any]], name: str, columns: int) -> sparse.csr_array:
    own = part(arrays, name)
    starts = np.concatenate([[0], np.cumsum(own["lengths"], dtype=np.int64)])
    if starts[-1] <= np.iinfo(np.int32).max:
        starts = starts.astype(np.int32)  # of two widths SciPy would copy the indices
    shape = (len(own["lengths"]), columns)
    return sparse.csr_array((own["data"], own["indices"], starts), shape=shape)


def _node_fit(arrays: Mapping[str, NDArray[Any]], name: str, chain_map: ChainMap) -> NodeFit:
    ids = tuple(node.node_id for node in chain_map.nodes)
    return NodeFit(ids, arrays[f"{name}.fit"], arrays[f"{name}.product"])
