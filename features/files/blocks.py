"""Several tables in one grid: beside each other, or one below the other with its own headers."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import polars as pl

from features.files.headers import is_complete, recognised

if TYPE_CHECKING:
    from collections.abc import Sequence

    from features.columns import Table
    from features.files.grid import Grid

_MOST_ROWS = 1 << 20
"""Rows of a sheet; longer texts are exports of one table."""
_SHORTEST = 4
"""Characters of a header that is searched for in the rows: 单位 may be a value."""


def blocks(table: Table, grid: Grid) -> list[Grid]:
    """Return the tables of a grid in order, nearly always the grid alone."""
    if grid.part is not None or grid.fields.height > _MOST_ROWS:
        return [grid]
    found = [block for below in _below(table, grid) for block in _beside(table, below)]
    if len(found) > 1:
        warning = f"{len(found)} tables in one, read together"
        found[0] = replace(found[0], warnings=(*found[0].warnings, warning))
    return found


def _beside(table: Table, grid: Grid) -> list[Grid]:
    """Split a grid whose headers are repeated from left to right, with or without a gap."""
    fields = grid.fields
    kept = [
        at
        for at, header in enumerate(grid.headers)
        if header.strip() or fields.to_series(at).null_count() < fields.height
    ]
    headers = [grid.headers[at].strip() for at in kept]
    for width in range(1, len(headers) // 2 + 1):
        repeated = headers[:width] * (len(headers) // width)
        if repeated == headers and is_complete(table, headers[:width]):
            return [
                replace(
                    grid,
                    headers=headers[at : at + width],
                    fields=fields[:, kept[at : at + width]],
                    surplus=() if at else grid.surplus,
                    warnings=() if at else grid.warnings,
                    sheet=_label(grid, f"columns {kept[at] + 1} to {kept[at + width - 1] + 1}"),
                )
                for at in range(0, len(headers), width)
            ]
    return [grid]


def _below(table: Table, grid: Grid) -> list[Grid]:
    """Split a grid at the rows that are the headers of another table."""
    fields = grid.fields
    if fields.is_empty():
        return [grid]
    named = pl.any_horizontal(pl.all().is_in(_required(table)))
    starts: list[tuple[int, Sequence[str]]] = [(-1, grid.headers)]
    for at in fields.select(named.fill_null(value=False)).to_series().arg_true().to_list():
        headers = [(cell or "").strip() for cell in fields.row(at)]
        same = headers == [header.strip() for header in starts[-1][1]]
        if not same and recognised(table, headers) > 1 and is_complete(table, headers):
            starts.append((at, headers))
    if len(starts) == 1:
        return [grid]
    ends = [at for at, _ in starts[1:]] + [fields.height]
    return [
        replace(
            grid,
            headers=headers,
            fields=fields.slice(at + 1, end - at - 1),
            first_row=grid.first_row + at + 1,
            surplus=grid.surplus if at < 0 else (),
            warnings=grid.warnings if at < 0 else (),
            sheet=_label(grid, f"rows {grid.first_row + at + 1} to {grid.first_row + end - 1}"),
        )
        for (at, headers), end in zip(starts, ends, strict=True)
    ]


def _label(grid: Grid, where: str) -> str:
    return f"{grid.sheet}, {where}" if grid.sheet else where


@cache
def _required(table: Table) -> list[str]:
    """Return the headers of the required columns by which another table is found."""
    return [
        header
        for column in table.columns
        if column.required
        for header in column.headers.split()
        if len(header) >= _SHORTEST
    ]
