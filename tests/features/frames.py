"""Tables with few columns, the others unknown, and the files that a workspace keeps them in."""

import polars as pl

from features.tables.schema import SCHEMAS
from features.workspace import Workspace


def frame(table: str, **columns: list[object]) -> pl.DataFrame:
    """Make a table with the given columns; the others are unknown."""
    schema = SCHEMAS[table].create_empty().schema
    height = len(next(iter(columns.values())))
    missing = {name: [None] * height for name in schema if name not in columns}
    return pl.DataFrame({**missing, **columns}, schema=schema)


def zones(*ids: str) -> pl.DataFrame:
    return frame("zones", zone_id=list(ids), name=list(ids))


def enterprises(*ids: str) -> pl.DataFrame:
    return frame("enterprises", enterprise_id=list(ids), name=list(ids))


def files(workspace: Workspace) -> list[str]:
    return sorted(path.name for path in (workspace.home / "tables").iterdir())
