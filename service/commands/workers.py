"""Where a command has its work done: the options --engine, --address and --shards."""

from __future__ import annotations

import os
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from features.errors import UsageError
from models.executors import InProcess, LocalProcesses
from models.ray_cluster import RayCluster, check_answered
from models.shards.ray_serve import check_serve

if TYPE_CHECKING:
    from models.executors import Executor
    from service.settings import Settings


class WorkEngine(StrEnum):
    """Who does the work of a command."""

    local = "local"
    ray = "ray"


EngineOption = Annotated[
    WorkEngine, typer.Option("--engine", help="Who does the work: this machine, or Ray.")
]
AddressOption = Annotated[
    str | None,
    typer.Option(help="host:port of a running Ray cluster; by default one of this machine alone."),
]
ShardsOption = Annotated[
    int | None,
    typer.Option(
        min=1,
        max=100_000,
        help="Parts of the pool; with local also processes, up to one for each processor. "
        "By default 1 with local (no other process), and one for each processor with ray.",
    ),
]


def check_shards(settings: Settings, services: int) -> None:
    """Check where the shards of a pool in service are to be, before anything is started.

    Parameters
    ----------
    settings : Settings
    services : int
        Processes that serve.

    Raises
    ------
    UsageError
        For an address without a cluster, a cluster without shards, or processes that would each
        start a cluster.
    UnavailableError
        When Ray is not there, or nobody answers.
    """
    shards, on_ray = settings.shards, settings.shard_engine == "ray"
    wrong: tuple[str, object, str] | None = None
    if shards == 1 and (on_ray or settings.shard_replicas > 1):
        wrong = "shards", shards, "--shards 2 or more"
    elif not on_ray and settings.ray_address is not None:
        wrong = "engine", settings.shard_engine, "--engine ray"
    elif on_ray and settings.ray_address is None and services > 1:
        wrong = "address", None, "--address of one cluster for all workers"
    if wrong:
        field, got, expected = wrong
        raise UsageError(
            f"to rank shards by processes elsewhere takes {expected}",
            field=field,
            got=got,
            expected=expected,
        )
    if on_ray:
        check_serve()
        if settings.ray_address is not None:
            check_answered(settings.ray_address)


def workers(engine: WorkEngine, address: str | None, shards: int | None) -> Executor:
    """Return what does the work, a context.

    Raises
    ------
    UsageError
        When an address is given for this machine.
    UnavailableError
        When Ray is not there, or not in a version that works here, or nobody answers.
    """
    if engine is WorkEngine.ray:
        return RayCluster(address)
    if address is not None:
        raise UsageError(
            "--address goes with --engine ray",
            field="address",
            got=address,
            expected="--engine ray",
        )
    if shards is None or shards == 1:
        return InProcess()
    return LocalProcesses(min(shards, os.cpu_count() or 1))
