"""Save, activate and prune, killed before each step on disk.

Run as `python -m tests.models.releases.killed HOME`. Each trial has a home of its own, with the
version v1 active; the number of trials is printed.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import artifact

if TYPE_CHECKING:
    from collections.abc import Callable

STEPS = (
    *((np, "save"), (os, "fsync"), (os, "unlink")),
    *((Path, "mkdir"), (Path, "rename"), (Path, "replace"), (Path, "write_text")),
)


def publish(registry: ModelRegistry) -> None:
    with registry.workspace.writing():
        save(registry, "v2")
        registry.activate("v2")
        registry.prune(1)


def save(registry: ModelRegistry, version: str) -> None:
    artifact.save(registry.folder / version, {"a": np.arange(9), "b": np.ones(3)}, {"of": version})


def killed_at(step: int, work: Callable[[], None]) -> bool:
    """Do the work in a process that kills itself before a step; say whether it came so far."""
    child = os.fork()
    if not child:
        taken = 0

        def counted(original: Callable[..., Any]) -> Callable[..., Any]:
            def call(*given: Any, **named: Any) -> Any:
                nonlocal taken
                if taken == step:
                    os.kill(os.getpid(), signal.SIGKILL)
                taken += 1
                return original(*given, **named)

            return call

        for holder, name in STEPS:
            setattr(holder, name, counted(getattr(holder, name)))
        try:
            work()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    ended = os.waitpid(child, 0)[1]
    if os.WIFEXITED(ended) and os.WEXITSTATUS(ended):
        sys.exit(1)
    return os.WIFSIGNALED(ended)


if __name__ == "__main__":
    home, step, going = Path(sys.argv[1]), 0, True
    first = ModelRegistry(Workspace(home / "first"))
    for version in ("v0", "v1"):  # pruning keeps what a rollback returns to, and takes v0
        save(first, version)
        first.activate(version)
    while going:
        own = shutil.copytree(home / "first", home / str(step))
        # A lock is not inherited: the workspace is made in the process that works on it.
        going = killed_at(step, lambda own=own: publish(ModelRegistry(Workspace(own))))
        step += 1
    print(step)
