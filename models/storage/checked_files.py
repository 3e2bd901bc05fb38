"""Checksums of files, kept in a record beside them with inode, size and modification time.

As long as these stay, a file is not read again: it is read once on every machine, and not at every
start.
"""

from __future__ import annotations

import hashlib
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RECORD = ".checked.json"
_READERS = 4


class FileMark(NamedTuple):
    """What changes when a file is written to or replaced.

    Attributes
    ----------
    inode : int
    size : int
    modified : int
        In nanoseconds.
    """

    inode: int
    size: int
    modified: int


class Checked(NamedTuple):
    """A file that had this SHA-256 when it had this mark."""

    checksum: str
    mark: FileMark


def marks(folder: Path) -> dict[str, FileMark]:
    """Return the marks of the files in a folder, without hidden ones; empty if it is missing."""
    found = {}
    with suppress(FileNotFoundError), os.scandir(folder) as entries:
        for entry in entries:
            if not entry.name.startswith("."):
                with suppress(FileNotFoundError):  # removed meanwhile
                    stat = entry.stat()
                    found[entry.name] = FileMark(stat.st_ino, stat.st_size, stat.st_mtime_ns)
    return found


def have_changed(folder: Path, known: Mapping[str, FileMark]) -> bool:
    """Return whether a file has changed since; one that was removed stays mapped, and has not."""
    return any(known.get(name) != mark for name, mark in marks(folder).items())


def damaged(folder: Path, checksums: Mapping[str, str]) -> list[str]:
    """Return which files of a folder are missing, truncated or altered.

    A file that was read before is not read again; if it has another size, that suffices.

    Parameters
    ----------
    folder : Path
    checksums : mapping
        SHA-256 in hexadecimal digits, by the name of the file.
    """
    known, found = _recorded(folder), marks(folder)
    wanted = {name: Checked(own, found[name]) for name, own in checksums.items() if name in found}
    unread = [name for name, own in wanted.items() if not _is_decided(known.get(name), own)]
    if unread:
        with ThreadPoolExecutor(_READERS) as readers:
            read = readers.map(_found, [folder / name for name in unread])
            known |= {
                name: Checked(own, found[name]) for name, own in zip(unread, read, strict=True)
            }
        _record(folder, known)
    altered = {name for name, own in wanted.items() if known.get(name) != own}
    return sorted((checksums.keys() - found.keys()) | altered)


def record(folder: Path, checksums: Mapping[str, str]) -> None:
    """Record files of a folder that were read just now, and had these checksums."""
    found = marks(folder)
    _record(folder, {name: Checked(own, found[name]) for name, own in checksums.items()})


def checksum(path: Path) -> str:
    """Return the SHA-256 of a file in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _found(path: Path) -> str:
    try:
        return checksum(path)
    except OSError:
        return ""


def _is_decided(known: Checked | None, wanted: Checked) -> bool:
    """Return whether a file need not be read: it is as it was, or has lost its size since."""
    return known is not None and (
        known.mark == wanted.mark
        or (known.checksum == wanted.checksum and known.mark.size != wanted.mark.size)
    )


def _recorded(folder: Path) -> dict[str, Checked]:
    try:
        found = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        return {name: Checked(own, FileMark(*mark)) for name, (own, mark) in found.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _record(folder: Path, files: Mapping[str, Checked]) -> None:
    draft = folder / f"{RECORD}.{os.getpid()}.{threading.get_ident()}"
    try:
        draft.write_text(json.dumps(files), encoding="utf-8")
        draft.replace(folder / RECORD)
    except OSError:  # a folder that cannot be written is read again the next time
        draft.unlink(missing_ok=True)
