"""Refused requests for the audit log: counts per minute, by key or source."""

from __future__ import annotations

import secrets
import time
from hashlib import blake2b
from typing import TYPE_CHECKING

from service.database.audit_log import AuditEntry

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from service.access.keys import Key
    from service.api.problems import Problem

REFUSED = frozenset({401, 403, 429})
_MINUTE = 60
_SOURCES_KEPT = 1_000
"""Maximum number of distinct entries per minute: an attacker must not fill the database."""


class Refusals:
    """Counts refused requests, which are written when their minute is over.

    A source is an address hashed with a secret that is generated at the start and never leaves the
    process. It shows whether many attempts came from one place, but the address cannot be
    recovered, not even by trying all of them.

    Parameters
    ----------
    clock
        Seconds since 1970.
    """

    def __init__(self, clock: Callable[[], float] = time.time) -> None:
        self.clock = clock
        self._secret = secrets.token_bytes(16)
        self._minute = 0
        self._now: dict[AuditEntry, int] = {}
        self._over: dict[AuditEntry, int] = {}

    def note(self, problem: Problem, key: Key | None, address: str) -> None:
        """Count a request refused with this problem, by its key or else its source."""
        self._turn()
        source = None if key else f"source {self._name(address)}"
        key_id, role = (key.key_id, key.role) if key else (None, "nobody")
        entry = AuditEntry(key_id, role, "refused", problem.code, source, problem.status_code)
        if entry not in self._now and len(self._now) >= _SOURCES_KEPT:
            entry = AuditEntry(None, "nobody", "refused", problem.code, None, problem.status_code)
        _add(self._now, {entry: 1})

    def take(self, closing: bool = False) -> dict[AuditEntry, int]:
        """Return the counts of past minutes; when closing, also of the current one."""
        self._turn(closing)
        over, self._over = self._over, {}
        return over

    def give_back(self, entries: Mapping[AuditEntry, int]) -> None:
        """Put back counts that could not be written."""
        _add(self._over, entries)

    def _turn(self, closing: bool = False) -> None:
        minute = int(self.clock() // _MINUTE)
        if minute != self._minute or closing:
            _add(self._over, self._now)
            self._minute, self._now = minute, {}

    def _name(self, address: str) -> str:
        return blake2b(address.encode(), key=self._secret, digest_size=6).hexdigest()


def _add(counts: dict[AuditEntry, int], more: Mapping[AuditEntry, int]) -> None:
    for entry, times in more.items():
        counts[entry] = counts.get(entry, 0) + times
