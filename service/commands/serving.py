"""Serving the API: `serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.context import Context
from service.commands.workers import AddressOption, WorkEngine, check_shards


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address; only loopback while there are no keys.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
    shards: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=1000,
            help="Parts of the pool, each ranked by a process of its own; by default the setting "
            "SHARDS, or 1: the service ranks the pool itself.",
        ),
    ] = None,
    replicas: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=100,
            help="Processes for each of these parts: lists are complete while one is left; by "
            "default the setting SHARD_REPLICAS, or 1.",
        ),
    ] = None,
    engine: Annotated[
        WorkEngine | None, typer.Option(help="Where these processes are: this machine, or Ray.")
    ] = None,
    address: AddressOption = None,
) -> None:
    """Serve the API until Ctrl-C."""
    own: Context = context.obj
    from service import server  # slow to import, and only needed here

    given = {
        "shards": shards,
        "shard_replicas": replicas,
        "shard_engine": engine,
        "ray_address": address,
    }
    settings = own.settings.model_copy(
        update={name: value for name, value in given.items() if value is not None}
    )
    check_shards(settings, workers)
    server.serve(settings, host=host, port=port, workers=workers)
