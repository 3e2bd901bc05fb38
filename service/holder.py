"""Holds the engine of the active model and of the tables as they are now."""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING

from features.errors import DamagedError, UnavailableError
from models.artifact import MANIFEST
from models.registry import ModelRegistry
from service.engine import Engine
from service.interfaces import LOOK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.encoder import SentenceEncoder
    from features.workspace import Workspace

log = logging.getLogger(__name__)


class EngineHolder:
    """Holds the engine of the active model and of the tables as they are now.

    A model that cannot be loaded leaves the one before in service, as long as the tables are
    those it was bound to; `trouble` says so.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    clock
        Seconds from any start.
    """

    def __init__(
        self,
        workspace: Workspace,
        encoder: SentenceEncoder,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.workspace = workspace
        self.encoder = encoder
        self.clock = clock
        self.engine: Engine | None = None
        self._registry = ModelRegistry(workspace)
        self._watched = [os.fspath(path) for path in (workspace.pointer, self._registry.pointer)]
        self._seen: tuple[int | str, ...] | None = None
        self._looked = float("-inf")
        self._noted = ""
        self._changed = True
        self._failure: str | None = None
        self._lock = threading.Lock()

    def changed(self) -> bool:
        """Whether model or tables are others than those of `engine`: a look at two files."""
        now, noted = self.clock(), self._log_seen()
        if now - self._looked >= LOOK_SECONDS or noted != self._noted:
            self._changed = self._seen != self._state()
            self._looked, self._noted = now, noted
        return self._changed

    def pool_version(self) -> str:
        """Return the version of the tables as they are now, whatever engine there is."""
        return self.workspace.pool_version

    def trouble(self) -> str | None:
        """Return why the model in service is not the active one, or not on disk; None else."""
        if self._failure or self.engine is None:
            return self._failure
        version = self.engine.model_version
        if (self._registry.folder / version / MANIFEST).exists():
            return None
        return f"model {version} is gone from disk and answers from memory: train or activate"

    def current(self) -> Engine:
        """Return the engine of what is there now, loading it when it changed."""
        with self._lock:
            state = self._state()
            if self.engine is None or self._seen != state:
                try:
                    self.engine = Engine.load(self.workspace, self.encoder, former=self.engine)
                    self._failure = None
                except (UnavailableError, DamagedError) as error:
                    if self.engine is None or self.engine.pool_version != self.pool_version():
                        raise
                    self._failure = error.message
                    log.error(  # noqa: TRY400
                        "model %s stays in service: %s", self.engine.model_version, error.message
                    )
                self._seen = state
                self._looked = float("-inf")
            return self.engine

    def _state(self) -> tuple[int | str, ...]:
        return *map(_changed_at, self._watched), self._log_seen()

    def _log_seen(self) -> str:
        return self.workspace.log.seen if self.workspace.log else ""


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # noqa: PTH116  a third of the time, at every request
    except FileNotFoundError:
        return 0
