"""The seal of values in Redis: values that this service did not write are never sent."""

from __future__ import annotations

import hmac
import os
import secrets
import struct
from contextlib import suppress
from hashlib import blake2b
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

FILE = "cache.key"
"""The file of the key in a workspace, readable only by its owner."""
_VERSION = b"lz1"
_DIGEST = 16
_HEAD = struct.Struct(f"<3sQ{_DIGEST}s")
"""Version, length of the value, digest."""
_BYTES = 32
_OF_THIS_PROCESS = secrets.token_bytes(_BYTES)


class Seal:
    """Seals values, and opens values that it has sealed.

    The digest is keyed and covers the key of the value, so that access to Redis alone is not enough
    to forge a value or move one to another key.

    Parameters
    ----------
    home
        The workspace, whose key all its workers share. None: values are valid only in this process.
    secret
        Used instead of the workspace's key.
    """

    def __init__(self, home: Path | None = None, secret: str | None = None) -> None:
        self.home = home
        self._key = None if home else _OF_THIS_PROCESS
        if secret:
            self._key = blake2b(secret.encode(), digest_size=_BYTES).digest()

    def sealed(self, name: str, value: bytes) -> bytes:
        """Return the sealed value for a key."""
        return _HEAD.pack(_VERSION, len(value), self._digest(name, value)) + value

    def opened(self, name: str, kept: bytes) -> bytes | None:
        """Return the value; None if it has no seal of this key, or was truncated or altered."""
        if len(kept) < _HEAD.size:
            return None
        version, length, digest = _HEAD.unpack_from(kept)
        value = kept[_HEAD.size :]
        if version != _VERSION or length != len(value):
            return None
        return value if hmac.compare_digest(digest, self._digest(name, value)) else None

    def _digest(self, name: str, value: bytes) -> bytes:
        if self._key is None:
            assert self.home is not None
            self._key = _key_of(self.home)
        digest = blake2b(key=self._key, digest_size=_DIGEST)
        digest.update(b"%d\n" % len(name))
        digest.update(name.encode())
        digest.update(value)
        return digest.digest()


def _key_of(home: Path) -> bytes:
    """Return the key of a workspace; if there is none, the first writer generates it."""
    path = home / FILE
    with suppress(OSError):
        if len(found := path.read_bytes()) == _BYTES:
            return found
    made = home / f".{FILE}-{secrets.token_hex(4)}"
    try:
        home.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(made, path)
        except FileExistsError:
            if len(found := path.read_bytes()) == _BYTES:
                return found
            made.replace(path)
        return path.read_bytes()
    except OSError:  # the workspace cannot be written: this process shares no values
        return _OF_THIS_PROCESS
    finally:
        with suppress(OSError):
            made.unlink()
