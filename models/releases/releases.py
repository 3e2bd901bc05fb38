"""Releases: a workspace's model, prepared pool and tables, sent to a store and taken from it.

Of two releases that follow one another either the model differs or the tables do, never both, so
that whoever follows is at every moment at a version that was prepared for the tables it has.
"""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

import filelock

from features.errors import DamagedError, LianzhaoError, UnavailableError
from features.storage.joins import FILE as JOINS
from features.storage.snapshot import CURRENT
from models.releases.store import Release, StoredFile, stored_file
from models.storage import artifact, checked_files, prepared
from models.storage.artifact import UnfitModelError

if TYPE_CHECKING:
    from features.progress import Count
    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from models.releases.registry import ModelRegistry
    from models.releases.store import Store

_STATE, _OBJECTS, _LOCK = "store.json", ".objects", ".pull.lock"
_RULES, _TABLES = "rules", "tables"
_FETCHED_AT_ONCE = 4
_IMMUTABLE = ("models", prepared.FOLDER)
"""Folders of a workspace in which nothing changes once it is there."""


class State(NamedTuple):
    """State of a workspace relative to the store that it follows.

    Attributes
    ----------
    release : int
        The last one that it has, 0 before the first.
    trouble : str or None
        Why the store or its newest release could not be read when it was last looked at.
    looked_at : float
        When that was, in seconds of this host's clock.
    """

    release: int = 0
    trouble: str | None = None
    looked_at: float = 0.0

    @classmethod
    def of(cls, home: Path) -> State | None:
        """Return the state of a workspace, None where it follows no store."""
        try:
            return cls(**json.loads((home / _STATE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None

    def keep(self, home: Path) -> None:
        """Write it down."""
        draft = home / f".{_STATE}.draft"
        draft.write_text(json.dumps(self._asdict(), ensure_ascii=False), encoding="utf-8")
        draft.replace(home / _STATE)


def release_of(workspace: Workspace, version: str) -> Release:
    """Return a version that is prepared for the current tables as a release.

    Raises
    ------
    UnavailableError
        When it is not prepared.
    DamagedError
        When a file of it, or of a table, was altered.
    """
    return workspace.reading(lambda snapshot: _release_of(snapshot, version))


def _release_of(snapshot: Snapshot, version: str) -> Release:
    home = snapshot.home
    folder = prepared.folder(version, home, prepared.versions(snapshot))
    if not folder.exists():
        raise UnavailableError(
            f"model {version} is not prepared for the tables as they are: run `lianzhao models "
            "prepare` first",
            got=version,
        )
    arrays = [
        stored_file(home, path, digest)
        for each in (home / "models" / version, folder)
        for path, digest in artifact.verify(each).items()
    ]
    tables = {name: asdict(entry) for name, entry in snapshot.entries.items()}
    paths = [
        *sorted({*snapshot.files()}),
        *(path for path in (home / _TABLES / JOINS,) if path.exists()),
        *sorted((home / _RULES).glob("*.csv")),
    ]
    return Release(version, tables, (*arrays, *(stored_file(home, path) for path in paths)))


def push(
    workspace: Workspace,
    version: str,
    store: Store,
    after: int,
    progress: Count | None = None,
) -> int:
    """Publish a version as it is prepared for the current tables; return the number of the release.

    Parameters
    ----------
    workspace : Workspace
    version : str
    store : Store
    after : int
        The newest release, as far as the publisher knows: 0 before the first.
    progress : callable, optional
        Called with (files done, files).

    Raises
    ------
    ConflictError
        When another publisher has published meanwhile.
    """
    release = release_of(workspace, version)
    for done, file in enumerate(release.files, start=1):
        store.put(file, workspace.home / file.path)
        if progress is not None:
            progress(done, len(release.files))
    store.add(after + 1, release)
    return after + 1


def pull(
    workspace: Workspace, registry: ModelRegistry, store: Store, progress: Count | None = None
) -> int:
    """Take over the releases that a workspace does not have yet; return the last one's number.

    A workspace without a model takes the newest alone. Files are checked before anything refers to
    them; a running service loads them beside those in service, and switches. Where there is nothing
    new, files of the model and of the prepared pool that were damaged meanwhile are fetched again.

    Raises
    ------
    DamagedError
        When a release or a file of it is missing or altered; what was there before stays.
    UnavailableError
        When the store does not answer.
    ConflictError
        When the release cannot be served here.
    """
    home = workspace.home
    home.mkdir(parents=True, exist_ok=True)
    with filelock.FileLock(home / _LOCK):
        had = (State.of(home) or State()).release
        numbers = store.numbers(after=had)
        active = registry.active()
        if active is None:
            numbers = numbers[-1:]
        elif had and not numbers and _is_damaged(workspace, active):
            numbers = [had]
        for number in numbers:
            release = store.release(number)
            _fetch(home, release, store, progress)
            _switch(workspace, registry, release)
            State(number, None).keep(home)
            _prune(workspace, registry, release)
        return numbers[-1] if numbers else had


def _is_damaged(workspace: Workspace, version: str) -> bool:
    """Whether a file of a version, or of what was prepared of it, is missing or has changed."""
    own = prepared.folder(version, workspace.home, prepared.versions(workspace))
    for folder in (workspace.home / "models" / version, own):
        try:
            if folder.exists():  # another version of Lianzhao prepares under another name
                artifact.check(folder)
        except DamagedError:
            return True
        except UnfitModelError:
            continue
    return False


def _fetch(home: Path, release: Release, store: Store, progress: Count | None) -> None:
    """Have all files of a release at hand, under their digests."""
    for file in release.files:
        _check_path(file, store)
    kept, files = home / _OBJECTS, {file.sha256: file for file in release.files}
    kept.mkdir(exist_ok=True)
    digests = {digest: digest for digest in files}
    lacking = checked_files.damaged(kept, digests)
    threads = ThreadPoolExecutor(_FETCHED_AT_ONCE)
    try:
        fetched = threads.map(lambda digest: store.get(files[digest], kept / digest), lacking)
        for done, _ in enumerate(fetched, start=1):
            if progress is not None:
                progress(done, len(lacking))
    finally:
        threads.shutdown(cancel_futures=True)
    checked_files.record(kept, digests)


def _switch(workspace: Workspace, registry: ModelRegistry, release: Release) -> None:
    """Put files in their places, then let tables and model point to them."""
    home = workspace.home
    folders: dict[Path, list[StoredFile]] = {}
    others = []
    for file in release.files:
        path = PurePosixPath(file.path)
        if path.parts[0] in _IMMUTABLE:
            folders.setdefault(home / path.parent, []).append(file)
        else:
            others.append(file)
    for folder, files in folders.items():
        _place(home, folder, files)
    with workspace.writing():
        rules = {file.path for file in others if file.path.startswith(f"{_RULES}/")}
        for file in others:
            target = home / file.path
            target.parent.mkdir(exist_ok=True)
            _link(home / _OBJECTS / file.sha256, target)
        for own in (home / _RULES).glob("*.csv"):
            if own.relative_to(home).as_posix() not in rules:
                own.unlink()
        if f"{_TABLES}/{JOINS}" not in {file.path for file in others}:
            (home / _TABLES / JOINS).unlink(missing_ok=True)
        if workspace.pointed() != release.tables:
            workspace.point(release.tables)
    if registry.active() != release.version:
        registry.activate(release.version)


def _place(home: Path, folder: Path, files: list[StoredFile]) -> None:
    """Make a folder of files that are at hand; it appears whole or not at all."""
    with suppress(LianzhaoError):
        artifact.check(folder)
        return
    draft = folder.with_name(f".{folder.name}.pulled")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir(parents=True)
    digests = {PurePosixPath(file.path).name: file.sha256 for file in files}
    for name, digest in digests.items():
        os.link(home / _OBJECTS / digest, draft / name)
    checked_files.record(draft, digests)  # when they were fetched
    shutil.rmtree(folder, ignore_errors=True)
    draft.rename(folder)


def _link(source: Path, target: Path) -> None:
    draft = target.with_name(f".{target.name}.tmp")
    draft.unlink(missing_ok=True)
    os.link(source, draft)
    draft.replace(target)


def _prune(workspace: Workspace, registry: ModelRegistry, release: Release) -> None:
    """Remove what neither this release nor a rollback needs; a process that maps it keeps it."""
    registry.prune(keep=0)
    prepared.tidy(workspace)
    needed = {file.sha256 for file in release.files}
    folders = {workspace.home / PurePosixPath(file.path).parent for file in release.files}
    for folder in (workspace.home / prepared.FOLDER / release.version).glob("[!.]*"):
        if folder not in folders:
            shutil.rmtree(folder, ignore_errors=True)
    for kept in (workspace.home / _OBJECTS).glob("[!.]*"):
        if kept.name not in needed:
            kept.unlink()


def _check_path(file: StoredFile, store: Store) -> None:
    """Refuse a file that does not belong into a workspace."""
    path = PurePosixPath(file.path)
    known = path.parts and path.parts[0] in (*_IMMUTABLE, _TABLES, _RULES)
    if not known or path.is_absolute() or ".." in path.parts or path.name == CURRENT:
        raise DamagedError(
            f"a release in {store.url} names {file.path!r}, which is not a file of a release"
        )
