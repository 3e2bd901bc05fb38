"""The engine of the active model and of the tables as they are now, for the service."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from models.artifact import MANIFEST
from service.serving.engine import NO_WORDS, Engine
from service.serving.interfaces import LOOK_SECONDS
from service.serving.loader import EngineLoader
from service.serving.watcher import RolloutWatcher

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.encoder import SentenceEncoder
    from features.workspace import Workspace
    from service.serving.word_model import WordSource


class EngineHolder:
    """Gives out the engine of a workspace, and notices when the workspace changes.

    What is in service and what is spare is state (`service.serving.in_service`), engines are loaded
    by a loader, and a watcher has announced versions loaded before they become active.

    Parameters
    ----------
    workspace, encoder, clock, prepare, words
        See `EngineLoader`.
    """

    def __init__(
        self,
        workspace: Workspace,
        encoder: SentenceEncoder,
        clock: Callable[[], float] = time.monotonic,
        prepare: Callable[[str], object] | None = None,
        words: WordSource = NO_WORDS,
    ) -> None:
        self.workspace = workspace
        self.clock = clock
        self.loader = EngineLoader(workspace, encoder, clock, prepare, words)
        self.state = self.loader.state
        self.watcher = RolloutWatcher(self.loader.registry.rollout, self.loader.load_ahead)
        self._looked_at = float("-inf")
        self._events = ""
        self._is_current = False

    @property
    def engine(self) -> Engine | None:
        """The engine in service; None when none was loaded yet."""
        return self.state.engine

    def open(self) -> None:
        """Load from now on what is announced, in a thread, before it becomes active."""
        self.watcher.open()

    def close(self) -> None:
        """Load nothing ahead any more."""
        self.loader.close()
        self.watcher.close()

    def ready(self) -> Engine | None:
        """Return the engine if it is that of the workspace as it is now, else None.

        A spare engine that is the right one is put in service first. Requests within
        `LOOK_SECONDS` share a look at two files.
        """
        now, events = self.clock(), self.loader.marks.events()
        if now - self._looked_at >= LOOK_SECONDS or events != self._events:
            self._is_current = self.state.mark == self.loader.marks.read() or self.loader.swap()
            self._looked_at, self._events = now, events
        return self.state.engine if self._is_current else None

    def current(self) -> Engine:
        """Return the engine of the workspace as it is now; it is loaded where it changed.

        Raises
        ------
        UnavailableError, DamagedError
            When it cannot be loaded, and none is left in service.
        """
        engine = self.loader.current()
        self._looked_at = float("-inf")
        return engine

    def pool_version(self) -> str:
        """Return the version of the tables as they are now, whatever engine there is."""
        return self.workspace.pool_version

    def trouble(self) -> str | None:
        """Return why the model in service is not the active one, or not on disk; None else."""
        if self.state.failure or self.engine is None:
            return self.state.failure
        version = self.engine.model_version
        if (self.loader.registry.folder / version / MANIFEST).exists():
            return None
        return f"model {version} is gone from disk and answers from memory: train or activate"
