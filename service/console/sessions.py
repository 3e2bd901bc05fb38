"""Sessions of the console: a signed cookie that names the key, and the tokens of its forms."""

from __future__ import annotations

import hmac
import logging
import os
import secrets
from contextlib import suppress
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from itsdangerous import BadSignature, URLSafeTimedSerializer

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import Scope

log = logging.getLogger(__name__)

COOKIE = "lianzhao_session"
LONGEST = 12 * 3600
"""Seconds after which a session expires: a working day."""
_SESSION = "lianzhao.session"
_BYTES = 32


class Session(NamedTuple):
    """A session: the id of the key, and a unique number."""

    key_id: str
    number: str


class Sessions:
    """Creates and verifies the cookie and the CSRF tokens of forms.

    The signing secret is a file of the workspace, shared by all workers and kept over restarts. A
    session is never taken over from the browser: each sign-in creates a new number.

    Parameters
    ----------
    home : Path
        The workspace; the secret is created there when it is first needed.
    """

    def __init__(self, home: Path) -> None:
        self._file = home / "console.secret"
        self._known: bytes | None = None

    def signed(self, key_id: str) -> str:
        """Return the cookie of a new session."""
        return str(self._signer().dumps([key_id, secrets.token_urlsafe(12)]))

    def of(self, scope: Scope) -> Session | None:
        """Return the session of a request; None if there is none, or it is forged or expired."""
        if _SESSION not in scope:
            scope[_SESSION] = self._read(_cookie(scope))
        found: Session | None = scope[_SESSION]
        return found

    def token(self, scope: Scope) -> str:
        """Return a token for forms of this session; requests without a session share theirs.

        It is masked differently at every call: pages are compressed, and the length of a page with
        text chosen by an attacker would otherwise reveal the token bit by bit (BREACH).
        """
        own = self._own_token(scope)
        mask = secrets.token_bytes(len(own))
        return (mask + _masked(own, mask)).hex()

    def holds(self, scope: Scope, given: str) -> bool:
        """Whether a token belongs to this session."""
        own = self._own_token(scope)
        try:
            both = bytes.fromhex(given)
        except ValueError:
            return False
        mask, shown = both[: len(own)], both[len(own) :]
        return len(both) == 2 * len(own) and hmac.compare_digest(_masked(shown, mask), own)

    def _own_token(self, scope: Scope) -> bytes:
        session = self.of(scope)
        about = f"form {session.key_id} {session.number}" if session else "form"
        return hmac.new(self._secret(), about.encode(), sha256).digest()

    def _read(self, cookie: str) -> Session | None:
        if not cookie:
            return None
        with suppress(BadSignature, ValueError, TypeError):
            return Session(*map(str, self._signer().loads(cookie, max_age=LONGEST)))
        return None

    def _signer(self) -> URLSafeTimedSerializer:
        return URLSafeTimedSerializer(
            self._secret(), salt="session", signer_kwargs={"digest_method": sha256}
        )

    def _secret(self) -> bytes:
        if self._known is None:
            try:
                self._known = self._kept()
            except OSError as error:
                log.warning("sessions end with this process: %s: %s", self._file, error)
                self._known = secrets.token_bytes(_BYTES)
        return self._known

    def _kept(self) -> bytes:
        with suppress(FileNotFoundError):
            return self._file.read_bytes()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft = self._file.with_name(f".{self._file.name}.{secrets.token_hex(4)}")
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
        # If several workers create one at the same time, the first one is used.
        with suppress(FileExistsError):
            os.link(draft, self._file)
        draft.unlink()
        return self._file.read_bytes()


def _masked(own: bytes, mask: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(own, mask, strict=True))


def _cookie(scope: Scope) -> str:
    # HTTP/2 may split the cookies into several headers.
    given = b";".join(value for name, value in scope["headers"] if name == b"cookie")
    for part in given.decode("latin-1").split(";"):
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            return value
    return ""
