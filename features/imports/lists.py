"""Lists that a command reads besides the workspace: needs to rank for, ids to rank among."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from features.columns import Column, Kind, Table
from features.files.reading import read_rows
from features.imports.importing import check_rows
from features.tables.catalogue import NEEDS
from features.tables.enterprise_columns import ENTERPRISES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from features.files.reading import Rows
    from features.imports.report import Checked
    from features.workspace import Workspace


_BETWEEN = re.compile(r"[;；\n]")


def read_needs(workspace: Workspace, path: Path) -> Checked:
    """Read and check a needs table without importing it; the workspace may not have its needs."""
    return check_rows(workspace, "needs", path)


def read_words(path: Path) -> dict[str, list[str]]:
    """Return the words of needs in a file, in the form of a language model's: need_id, words.

    Raises
    ------
    InputError
        When the file cannot be read or lacks one of the two columns.
    """
    table = Table(
        "words_of_needs",
        "需求用词",
        ("need_id",),
        (
            Column("need_id", Kind.ID, NEEDS.column("need_id").headers, required=True),
            Column("words", Kind.TEXT, "用词 词语", required=True),
        ),
    )
    rows = read_rows(path, table)
    found = {}
    for need_id, text in _columns(rows, "need_id", "words"):
        words = [word.strip() for word in _BETWEEN.split(text or "") if word.strip()]
        if need_id and words:
            found[need_id.strip()] = words
    return found


def _columns(rows: Rows, *names: str) -> Iterator[tuple[str | None, ...]]:
    """Yield the values of some columns by row; nothing if a column is missing."""
    columns = [rows.raw(name) for name in names]
    found = [column.to_list() for column in columns if column is not None]
    return zip(*found, strict=True) if len(found) == len(names) else iter(())


def read_ids(path: Path) -> pl.Series:
    """Return the distinct enterprise_ids of a file; other columns are ignored.

    Raises
    ------
    InputError
        When the file cannot be read or has no such column.
    """
    headers = ENTERPRISES.column("enterprise_id").headers
    table = Table(
        "enterprises",
        "企业",
        ("enterprise_id",),
        (Column("enterprise_id", Kind.ID, headers, required=True),),
    )
    found = read_rows(path, table).raw("enterprise_id")
    return pl.Series(found, dtype=pl.String).drop_nulls().str.strip_chars().unique()
