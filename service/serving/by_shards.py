"""Preparing, ranking and serving a pool by workers, each of which reads a part of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from features.errors import UnavailableError
from models.releases.registry import ModelRegistry
from models.retrieval.spans import spans
from models.shards.open_shards import ShardFiles, ShardTask, answer
from models.shards.ray_serve import ShardDeployments
from models.shards.served_shards import ShardGroup
from models.shards.shard_processes import ShardProcesses, process_hosts
from models.shards.sharded import Sharded
from models.storage import artifact, prepared
from models.storage.chunks import Workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from features.storage.snapshot import Snapshot
    from features.workspace import Workspace
    from models.executors import Executor, Pending
    from models.retrieval.spans import Span
    from models.shards.shards import Shard
    from models.storage.prepared import Prepared
    from service.serving.engine import Engine
    from service.serving.lifecycle.loading import Served
    from service.settings import Settings


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
    model = ModelRegistry(workspace).folder_of(engine.model_version)
    files = files_of(workspace, model, engine.made_of, encoder)

    def ask(span: Span, method: Callable[[Shard, Any], Any], asked: Any) -> Pending[Any]:
        return executor.submit(answer, ShardTask(files(span), method, asked))

    return Sharded(engine.retriever, spans(len(engine.bound.pool), count), ask)


def files_of(
    workspace: Workspace | Snapshot, model: Path, made_of: Sequence[str], encoder: str | None
) -> Callable[[Span], ShardFiles]:
    """Return a function that states the files of a shard of a prepared version.

    Parameters
    ----------
    workspace : Workspace or Snapshot
    model : Path
        The folder of the version.
    made_of : sequence of str
        The version, and those of the tables that it was prepared for.
    encoder : str or None
        The setting ENCODER.

    Raises
    ------
    UnavailableError
        When the version is not prepared on the disk.
    DamagedError, UnfitModelError
        When a manifest cannot be read.
    """
    home, model = workspace.home.absolute(), model.absolute()
    folder = prepared.folder(made_of[0], home, tuple(made_of[1:]))
    if not folder.exists():
        raise UnavailableError(
            f"the pool cannot be cut into shards: {folder} is not there; they are read from it",
            got=str(folder),
            expected="a disk with room for what is prepared",
        )
    seals = (artifact.manifest(model)["seal"], artifact.manifest(folder)["seal"])
    return lambda span: ShardFiles(str(home), str(model), str(folder), seals, encoder, span)


def group_of(settings: Settings, sockets: Path | None = None) -> ShardGroup | None:
    """Return the hosts of the shards that a service is set to rank by; None without shards.

    Parameters
    ----------
    settings : Settings
    sockets : Path, optional
        Of the processes that the workers of a service share, see `ShardProcesses`. By default
        processes are started, and end with the group.

    Raises
    ------
    UnavailableError, UsageError
        When the cluster is not there.
    """
    count, replicas = settings.shards, settings.shard_replicas
    if count == 1:
        return None
    if settings.shard_engine == "ray":
        deployments = ShardDeployments(settings.ray_address, count, replicas)
        return ShardGroup(deployments.hosts, settings.shard_timeout)
    close = None
    if sockets is None:
        own = ShardProcesses(count, replicas)
        sockets, close = own.folder, own.close
    return ShardGroup(process_hosts(sockets, count, replicas), settings.shard_timeout, close)


def served_by(group: ShardGroup, encoder: str | None) -> Served:
    """Return what has a prepared version ranked by the hosts of shards, see `load_engine`.

    Parameters
    ----------
    group : ShardGroup
        Every host has to see the workspace under the same path.
    encoder : str or None
        The setting ENCODER.
    """

    def served(
        ready: Prepared, snapshot: Snapshot, folder: Path, made_of: tuple[str, ...]
    ) -> Prepared:
        files = files_of(snapshot, folder, made_of, encoder)
        # What requests gather is read by the hosts, and only described here.
        return replace(ready, retriever=group.serve(ready.retriever, files), gathered=())

    return served
