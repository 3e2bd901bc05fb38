"""The registry of model versions of a workspace: listing, activation, rollback."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from features.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from features.tables.schema import schema_hash
from models.releases.rollout import Rollout
from models.storage import artifact
from models.storage.artifact import UnfitModelError

if TYPE_CHECKING:
    import builtins
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from features.workspace import Workspace

_ACTIVE = "active.json"
_SUMMARY = ("created_at", "seed", "metrics", "data", "forced", "refused")
_PRUNED = ".pruned"


class LostModelError(DamagedError):
    """The folder of the active version was removed: train, or activate another version."""

    code = "model-gone"


class ModelRegistry:
    """Versions are folders under `models/`; `active.json` names the active and earlier ones.

    Activation replaces one small file, and so is atomic. Before that, every worker that serves the
    workspace has loaded the version, so that no request waits.

    Parameters
    ----------
    workspace : Workspace
    check : callable
        Called with a version's folder before it becomes active; raises DamagedError or
        UnfitModelError if it cannot be served. By default only checksums are checked;
        `models.storage.loading.load` checks all that a service needs.
    prepare : callable
        Called with a version before workers load it; if it raises DamagedError, UnfitModelError or
        UnavailableError, nothing has changed.
    """

    def __init__(
        self,
        workspace: Workspace,
        check: Callable[[Path], object] = artifact.verify,
        prepare: Callable[[str], object] = lambda _: None,
    ) -> None:
        self.workspace = workspace
        self.check = check
        self.prepare = prepare
        self.rollout = Rollout(workspace.home)
        self.folder: Path = workspace.home / "models"

    @property
    def pointer(self) -> Path:
        """The file that changes whenever another version becomes active."""
        return self.folder / _ACTIVE

    def path(self, version: str) -> Path:
        """Return a version's folder; the version may be damaged.

        Raises
        ------
        NotFoundError
            When there is no such version.
        """
        if version not in self._versions():
            raise NotFoundError(
                f"no model version {version!r}",
                field="version",
                got=version,
                expected="one of: " + (", ".join(self._versions()) or "none yet, run train"),
            )
        return self.folder / version

    def list(self) -> list[dict[str, Any]]:
        """Return every version, newest first.

        Each has version, active; damaged, and `problem`, why it cannot be served as far as manifest
        and file names show (activation checks every byte); created_at, seed, metrics, data; forced
        and refused, as recorded by training.
        """
        self.workspace.check()
        active = None
        with suppress(DamagedError):
            active = self.active()
        return [self._summary(version, active) for version in reversed(self._versions())]

    def show(self, version: str) -> dict[str, Any]:
        """Return a version's manifest, and whether it is active."""
        manifest = artifact.manifest(self.path(version))
        return {"version": version, "active": version == self.active(), **manifest}

    def active(self) -> str | None:
        """Return the active version, None before the first (GoneError)."""
        history = self._history()
        if not history:
            self.workspace.check()
        return history[-1] if history else None

    def active_folder(self) -> Path | None:
        """Return the folder of the active version, None before the first.

        Raises
        ------
        LostModelError
            When it is gone.
        """
        version = self.active()
        return None if version is None else self.folder_of(version)

    def folder_of(self, version: str) -> Path:
        """Return the folder of a version that once existed.

        Raises
        ------
        LostModelError
            When it is gone.
        """
        if version not in self._versions():
            raise LostModelError(
                f"the active model {version} is gone from {self.folder}: activate another version "
                "or train again",
                got=str(self.folder / version),
            )
        return self.folder / version

    def activate(self, version: str) -> str:
        """Make a version the active one.

        Raises
        ------
        NotFoundError
            When there is no such version.
        DamagedError, ConflictError
            When a file was altered, or it cannot be served here; nothing has changed.
        """
        self._prepare(version)
        with self.workspace.writing():
            self._check(self.path(version))
            try:
                history = self._history()
            except DamagedError:
                history = []
            if not history or history[-1] != version:
                self._switch([*history, version])
        return version

    def rollback(self) -> str:
        """Activate the previously active version, and return it.

        Raises
        ------
        ConflictError
            When there is none, or it cannot be served here; nothing has changed.
        DamagedError
            When one of its files was altered; nothing has changed.
        """
        self._prepare(self._before()[-1])
        with self.workspace.writing():
            history = self._before()
            self._check(self.path(history[-1]))
            self._switch(history)
        return history[-1]

    def prune(self, keep: int) -> builtins.list[str]:
        """Delete all but the newest `keep` versions and return the deleted ones.

        The active one is kept, and so is the one that `rollback` would activate.
        """
        with self.workspace.writing():
            versions = self._versions()
            served = [v for v in self._history() if v in versions][-2:]
            kept = {*served, *(versions[-keep:] if keep else [])}
            if (active := self.active()) is not None:
                kept.add(active)
            gone = [v for v in versions if v not in kept]
            if gone:
                self._point([v for v in self._history() if v not in gone])
            for version in gone:
                # Hidden first: a half-deleted folder must not look like a version.
                (self.folder / version).rename(self.folder / f".{version}{_PRUNED}")
            for path in self._left_behind():
                shutil.rmtree(path) if path.is_dir() else path.unlink()
        return gone

    def _left_behind(self) -> builtins.list[Path]:
        """Return pruned folders, and drafts that a killed command left at least a day ago."""
        yesterday = time.time() - 86_400
        drafts = [*self.folder.glob(".*.draft"), *self.folder.glob("active.*.draft")]
        old = [path for path in drafts if path.stat().st_mtime < yesterday]
        return [*self.folder.glob(f".*{_PRUNED}"), *old]

    def _versions(self) -> builtins.list[str]:
        """Return the folders with a manifest or arrays; one that lacks either is damaged."""
        found = (*self.folder.glob(f"[!.]*/{artifact.MANIFEST}"), *self.folder.glob("[!.]*/*.npy"))
        return sorted({path.parent.name for path in found})

    def _before(self) -> builtins.list[str]:
        """Return the history after a rollback (ConflictError without a version to roll back to)."""
        history = [v for v in self._history()[:-1] if v in self._versions()]
        if not history:
            raise ConflictError(
                "no version to roll back to: no other one was active before",
                expected="a version that was active before",
            )
        return history

    def _prepare(self, version: str) -> None:
        """Prepare what workers need to load a version, if there are any."""
        self.path(version)
        with suppress(DamagedError):
            if version == self.active():
                return
        if self.rollout.workers():
            with _refusing():
                self.prepare(version)

    def _check(self, folder: Path) -> None:
        with _refusing():
            self.check(folder)

    def _summary(self, version: str, active: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        problem = damaged = None
        try:
            found = artifact.skim(self.folder / version)
        except (DamagedError, UnfitModelError) as error:
            problem, damaged = error.message, isinstance(error, DamagedError)
        if found.get("schema", schema_hash()) != schema_hash():
            problem = "made for an older table schema: train again"
        return {
            "version": version,
            "active": version == active,
            "damaged": bool(damaged),
            "problem": problem,
            **{key: found.get(key) for key in _SUMMARY},
        }

    def _history(self) -> builtins.list[str]:
        try:
            found = json.loads(self.pointer.read_text(encoding="utf-8"))
            return [str(version) for version in found["history"]]
        except FileNotFoundError:
            return []
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise DamagedError(
                f"{self.pointer} cannot be read: {error}; activate a version to mend it",
                got=str(self.pointer),
            ) from error

    def _switch(self, history: builtins.list[str]) -> None:
        """Activate the last version of a history, once the workers have loaded it."""
        with self.rollout.announced(history[-1]):
            self._point(history)

    def _point(self, history: builtins.list[str]) -> None:
        draft = self.pointer.with_suffix(f".{os.getpid()}.draft")
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with draft.open("w", encoding="utf-8") as file:
                json.dump({"history": history}, file)
                file.flush()
                os.fsync(file.fileno())
            draft.replace(self.pointer)
        except OSError as error:
            raise UnavailableError(f"could not write {self.pointer}: {error}") from error
        finally:
            draft.unlink(missing_ok=True)


@contextmanager
def _refusing() -> Iterator[None]:
    """Reject a version that cannot be served."""
    try:
        yield
    except UnfitModelError as error:
        raise ConflictError(
            f"{error.message}; nothing has changed",
            field="version",
            got=error.got,
            expected=error.expected,
        ) from error
