"""Following a store: taking over new releases, and the state of this."""

from __future__ import annotations

import logging
import time
from typing import TYPE_CHECKING, Literal

from features.errors import LianzhaoError
from models.releases.releases import State, pull

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from features.workspace import Workspace
    from models.releases.registry import ModelRegistry
    from models.releases.store import Store

log = logging.getLogger(__name__)

UNSEEN_SECONDS = 60.0
"""Seconds without a check of the store after which its follower has ended or hangs."""


def follow(
    workspace: Workspace,
    registry: ModelRegistry,
    store: Store,
    seconds: float,
    ended: Callable[[float], bool],
) -> None:
    """Take over every release as it comes, until it is ended.

    What cannot be read, or cannot be served here, leaves what was there before in service, and is
    tried again; readiness says why.

    Parameters
    ----------
    workspace : Workspace
    registry : ModelRegistry
    store : Store
    seconds : float
        Between two looks at the store.
    ended : callable
        Waits for so many seconds, and returns whether to end.
    """
    trouble: str | None = None
    while True:
        had, before = (State.of(workspace.home) or State()).release, trouble
        try:
            now, trouble = pull(workspace, registry, store), None
        except LianzhaoError as error:
            now, trouble = (State.of(workspace.home) or State()).release, error.message
        State(now, trouble, time.time()).keep(workspace.home)
        if now != had:
            log.warning("release %d of %s is in service", now, store.url)
        if trouble and trouble != before:
            log.warning("the release before stays in service: %s", trouble)
        if ended(seconds):
            return


def store_state(home: Path) -> Literal["up", "down", "none"]:
    """Return the state of a workspace relative to the store that it follows, "none" without one."""
    state = State.of(home)
    if state is None or not state.looked_at:
        return "none"
    # The clock may have been set back since.
    late = abs(time.time() - state.looked_at) > UNSEEN_SECONDS
    return "down" if state.trouble or late else "up"
