"""A fitted model on disk: arrays, and a manifest with their checksums; nothing is executed."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from features.errors import DamagedError, UnavailableError
from models.storage import checked_files
from models.storage.checked_files import checksum

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from numpy.typing import NDArray

MANIFEST = "manifest.json"
FORMAT = 4
"""Format number of models, prepared files and cached answers: incremented whenever the same model
and tables would give a different result."""
_ADVICE = "activate another version or train again"


class UnfitModelError(UnavailableError):
    """A version that cannot be served here: of another format, encoder, table schema or factors."""

    code = "unfit-model"


class NotWrittenError(UnavailableError):
    """A write failed, for example on a full disk; nothing is left behind."""


def save(folder: Path, arrays: Mapping[str, NDArray[Any]], facts: Mapping[str, Any]) -> None:
    """Write arrays and manifest atomically into a new folder.

    Parameters
    ----------
    folder : Path
        Must not exist.
    arrays : mapping of str to ndarray
        Numbers, bools or text; no objects.
    facts : mapping
        What else the manifest is to say, JSON.

    Raises
    ------
    NotWrittenError
        When the disk does not take it; nothing is left behind.
    """
    with drafted(folder, facts) as draft:
        for name, array in sorted(arrays.items()):
            # Copied only if it is not C-contiguous: arrays may be large.
            np.save(draft / f"{name}.npy", np.asarray(array, order="C"), allow_pickle=False)


@contextmanager
def drafted(folder: Path, facts: Mapping[str, Any]) -> Iterator[Path]:
    """Yield a draft folder for .npy files, which becomes `folder` with its manifest, or nothing.

    Parameters
    ----------
    folder : Path
        Must not exist.
    facts : mapping
        What else the manifest is to say, JSON.

    Raises
    ------
    NotWrittenError
        When the disk does not take it; nothing is left behind.
    """
    draft = folder.with_name(f".{folder.name}.{os.getpid()}.draft")
    try:
        draft.mkdir(parents=True)
        yield draft
        checksums = {path.stem: checksum(path) for path in draft.iterdir()}
        checked_files.record(draft, _files(checksums))
        told = {"format": FORMAT, **facts, "arrays": checksums}
        text = json.dumps(
            told | {"seal": _seal(told)}, ensure_ascii=False, indent=1, sort_keys=True
        )
        (draft / MANIFEST).write_text(text + "\n", encoding="utf-8")
        for path in (*draft.iterdir(), draft):
            _flush(path)
        draft.rename(folder)
        _flush(folder.parent)
    except OSError as error:
        raise NotWrittenError(
            f"could not save the model in {folder}: {error.strerror or error}",
            got=str(folder),
            expected="a writable folder with free space",
        ) from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def manifest(folder: Path) -> dict[str, Any]:
    """Return a model's manifest.

    Raises
    ------
    DamagedError
        When it cannot be read or was altered.
    UnfitModelError
        When its format is unknown.
    """
    path = folder / MANIFEST
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
        known, whole = found["format"] == FORMAT, isinstance(found["arrays"], dict)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _damaged(path) from error
    if not known:
        raise UnfitModelError(
            f"model file {path} has format {found['format']!r}, expected {FORMAT}: it was made by "
            f"another version of Lianzhao; {_ADVICE}",
            got=str(found["format"]),
            expected=str(FORMAT),
        )
    if not whole:
        raise _damaged(path)
    if found.get("seal") != _seal(found):
        raise DamagedError(
            f"model file {path} was altered: its seal does not fit; {_ADVICE}",
            got=str(path),
        )
    return found


def skim(folder: Path) -> dict[str, Any]:
    """Return a model's manifest, after checking that its files exist; they are not read.

    Raises
    ------
    DamagedError, UnfitModelError
        As `manifest`, and when a file is missing.
    """
    found = manifest(folder)
    for name in found["arrays"]:
        path = folder / f"{name}.npy"
        if not path.is_file():
            raise _damaged(path)
    return found


def load(folder: Path) -> dict[str, NDArray[Any]]:
    """Return a model's arrays, each checked against its checksum.

    Raises
    ------
    DamagedError
        When a file is missing, truncated or altered; the message names it.
    """
    arrays = {}
    for name, path, _ in _checked(folder):
        try:
            arrays[name] = np.load(path, allow_pickle=False)
        except (OSError, ValueError) as error:
            raise _damaged(path) from error
    return arrays


def mapped(folder: Path) -> dict[str, NDArray[Any]]:
    """Return the arrays of a folder as memory maps, which are read on access.

    Files that have not been checked on this machine, or have changed since, are read first, see
    `models.storage.checked_files`.

    Raises
    ------
    DamagedError
        When a file is missing, truncated or altered; the message names it.
    """
    check(folder)
    return {name: map_array(folder / f"{name}.npy") for name in manifest(folder)["arrays"]}


def check(folder: Path) -> None:
    """Check manifest and files; files that were checked before are not read again.

    Raises
    ------
    DamagedError, UnfitModelError
        See `mapped`.
    """
    for name in checked_files.damaged(folder, _files(manifest(folder)["arrays"])):
        raise _damaged(folder / name)


def _files(checksums: Mapping[str, str]) -> dict[str, str]:
    return {f"{name}.npy": own for name, own in checksums.items()}


def map_array(path: Path) -> NDArray[Any]:
    """Return the array of one file mapped into memory (DamagedError)."""
    try:
        array = np.load(path, mmap_mode="r", allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _damaged(path) from error
    # A plain view: np.memmap is slower for small operations. (An empty array is never a memmap.)
    return np.asarray(array.view(np.ndarray))


def verify(folder: Path) -> dict[Path, str]:
    """Check manifest and arrays as `load` does, reading files in pieces.

    Returns
    -------
    dict
        The SHA-256 of each file, in hexadecimal digits.

    Raises
    ------
    DamagedError
        When a file is missing, truncated or altered; the message names it.
    """
    found = {path: wanted for _, path, wanted in _checked(folder)}
    return {folder / MANIFEST: checksum(folder / MANIFEST), **found}


def _checked(folder: Path) -> Iterator[tuple[str, Path, str]]:
    """Yield name, file and checksum of every array, after checking the latter."""
    for name, wanted in manifest(folder)["arrays"].items():
        path = folder / f"{name}.npy"
        try:
            found = checksum(path)
        except OSError as error:
            raise _damaged(path) from error
        if found != wanted:
            raise DamagedError(
                f"model file {path} was altered: its checksum is not the manifest's; {_ADVICE}",
                got=str(path),
                expected=f"sha256 {wanted}",
            )
        yield name, path, wanted


def _damaged(path: Path) -> DamagedError:
    return DamagedError(
        f"model file {path} is damaged (missing, cut short or altered); {_ADVICE}", got=str(path)
    )


def _seal(told: Mapping[str, Any]) -> str:
    """Return the checksum of a manifest, over all other fields."""
    rest = {key: value for key, value in told.items() if key != "seal"}
    return hashlib.sha256(json.dumps(rest, sort_keys=True).encode()).hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
