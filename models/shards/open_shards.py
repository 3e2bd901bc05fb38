"""Shards that are open in a process: read from the files of a prepared version, and checked."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from features.encoder import encoder_named
from features.workspace import Workspace
from models.shards.shards import Shard
from models.storage import artifact, loading, pool_files
from models.storage.artifact import UnfitModelError
from models.storage.checked_files import have_changed, marks

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future

    from models.retrieval.spans import Span
    from models.storage.checked_files import FileMark

_SHOWN = 12
_OPEN = 4
"""So many shards stay open in one worker; they are mapped files."""


class ShardFiles(NamedTuple):
    """Where a shard is read from.

    Attributes
    ----------
    home : str
        The workspace.
    model, prepared : str
        Folders of the version, and of what was prepared of it.
    seals : tuple of str
        Of their manifests.
    encoder : str or None
        Its name, see `features.encoder.encoder_named`.
    span : Span
    """

    home: str
    model: str
    prepared: str
    seals: tuple[str, str]
    encoder: str | None
    span: Span


class ShardTask(NamedTuple):
    """A question to a shard: a method of `Shard`, and what it is asked."""

    files: ShardFiles
    method: Callable[[Shard, Any], Any]
    asked: Any


def answer(task: ShardTask) -> Any:
    """Return the answer of a shard, which is opened where it is not open yet."""
    return task.method(opened(task.files), task.asked)


class Reader:
    """Opens shards in a thread, so that requests to open ones do not wait meanwhile."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="shard")
        self._reading: dict[ShardFiles, Future[None]] = {}
        self._lock = threading.Lock()

    def is_read(self, files: ShardFiles) -> bool:
        """Return whether a shard is open and its pages are read; begin with it otherwise.

        Raises
        ------
        DamagedError, UnfitModelError
            See `opened`.
        """
        with self._lock:
            if files not in self._reading:
                self._reading[files] = self._thread.submit(_read, files)
            reading = self._reading[files]
            if not reading.done():
                return False
            del self._reading[files]
        reading.result()
        return True


def _read(files: ShardFiles) -> None:
    opened(files).touch()


def is_read(files: ShardFiles) -> bool:
    """Return whether a shard is read in this process, see `Reader`."""
    return _READER.is_read(files)


_READER = Reader()


def opened(files: ShardFiles) -> Shard:
    """Return a shard of a prepared version; files that have changed are checked and opened again.

    Raises
    ------
    DamagedError
        When a file of the model or of what was prepared is missing, truncated or altered.
    UnfitModelError
        When the version does not serve here, or the files are of another one.
    """
    shard, mapped = _opened(files)
    if have_changed(Path(files.prepared), mapped):
        _opened.cache_clear()
        shard, _ = _opened(files)
    return shard


@lru_cache(_OPEN)
def _opened(files: ShardFiles) -> tuple[Shard, dict[str, FileMark]]:
    """Return a shard, and the marks of the files that it maps."""
    workspace, encoder = Workspace(Path(files.home)), encoder_named(files.encoder)
    _check_version(files, workspace)
    ranker = loading.load(Path(files.model), workspace, encoder)
    mapped = marks(Path(files.prepared))  # before they are checked
    arrays = artifact.mapped(Path(files.prepared))
    rows = slice(*files.span)
    bound = pool_files.bind(arrays, ranker, rows)
    first = pool_files.part(arrays, "retrieval")
    if first:
        first = {name: first[name][rows] for name in ("matrix.codes", "matrix.scales")}
    return Shard(bound, files.span.start, first), mapped


def _check_version(files: ShardFiles, workspace: Workspace) -> None:
    """Check that the files on this disk are the requested ones (DamagedError, UnfitModelError)."""
    links: dict[str, str] = {}
    for folder, seal in zip((files.model, files.prepared), files.seals, strict=True):
        manifest = artifact.manifest(Path(folder))
        links |= manifest.get("links", {})
        if manifest["seal"] != seal:
            raise UnfitModelError(
                f"{folder} is of another version than the one asked for: its seal is "
                f"{manifest['seal'][:_SHOWN]}, expected {seal[:_SHOWN]}",
                got=manifest["seal"],
                expected=seal,
            )
    for table, version in links.items():
        if workspace.version(table) != version:
            raise UnfitModelError(
                f"{files.prepared} was prepared for another version of the table {table} than "
                f"the one in {files.home}",
                got=workspace.version(table),
                expected=version,
            )
