"""The versions of a workspace's model: which there are, which one serves, and the way back."""

from __future__ import annotations

import json
import os
import shutil
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from features.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from models import artifact

if TYPE_CHECKING:
    import builtins
    from pathlib import Path

    from features.workspace import Workspace

_ACTIVE = "active.json"


class ModelRegistry:
    """Versions are folders under `models/`; `active.json` names the active one and those before.

    Changing which version is active replaces one small file, so it happens whole or not at all.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.folder: Path = workspace.home / "models"

    @property
    def pointer(self) -> Path:
        """The file that changes whenever another version becomes active."""
        return self.folder / _ACTIVE

    def path(self, version: str) -> Path:
        """Return a version's folder.

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
        """Return every version, newest first: version, active, damaged, created_at, metrics."""
        active = None
        with suppress(DamagedError):
            active = self.active()
        return [self._summary(version, active) for version in reversed(self._versions())]

    def show(self, version: str) -> dict[str, Any]:
        """Return a version's manifest, and whether it is active."""
        manifest = artifact.manifest(self.path(version))
        return {"version": version, "active": version == self.active(), **manifest}

    def active(self) -> str | None:
        """Return the active version, None before the first."""
        history = self._history()
        return history[-1] if history else None

    def activate(self, version: str) -> str:
        """Make a version the active one; a damaged one is refused."""
        with self.workspace.writing():
            artifact.load(self.path(version))
            try:
                history = self._history()
            except DamagedError:
                history = []
            if not history or history[-1] != version:
                self._point([*history, version])
        return version

    def rollback(self) -> str:
        """Go back to the version that was active before, and return it.

        Raises
        ------
        ConflictError
            When there is none.
        """
        with self.workspace.writing():
            history = [v for v in self._history()[:-1] if v in self._versions()]
            if not history:
                raise ConflictError(
                    "no version to roll back to: no other one was active before",
                    expected="a version that was active before",
                )
            artifact.load(self.path(history[-1]))
            self._point(history)
        return history[-1]

    def prune(self, keep: int) -> builtins.list[str]:
        """Delete all but the newest `keep` versions and the active one; return the deleted ones."""
        with self.workspace.writing():
            active, versions = self.active(), self._versions()
            kept = set(versions[-keep:] if keep else [])
            gone = [v for v in versions if v not in kept and v != active]
            if gone:
                self._point([v for v in self._history() if v not in gone])
            for version in [*gone, *self._left_behind()]:
                shutil.rmtree(self.folder / version)
        return gone

    def _left_behind(self) -> builtins.list[str]:
        """Return drafts that a killed training left behind a day ago or more."""
        yesterday = time.time() - 86_400
        drafts = self.folder.glob(".*.draft")
        return [p.name for p in drafts if p.is_dir() and p.stat().st_mtime < yesterday]

    def _versions(self) -> builtins.list[str]:
        if not self.folder.is_dir():
            return []
        return sorted(p.parent.name for p in self.folder.glob(f"[!.]*/{artifact.MANIFEST}"))

    def _summary(self, version: str, active: str | None) -> dict[str, Any]:
        found: dict[str, Any] = {}
        with suppress(DamagedError):
            found = artifact.manifest(self.folder / version)
        told = ("created_at", "seed", "metrics", "data")
        return {
            "version": version,
            "active": version == active,
            "damaged": not found,
            **{key: found.get(key) for key in told},
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
