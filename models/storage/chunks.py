"""Chunks of a pool: the features of some enterprises, computed here or in other processes.

The features of an enterprise depend on its row of the table and on the ranker alone. Computed in
other processes they are kept as files until the whole pool is written: a run that was stopped goes
on with the chunks that are not there yet.
"""

from __future__ import annotations

import hashlib
import shutil
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from features.encoder import encoder_named
from features.errors import DamagedError
from features.industry.nodes import NamedProducts
from features.storage.snapshot import OutdatedError
from features.structures.compact import Codes, Fractions, sparse_codes
from features.structures.lines import Lines
from features.workspace import Workspace
from models.scoring.ranker import measure
from models.storage import artifact, loading

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    import polars as pl
    from numpy.typing import NDArray

    from features.progress import Count
    from features.space.arrays import PoolFeatures
    from models.executors import Executor
    from models.scoring.ranker import Ranker
    from models.scoring.scorer import Measured

_CODE_LEVELS = 4
_ROWS, _COLUMNS = "rows.", ".columns"
_SPARSE = ("data", "indices", "indptr")
_BITS = {"views.topics": 8, "views.meaning": 6, "measured.hybrid.items": 8}
"""Dense features of a large pool, and the bits of their numbers."""


class Chunk(NamedTuple):
    """The features of n enterprises as they are stored.

    Attributes
    ----------
    rows : dict
        By file name: arrays and sparse matrices of n rows. `products` has the columns of `texts`.
    texts : sequence of str
        The products, m of them, of these and perhaps of other enterprises.
    grams : csr_array of shape (m, g)
    kinds : csr_array of shape (m, c)
    """

    rows: dict[str, Any]
    texts: Sequence[str]
    grams: sparse.csr_array
    kinds: sparse.csr_array


def chunk_of(
    ranker: Ranker, frame: pl.DataFrame, compact: bool, progress: Count | None = None
) -> Chunk:
    """Return the features of the enterprises of a table.

    Parameters
    ----------
    ranker : Ranker
    frame : DataFrame
        Some rows of the enterprises table, ordered by id.
    compact : bool
        Whether they are stored in codes, as those of large pools.
    progress : callable, optional
        Called with (done, of).
    """
    pool = ranker.space.pool(frame, progress=progress)
    return rows_of_pool(pool, measure(ranker, pool), compact)


def rows_of_pool(
    pool: PoolFeatures, measured: Measured, compact: bool, at: Any = slice(None)
) -> Chunk:
    """Return the stored features of some enterprises of a pool."""
    fits = {"nodes": pool.nodes}
    if pool.stations is not pool.nodes:
        fits["stations"] = pool.stations
    rows = {
        **{f"views.{view}": pool.views[view][at] for view in ("topics", "meaning")},
        "views.text": sparse.csr_array(pool.views["text"][at]),
        "products": pool.products.weights[at],
        **{f"{name}.fit": fit.fit[at] for name, fit in fits.items()},
        **{f"{name}.product": fit.product[at] for name, fit in fits.items()},
        "attributes": pool.attributes[at],
        "codes": _padded(pool.codes[at]),
        "points": pool.points[at],
        **{
            f"measured.{factor}.{name}": array[at]
            for factor, own in measured.items()
            for name, array in own.items()
        },
    }
    if compact:
        rows = _in_codes(rows)
    return Chunk(rows, pool.products.texts, pool.product_grams, pool.product_kinds)


def _in_codes(rows: dict[str, Any]) -> dict[str, Any]:
    """Return the same features in codes, each under the names of its arrays."""
    found = dict(rows)
    for name, array in rows.items():
        if bits := _BITS.get(name):
            arrays = Codes.of(found.pop(name), bits).arrays()
            found |= {f"{name}.{part}": own for part, own in arrays.items()}
        elif name.endswith(".fit"):
            fit = Fractions.of(array)
            found[name] = fit.codes
            product = f"{name.removesuffix('.fit')}.product"
            # Named by what is stored, so that a row taken over keeps what a computed one has.
            found[product] = NamedProducts.of(fit[:], rows[product])
        elif sparse.issparse(array):
            found[name], found[f"{name}.scales"] = sparse_codes(array)
    return found


