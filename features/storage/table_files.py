"""The files of a table: one Parquet file or, of a large one, parts by a hash of the key.

A file has the digest of its content in its name, and is never changed. A table in parts is a list
of them, itself such a file: its digest covers every part, and is the table's version. Parts that a
new version of the table does not change belong to both versions.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import suppress
from dataclasses import asdict, dataclass
from functools import partial
from typing import TYPE_CHECKING
from zlib import crc32

import numpy as np
import polars as pl

from features.errors import DamagedError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence
    from pathlib import Path

PART_ROWS = 1_000_000
"""Rows of a table beyond which it is stored in parts, by default."""
_KEYS = {"enterprises": "enterprise_id"}
"""The tables that may be stored in parts, and the columns whose hash decides on the part."""
_TABLE, _LIST = ".parquet", ".parts"
ENDINGS = {_TABLE, _LIST}
_FORMAT = 1
_ROW_GROUP = 10_000
"""Rows of a part that are read together."""
_PIECE = 50_000
_HASH = "crc32"


@dataclass(frozen=True)
class Part:
    """A file of a table in parts, with its number of rows and the digest of its content."""

    file: str
    rows: int
    version: str


def part_of(ids: pl.Series, parts: int) -> pl.Series:
    """Return the part of each id: the CRC-32 (as of zlib and PNG) of its UTF-8, modulo `parts`.

    Examples
    --------
    >>> part_of(pl.Series(["000725", "91140400MA0GT1AB2C"]), 8).to_list()
    [6, 5]
    """
    hashes = np.fromiter((crc32(one.encode()) for one in ids), np.uint32, len(ids))
    return pl.Series(hashes % np.uint32(parts))


def write(
    folder: Path, table: str, frame: pl.DataFrame, part_rows: int, former: str | None = None
) -> tuple[str, str]:
    """Store a table beside its former version; return the name of its file, and the digest of it.

    Parameters
    ----------
    folder : Path
    table : str
    frame : DataFrame
    part_rows : int
        Rows beyond which the table is stored in parts: in the smallest power of two of them with
        which they have no more than this on average.
    former : str, optional
        The file of the former version: of its parts those with the same rows are kept.
    """
    store = partial(_store, folder, table)
    if table not in _KEYS or frame.height <= part_rows:
        return store(_TABLE, partial(_write_parquet, frame))
    count = 1 << (-(-frame.height // part_rows) - 1).bit_length()
    known: list[Part] = []
    with suppress(OSError, DamagedError):
        known = [] if former is None else _parts(folder / former)
    at = part_of(frame[_KEYS[table]], count)
    parts = []
    for number in range(count):
        rows = _sorted(frame.filter(at == number), _KEYS[table])  # not all at once: that is a copy
        if len(known) == count and _has(folder, known[number], rows):
            parts.append(known[number])
        else:
            file, version = store(_TABLE, partial(_write_parquet, rows, row_group_size=_ROW_GROUP))
            parts.append(Part(file, rows.height, version))
    listed = {"format": _FORMAT, "hash": _HASH, "parts": [asdict(part) for part in parts]}
    return store(_LIST, partial(_write_json, listed))


def read(
    folder: Path, table: str, file: str, version: str, columns: Collection[str] | None = None
) -> pl.DataFrame:
    """Read a table, or some of its columns; one in parts is ordered by its key.

    Raises
    ------
    FileNotFoundError
        When a file is missing.
    DamagedError
        When one was altered or truncated.
    """
    rows = parted(folder, table, file, version)
    if rows is None:
        path = folder / file
        return pl.read_parquet(path, columns=_names(path, columns))
    starts = range(0, len(rows), _PIECE)
    return pl.concat([rows.slice(at, _PIECE, columns) for at in starts], rechunk=False)


def parted(folder: Path, table: str, file: str, version: str) -> PartedRows | None:
    """Return the rows of a table in parts, None for one in one file; as `read`."""
    _, *parts = check(folder, file, version)
    return PartedRows(parts, _KEYS[table]) if parts else None


class PartedRows:
    """The rows of a table in parts, ordered by the key, that are read some at a time.

    Parameters
    ----------
    parts : sequence of Path
        Each ordered by the key.
    key : str
    """

    def __init__(self, parts: Sequence[Path], key: str) -> None:
        keys = [pl.read_parquet(path, columns=[key])[key] for path in parts]
        order = pl.concat(keys).arg_sort().to_numpy()
        places = np.empty(len(order), dtype=np.uint32)
        places[order] = np.arange(len(order), dtype=np.uint32)
        # For each row of a part its place in the table; ascending.
        each = np.split(places, np.cumsum([len(own) for own in keys])[:-1])
        self._parts = list(zip(parts, each, strict=True))
        self._rows = len(order)

    def __len__(self) -> int:
        return self._rows

    def slice(self, start: int, count: int, columns: Collection[str] | None = None) -> pl.DataFrame:
        """Read at most `count` rows from one on, or some columns of them (FileNotFoundError)."""
        found, places = [], []
        for path, own in self._parts:
            low, high = np.searchsorted(own, [start, start + count]).tolist()
            rows = pl.scan_parquet(path).slice(low, high - low)
            found.append(rows.select(_names(path, columns)).collect())
            places.append(own[low:high])
        return pl.concat(found)[np.argsort(np.concatenate(places))]


def check(folder: Path, file: str, version: str) -> list[Path]:
    """Return the files of a table once each was found to be as it was stored.

    Raises
    ------
    FileNotFoundError, DamagedError
        As `read`.
    """
    path = folder / file
    _check(path, version)
    parts = _parts(path)
    for part in parts:
        _check(folder / part.file, part.version)
    return [path, *(folder / part.file for part in parts)]


def names(folder: Path, file: str) -> set[str]:
    """Return the names of the files of a table (OSError or DamagedError if unknown)."""
    return {file, *(part.file for part in _parts(folder / file))}


def damaged(path: Path) -> DamagedError:
    """Return the error of a file that is not what was stored."""
    return DamagedError(
        f"{path} is not what was imported (altered or cut short); "
        f"restore it from a backup, or remove {path.parent} and import again"
    )


def digest(path: Path) -> str:
    """Return 16 hexadecimal digits of the digest of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _store(
    folder: Path, table: str, ending: str, write_to: Callable[[Path], None]
) -> tuple[str, str]:
    """Write a file that appears whole or not at all; return its name and its digest."""
    path = folder / f".{table}.tmp"
    write_to(path)
    with path.open("rb") as file:
        os.fsync(file.fileno())
    version = digest(path)
    name = f"{table}-{version}{ending}"
    path.replace(folder / name)
    return name, version


