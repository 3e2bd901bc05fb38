"""Watches for announced versions, and has each loaded before it becomes active."""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING

from features.errors import UnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from models.releases.rollout import Announcement, Rollout, Worker

log = logging.getLogger(__name__)

_EVERY = 0.05
"""Seconds between two checks for an announcement."""
_END_SECONDS = 2.0
"""Seconds that `close` waits for a load in progress."""


class RolloutWatcher:
    """One of the workers of a rollout, in a thread.

    Parameters
    ----------
    rollout : Rollout
    load : callable
        Loads a version beside the one in service.
    """

    def __init__(self, rollout: Rollout, load: Callable[[str], None]) -> None:
        self.rollout = rollout
        self.load = load
        self.closing = threading.Event()
        self.thread: threading.Thread | None = None

    def open(self) -> None:
        """Begin to watch."""
        self.thread = threading.Thread(target=self._watch, name="rollout", daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Stop; wait briefly for a load in progress."""
        self.closing.set()
        if self.thread is not None:
            self.thread.join(_END_SECONDS)

    def _watch(self) -> None:
        done = None
        try:
            with self.rollout.joined() as worker:
                while not self.closing.wait(_EVERY):
                    announced = self.rollout.next()
                    if announced and announced != done:
                        self._follow(announced, worker)
                        done = announced
        except OSError as error:
            log.warning("versions are loaded only when they become active: %s", error)

    def _follow(self, announced: Announcement, worker: Worker) -> None:
        """Load an announced version and reply that it is loaded, or why it cannot be."""
        problem = None
        try:
            self.load(announced.version)
        except Exception as error:
            log.exception("model %s cannot be loaded", announced.version)
            problem = str(error) or type(error).__name__
        try:
            worker.reply(announced, problem)
        except UnavailableError as error:
            log.warning("cannot acknowledge that a model is loaded: %s", error)
