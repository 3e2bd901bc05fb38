"""A version prepared for a pool: all data on enterprises that serving needs, on disk.

Features are computed chunk by chunk, so that a pool need not fit into memory, and every process
maps the same files: loading takes no longer for a million enterprises than for thousands, and
workers share one copy. The files are in `prepared/VERSION/`, under a name derived from the tables.
They follow from model and tables: if they are missing or truncated they are written again, and
those for other tables are then removed. `verify` checks every byte, before a version is published.
"""

from __future__ import annotations

import hashlib
import logging
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import filelock
import numpy as np
import polars as pl

from features.enterprises.duplicates import known_columns
from features.enterprises.profiles import TEXTS, Profiles, dictionary_for, joined
from features.enterprises.profiles import arrays as profile_arrays
from features.errors import DamagedError, UnavailableError
from features.residents import COLUMNS, Residents
from features.structures.growing import GrowingArrays, MemoryArrays
from models.retrieval import retrieval, two_stage
from models.retrieval.retrieval import Exhaustive, Retriever
from models.retrieval.two_stage import TwoStage
from models.storage import artifact, pool_files
from models.storage.artifact import NotWrittenError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from features.progress import Count
    from features.storage.snapshot import Snapshot
    from features.storage.stored_rows import Rows
    from features.structures.growing import Growing
    from features.workspace import Workspace
    from models.scoring.ranker import PoolRanker, Ranker
    from models.storage.chunks import Chunk, Workers

log = logging.getLogger(__name__)

TABLES = ("enterprises", "chains", "input_output")
"""The tables that features depend on: if one of these changes, everything is prepared again."""
FOLDER = "prepared"
_MADE_BY = 8
"""Incremented when the computation of these files changes; earlier files are then ignored."""
_GATHERED = ("views.", "nodes.fit", "products.", "product_", "measured.", "retrieval.matrix")
"""How the names of the files begin that requests gather rows from."""
_PAGE = 4_096
_PROFILES = 100_000
"""Profiles that are written at once."""
_LOCK, _DRAFTS, _PARTS = ".lock", ".*.draft", ".*.parts"


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
        The mapped arrays that requests gather rows from.
    """

    bound: PoolRanker
    profiles: Profiles
    residents: Residents
    retriever: Retriever
    gathered: tuple[NDArray[Any], ...] = ()

    def touch(self) -> None:
        """Read every page that requests gather from, so that none of them waits for the disk.

        It takes as long as reading the files, and does not block other threads.
        """
        for array in self.gathered:
            array.reshape(-1).view(np.uint8)[::_PAGE].max(initial=0)


def prepare(
    version: str,
    read: Callable[[], Ranker],
    workspace: Workspace | Snapshot,
    progress: Count | None = None,
    workers: Workers | None = None,
) -> Prepared:
    """Return a version prepared for the current tables; prepare it if necessary.

    If several processes call this at once, one prepares and the others wait. The result is of one
    snapshot of the tables.

    Parameters
    ----------
    version : str
    read : callable
        Loads the ranker of the version, on the current tables.
    workspace : Workspace or Snapshot
    progress : callable, optional
        Called with (enterprises done, enterprises).
    workers : Workers, optional
        Compute the features in other processes. What they have computed is kept until the version
        is prepared, so that an interrupted run can be continued.

    Raises
    ------
    DamagedError
        When the enterprises table was altered.
    NotWrittenError
        When the files cannot be written.
    """
    return workspace.reading(lambda snapshot: _prepared(version, read, snapshot, progress, workers))


def _prepared(
    version: str,
    read: Callable[[], Ranker],
    snapshot: Snapshot,
    progress: Count | None,
    workers: Workers | None,
) -> Prepared:
    made_of = versions(snapshot)
    own = folder(version, snapshot.home, made_of)
    ranker = read()
    with suppress(DamagedError):  # usually there is none
        return load(own, ranker)
    try:
        own.parent.mkdir(parents=True, exist_ok=True)
        with filelock.FileLock(own.with_name(_LOCK)):
            _remove(own.parent.glob(_DRAFTS))
            found = _loaded(own, ranker)  # another process may have prepared it meanwhile
            if found is None:
                enterprises = snapshot.rows("enterprises")
                # Files that others made for newer tables must not be removed for older ones.
                snapshot.check_current(TABLES)
                _make(own, ranker, enterprises, made_of, progress, workers)
                found = load(own, ranker)
                _remove(path for path in own.parent.glob("[!.]*") if path != own)
                _remove(own.parent.glob(_PARTS))
            return found
    except OSError as error:
        raise NotWrittenError(
            f"could not prepare model {version} in {own.parent}: {error.strerror or error}",
            got=str(own.parent),
            expected="a writable folder with free space",
        ) from error


def in_memory(ranker: Ranker, enterprises: pl.DataFrame, progress: Count | None = None) -> Prepared:
    """Return the same as `prepare`, computed in memory: slower, and not shared.

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
    pool_files.write(files, ranker, frame, large, progress)
    arrays = files.arrays()
    if large:
        first = two_stage.make(pool_files.bind(arrays, ranker))
        arrays |= {f"retrieval.{name}": array for name, array in first.items()}
    return _bound(arrays, ranker)


def versions(workspace: Workspace | Snapshot) -> tuple[str, ...]:
    """Return the versions of the tables that features depend on."""
    return tuple(workspace.version(table) for table in TABLES)


def is_there(version: str, workspace: Workspace | Snapshot) -> bool:
    """Return whether a version is prepared for the current tables."""
    return folder(version, workspace.home, versions(workspace)).exists()


