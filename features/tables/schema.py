"""Dataframely schemas, generated from the vocabulary: of stored tables and of parsed rows."""

import datetime
import hashlib
from collections.abc import Mapping

import dataframely as dy

from features.columns import Column, Kind, Table
from features.tables.catalogue import TABLES, UNLEARNT
from features.tables.project_list import PROJECTS

ROW = "row number"
"""The number of a row as in a spreadsheet: the headers are in row 1."""


def flag(column: str) -> str:
    """Return the name of the column that flags invalid values of `column`."""
    return f"{column} wrong"


def _column(column: Column, *, nullable: bool, key: bool = False) -> dy.Column:
    low, high = column.low, column.high
    match column.kind:
        case Kind.TEXTS:
            return dy.List(dy.String(), nullable=nullable)
        case Kind.PRODUCTS:
            share = dy.Float64(nullable=True, min=0, max=1)
            return dy.List(dy.Struct({"name": dy.String(), "share": share}), nullable=nullable)
        case Kind.DATE:
            first = None if low is None else datetime.date(int(low), 1, 1)
            return dy.Date(nullable=nullable, min=first)
        case Kind.COUNT:
            least, most = (None if bound is None else int(bound) for bound in (low, high))
            integer = dy.Int64 if most is None else dy.Int8
            return integer(nullable=nullable, min=least, max=most)
        case Kind.MONEY | Kind.NUMBER:
            return dy.Float64(nullable=nullable, min=low, max=high)
        case _:
            return dy.String(nullable=nullable, primary_key=key)


def _schema(table: Table) -> type[dy.Schema]:
    filled = {
        column.name
        for column in table.columns
        if column.required or column.default is not None or column.name in table.key
    }
    columns = {
        column.name: _column(
            column, nullable=column.name not in filled, key=column.name in table.key
        )
        for column in table.columns
    }
    return type(table.name.capitalize(), (dy.Schema,), {**columns, "__module__": __name__})


def _row_schema(table: Table) -> type[dy.Schema]:
    columns: dict[str, object] = {ROW: dy.UInt32(), "__module__": __name__}
    for column in table.columns:
        # Lists are checked when they are parsed, once per distinct text: here it would take as long
        # as reading the file.
        listed = column.kind in (Kind.TEXTS, Kind.PRODUCTS)
        nullable = not (column.required or column.name in table.key)
        columns[column.name] = dy.Any() if listed else _column(column, nullable=nullable)
        columns[flag(column.name)] = dy.Bool(check=lambda wrong: ~wrong)
    return type(f"{table.name.capitalize()}Row", (dy.Schema,), columns)


SCHEMAS: Mapping[str, type[dy.Schema]] = {name: _schema(table) for name, table in TABLES.items()}
"""The schema of each stored table."""

LOADED: Mapping[str, type[dy.Schema]] = {**SCHEMAS, PROJECTS.name: _schema(PROJECTS)}
"""Tables that rows are parsed into: those of the workspace, and lists that are not stored."""

ROW_SCHEMAS: Mapping[str, type[dy.Schema]] = {
    table.name: _row_schema(table) for table in (*TABLES.values(), PROJECTS)
}
"""The schema of parsed rows; every failure is a bad value."""


def schema_hash() -> str:
    """Return a hash of the columns that models use: a model of another schema is not served."""
    learnt = [table for name, table in TABLES.items() if name not in UNLEARNT]
    stated = [(t.name, [(c.name, c.kind) for c in t.columns]) for t in learnt]
    return hashlib.sha256(repr(stated).encode()).hexdigest()[:16]
