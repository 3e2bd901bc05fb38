"""A version prepared for a pool: all that serving needs of its enterprises, made once, on disk.

Profiles become features chunk by chunk, so that a pool need not fit into memory, and every process
maps the same files: loading takes no longer for a million enterprises than for thousands, and
several workers share one copy. What is prepared lies in `prepared/VERSION/`, under a name that says
which tables it was made of. All of it follows from model and tables: where it is missing, or a file
of it cut short, it is made anew, and what was for other tables is removed then. That every byte is
as it was written is looked at by `verify`, before a version is published.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np

from features.errors import DamagedError, UnavailableError
from features.profiles import Profiles
from features.profiles import arrays as profile_arrays
from features.residents import Residents
from models import artifact, pool_files, retrieval, two_stage
from models.artifact import NotWrittenError
from models.growing import GrowingArrays, MemoryArrays
from models.retrieval import Exhaustive, Retriever
from models.two_stage import TwoStage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from features.progress import Count
    from features.snapshot import Snapshot
    from features.workspace import Workspace
    from models.growing import Growing
    from models.ranker import PoolRanker, Ranker

log = logging.getLogger(__name__)

TABLES = ("enterprises", "chains", "input_output")
"""What features are made of besides the model: when one of these changes, all is made anew."""
FOLDER = "prepared"
_MADE_BY = 4
"""Rises when what is written here is made in another way; what was made before is then not read."""
_GATHERED = {"views.topics", "views.meaning", "views.text.data", "views.text.indices"} | {
    *("nodes.fit", "products.data", "products.indices", "product_vectors"),
    *("product_grams.data", "product_grams.indices"),
    *("retrieval.matrix", "retrieval.nodes"),
}
_PAGE = 4_096
_LOCK, _DRAFTS = ".lock", ".*.draft"


@dataclass(frozen=True)
class Prepared:
    """A version, ready to rank one pool.

    Attributes
    ----------
    bound : PoolRanker
    profiles : Profiles
    residents : Residents
    retriever : Retriever
    gathered : tuple of ndarray
        What requests gather rows of, mapped.
    """

    bound: PoolRanker
    profiles: Profiles
    residents: Residents
    retriever: Retriever
    gathered: tuple[NDArray[Any], ...] = ()

    def touch(self) -> None:
        """Look at every page that requests gather from, so that none of them waits for the disk.

        It takes as long as reading the files takes, and lets other threads go on.
        """
        for array in self.gathered:
            array.reshape(-1).view(np.uint8)[::_PAGE].max(initial=0)


def prepare(
    version: str,
    read: Callable[[], Ranker],
    workspace: Workspace | Snapshot,
    progress: Count | None = None,
) -> Prepared:
    """Return a version prepared for the tables as they are, making what is not there yet.

    Several processes may ask at once: one of them makes it, the others wait for that. What is kept
    is of one snapshot of the tables.

    Parameters
    ----------
    version : str
    read : callable
        Takes the ranker back from it, on the tables as they are.
    workspace : Workspace or Snapshot
    progress : callable, optional
        Called with (enterprises done, enterprises).

    Raises
    ------
    DamagedError
        When the enterprises table was altered.
    NotWrittenError
        When the disk does not take what is made.
    """
    return workspace.reading(lambda snapshot: _prepared(version, read, snapshot, progress))


def _prepared(
    version: str, read: Callable[[], Ranker], snapshot: Snapshot, progress: Count | None
) -> Prepared:
    made_of = versions(snapshot)
    own = _folder(version, snapshot.home, made_of)
    ranker = read()
    with suppress(DamagedError):  # mostly, it is not there
        return load(own, ranker)
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(own.with_name(_LOCK)):
            _remove(own.parent.glob(_DRAFTS))
            found = _loaded(own, ranker)  # another process may have made it meanwhile
            if found is None:
                enterprises = snapshot.read("enterprises")
                # What others have made of newer tables is not to be removed for older ones.
                snapshot.check_current(TABLES)
                _make(own, ranker, enterprises, made_of, progress)
                found = load(own, ranker)
                _remove(path for path in own.parent.glob("[!.]*") if path != own)
            return found
    except OSError as error:
        raise NotWrittenError(
            f"could not prepare model {version} in {own.parent}: {error.strerror or error}",
            got=str(own.parent),
            expected="a writable folder with free space",
        ) from error


def in_memory(ranker: Ranker, enterprises: pl.DataFrame, progress: Count | None = None) -> Prepared:
    """Return what `prepare` does, made anew in memory: slower to come by, and shared by nobody.

    Parameters
    ----------
    ranker : Ranker
    enterprises : DataFrame
        The enterprises table.
    progress : callable, optional
        Called with (enterprises done, enterprises).
    """
    frame = enterprises.sort("enterprise_id")
    large = len(frame) > retrieval.EXACT
    files = MemoryArrays()
    _write_tables(files, frame, None)
    pool_files.write(files, ranker, frame, np.float16 if large else np.float32, progress)
    arrays = files.arrays()
    if large:
        first = two_stage.make(pool_files.bind(arrays, ranker))
        arrays |= {f"retrieval.{name}": array for name, array in first.items()}
    return _bound(arrays, ranker)


def versions(workspace: Workspace | Snapshot) -> tuple[str, ...]:
    """Return the versions of the tables that features are made of."""
    return tuple(workspace.version(table) for table in TABLES)


def is_there(version: str, workspace: Workspace | Snapshot) -> bool:
    """Return whether a version is prepared for the tables as they are."""
    return _folder(version, workspace.home, versions(workspace)).exists()


def verify(version: str, workspace: Workspace | Snapshot) -> None:
    """Look at every byte of what was prepared for the tables as they are; remove it if damaged."""
    own = _folder(version, workspace.home, versions(workspace))
    if own.exists():
        try:
            artifact.verify(own)
        except DamagedError as error:
            log.warning("what was prepared is made anew: %s", error.message)
            _remove([own])


def tidy(workspace: Workspace | Snapshot) -> None:
    """Remove what was prepared for versions that are gone, and what a killed process left behind.

    A process that has mapped the files keeps them until it closes them.
    """
    for own in (workspace.home / FOLDER).glob("*"):
        if not (workspace.home / "models" / own.name).exists():
            _remove([own])
            continue
        with suppress(filelock.Timeout), filelock.FileLock(own / _LOCK, timeout=0):
            _remove(own.glob(_DRAFTS))


def _folder(version: str, home: Path, made_of: tuple[str, ...]) -> Path:
    what = f"{artifact.FORMAT} prepared {_MADE_BY} {' '.join(made_of)}"
    return home / FOLDER / version / hashlib.sha256(what.encode()).hexdigest()[:16]


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _loaded(own: Path, ranker: Ranker) -> Prepared | None:
    """Return what is there; what is damaged is removed."""
    if not own.exists():
        return None
    try:
        return load(own, ranker)
    except DamagedError as error:
        log.warning("what was prepared is made anew: %s", error.message)
        _remove([own])
        return None


def _make(
    own: Path,
    ranker: Ranker,
    enterprises: pl.DataFrame,
    made_of: tuple[str, ...],
    progress: Count | None,
) -> None:
    """Make what is needed of tables of these versions, and of what there was for former ones."""
    links = dict(zip(TABLES, made_of, strict=True))
    del links["enterprises"]
    facts = {"links": links, "made_by": _MADE_BY}
    former = None
    for path in own.parent.glob("[!.]*"):
        with suppress(DamagedError, UnavailableError):
            if facts.items() <= artifact.manifest(path).items():
                former = load(path, ranker)
    make(own, ranker, enterprises, progress, facts=facts, former=former)


def make(
    folder: Path,
    ranker: Ranker,
    enterprises: pl.DataFrame,
    progress: Count | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
    former: Prepared | None = None,
) -> None:
    """Write what serving needs of the enterprises into a new folder, whole or not at all.

    Up to `retrieval.EXACT` enterprises features are kept in single precision, and scores are those
    of features that were never written; of more in half precision, which halves what a request
    reads.

    Parameters
    ----------
    folder : Path
        Must not exist.
    ranker : Ranker
    enterprises : DataFrame
        The enterprises table.
    progress : callable, optional
        Called with (enterprises done, enterprises).
    facts : mapping, optional
        What else the manifest is to say, JSON.
    former : Prepared, optional
        What was made before of other enterprises and all else that is the same: rows that have
        not changed since are taken over.

    Raises
    ------
    NotWrittenError
        When the disk does not take it; nothing is left behind.
    """
    frame = enterprises.sort("enterprise_id")
    large = len(frame) > retrieval.EXACT
    kind = np.float16 if large else np.float32
    if former is not None and isinstance(former.retriever, TwoStage) != large:
        former = None  # kept in another precision
    with artifact.drafted(folder, facts or {}) as draft:
        with GrowingArrays(draft) as files:
            same = _write_tables(files, frame, former.profiles if former else None)
            taken = None if former is None else pool_files.FormerPool(former.bound, same)
            pool_files.write(files, ranker, frame, kind, progress, taken)
        if large:
            drafted = {path.stem: artifact.map_array(path) for path in draft.glob("*.npy")}
            _write_first_stage(draft, pool_files.bind(drafted, ranker))


def _write_tables(files: Growing, frame: pl.DataFrame, former: Profiles | None) -> NDArray[np.intp]:
    """Write profiles and residents; return the row of each in the former ones, -1 unless equal."""
    arrays = profile_arrays(frame)
    for name, array in arrays.items():
        files.append(f"profiles.{name}", array)
    residents = Residents.of(frame)
    for name, array in residents.arrays().items():
        files.append(f"residents.{name}", array)
    return np.full(len(frame), -1) if former is None else former.equal(Profiles.restore(arrays))


def _write_first_stage(draft: Path, bound: PoolRanker) -> None:
    def allocate(name: str, shape: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
        path = draft / f"retrieval.{name}.npy"
        return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)

    for name, array in two_stage.make(bound, allocate=allocate).items():
        if isinstance(array, np.memmap):
            array.flush()
        else:
            np.save(draft / f"retrieval.{name}.npy", array, allow_pickle=False)


def load(folder: Path, ranker: Ranker) -> Prepared:
    """Return what `make` has written, mapped into memory.

    Raises
    ------
    DamagedError
        When a file is missing or cut short, or the manifest was altered.
    """
    try:
        return _bound(artifact.mapped(folder), ranker)
    except (LookupError, ValueError) as error:
        raise DamagedError(f"{folder} is damaged: {error}", got=str(folder)) from error


def _bound(arrays: Mapping[str, NDArray[Any]], ranker: Ranker) -> Prepared:
    bound = pool_files.bind(arrays, ranker)
    first = pool_files.part(arrays, "retrieval")
    return Prepared(
        bound,
        Profiles.restore(pool_files.part(arrays, "profiles")),
        Residents.restore(pool_files.part(arrays, "residents")),
        TwoStage(bound, first) if first else Exhaustive(bound),
        tuple(arrays[name] for name in sorted(arrays.keys() & _GATHERED)),
    )
