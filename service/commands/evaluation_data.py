"""The data of an evaluation: the workspace, or needs, judgements and a pool given as files.

Files are read and checked as in an import, but not stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from features.errors import InputError, UsageError
from features.imports.importing import check_rows
from features.imports.lists import read_words
from features.imports.merging import merge
from features.imports.report import SHOWN, RowProblem
from features.tables.catalogue import TABLES
from training.protocols import JUDGED_PROTOCOLS

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path

    import polars as pl

    from features.workspace import Workspace
    from training.data import TrainingData

_OF_A_POOL = ("enterprises", "needs", "judgements", "events")
"""The tables on enterprises of a pool, which are empty for another pool."""


@dataclass(frozen=True)
class Files:
    """The files given to `evaluate`.

    Attributes
    ----------
    needs, judgements : Path or None
        The needs to evaluate on, and their judgements; both or neither.
    enterprises : Path or None
        Another pool: the workspace's needs, judgements and events are then not used.
    words : Path or None
        A language model's words for needs.
    """

    needs: Path | None = None
    judgements: Path | None = None
    enterprises: Path | None = None
    words: Path | None = None

    def check(self, protocol: str) -> None:
        """Raise `UsageError` for an invalid combination."""
        given = {name: path for name in _OF_A_POOL[:3] if (path := getattr(self, name))}
        for name in given:
            if protocol not in JUDGED_PROTOCOLS:
                raise UsageError(
                    f"--{name} goes with --protocol {' or '.join(JUDGED_PROTOCOLS)}, "
                    f"not with {protocol}",
                    field=name,
                    got=protocol,
                    expected=" or ".join(JUDGED_PROTOCOLS),
                )
        if given and not (self.needs and self.judgements):
            missing = "judgements" if self.needs else "needs"
            raise UsageError(
                "--needs FILE and --judgements FILE go together, and --enterprises FILE with both: "
                f"--{missing} is missing",
                field=missing,
                expected=f"--{missing} FILE",
            )

    def over(
        self, data: TrainingData, workspace: Workspace
    ) -> tuple[TrainingData, list[str] | None]:
        """Return the tables of a workspace, updated by these files, and the needs to evaluate on.

        The needs are ids, or None for all. Bad rows are reported on stderr and left out.

        Raises
        ------
        InputError
            When a file cannot be read, or has no valid row.
        """
        if self.needs is None or self.judgements is None:
            return data, None
        tables = dict(vars(data))
        if self.enterprises is not None:
            tables |= {name: tables[name].clear() for name in _OF_A_POOL}
            self._add("enterprises", self.enterprises, workspace, tables)
        needs = self._add("needs", self.needs, workspace, tables)
        self._add("judgements", self.judgements, workspace, tables)
        return replace(data, **tables), needs["need_id"].to_list()

    def read_words(self) -> dict[str, list[str]]:
        """Return the words for needs, by need_id."""
        return {} if self.words is None else read_words(self.words)

    def _add(
        self, table: str, path: Path, workspace: Workspace, tables: dict[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Add the valid rows of a file to a table as an import would, and return them."""

        def read(name: str, columns: Collection[str] | None = None) -> pl.DataFrame:
            return tables[name] if name in tables else workspace.read(name, columns)

        checked = check_rows(workspace, table, path, read=read)
        for problem in checked.problems.head(SHOWN).iter_rows(named=True):
            typer.echo(f"bad row: {RowProblem(**problem)}", err=True)
        if (more := checked.problems.height - SHOWN) > 0:
            typer.echo(f"bad row: {more} more in {path}", err=True)
        if checked.good.is_empty():
            raise InputError(
                f"{path} holds nothing to evaluate on: {checked.read} rows read, none of them good",
                field=table,
                got=str(path),
                expected=f"at least one row of the table {table}",
            )
        merged = merge(TABLES[table], tables[table], checked.good, checked.present).frame
        if merged is not None:
            tables[table] = merged
        return checked.good