def verify(version: str, workspace: Workspace | Snapshot) -> None:
    """Check every byte of the files for the current tables; remove them if damaged."""
    own = folder(version, workspace.home, versions(workspace))
    if own.exists():
        try:
            artifact.verify(own)
        except DamagedError as error:
            log.warning("what was prepared is made anew: %s", error.message)
            _remove([own])


def tidy(workspace: Workspace | Snapshot) -> None:
    """Remove the files of deleted versions, and remains of a killed process.

    Processes that have mapped the files keep them until they close them.
    """
    for own in (workspace.home / FOLDER).glob("*"):
        if not (workspace.home / "models" / own.name).exists():
            _remove([own])
            continue
        with suppress(filelock.Timeout), filelock.FileLock(own / _LOCK, timeout=0):
            _remove(own.glob(_DRAFTS))


def folder(version: str, home: Path, made_of: tuple[str, ...]) -> Path:
    """Return the folder of a version prepared for these versions of the tables."""
    what = f"{artifact.FORMAT} prepared {_MADE_BY} {' '.join(made_of)}"
    return home / FOLDER / version / hashlib.sha256(what.encode()).hexdigest()[:16]


def _remove(folders: Iterable[Path]) -> None:
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def _loaded(own: Path, ranker: Ranker) -> Prepared | None:
    """Return the existing files as Prepared; remove damaged ones."""
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
    enterprises: Rows,
    made_of: tuple[str, ...],
    progress: Count | None,
    workers: Workers | None,
) -> None:
    """Prepare for tables of these versions, reusing unchanged rows of former ones."""
    links = dict(zip(TABLES, made_of, strict=True))
    del links["enterprises"]
    facts = {"links": links, "made_by": _MADE_BY}
    former = None
    for path in own.parent.glob("[!.]*"):
        with suppress(DamagedError, UnavailableError):
            if facts.items() <= artifact.manifest(path).items():
                former = load(path, ranker)

    def elsewhere(compact: bool, frames: Iterable[pl.DataFrame]) -> Iterator[Chunk]:
        assert workers is not None
        return workers.each(frames, compact, own.with_name(f".{own.name}.parts"), links)

    given = None if workers is None else elsewhere
    make(own, ranker, enterprises, progress, facts=facts, former=former, elsewhere=given)


def make(
    folder: Path,
    ranker: Ranker,
    enterprises: Rows,
    progress: Count | None = None,
    *,
    facts: Mapping[str, Any] | None = None,
    former: Prepared | None = None,
    elsewhere: Callable[[bool, Iterable[pl.DataFrame]], Iterator[Chunk]] | None = None,
) -> None:
    """Write the data on enterprises that serving needs atomically into a new folder.

    Up to `retrieval.EXACT` enterprises, features are stored in single precision, and scores equal
    those of features in memory; beyond that in codes (`features.structures.compact`).

    Parameters
    ----------
    folder : Path
        Must not exist.
    ranker : Ranker
    enterprises : DataFrame or StoredRows
        The enterprises table; one in parts is ordered by id, and never in memory as a whole.
    progress : callable, optional
        Called with (enterprises done, enterprises).
    facts : mapping, optional
        What else the manifest is to say, JSON.
    former : Prepared, optional
        Prepared before for other enterprises and otherwise the same: its unchanged rows are reused.
    elsewhere : callable, optional
        Takes whether features are stored in codes, and chunks of the table; yields their features,
        computed elsewhere.

    Raises
    ------
    NotWrittenError
        When the disk does not take it; nothing is left behind.
    """
    frame = enterprises
    if isinstance(enterprises, pl.DataFrame):
        frame = enterprises.sort("enterprise_id")
    large = len(frame) > retrieval.EXACT
    if former is not None and isinstance(former.retriever, TwoStage) != large:
        former = None  # stored in another form
    with artifact.drafted(folder, facts or {}) as draft:
        with GrowingArrays(draft) as files:
            same = _write_tables(files, frame, former.profiles if former else None)
            taken = None if former is None else pool_files.FormerPool(former.bound, same)
            own = None if elsewhere is None else partial(elsewhere, large)
            pool_files.write(files, ranker, frame, large, progress, taken, own)
        if large:
            drafted = {path.stem: artifact.map_array(path) for path in draft.glob("*.npy")}
            _write_first_stage(draft, pool_files.bind(drafted, ranker))


def _write_tables(files: Growing, rows: Rows, former: Profiles | None) -> NDArray[np.intp]:
    """Write profiles and residents; return the former row of each unchanged profile, else -1."""
    dictionary = dictionary_for(rows)
    others, known, same = [], [], []
    for start in range(0, max(len(rows), 1), _PROFILES):
        part = rows.slice(start, _PROFILES)
        own = profile_arrays(part, dictionary)
        unknown = np.full(len(part), -1)
        same.append(unknown if former is None else former.equal(Profiles.restore(own)))
        known.append(known_columns(part))
        for name in TEXTS:
            files.append(f"profiles.{name}", own.pop(name))
        others.append(own)
    for name, array in joined(others).items():
        files.append(f"profiles.{name}", array)
    residents = Residents.of(rows.select(COLUMNS), np.concatenate(known))
    for name, array in residents.arrays().items():
        files.append(f"residents.{name}", array)
    return np.concatenate(same)


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
    """Return the files written by `make`, as memory maps.

    Raises
    ------
    DamagedError
        When a file is missing or truncated, or the manifest was altered.
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
        tuple(array for name, array in sorted(arrays.items()) if name.startswith(_GATHERED)),
    )
