"""Serving the API: `serve`."""

from __future__ import annotations

from typing import Annotated

import typer

from service.commands.context import Context


def serve(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address; only loopback while there are no keys.")] = (
        "127.0.0.1"
    ),
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 chooses a free one.")] = 8000,
    workers: Annotated[int, typer.Option(min=1, help="Processes.")] = 1,
) -> None:
    """Serve the API until Ctrl-C."""
    own: Context = context.obj
    from service import server  # slow to import, and only needed here

    server.serve(own.settings, host=host, port=port, workers=workers)
