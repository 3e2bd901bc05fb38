"""API keys: `keys` (not there yet)."""

from __future__ import annotations

from typing import Annotated

import typer

from features.errors import UnavailableError

keys = typer.Typer(no_args_is_help=True)

_NOT_YET = "keys are not there yet: without keys the service listens on loopback only"


@keys.command()
def add(
    role: Annotated[str, typer.Option(help="What the key may do.")],  # noqa: ARG001
    zone: Annotated[str | None, typer.Option(help="The zone it is for.")] = None,  # noqa: ARG001
) -> None:
    """Make a key (not there yet)."""
    raise UnavailableError(_NOT_YET)


@keys.command("list")
def list_() -> None:
    """List the keys (not there yet)."""
    raise UnavailableError(_NOT_YET)


@keys.command()
def revoke(id_: Annotated[str, typer.Argument(metavar="ID")]) -> None:  # noqa: ARG001
    """Revoke a key (not there yet)."""
    raise UnavailableError(_NOT_YET)
