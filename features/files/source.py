"""The source of a table: a file on disk, or the only table in a zip archive."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from features.errors import InputError
from features.files.packages import check_archive, unpacked

if TYPE_CHECKING:
    from collections.abc import Collection

_README = re.compile(r"(?:说明|须知|必读|声明|read.?me)[^/]*\.txt$", re.IGNORECASE)
"""Names of descriptions next to the table in an archive."""
_UTF8_NAME = 0x800
"""The flag of a zip archive for names in UTF-8; Windows writes GBK without it."""


@dataclass(frozen=True)
class Source:
    """A file with its display name, and its content if that is not a file on disk."""

    path: Path
    name: str
    content: bytes | None = None

    def __str__(self) -> str:
        return self.name

    @property
    def suffix(self) -> str:
        """The extension in lower case."""
        return PurePosixPath(self.name).suffix.lower()

    def open(self) -> io.BufferedReader | io.BytesIO:
        """Open the content for reading."""
        return self.path.open("rb") if self.content is None else io.BytesIO(self.content)

    def read(self) -> bytes:
        """Return the whole content."""
        return self.path.read_bytes() if self.content is None else self.content


def open_source(path: Path, endings: Collection[str]) -> Source:
    """Return a file, or the table in a zip archive; folders and system files are ignored.

    Parameters
    ----------
    endings
        Extensions of the files in an archive that can be read.

    Raises
    ------
    InputError
        When an archive is damaged, is too large, or has no table or several.
    """
    if path.suffix.lower() != ".zip":
        return Source(path, str(path))
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, UnicodeDecodeError) as error:
        raise InputError(
            f"{path} is not a zip archive, or is damaged ({error})", expected="a zip of one table"
        ) from None
    with archive:
        check_archive(path, archive)
        parts = [(_named(part), part) for part in archive.infolist() if not part.is_dir()]
        tables = [
            (name, part)
            for name, part in parts
            if PurePosixPath(name).suffix.lower() in endings
            and not name.startswith("__MACOSX/")
            and not PurePosixPath(name).name.startswith((".", "~$"))
        ]
        if len(tables) > 1:
            tables = [one for one in tables if not _README.search(one[0])] or tables
        if len(tables) != 1:
            held = ", ".join(name for name, _ in tables or parts) or "nothing"
            raise InputError(
                f"{path} must hold one table, got {held}",
                got=held,
                expected="a zip archive with one table",
            )
        name, part = tables[0]
        return Source(path, f"{path}/{name}", b"".join(unpacked(path, archive, part)))


def _named(part: zipfile.ZipInfo) -> str:
    if part.flag_bits & _UTF8_NAME:
        return part.filename
    try:
        return part.filename.encode("cp437").decode("gb18030")
    except UnicodeError:
        return part.filename
