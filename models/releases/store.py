"""A store of published releases: a folder, or a bucket of an S3-compatible server.

What is stored is never changed: files under the digest of their content, and releases under
numbers, each created only if nobody has created it before. The newest release is the one with the
highest number, so that no clock plays a part.
"""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote, urlsplit

from features.errors import ConflictError, DamagedError, UnavailableError, UsageError
from models.storage import checked_files

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

FORMAT = 1
_INSTALL = "pip install 'lianzhao[store]'"
_EXPECTED = "file:///folder or s3://bucket/prefix"
_PIECE = 32 * 2**20
"""Bytes per request: each piece has to arrive within the time limit."""
_SECONDS = {"timeout": "60s", "connect_timeout": "5s"}


class StoredFile(NamedTuple):
    """A file of a release.

    Attributes
    ----------
    path : str
        In the workspace, with forward slashes.
    size : int
    sha256 : str
    """

    path: str
    size: int
    sha256: str


class Release(NamedTuple):
    """A model version prepared for some tables, with these tables.

    Attributes
    ----------
    version : str
        Of the model.
    tables : dict
        What `tables/current.json` says.
    files : tuple of StoredFile
    """

    version: str
    tables: Mapping[str, Any]
    files: tuple[StoredFile, ...]


class Store:
    """Releases and their files.

    Parameters
    ----------
    url : str
        `file:///folder`, or `s3://bucket/prefix`; keys, region and endpoint of the latter come
        from the usual variables (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION,
        AWS_ENDPOINT_URL).

    Raises
    ------
    UsageError
        When the URL is none of these.
    UnavailableError
        When the extra `store` is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        folder = check_url(url)
        try:
            self._obstore: Any = import_module("obstore")
            stores: Any = import_module("obstore.store")
        except ModuleNotFoundError as error:
            raise UnavailableError(
                f"a store needs obstore, which is not installed: {_INSTALL}",
                field="STORE_URL",
                expected=_INSTALL,
            ) from error
        self._failure: type[Exception] = self._obstore.exceptions.BaseError
        with self._answering():
            if folder is not None:
                self._store = stores.LocalStore(folder, mkdir=True)
            else:
                self._store = stores.from_url(
                    url,
                    client_options={"allow_http": True, **_SECONDS},
                    retry_config={"max_retries": 2},
                )

    def numbers(self, after: int = 0) -> list[int]:
        """Return the numbers of the releases that came after one, in order."""
        offset = _release(after) if after else None
        with self._answering():
            found = self._obstore.list(self._store, "releases/", offset=offset).collect()
        names = (Path(each["path"]).stem for each in found)
        return sorted(number for name in names if name.isdigit() and (number := int(name)) > after)

    def release(self, number: int) -> Release:
        """Return a release.

        Raises
        ------
        DamagedError
            When it was altered, or is of a format that is not known here.
        """
        name = _release(number)
        try:
            with self._answering():
                found = json.loads(self._obstore.get(self._store, name).bytes().to_bytes())
            seal = found.pop("seal")
            files = tuple(StoredFile(*each) for each in found["files"])
            release = Release(found["version"], found["tables"], files)
            known = found["format"] == FORMAT and found["number"] == number
        except FileNotFoundError as error:
            raise self._damaged(name, "it is missing") from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._damaged(name, "it cannot be read") from error
        if seal != _seal(found):
            raise self._damaged(name, "it was altered")
        if not known:
            raise self._damaged(name, f"format or number is not what is expected ({FORMAT})")
        return release

    def add(self, number: int, release: Release) -> None:
        """Create a release; all of its files are there.

        Raises
        ------
        ConflictError
            When another publisher has created one of that number.
        """
        told = {"format": FORMAT, "number": number, **release._asdict()}
        content = json.dumps(told | {"seal": _seal(told)}, ensure_ascii=False).encode()
        already = self._obstore.exceptions.AlreadyExistsError
        try:
            with self._answering(already):
                self._obstore.put(self._store, _release(number), content, mode="create")
        except already as error:
            raise ConflictError(
                f"another publisher has added release {number} to {self.url} meanwhile: push again "
                "to come after it",
                field="release",
                got=str(number),
            ) from error

    def put(self, file: StoredFile, path: Path) -> bool:
        """Store a file unless it is there; return whether it was not."""
        name = _object(file.sha256)
        with self._answering():
            try:
                if self._obstore.head(self._store, name)["size"] == file.size:
                    return False
            except FileNotFoundError:
                pass
            self._obstore.put(self._store, name, path)
        return True

    def get(self, file: StoredFile, path: Path) -> None:
        """Write a file of a release to a path, which appears whole or not at all.

        Raises
        ------
        DamagedError
            When it is missing from the store, or not what the release says.
        """
        name, draft = _object(file.sha256), path.with_suffix(".draft")
        checksum = hashlib.sha256()
        try:
            with draft.open("wb") as target:
                for start in range(0, file.size, _PIECE):
                    end = min(start + _PIECE, file.size)
                    with self._answering():
                        piece = self._obstore.get_range(self._store, name, start=start, end=end)
                    checksum.update(piece)
                    target.write(piece)
                target.flush()
                os.fsync(target.fileno())
            if checksum.hexdigest() != file.sha256:
                raise self._damaged(name, f"it was altered ({file.path})")
            draft.replace(path)
        except FileNotFoundError as error:
            raise self._damaged(name, f"it is missing ({file.path})") from error
        finally:
            draft.unlink(missing_ok=True)

    def _damaged(self, name: str, why: str) -> DamagedError:
        return DamagedError(f"{name} in {self.url} is damaged: {why}", got=name)

    @contextmanager
    def _answering(self, *passed: type[Exception]) -> Iterator[None]:
        """Turn failures of the store, but for those named and missing files, into ours."""
        try:
            yield
        except Exception as error:
            if isinstance(error, (FileNotFoundError, *passed)):
                raise
            if not isinstance(error, (OSError, self._failure)):
                raise
            told = str(error).strip().splitlines() or [type(error).__name__]
            raise UnavailableError(
                f"the store {self.url} does not answer: {told[0]}", field="STORE_URL", got=self.url
            ) from error


def check_url(url: str) -> Path | None:
    """Return the folder of a store that is one, None for a bucket.

    Raises
    ------
    UsageError
        When the URL is neither.
    """
    parts = urlsplit(url)
    if parts.scheme == "file" and not parts.netloc and parts.path not in {"", "/"}:
        return Path(unquote(parts.path))
    if parts.scheme == "s3" and parts.netloc and "@" not in parts.netloc and not parts.query:
        return None
    raise UsageError(
        f"a store must be {_EXPECTED}, got {url}",
        field="STORE_URL",
        got=url,
        expected=_EXPECTED,
    )


def stored_file(home: Path, path: Path, digest: str | None = None) -> StoredFile:
    """Return a file of a workspace, with the digest of its content, which is read unless given."""
    digest = digest or checked_files.checksum(path)
    return StoredFile(path.relative_to(home).as_posix(), path.stat().st_size, digest)


def _release(number: int) -> str:
    return f"releases/{number:08}.json"


def _object(sha256: str) -> str:
    return f"objects/{sha256[:2]}/{sha256}"


def _seal(told: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
