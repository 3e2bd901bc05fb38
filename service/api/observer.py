"""What every request gets and leaves: an id, a place in the metrics, a line in the log."""

from __future__ import annotations

import itertools
import re
import secrets
import time
from typing import TYPE_CHECKING

from service import logs
from service.api import headers

if TYPE_CHECKING:
    from starlette.types import Scope

    from service.logs import AccessLog
    from service.telemetry import Telemetry

REQUEST_ID = "lianzhao.request_id"
KEY_ID = "lianzhao.key_id"
"""Where in the scope a guard notes the id of the key (never the key) that a request came with."""
CACHE_STATE = "lianzhao.cache_state"
"""Where in the scope an answer notes what its X-Cache says."""
PROBLEM = "lianzhao.problem"
"""Where in the scope a problem notes its code."""

_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_PROCESS = secrets.token_hex(6).encode()
_numbers = itertools.count(1)


def identify(scope: Scope) -> bytes:
    """Give a request its id: its own X-Request-ID if that is sane, else a new one.

    Returns
    -------
    bytes
        The id, for the header of the answer. Sane are 1 to 64 letters, digits and `._:-`: others
        would be a way into headers and logs.
    """
    given = headers.by_name(scope).get(b"x-request-id")
    if given is not None and _SANE.fullmatch(given):
        found = given
    else:
        found = b"%s-%x" % (_PROCESS, next(_numbers))
    scope[REQUEST_ID] = found.decode()
    logs.request_id.set(scope[REQUEST_ID])
    return found


class Observer:
    """Counts, times and logs requests.

    Parameters
    ----------
    telemetry
        The metrics.
    log_level
        From "info" downwards, each request is a line in the log.
    """

    def __init__(self, telemetry: Telemetry, log_level: str) -> None:
        self.telemetry = telemetry
        self.log_level = log_level
        self._access: AccessLog | None = None

    def open(self) -> None:
        """Begin to log."""
        self._access = logs.open_access_log(self.log_level)

    def close(self) -> None:
        """Write what is still to be logged."""
        if self._access:
            self._access.close()
            self._access = None

    def note(self, scope: Scope, status: int, started: float) -> None:
        """Count and log an answered request: a few microseconds.

        Parameters
        ----------
        scope
            With its id (`identify`), and with its `route` if it came to one.
        status : int
        started : float
            When it came, by `time.perf_counter`.
        """
        seconds = time.perf_counter() - started
        state = scope.get(CACHE_STATE)
        route = getattr(scope.get("route"), "path_format", None) or "other"
        method: str = scope["method"]
        problem = scope.get(PROBLEM)
        self.telemetry.observe(method, route, status, state, problem, seconds)
        if self._access:
            fields = {"key": scope.get(KEY_ID), "cache": state, "problem": problem}
            self._access.write(
                message=f"{method} {route} {status}",
                request_id=scope[REQUEST_ID],
                method=method,
                route=route,
                status=status,
                ms=round(seconds * 1000, 3),
                **{name: value for name, value in fields.items() if value is not None},
            )
