"""Rows removed together with an enterprise or a need; removal of single judgements."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from features.errors import NotFoundError

if TYPE_CHECKING:
    from features.workspace import Workspace

_ALONG = {"enterprise": "enterprise_id", "need": "need_id"}


def taken_along(workspace: Workspace, kind: str, id_: str) -> dict[str, int]:
    """Return how many judgements and events would be removed with an enterprise or a need."""
    column = _ALONG.get(kind)
    if column is None:
        return {}
    # Rows of a joined enterprise are read under the other one's id.
    read = workspace.imported if id_ in workspace.joins.into else workspace.read
    counts = {
        table: read(table).filter(pl.col(column) == id_).height
        for table in ("judgements", "events")
    }
    return {table: rows for table, rows in counts.items() if rows}


def remove_judgement(workspace: Workspace, need_id: str, enterprise_id: str) -> dict[str, int]:
    """Remove the judgement of an enterprise for a need, and those of enterprises joined into it.

    Raises
    ------
    NotFoundError
        When there is none.
    """
    with workspace.writing():
        ids = [enterprise_id, *workspace.joins.of(enterprise_id)]
        its = (pl.col("need_id") == need_id) & pl.col("enterprise_id").is_in(ids)
        rows = workspace.imported("judgements")
        kept = rows.filter(~its)
        if kept.height == rows.height:
            raise NotFoundError(
                f"no judgement of {enterprise_id!r} for {need_id!r} is there",
                field="enterprise_id",
                got=enterprise_id,
                expected=f"an enterprise that was judged for {need_id!r}",
            )
        workspace.commit({"judgements": kept})
    return {"judgements": rows.height - kept.height}
