"""Holds the engine of the active model and of the tables as they are now."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from models.registry import ModelRegistry
from service.engine import Engine

if TYPE_CHECKING:
    from features.encoder import SentenceEncoder
    from features.workspace import Workspace


class EngineHolder:
    """Holds the engine of the active model and of the tables as they are now.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    """

    def __init__(self, workspace: Workspace, encoder: SentenceEncoder) -> None:
        self.workspace = workspace
        self.encoder = encoder
        self.engine: Engine | None = None
        self._seen: tuple[int | str, ...] | None = None
        self._lock = threading.Lock()

    def changed(self) -> bool:
        """Whether model or tables are others than those of `engine`: a look at two files."""
        return self._seen != self._state()

    def pool_version(self) -> str:
        """Return the version of the tables as they are now, whatever engine there is."""
        return self.workspace.pool_version

    def current(self) -> Engine:
        """Return the engine of what is there now, loading it when it changed."""
        with self._lock:
            state = self._state()
            if self.engine is None or self._seen != state:
                self.engine = Engine.load(self.workspace, self.encoder, former=self.engine)
                self._seen = state
            return self.engine

    def _state(self) -> tuple[int | str, ...]:
        watched = (self.workspace.pointer, ModelRegistry(self.workspace).pointer)
        times = (path.stat().st_mtime_ns if path.exists() else 0 for path in watched)
        return *times, self.workspace.log.seen if self.workspace.log else ""