def _sorted(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    return rows if rows[key].is_sorted() else rows.sort(key)


def _write_parquet(rows: pl.DataFrame, path: Path, row_group_size: int | None = None) -> None:
    rows.rechunk().write_parquet(
        path, compression="lz4", statistics=False, row_group_size=row_group_size
    )


def _names(path: Path, columns: Collection[str] | None) -> list[str]:
    stored = pl.read_parquet_schema(path)
    return [name for name in stored if columns is None or name in columns]


def _write_json(content: dict[str, object], path: Path) -> None:
    path.write_bytes(json.dumps(content, indent=1).encode())


def _parts(path: Path) -> list[Part]:
    """Return the parts that a file lists, none if it is the table itself."""
    if path.suffix != _LIST:
        return []
    try:
        listed = json.loads(path.read_bytes())
        if (listed["format"], listed["hash"]) != (_FORMAT, _HASH):
            raise DamagedError(
                f"{path} has format {listed['format']!r}, expected {_FORMAT}: it was written by "
                "another version of Lianzhao",
                got=str(listed["format"]),
                expected=str(_FORMAT),
            )
        return [Part(**part) for part in listed["parts"]]
    except (ValueError, TypeError, LookupError) as error:
        raise damaged(path) from error


def _check(path: Path, version: str) -> None:
    if digest(path) != version:
        raise damaged(path)


def _has(folder: Path, part: Part, rows: pl.DataFrame) -> bool:
    """Return whether a part, as it was stored, holds these rows."""
    if part.rows != rows.height:
        return False
    try:
        _check(folder / part.file, part.version)
        return pl.read_parquet(folder / part.file).equals(rows)
    except (OSError, DamagedError):
        return False
