"""Preparing and ranking a pool by workers, each of which reads its part of the workspace."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from features.errors import UnavailableError
from models import prepared
from models.chunks import Workers
from models.registry import ModelRegistry
from models.sharded import Sharded
from models.shards import Shard, ShardFiles, ShardTask, answer, spans

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from features.workspace import Workspace
    from models.executors import Executor, Pending
    from models.shards import Span
    from service.serving.engine import Engine


def chunk_workers(
    workspace: Workspace, executor: Executor, encoder: str | None
) -> Callable[[Path], Workers]:
    """Return what prepares a version by an executor, see `load_engine`.

    Parameters
    ----------
    workspace : Workspace
        Every worker has to see it under the same path.
    executor : Executor
    encoder : str or None
        The setting ENCODER.
    """
    home = workspace.home.absolute()
    return lambda folder: Workers(executor, home, folder.absolute(), encoder)


def by_shards(
    engine: Engine, workspace: Workspace, executor: Executor, count: int, encoder: str | None
) -> Sharded:
    """Return what ranks the pool of an engine by `count` shards.

    Parameters
    ----------
    engine : Engine
    workspace : Workspace
        Every worker has to see it under the same path.
    executor : Executor
    count : int
    encoder : str or None
        The setting ENCODER.

    Raises
    ------
    UnavailableError
        When the version could not be written to the disk, where workers would read it.
    """
    home = workspace.home.absolute()
    folder = prepared.folder(engine.model_version, home, engine.made_of[1:])
    if not folder.exists():
        raise UnavailableError(
            f"the pool cannot be cut into shards: {folder} is not there; they are read from it",
            got=str(folder),
            expected="a disk with room for what is prepared",
        )
    model = ModelRegistry(workspace).folder_of(engine.model_version).absolute()

    def ask(span: Span, method: Callable[[Shard, Any], Any], asked: Any) -> Pending[Any]:
        files = ShardFiles(str(home), str(model), str(folder), encoder, span)
        return executor.submit(answer, ShardTask(files, method, asked))

    return Sharded(engine.retriever, spans(len(engine.bound.pool), count), ask)
