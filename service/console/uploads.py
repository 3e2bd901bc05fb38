"""Uploaded files, kept in the workspace until they are imported or removed."""

from __future__ import annotations

import re
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.errors import InputError, NotFoundError
from features.files import sheets
from features.files.reading import read_rows
from features.imports.importing import import_table
from features.tables.catalogue import TABLES

if TYPE_CHECKING:
    from pathlib import Path

    from features.imports.report import ImportReport
    from features.workspace import Workspace

ENDINGS = (".csv", ".tsv", ".txt", *sheets.ENDINGS, ".parquet", ".zip")
_KEPT_SECONDS = 3600.0
_NAME = re.compile(r"[A-Za-z0-9_-]{22}\.[a-z]{2,8}")
_SHOWN_VALUES = 3


@dataclass(frozen=True)
class Taken:
    """The interpretation of a column of a file.

    Parameters
    ----------
    header
        The header in the file.
    column
        The column of the table; None if it is left out.
    values
        Some of the first values.
    personal
        Whether it holds personal data, which is never stored.
    """

    header: str
    column: str | None
    values: tuple[str, ...]
    personal: bool


class Uploads:
    """The folder of uploaded files.

    Parameters
    ----------
    workspace
        The folder is in it; tables change only when a file is imported.
    """

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self._folder = workspace.home / "uploads"

    def keep(self, content: bytes, called: str) -> str:
        """Store a file and return its name, which cannot be guessed.

        Raises
        ------
        InputError
            For an empty file, or an extension that cannot be read.
        """
        ending = f".{called.rpartition('.')[2].lower()}" if "." in called else ""
        if ending not in ENDINGS:
            expected = "a file named " + ", ".join(ENDINGS)
            raise InputError(
                f"expected {expected}, got {called!r}", field="file", got=called, expected=expected
            )
        if not content:
            raise InputError(f"{called} is empty", field="file", got=called, expected="a file")
        self._folder.mkdir(parents=True, exist_ok=True)
        self._drop_old()
        name = secrets.token_urlsafe(16) + ending
        path = self._folder / name
        path.touch(mode=0o600)
        path.write_bytes(content)
        return name

    def columns(self, name: str, table: str) -> list[Taken]:
        """Return the interpretation of each column of a stored file."""
        rows = read_rows(self._path(name), TABLES[table])
        meaning = {position: column for column, position in rows.headers.positions.items()}
        found = []
        for position, header in enumerate(rows.names):
            personal = header not in rows.fields.columns
            shown = None if personal else rows.fields[header].drop_nulls().head(_SHOWN_VALUES)
            values = () if shown is None else tuple(str(value)[:40] for value in shown)
            found.append(Taken(header, meaning.get(position), values, personal))
        return found

    def tried(self, name: str, table: str) -> ImportReport:
        """Return the effect of importing a stored file, without importing it."""
        return import_table(self.workspace, table, self._path(name), dry_run=True)

    def take(self, name: str, table: str) -> ImportReport:
        """Import a stored file and remove it."""
        path = self._path(name)
        report = import_table(self.workspace, table, path)
        path.unlink(missing_ok=True)
        return report

    def drop(self, name: str) -> None:
        """Remove a stored file."""
        with suppress(NotFoundError):
            self._path(name).unlink(missing_ok=True)

    def _path(self, name: str) -> Path:
        path = self._folder / name
        if not _NAME.fullmatch(name) or not path.is_file():
            raise NotFoundError(
                "this file is no longer stored: upload it again", field="file", got=name
            )
        return path

    def _drop_old(self) -> None:
        for path in self._folder.iterdir():
            with suppress(OSError):
                if path.stat().st_mtime < time.time() - _KEPT_SECONDS:
                    path.unlink()
