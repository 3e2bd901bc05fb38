"""Loads engines, in the calling thread or a separate one, and puts them in service."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from features.errors import DamagedError, UnavailableError
from models.releases.registry import ModelRegistry
from service.serving.by_shards import served_by
from service.serving.engine import NO_WORDS, Engine
from service.serving.lifecycle.in_service import InService
from service.serving.lifecycle.loading import load_engine
from service.serving.lifecycle.marks import Marks
from service.serving.lifecycle.meanwhile import meanwhile
from service.serving.lifecycle.short_turns import short_turns

if TYPE_CHECKING:
    from collections.abc import Callable

    from features.encoder import SentenceEncoder
    from features.errors import LianzhaoError
    from features.workspace import Workspace
    from models.shards.served_shards import ShardGroup
    from service.serving.lifecycle.marks import Mark
    from service.serving.words.model import WordSource

log = logging.getLogger(__name__)

_PAUSE_SECONDS = 1.0
"""How long a failed load is not repeated: otherwise each request would repeat it."""
_RETRY_SECONDS = 15.0
"""After how long reading changed profiles is tried again."""
_MEANWHILE = "enterprises have changed: until they are read, leads are ranked on the earlier ones"


class EngineLoader:
    """Loads the engine of a workspace, one at a time.

    If a model cannot be loaded, the previous one stays in service as long as the tables are those
    that it was bound to. While the changed profiles of a large pool are read in the background,
    `service.serving.lifecycle.meanwhile` answers.

    Parameters
    ----------
    workspace : Workspace
    encoder : SentenceEncoder
    clock : callable
        Returns seconds, from any start.
    prepare : callable, optional
        Called with a version whose profiles are to be read; by default they are read in this
        process.
    words : WordSource
        A language model, for the engines that are loaded.
    shards : ShardGroup, optional
        The hosts of the shards that the engines rank by.
    named_encoder : str, optional
        The name of the encoder, for these hosts.
    """

    def __init__(
        self,
        workspace: Workspace,
        encoder: SentenceEncoder,
        clock: Callable[[], float] = time.monotonic,
        prepare: Callable[[str], object] | None = None,
        words: WordSource = NO_WORDS,
        shards: ShardGroup | None = None,
        named_encoder: str | None = None,
    ) -> None:
        self.workspace = workspace
        self.encoder = encoder
        self.clock = clock
        self.words = words
        self.shards = shards
        self._served = served_by(shards, named_encoder) if shards else None
        self.registry = ModelRegistry(workspace)
        self.marks = Marks(workspace, self.registry.pointer)
        self.state = InService()
        self.reading: threading.Thread | None = None
        self._prepare = prepare or (lambda version: self._load(version=version))
        self._refused: tuple[Mark, float, LianzhaoError] | None = None
        self._lock = threading.Lock()
        self._closing = threading.Event()

    def close(self) -> None:
        """Stop retrying to read changed profiles; end the hosts of shards."""
        self._closing.set()
        if self.shards is not None:
            self.shards.close()

    def current(self) -> Engine:
        """Return an engine that is up to date with the workspace; load it if the workspace changed.

        Raises
        ------
        UnavailableError, DamagedError
            When it cannot be loaded, and none is left in service.
        """
        with self._lock:
            mark = self.marks.read()
            if not self.state.answers_for(mark):
                self._renew(mark)
            assert self.state.engine is not None
            return self.state.engine

    def load_ahead(self, version: str) -> None:
        """Load a version as the spare, while the engine in service goes on answering.

        Raises
        ------
        NotFoundError, UnavailableError, DamagedError
            When it cannot be loaded.
        """
        with self._lock:
            tables = self.marks.tables()
            if self.state.holds(version, tables):
                return
            former = self.state.former(version)
        with short_turns():
            engine = self._load(former=former, version=version)
        with self._lock:
            self.state.keep(engine, tables)

    def swap(self) -> bool:
        """Put the spare in service if it is up to date with the workspace.

        Returns
        -------
        bool
            Whether it is in service. False at once while another thread loads.
        """
        if self.state.spare is None or not self._lock.acquire(blocking=False):
            return False
        try:
            mark = self.marks.read()
            engine = self.state.spare_for(mark.tables)
            with suppress(DamagedError):
                if engine and self.registry.active() == engine.model_version:
                    self.state.serve(engine, mark)
                    return True
            return False
        finally:
            self._lock.release()

    def _renew(self, mark: Mark) -> None:
        """Load the engine of the workspace; if that fails, keep the one in service if possible."""
        if self._refused and self._refused[0] == mark:
            _, at, error = self._refused
            if self.clock() - at < _PAUSE_SECONDS:
                raise error.with_traceback(None)
        try:
            former = self.state.former(self.registry.active())
            if engine := meanwhile(former, self.workspace):
                self.state.serve(engine, mark, _MEANWHILE)
                self._read_in_background()
            else:
                self.state.serve(self._load(former=former), mark)
        except (UnavailableError, DamagedError) as error:
            engine = self.state.engine
            if engine is None or engine.pool_version != self.workspace.pool_version:
                self._refused = mark, self.clock(), error
                raise
            self.state.stay(mark, error.message)
            log.error("model %s stays in service: %s", engine.model_version, error.message)  # noqa: TRY400

    def _load(self, former: Engine | None = None, version: str | None = None) -> Engine:
        """Load an engine; its files are read in the background while it already answers."""
        engine = load_engine(
            self.workspace,
            self.encoder,
            former=former,
            version=version,
            words=self.words,
            served=self._served,
        )
        if (
            former is None
            or former.prepared is not engine.prepared
            or former.space is not engine.space
        ):
            threading.Thread(target=engine.touch, name="touch", daemon=True).start()
        return engine

    def _read_in_background(self) -> None:
        """Start a thread that reads changed profiles, unless one is running."""
        if self.reading is None:
            self.reading = threading.Thread(target=self._catch_up, name="reading", daemon=True)
            self.reading.start()

    def _catch_up(self) -> None:
        """Read changed profiles until they are those of the workspace, and serve their engine."""
        engine = self.state.engine
        while not self._closing.is_set():
            try:
                if version := self.registry.active():
                    self._prepare(version)
                mark = self.marks.read()
                engine = self._load(former=engine)
            except Exception as error:
                log.exception("changed profiles cannot be read yet")
                with self._lock:
                    self.state.failure = str(error) or type(error).__name__
                self._closing.wait(_RETRY_SECONDS)
                continue
            with self._lock:
                if mark == self.marks.read():
                    self.state.serve(engine, mark)
                    self.reading = None
                    return
