"""Holds the engine of the active model and of the tables as they are now."""

from __future__ import annotations

import logging
import os
import sys
import threading
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from features.errors import DamagedError, UnavailableError
from models.artifact import MANIFEST
from models.registry import ModelRegistry
from service.serving.engine import NO_WORDS, Engine
from service.serving.interfaces import LOOK_SECONDS
from service.serving.meanwhile import meanwhile
from service.serving.watcher import RolloutWatcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from features.encoder import SentenceEncoder
    from features.errors import LianzhaoError
    from features.workspace import Workspace
    from service.serving.word_model import WordSource

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""For how long a loading that failed is not tried again: a request more must not cost another."""
_AGAIN_SECONDS = 15.0
"""After so long changed profiles that could not be read are tried again."""
_MEANWHILE = "enterprises have changed: until they are read, leads are of those before"


class EngineHolder:
    """Holds the engine of the active model and of the tables as they are now, and a spare one.

    The spare is that of the version which is announced to become active, or else of the one that
    was before: either can be put in service in an instant. A model that cannot be loaded leaves
    the one before in service, as long as the tables are those it was bound to; `trouble` says so.
    While the changed profiles of a large pool are read, `service.serving.meanwhile` answers.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    prepare : callable, optional
        Given a version whose profiles are to be read; by default that is done in this process.
    clock
        Seconds from any start.
    words
        A language model, for the engines that are loaded.
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
        self.encoder = encoder
        self.words = words
        self._prepare = prepare or (lambda version: self._load(version=version))
        self.clock = clock
        self.engine: Engine | None = None
        self._registry = ModelRegistry(workspace)
        self._pointer = os.fspath(self._registry.pointer)
        self._tables_pointer = os.fspath(workspace.pointer)
        self._seen: _State | None = None
        self._spare: tuple[Engine, _Tables] | None = None
        self._looked = float("-inf")
        self._noted = ""
        self._changed = True
        self._failure: str | None = None
        self._refused: tuple[_State, float, LianzhaoError] | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self.watcher = RolloutWatcher(self._registry.rollout, self.load_ahead)
        self._reading: threading.Thread | None = None

    def open(self) -> None:
        """Load from now on what is announced, in a thread, before it becomes active."""
        self.watcher.open()

    def close(self) -> None:
        """Load nothing ahead any more."""
        self._closing.set()
        self.watcher.close()

    def changed(self) -> bool:
        """Whether model or tables are others than those of `engine`: a look at two files.

        Where the spare is the engine of what is there now, it is put in service first.
        """
        now, noted = self.clock(), self._log_seen()
        if now - self._looked >= LOOK_SECONDS or noted != self._noted:
            self._changed = self._seen != self._state() and not self._swapped()
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
                self._renew(state)
            assert self.engine is not None
            return self.engine

    def load_ahead(self, version: str) -> None:
        """Load a version beside the one in service, as the spare; requests go on meanwhile.

        Raises
        ------
        NotFoundError, UnavailableError, DamagedError
            When it cannot be loaded.
        """
        with self._lock:
            former, tables = self._nearest(version), self._tables()
            there = former is not None and former.model_version == version
            if there and (former is self.engine or self._spare == (former, tables)):
                return
        with _giving_way():
            engine = self._load(former=former, version=version)
        with self._lock:
            if self.engine is None or self.engine.model_version != version:
                self._spare = engine, tables

    def _renew(self, state: _State) -> None:
        """Load what is there now; if it cannot be, what is in service stays if it may."""
        if self._refused and self._refused[0] == state:
            _, at, error = self._refused
            if self.clock() - at < _PAUSE_SECONDS:
                raise error.with_traceback(None)
        try:
            former = self._nearest(self._registry.active())
            if engine := meanwhile(former, self.workspace):
                self._serve(engine, state)
                self._failure = _MEANWHILE
                self._read()
            else:
                self._serve(self._load(former=former), state)
        except (UnavailableError, DamagedError) as error:
            if self.engine is None or self.engine.pool_version != self.pool_version():
                self._refused = state, self.clock(), error
                raise
            self._seen, self._failure = state, error.message
            log.error(  # noqa: TRY400
                "model %s stays in service: %s", self.engine.model_version, error.message
            )
        self._looked = float("-inf")

    def _load(self, former: Engine | None = None, version: str | None = None) -> Engine:
        """Load an engine; what is read from the disk for it comes in while it answers already."""
        engine = Engine.load(
            self.workspace, self.encoder, former=former, version=version, words=self.words
        )
        if (
            former is None
            or former.prepared is not engine.prepared
            or former.space is not engine.space
        ):
            threading.Thread(target=engine.touch, name="touch", daemon=True).start()
        return engine

    def _read(self) -> None:
        """Have changed profiles read in the background, unless that is under way."""
        if self._reading is None:
            self._reading = threading.Thread(target=self._catch_up, name="reading", daemon=True)
            self._reading.start()

    def _catch_up(self) -> None:
        """Have changed profiles read, and put the engine of the tables as they are in service."""
        engine = self.engine
        while not self._closing.is_set():
            try:
                if version := self._registry.active():
                    self._prepare(version)
                state = self._state()
                engine = self._load(former=engine)
            except Exception as error:
                log.exception("changed profiles cannot be read yet")
                with self._lock:
                    self._failure = str(error) or type(error).__name__
                self._closing.wait(_AGAIN_SECONDS)
                continue
            with self._lock:
                if state == self._state():
                    self._serve(engine, state)
                    self._reading = None
                    return

    def _swapped(self) -> bool:
        """Put the spare in service if it is the engine of what is there now; wait for nobody."""
        if self._spare is None or not self._lock.acquire(blocking=False):
            return False
        try:
            state = tables, _ = self._state()
            engine, bound_to = self._spare or (None, None)
            if engine is None or bound_to != tables:
                return False
            with suppress(DamagedError):
                if self._registry.active() == engine.model_version:
                    self._serve(engine, state)
                    return True
            return False
        finally:
            self._lock.release()

    def _serve(self, engine: Engine, state: _State) -> None:
        """Put an engine in service; that of another version is the spare now, if it was sound."""
        former, seen, sound = self.engine, self._seen, self._failure is None
        if former and seen and sound and former.model_version != engine.model_version:
            self._spare = former, seen[0]
        self.engine, self._seen, self._failure = engine, state, None

    def _nearest(self, version: str | None) -> Engine | None:
        """Return the engine that has most in common with a version; let go of any other spare."""
        if self.engine is not None and self.engine.model_version == version:
            return self.engine
        if self._spare is not None and self._spare[0].model_version == version:
            return self._spare[0]
        self._spare = None
        return self.engine

    def _state(self) -> _State:
        return self._tables(), _changed_at(self._pointer)

    def _tables(self) -> _Tables:
        return _changed_at(self._tables_pointer), self._log_seen()

    def _log_seen(self) -> str:
        return self.workspace.log.seen if self.workspace.log else ""


@contextmanager
def _giving_way() -> Iterator[None]:
    """Have threads take turns ten times as often, so that requests hardly wait for one that loads.

    A thread that answers has to wait for a turn each time that it has waited for anything else.
    """
    usual = sys.getswitchinterval()
    sys.setswitchinterval(usual / 10)
    try:
        yield
    finally:
        sys.setswitchinterval(usual)


def _changed_at(path: str) -> tuple[int, int]:
    """Return what changes with a file that is replaced, even twice within a tick of the clock."""
    try:
        found = os.stat(path)  # noqa: PTH116  a third of the time, at every request
    except FileNotFoundError:
        return 0, 0
    return found.st_mtime_ns, found.st_ino


_Tables = tuple[tuple[int, int], str]
"""How the tables look: their pointer, and the events recorded since."""
_State = tuple[_Tables, tuple[int, int]]
"""How tables and versions look."""
