"""Enterprises that somebody has said are one: what is stored stays, and is read under one id."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from features.errors import (
    ConflictError,
    DamagedError,
    InputError,
    NotFoundError,
    UnavailableError,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from features.workspace import Workspace

FILE = "joins.json"
JOINED = ("enterprises", "judgements", "events", "signals")
"""The tables that are read otherwise where enterprises were joined."""
_KEY = "enterprise_id"


@dataclass(frozen=True)
class Joins:
    """Id → the id that stands for it, which stands for itself."""

    into: Mapping[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """What changes with them; "" without any."""
        if not self.into:
            return ""
        return hashlib.sha256(json.dumps(sorted(self.into.items())).encode()).hexdigest()[:16]

    def of(self, id_: str) -> list[str]:
        """Return the ids that an enterprise was joined from."""
        return sorted(one for one, other in self.into.items() if other == id_)

    def applied(
        self, table: str, rows: pl.DataFrame, known: pl.Series | None = None
    ) -> pl.DataFrame:
        """Return the rows of a table under the ids that stand for others.

        Of an enterprise, what is unknown is taken from those joined into it. An id that nobody
        has any more stands for nobody.

        Parameters
        ----------
        known : Series, optional
            The ids of all stored enterprises; for judgements and events.
        """
        if not self.into or table not in JOINED:
            return rows
        ids = set((rows[_KEY] if known is None else known).to_list())
        into = {one: other for one, other in self.into.items() if other in ids}
        if not into:
            return rows
        moved = rows.with_columns(pl.col(_KEY).replace(into), was=pl.col(_KEY))
        own = moved.with_columns(other=pl.col("was") != pl.col(_KEY))
        if table in ("events", "signals"):
            return own.drop("was", "other")
        own = own.sort(_KEY, "other", "was", maintain_order=True)
        if table == "judgements":
            kept = own.unique(["need_id", _KEY], keep="first", maintain_order=True)
            return kept.drop("was", "other").sort("need_id", _KEY)
        filled = own.group_by(_KEY, maintain_order=True).agg(
            pl.exclude("was", "other").drop_nulls().first()
        )
        return filled.select(rows.columns)


NONE = Joins()
"""Everybody stands for himself."""


def read(home: Path) -> Joins:
    """Read the joins of a workspace (DamagedError)."""
    path = home / "tables" / FILE
    try:
        return Joins(dict(json.loads(path.read_bytes())))
    except (FileNotFoundError, NotADirectoryError):
        return Joins()
    except (ValueError, TypeError) as error:
        raise DamagedError(f"{path} is damaged: restore it from a backup, or remove it") from error


def join(workspace: Workspace, kept: str, other: str) -> dict[str, int]:
    """Have one enterprise stand for another, with the judgements and events about it.

    Returns
    -------
    dict
        How many judgements and events are said of it now, besides its own.

    Raises
    ------
    NotFoundError
        When there is no such enterprise.
    InputError
        When both are one id.
    ConflictError
        When the other one was joined already.
    """
    with workspace.writing():
        joins = workspace.joins
        stored = workspace.imported("enterprises")[_KEY]
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
        both = {one: kept if to == other else to for one, to in joins.into.items()}
        _replace(workspace, {**both, other: kept})
    return moved


def undo(workspace: Workspace, other: str) -> str:
    """Let an enterprise stand for itself again, and return what stood for it.

    Raises
    ------
    NotFoundError
        When it was not joined.
    """
    with workspace.writing():
        into = dict(workspace.joins.into)
        if other not in into:
            raise NotFoundError(
                f"{other!r} was not joined into another enterprise",
                field=_KEY,
                got=other,
                expected=", ".join(sorted(into)) or "an enterprise that was joined",
            )
        kept = into.pop(other)
        _replace(workspace, into)
    return kept


def _replace(workspace: Workspace, into: Mapping[str, str]) -> None:
    """Write the joins, and have every process notice (UnavailableError when the disk is full)."""
    path = workspace.home / "tables" / FILE
    temporary = path.with_name(".joins.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(json.dumps(dict(sorted(into.items())), indent=1).encode())
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise UnavailableError(
            f"could not write {path}: {error.strerror}", got=str(path)
        ) from error
    # Nothing of the tables has changed; that their pointer is replaced is what others look at.
    workspace.commit({})
