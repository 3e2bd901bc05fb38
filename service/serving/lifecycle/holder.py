"""The engine of the active model and of the tables as they are now, for the service."""

from __future__ import annotations

from typing import TYPE_CHECKING

from models.storage.artifact import MANIFEST
from service.serving.interfaces import LOOK_SECONDS
from service.serving.lifecycle.watcher import RolloutWatcher

if TYPE_CHECKING:
    from service.serving.engine import Engine
    from service.serving.lifecycle.loader import EngineLoader


class EngineHolder:
    """Provides the engine of a workspace, and notices when the workspace changes.

    The engines in service and spare are state (`in_service.InService`); a loader loads engines, and
    a watcher has announced versions loaded before they become active.

    Parameters
    ----------
    loader : EngineLoader
    """

    def __init__(self, loader: EngineLoader) -> None:
        self.loader = loader
        self.workspace, self.clock, self.state = loader.workspace, loader.clock, loader.state
        self.watcher = RolloutWatcher(loader.registry.rollout, loader.load_ahead)
        self._looked_at = float("-inf")
        self._events = ""
        self._is_current = False

    @property
    def engine(self) -> Engine | None:
        """The engine in service; None before the first is loaded."""
        return self.state.engine

    def open(self) -> None:
        """Start loading announced versions, in a thread, before they become active."""
        self.watcher.open()

    def close(self) -> None:
        """Stop loading ahead, and end the hosts of shards."""
        self.loader.close()
        self.watcher.close()

    def ready(self) -> Engine | None:
        """Return the engine if it is up to date with the workspace, else None.

        A spare engine that is up to date is put in service first. Requests within `LOOK_SECONDS`
        share one check of two files.
        """
        now, events = self.clock(), self.loader.marks.events()
        if now - self._looked_at >= LOOK_SECONDS or events != self._events:
            self._is_current = (
                self.state.answers_for(self.loader.marks.read()) or self.loader.swap()
            )
            self._looked_at, self._events = now, events
        return self.state.engine if self._is_current else None

    def current(self) -> Engine:
        """Return an engine that is up to date with the workspace; load it if the workspace changed.

        Raises
        ------
        UnavailableError, DamagedError
            When it cannot be loaded, and none is left in service.
        """
        engine = self.loader.current()
        self._looked_at = float("-inf")
        return engine

    def pool_version(self) -> str:
        """Return the current version of the tables, whichever engine is in service."""
        return self.workspace.pool_version

    def trouble(self) -> str | None:
        """Return why the model in service is not the active one, or not on disk; else None."""
        if self.state.failure or self.engine is None:
            return self.state.failure
        version = self.engine.model_version
        if (self.loader.registry.folder / version / MANIFEST).exists():
            return None
        return f"model {version} is gone from disk and answers from memory: train or activate"
