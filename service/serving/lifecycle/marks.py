"""Marks of a workspace: cheap to read, and different after every change of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from features import calendar

if TYPE_CHECKING:
    from pathlib import Path

    from features.workspace import Workspace


class TablesMark(NamedTuple):
    """Mark of the tables.

    Attributes
    ----------
    pointer : tuple of int
        Time of change and inode of the file that names the current tables.
    events : str
        The last recorded events that this process has noticed.
    day : int
        The ordinal of the day: signals decay daily.
    """

    pointer: tuple[int, int]
    events: str
    day: int


class Mark(NamedTuple):
    """Mark of the tables and of which model is active."""

    tables: TablesMark
    registry: tuple[int, int]


class Marks:
    """Reads the marks of a workspace, from the metadata of two files.

    Parameters
    ----------
    workspace : Workspace
    registry : Path
        The file that names the active model.
    """

    def __init__(self, workspace: Workspace, registry: Path) -> None:
        self.workspace = workspace
        self._registry = os.fspath(registry)
        self._tables = os.fspath(workspace.pointer)

    def read(self) -> Mark:
        """Return the mark of the workspace as it is now."""
        return Mark(self.tables(), _changed_at(self._registry))

    def tables(self) -> TablesMark:
        """Return the mark of its tables."""
        return TablesMark(_changed_at(self._tables), self.events(), calendar.today().toordinal())

    def events(self) -> str:
        """Return the mark of its recorded events, without file access."""
        return self.workspace.log.seen if self.workspace.log else ""


def _changed_at(path: str) -> tuple[int, int]:
    """Return a value that changes when a file is replaced, even twice within one clock tick."""
    try:
        status = os.stat(path)  # noqa: PTH116  a third of the time, at every request
    except FileNotFoundError:
        return 0, 0
    return status.st_mtime_ns, status.st_ino
