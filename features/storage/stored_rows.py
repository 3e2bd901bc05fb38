"""Rows of a table of which some can be read: of a DataFrame, or of a table in parts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection
    from contextlib import AbstractContextManager
    from pathlib import Path

    import polars as pl

    from features.storage.table_files import PartedRows


_WINDOW = 100_000
"""Rows that are read at once, as a part is read by thousands of them."""


class Rows(Protocol):
    """The rows of a table, as of a DataFrame."""

    def __len__(self) -> int:
        """Return their number."""

    def slice(self, start: int, count: int, /) -> pl.DataFrame:
        """Return at most `count` rows from one on."""

    def select(self, columns: Collection[str], /) -> pl.DataFrame:
        """Return some columns of all rows."""


class StoredRows:
    """The rows of a table in parts: read in their order, each is read from the files once.

    Parameters
    ----------
    stored : PartedRows
    opened : callable
        Returns a context that turns failures to read a file into the errors of a snapshot.
    complete : callable
        Adds the columns to some rows that the files lack; takes rows and the wanted columns.
    """

    def __init__(
        self,
        stored: PartedRows,
        opened: Callable[[], AbstractContextManager[Path]],
        complete: Callable[[pl.DataFrame, Collection[str] | None], pl.DataFrame],
    ) -> None:
        self._stored, self._opened, self._complete = stored, opened, complete
        self._first, self._window = 0, self._read(0, 0, None)

    def __len__(self) -> int:
        return len(self._stored)

    def slice(self, start: int, count: int, /) -> pl.DataFrame:
        """Return at most `count` rows from one on."""
        end = min(start + count, len(self))
        if start < self._first or end > self._first + len(self._window):
            self._first, self._window = start, self._read(start, max(count, _WINDOW), None)
        return self._window.slice(start - self._first, count)

    def select(self, columns: Collection[str], /) -> pl.DataFrame:
        """Return some columns of all rows."""
        return self._read(0, len(self), columns)

    def _read(self, start: int, count: int, columns: Collection[str] | None) -> pl.DataFrame:
        with self._opened():
            found = self._stored.slice(start, count, columns)
        return self._complete(found, columns)