def _padded(codes: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return the codes of a chunk, one column per level."""
    found = np.zeros((len(codes), _CODE_LEVELS), dtype=f"<U{_CODE_LEVELS}")
    found[:, : codes.shape[1]] = codes
    return found


class Workers:
    """Computes chunks by an executor.

    Parameters
    ----------
    executor : Executor
    home : Path
        The workspace; every worker has to see it under the same path.
    model : Path
        The folder of the version.
    encoder : str or None
        The setting ENCODER.
    """

    def __init__(self, executor: Executor, home: Path, model: Path, encoder: str | None) -> None:
        self._executor = executor
        self._home, self._model, self._encoder = str(home), str(model), encoder

    def each(
        self,
        frames: Iterable[pl.DataFrame],
        compact: bool,
        folder: Path,
        tables: Mapping[str, str],
    ) -> Iterator[Chunk]:
        """Yield the features of each frame, in order.

        Parameters
        ----------
        frames : iterable of DataFrame
        compact : bool
        folder : Path
            Chunks are kept there, under a digest of their rows.
        tables : mapping
            The versions of the other tables that features are made of.

        Raises
        ------
        OutdatedError
            When a worker finds other tables.
        """
        tasks = (
            ChunkTask(
                self._home, self._model, self._encoder, frame, compact, str(folder), dict(tables)
            )
            for frame in frames
        )
        for path in self._executor.each(make_chunk, tasks):
            yield _restored(artifact.mapped(Path(path)))


class ChunkTask(NamedTuple):
    """A chunk to compute, see `Workers`."""

    home: str
    model: str
    encoder: str | None
    frame: pl.DataFrame
    compact: bool
    folder: str
    tables: dict[str, str]


def make_chunk(task: ChunkTask) -> str:
    """Compute a chunk, unless it is there and whole; return its folder."""
    path = Path(task.folder, _digest(task.frame))
    with suppress(DamagedError):
        artifact.verify(path)
        return str(path)
    shutil.rmtree(path, ignore_errors=True)
    ranker = _ranker(task.home, task.model, task.encoder, tuple(task.tables.items()))
    artifact.save(path, _arrays(chunk_of(ranker, task.frame, task.compact)), {})
    return str(path)


def _digest(frame: pl.DataFrame) -> str:
    return hashlib.sha256("\n".join(frame["enterprise_id"].to_list()).encode()).hexdigest()[:24]


@lru_cache(1)
def _ranker(
    home: str, model: str, encoder: str | None, tables: tuple[tuple[str, str], ...]
) -> Ranker:
    workspace = Workspace(Path(home)).snapshot()
    if any(workspace.version(name) != version for name, version in tables):
        raise OutdatedError
    return loading.load(Path(model), workspace, encoder_named(encoder))


def _arrays(chunk: Chunk) -> dict[str, NDArray[Any]]:
    """Return a chunk as arrays, to be saved."""
    kept: dict[str, Any] = {f"{_ROWS}{name}": array for name, array in chunk.rows.items()}
    kept |= {"grams": chunk.grams, "kinds": chunk.kinds}
    found = Lines.of(chunk.texts).arrays("texts")
    for name, array in kept.items():
        if not sparse.issparse(array):
            found[name] = array
            continue
        found |= {f"{name}.{part}": getattr(array, part) for part in _SPARSE}
        found[f"{name}{_COLUMNS}"] = np.array(array.shape[1])
    return found


def _restored(arrays: Mapping[str, NDArray[Any]]) -> Chunk:
    """Take back what `_arrays` returned."""
    found: dict[str, Any] = {}
    for name, array in arrays.items():
        stem, _, ending = name.rpartition(".")
        if ending == _COLUMNS[1:]:
            parts = tuple(arrays[f"{stem}.{part}"] for part in _SPARSE)
            found[stem] = sparse.csr_array(parts, shape=(len(parts[-1]) - 1, int(array)))
        elif ending not in _SPARSE:
            found[name] = array
    rows = {name.removeprefix(_ROWS): own for name, own in found.items() if name.startswith(_ROWS)}
    texts = Lines.restore(arrays, "texts")
    return Chunk(rows, texts, found["grams"], found["kinds"])
