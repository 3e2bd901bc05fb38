"""Observation of requests: request id, metrics, access log."""

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
"""Key of the scope for the id of the request's API key (never the key itself)."""
CACHE_STATE = "lianzhao.cache_state"
"""Key of the scope for the value of X-Cache."""
PROBLEM = "lianzhao.problem"
"""Key of the scope for the code of a problem."""

_SANE = re.compile(rb"[A-Za-z0-9._:-]{1,64}")
_PROCESS = secrets.token_hex(6).encode()
_numbers = itertools.count(1)


def identify(scope: Scope) -> bytes:
    """Assign the id of a request: its own X-Request-ID if valid, else a new one.

    Returns
    -------
    bytes
        The id, for the header of the response. Valid are 1 to 64 letters, digits and `._:-`: others
        could be used to inject headers or log lines.
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
        At "info" and below, each request is logged.
    """

    def __init__(self, telemetry: Telemetry, log_level: str) -> None:
        self.telemetry = telemetry
        self.log_level = log_level
        self._access: AccessLog | None = None

    def open(self) -> None:
        """Start logging."""
        self._access = logs.open_access_log(self.log_level)

    def close(self) -> None:
        """Write the remaining lines."""
        if self._access:
            self._access.close()
            self._access = None

    def note(self, scope: Scope, status: int, started: float) -> None:
        """Count and log a finished request, in a few microseconds.

        Parameters
        ----------
        scope
            With its id (`identify`), and with its `route` if it was routed.
        status : int
        started : float
            Time of its start, by `time.perf_counter`.
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
