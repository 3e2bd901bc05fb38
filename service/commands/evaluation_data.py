"""What an evaluation reads: the workspace, or needs, judgements and a pool that are given as files.

A file is read and checked as an import would, and nothing of it is kept.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import typer

from features.catalogue import TABLES
from features.errors import InputError, UsageError
from features.tables.importing import check_rows
from features.tables.lists import read_words
from features.tables.merging import merge
from features.tables.report import SHOWN, RowProblem
from training.protocols import JUDGED_PROTOCOLS

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

    from features.workspace import Workspace
    from training.data import TrainingData

_OF_A_POOL = ("enterprises", "needs", "judgements", "events")
"""What is about the enterprises of a pool: of another pool nothing is known here."""


@dataclass(frozen=True)
class Files:
    """The files that `evaluate` is given beside the workspace.

    Attributes
    ----------
    needs, judgements : Path or None
        The needs asked for, and what is known of them; both or neither.
    enterprises : Path or None
        Another pool: nothing is learnt from the workspace's needs, judgements and events then.
    words : Path or None
        What a language model gave for needs.
    """

    needs: Path | None = None
    judgements: Path | None = None
    enterprises: Path | None = None
    words: Path | None = None

    def check(self, protocol: str) -> None:
        """Raise `UsageError` where they do not go together."""
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
        """Return the tables of a workspace with these files over them, and the needs asked for.

        Their ids, or None where all are. Bad rows are reported on stderr and left out.

        Raises
        ------
        InputError
            When a file cannot be used, or holds no good row.
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
        """Return the words given for needs, by need_id."""
        return {} if self.words is None else read_words(self.words)

    def _add(
        self, table: str, path: Path, workspace: Workspace, tables: dict[str, pl.DataFrame]
    ) -> pl.DataFrame:
        """Add the good rows of a file to a table as an import would, and return them."""

        def read(name: str) -> pl.DataFrame:
            return tables[name] if name in tables else workspace.read(name)

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
