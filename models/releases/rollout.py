"""Rollout without downtime: workers load a version before it becomes active.

An activation announces a version in a small file of the workspace. Each worker that serves the
workspace has a file there, locked as long as it lives; it loads the announced version beside the
one in service, and acknowledges it or writes why it cannot. A worker that missed an announcement
loads the version when it is active.
"""

from __future__ import annotations

import json
import secrets
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import filelock

from features.errors import ConflictError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PATIENCE = 60.0
"""Timeout in seconds for workers: a later one loads the version when it is active."""
_EVERY = 0.02
"""Polling interval of their replies in seconds."""


class Announcement(NamedTuple):
    """An announced version, and a token of the announcement."""

    version: str
    token: str


class Rollout:
    """The files by which a version is announced and workers acknowledge it.

    Parameters
    ----------
    home : Path
        The workspace.
    """

    def __init__(self, home: Path) -> None:
        self.folder = home / ".workers"
        self._next = self.folder / "next.json"

    def workers(self) -> list[Path]:
        """Return the files of live workers, and remove those of others."""
        return [lock for lock in sorted(self.folder.glob("*.lock")) if _lives(lock)]

    @contextmanager
    def announced(self, version: str) -> Iterator[None]:
        """Have every worker load a version before the body of the context runs.

        Raises
        ------
        ConflictError
            When a worker cannot load it.
        UnavailableError
            When the announcement cannot be written.
        """
        if not self.workers():
            yield
            return
        token = secrets.token_hex(8)
        said = {"version": version, "token": token, "until": time.time() + PATIENCE}
        try:
            _replace(self._next, said)
            self._wait(Announcement(version, token))
            yield
        finally:
            with suppress(OSError):
                self._next.unlink()

    def next(self) -> Announcement | None:
        """Return the announced version; one left by a killed process expires after a minute."""
        said = _read(self._next)
        if time.time() < said.get("until", 0.0):
            return Announcement(said["version"], said["token"])
        return None

    @contextmanager
    def joined(self) -> Iterator[Worker]:
        """Register as a worker for the duration of the context (OSError without a file)."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / f"{secrets.token_hex(8)}.lock"
        with filelock.FileLock(path):
            try:
                yield Worker(path)
            finally:
                _remove(path)

    def _wait(self, announcement: Announcement) -> None:
        ends = time.monotonic() + PATIENCE
        while time.monotonic() < ends:
            said = [Worker(lock).said(announcement) for lock in self.workers()]
            for problem in filter(None, said):
                raise ConflictError(
                    f"a worker cannot load model {announcement.version}: {problem}; nothing has "
                    "changed",
                    field="version",
                    got=announcement.version,
                    expected="a version that every worker can load",
                )
            if None not in said:
                return
            time.sleep(_EVERY)


class Worker:
    """A worker that serves the workspace.

    Parameters
    ----------
    lock : Path
        The file that it locks.
    """

    def __init__(self, lock: Path) -> None:
        self._reply = lock.with_suffix(".json")

    def reply(self, announcement: Announcement, problem: str | None) -> None:
        """Acknowledge an announcement, or say why loading failed (UnavailableError)."""
        _replace(self._reply, {"token": announcement.token, "problem": problem or ""})

    def said(self, announcement: Announcement) -> str | None:
        """Return its problem, "" for none; None until it has replied."""
        said = _read(self._reply)
        return said["problem"] if said.get("token") == announcement.token else None


def _lives(lock: Path) -> bool:
    """Whether a worker still locks its file, which a dead or killed one does not."""
    try:
        with filelock.FileLock(lock).acquire(timeout=0):
            _remove(lock)
    except filelock.Timeout:
        return True
    except OSError:  # owned by another user: it does not follow announcements
        return False
    return False


def _remove(lock: Path) -> None:
    for path in (lock, lock.with_suffix(".json")):
        path.unlink(missing_ok=True)


def _read(path: Path) -> dict[str, Any]:
    try:
        found: dict[str, Any] = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    return found


def _replace(path: Path, said: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    try:
        draft.write_text(json.dumps(said), encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        raise UnavailableError(f"could not write {path}: {error.strerror or error}") from error
