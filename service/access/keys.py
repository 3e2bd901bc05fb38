"""API keys as this process knows them, and what each role may call.

Keys are looked up in memory only, in microseconds. They are copied here from the database whenever
they change.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING

from features.errors import ForbiddenError
from features.vocabulary import KEY_ROLES
from service.access.proxies import Proxies, is_forwarded, is_loopback
from service.access.zones import ZoneRights
from service.api import headers
from service.api.problems import Fault, Problem, of_error

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from starlette.types import Scope

_EVERYBODY = frozenset(KEY_ROLES)
_READERS_OF_EVENTS = frozenset({"official", "analyst", "administrator"})
_PUBLISHERS = frozenset({"analyst", "administrator"})
_ADMINISTRATORS = frozenset({"administrator"})

RIGHTS = (
    ("GET", r"/v1/(zones|needs|chains|enterprises|recommendations|leads)(/.*)?", _EVERYBODY),
    ("GET", r"/v1/recommendations\.xlsx", _EVERYBODY),
    ("POST", r"/v1/(recommendations(\.xlsx)?|events)", _EVERYBODY),
    ("GET", r"/v1/events", _READERS_OF_EVENTS),
    ("POST", r"/v1/events/.+/retract", _READERS_OF_EVENTS),
    ("GET", r"/v1/(projects|board|figures|agenda|meetings|talks|gates)(/.*)?", _READERS_OF_EVENTS),
    ("POST", r"/v1/(projects|meetings|offers)(/.*)?", _READERS_OF_EVENTS),
    ("GET", r"/v1/allocation", _PUBLISHERS),
    ("POST", r"/v1/talks/.+", _PUBLISHERS),
    ("GET", r"/v1/models(/.+)?", _PUBLISHERS),
    ("POST", r"/v1/models/.+", _PUBLISHERS),
    ("GET", r"/v1/audit", _ADMINISTRATORS),
    ("GET", r"/health/.*|/metrics", _EVERYBODY),
)
"""Method, path and the roles that may call it; anything else is for administrators."""

CONSOLE_RIGHTS = (
    ("GET", r"/console(/(?!data|events|versions|project|city).*)?", _EVERYBODY),
    ("GET", r"/console/(events|projects?|projects/meeting|city)", _READERS_OF_EVENTS),
    ("GET", r"/console/(data|versions)(/.+)?", _PUBLISHERS),
    ("POST", r"/console/(sign-out|language|events)", _EVERYBODY),
    ("POST", r"/console/(events/retract|projects(/.+)?)", _READERS_OF_EVENTS),
    ("POST", r"/console/(data|versions)(/.+)?", _PUBLISHERS),
)
"""The same for the pages of the console."""

CONSOLE = "/console"
"""Pages under this path are authenticated by the session cookie, never by a header."""
_OPEN = ("/docs", "/openapi.json", "/console/sign-in", "/console/static/")
"""The same in every installation, hence public."""
_ON_LOOPBACK = "/health/"
_HEADER = b"x-api-key"
_NAMES_KEPT = 10_000
_SHORT = 200
"""Maximum length of a path whose roles are cached: paths of any length would fill the memory."""


@dataclass(frozen=True)
class Caller:
    """The caller of a request.

    Parameters
    ----------
    key_id
        Identifies the key in logs; None for a caller on loopback of a service without keys.
    role
        One of `KEY_ROLES`.
    zones
        The zones whose needs and events the caller may see; None for all.
    """

    key_id: str | None
    role: str
    zones: frozenset[str] | None = None
    rights: ZoneRights = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "rights", ZoneRights(self.zones))

    @property
    def scope(self) -> str:
        """The part of a cache key that is equal for callers who may see the same zones."""
        return self.rights.scope

    def sees(self, zone_id: str | None) -> bool:
        """Whether the caller may see a zone's data; None requires rights to all zones."""
        return self.rights.sees(zone_id)

    def check_zone(self, zone_id: str | None, field: str) -> None:
        """Raise ForeignZoneError for a zone that the caller may not see."""
        self.rights.check(zone_id, field)


NOBODY = Caller(None, "administrator")
"""The caller of a service without keys, which listens on loopback only."""


@dataclass(frozen=True)
class Key:
    """An API key as stored: only the hash of its token.

    A token has 256 random bits, so that one round of SHA-256 is enough: it cannot be guessed, and a
    slow password hash would only slow down every request.
    """

    key_id: str
    digest: bytes
    role: str
    zones: tuple[str, ...] = ()
    name: str | None = None
    created_at: float = 0.0
    expires_at: float | None = None
    revoked_at: float | None = None


def digest(token: bytes) -> bytes:
    """Return the hash of a token, which is stored and looked up."""
    return sha256(token).digest()


