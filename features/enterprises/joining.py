"""Joining two enterprises of a workspace into one, and undoing it."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import polars as pl

from features.errors import ConflictError, InputError, NotFoundError, UnavailableError
from features.storage.joins import FILE

if TYPE_CHECKING:
    from collections.abc import Mapping

    from features.workspace import Workspace

_KEY = "enterprise_id"


def join(workspace: Workspace, kept: str, other: str) -> dict[str, int]:
    """Join an enterprise into another, with its judgements and events.

    Returns
    -------
    dict
        Numbers of judgements and events now read under its id, besides its own.

    Raises
    ------
    NotFoundError
        When there is no such enterprise.
    InputError
        When both are one id.
    ConflictError
        When the other one has already been joined.
    """
    with workspace.writing():
        joins = workspace.joins
        stored = workspace.imported("enterprises", [_KEY])[_KEY]
        for id_ in (kept, other):
            if id_ not in stored:
                raise NotFoundError(
                    f"no enterprise has the id {id_!r}",
                    field=_KEY,
                    got=id_,
                    expected="the enterprise_id of one of the enterprises in the workspace",
                )
            if id_ in joins.into:
                raise ConflictError(
                    f"{id_!r} was joined into {joins.into[id_]!r} before: undo that first",
                    field=_KEY,
                    got=id_,
                    expected="an enterprise that stands for itself",
                )
        if kept == other:
            raise InputError(
                "one enterprise cannot be joined with itself",
                field=_KEY,
                got=other,
                expected="two ids",
            )
        moved = {
            table: workspace.read(table).filter(pl.col(_KEY) == other).height
            for table in ("judgements", "events")
        }
        _replace(workspace, {**joins.links, other: kept})
    return moved


def undo(workspace: Workspace, other: str) -> str:
    """Undo the join of an enterprise, and return the id that it was joined into.

    Raises
    ------
    NotFoundError
        When it was not joined.
    """
    with workspace.writing():
        links = dict(workspace.joins.links)
        if other not in links:
            raise NotFoundError(
                f"{other!r} was not joined into another enterprise",
                field=_KEY,
                got=other,
                expected=", ".join(sorted(links)) or "an enterprise that was joined",
            )
        kept = links.pop(other)
        _replace(workspace, links)
    return kept


def _replace(workspace: Workspace, links: Mapping[str, str]) -> None:
    """Write the joins so that every process notices (UnavailableError if the disk is full)."""
    path = workspace.home / "tables" / FILE
    temporary = path.with_name(".joins.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(json.dumps(dict(sorted(links.items())), indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UnavailableError(
            f"could not write {path}: {error.strerror}", got=str(path)
        ) from error
    # The tables are unchanged, but other processes watch the replacement of their pointer.
    workspace.commit({})
