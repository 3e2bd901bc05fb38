"""Joined enterprises: rows are stored under their own ids, and read under one id."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import polars as pl

from features.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FILE = "joins.json"
JOINED = ("enterprises", "judgements", "events", "signals")
"""The tables affected by joins."""
_KEY = "enterprise_id"


@dataclass(frozen=True)
class Joins:
    """Id → the id that it was joined into, which may itself be joined into another one."""

    links: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def into(self) -> Mapping[str, str]:
        """Id → the final id that it is read under."""
        return {id_: self._end(id_) for id_ in self.links}

    @property
    def version(self) -> str:
        """A version of the joins; "" without any."""
        if not self.into:
            return ""
        return hashlib.sha256(json.dumps(sorted(self.into.items())).encode()).hexdigest()[:16]

    def of(self, id_: str) -> list[str]:
        """Return the ids that were joined into an enterprise."""
        return sorted(one for one, other in self.into.items() if other == id_)

    def _end(self, id_: str) -> str:
        passed = set()
        while id_ in self.links:
            if id_ in passed:
                raise ValueError(id_)
            passed.add(id_)
            id_ = self.links[id_]
        return id_

    def applied(
        self, table: str, rows: pl.DataFrame, known: pl.Series | None = None
    ) -> pl.DataFrame:
        """Return the rows of a table under the final ids.

        Unknown fields of an enterprise are filled from those joined into it. Ids without a row are
        ignored.

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


NO_JOINS = Joins()
"""No joins."""


def read(home: Path) -> Joins:
    """Read the joins of a workspace (DamagedError)."""
    path = home / "tables" / FILE
    try:
        found = Joins(dict(json.loads(path.read_bytes())))
        found.into  # noqa: B018 a circle is found now
    except (FileNotFoundError, NotADirectoryError):
        return Joins()
    except (ValueError, TypeError) as error:
        raise DamagedError(f"{path} is damaged: restore it from a backup, or remove it") from error
    return found