class Access:
    """Authenticates and authorises requests.

    Until the first `replace`, all requests are refused.

    Parameters
    ----------
    clock
        Seconds since 1970.
    proxies
        The trusted proxies.
    """

    def __init__(
        self, clock: Callable[[], float] = time.time, proxies: Proxies | None = None
    ) -> None:
        self.clock = clock
        self.proxies = proxies or Proxies()
        self.signed_in: Callable[[Scope], str | None] = _nobody
        """Returns the id of the key that the session of a console request was opened with."""
        self._keys: dict[bytes, tuple[Key, Caller]] | None = None
        self._by_id: dict[str, tuple[Key, Caller]] = {}

    @property
    def keyless(self) -> bool:
        """Whether there is no key at all, not even a revoked one: then none is required."""
        return self._keys is not None and not self._keys

    def replace(self, keys: Iterable[Key]) -> None:
        """Replace the keys by the current ones, including revoked ones."""
        self._keys = {
            key.digest: (
                key,
                Caller(key.key_id, key.role, frozenset(key.zones) if key.zones else None),
            )
            for key in keys
        }
        self._by_id = {found[0].key_id: found for found in self._keys.values()}

    def key_of(self, scope: Scope) -> Key | None:
        """Return the key of a request, valid or not; None for an unknown one."""
        found = self._presented(scope)
        return found[0] if found else None

    def key_with(self, token: bytes) -> Key | Problem:
        """Return the key of this token, or why it is not valid."""
        found = (self._keys or {}).get(digest(token))
        return (self._fault(found[0]) or found[0]) if found else _unknown("unknown-key", "***")

    def admit(self, scope: Scope) -> Caller | Problem:
        """Return the caller, or the refusal to send; without I/O, in a few microseconds.

        The key is found by its hash in a dictionary. The time this takes reveals nothing, since a
        caller cannot choose the hash of a key.
        """
        path: str = scope["path"]
        if self.keyless and is_forwarded(scope):
            return Problem(403, "forwarded", _FORWARDED, faults=[_BY_PROXY])
        if path == "/" or path.startswith(_OPEN):
            return NOBODY
        if self._keys is None:
            return Problem(503, "unavailable", "the keys are not known yet", headers=_LATER)
        if not self._keys:
            return NOBODY
        found = self._presented(scope)
        if found is None:
            if path.startswith(CONSOLE) or headers.by_name(scope).get(_HEADER) is None:
                near = path.startswith(_ON_LOOPBACK) and _is_near(scope)
                return NOBODY if near else _unknown("no-key", None)
            return _unknown("unknown-key", "***")
        key, caller = found
        if problem := self._fault(key):
            return problem
        if caller.role not in _allowed(scope["method"], path):
            return of_error(
                ForbiddenError(
                    f"a key of the role {caller.role} may not {scope['method']} {path}",
                    field="X-API-Key",
                    got=caller.role,
                    expected=" or ".join(sorted(_allowed(scope["method"], path))),
                )
            )
        return caller

    def _presented(self, scope: Scope) -> tuple[Key, Caller] | None:
        if not self._keys:
            return None
        if scope["path"].startswith(CONSOLE):
            return self._by_id.get(self.signed_in(scope) or "")
        token = headers.by_name(scope).get(_HEADER)
        return None if token is None else self._keys.get(digest(token))

    def _fault(self, key: Key) -> Problem | None:
        if key.revoked_at is not None:
            return _unknown("revoked-key", key.key_id)
        if key.expires_at is not None and key.expires_at <= self.clock():
            return _unknown("expired-key", key.key_id)
        return None


def may(caller: Caller, method: str, path: str) -> bool:
    """Whether a caller's role may call this."""
    return caller.role in _allowed(method, path)


def _nobody(_: Scope) -> str | None:
    return None


_LATER = {"Retry-After": "1"}
_FORWARDED = (
    "a proxy handed this request on, and without API keys each client behind it would be the "
    "administrator: make a key with `lianzhao keys add`"
)
_BY_PROXY = Fault("X-API-Key", None, "a key, where the service stands behind a proxy")
_SAID = {
    "no-key": "this service asks for a key",
    "unknown-key": "there is no such key",
    "revoked-key": "this key was revoked",
    "expired-key": "the time of this key is over",
}


def _unknown(code: str, got: str | None) -> Problem:
    fault = Fault("X-API-Key", got, "a valid key, see `lianzhao keys add`")
    headers = {"WWW-Authenticate": 'ApiKey realm="lianzhao"'}
    return Problem(401, code, _SAID[code], faults=[fault], headers=headers)


def _allowed(method: str, path: str) -> frozenset[str]:
    """Return the roles that may call a path; cached for short paths."""
    return (_kept if len(path) <= _SHORT else _found)(method, path)


def _found(method: str, path: str) -> frozenset[str]:
    for verb, pattern, roles in (*RIGHTS, *CONSOLE_RIGHTS):
        if verb == method and re.fullmatch(pattern, path):
            return roles
    return _ADMINISTRATORS


_kept = lru_cache(_NAMES_KEPT)(_found)


def _is_near(scope: Scope) -> bool:
    """Whether the client is on this machine, and not a proxy that forwards for another one."""
    client = scope.get("client")
    return client is not None and is_loopback(client[0]) and not is_forwarded(scope)
