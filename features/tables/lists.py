"""Lists that a command is given beside the workspace: needs to rank for, ids to rank among."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.columns import Column, Kind, Table
from features.enterprise_columns import ENTERPRISES
from features.tables.importing import check_rows
from features.tables.reading import read_rows

if TYPE_CHECKING:
    from pathlib import Path

    from features.tables.report import Checked
    from features.workspace import Workspace


def read_needs(workspace: Workspace, path: Path) -> Checked:
    """Read and check a needs table without importing it; the workspace may not know its needs."""
    return check_rows(workspace, "needs", path)


def read_ids(path: Path) -> pl.Series:
    """Return the distinct enterprise_ids of a file; what else stands in it is left alone.

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
