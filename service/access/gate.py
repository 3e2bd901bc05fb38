"""Admission of every request: key, role, rate limit; the caller is noted for the audit log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.access.keys import CONSOLE, NOBODY, Caller
from service.access.refusals import REFUSED
from service.api.observer import KEY_ID
from service.api.problems import Problem
from service.database.ledger import AnsweredRequest

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from service.access.limits import Limiter
    from service.access.proxies import Proxies
    from service.database.ledger import Ledger

CALLER = "lianzhao.caller"
"""Key of the scope for the caller of a request."""
ZONE = "lianzhao.zone"
"""Key of the scope under which a route notes the zone of a body, for the audit log."""
_AUTHENTICATED = "lianzhao.authenticated"
_ADMITTED = "lianzhao.admitted"
MAX_QUERY = 2**15
"""Maximum length of a path with its query, in bytes."""

_UNLIMITED = ("/health/", "/metrics")
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


def who(scope: Scope, caller: Caller, proxies: Proxies) -> str:
    """Return the identity that requests are counted by: the key, else the client's address."""
    return caller.key_id or proxies.client(scope)


class Admission:
    """Authenticates and rate-limits a request once, and notes it for the audit log."""

    def __init__(self, ledger: Ledger, limiter: Limiter | None) -> None:
        self.ledger = ledger
        self.limiter = limiter

    def headers(self, scope: Scope) -> list[tuple[bytes, bytes]]:
        """Return the headers that admission adds to the response, if the request got that far.

        Pages of the console have stricter headers of their own.
        """
        own = f"{scope['path']}/".startswith(f"{CONSOLE}/")
        return SECURITY_HEADERS if _ADMITTED in scope and not own else []

    def authenticate(self, scope: Scope) -> Caller | Problem:
        """Return the caller or the refusal; computed once per request."""
        found: Caller | Problem | None = scope.get(_AUTHENTICATED)
        if found is None:
            found = scope[_AUTHENTICATED] = self.ledger.access.admit(scope)
            caller = found if isinstance(found, Caller) else NOBODY
            scope[CALLER], scope[KEY_ID] = caller, caller.key_id
        return found

    def admit(self, scope: Scope) -> Caller | Problem:
        """Authenticate and rate-limit a request, which is counted once."""
        admitted: Caller | Problem | None = scope.get(_ADMITTED)
        if admitted is None:
            found = self.authenticate(scope)
            admitted = scope[_ADMITTED] = self._refusal(scope, scope[CALLER]) or found
        return admitted

    def note(self, scope: Scope, status: int) -> None:
        """Note the answer or refusal for the audit log, if the request got that far."""
        admitted: Caller | Problem | None = scope.get(_ADMITTED)
        if admitted is None:
            return
        access, caller = self.ledger.access, scope[CALLER]
        if isinstance(admitted, Problem) and admitted.status_code in REFUSED:
            if not access.keyless:
                self.ledger.refusals.note(
                    admitted, access.key_of(scope), access.proxies.client(scope)
                )
        elif caller.key_id is not None:
            route = getattr(scope.get("route"), "path_format", None) or "other"
            method, path, query = scope["method"], scope["path"], scope["query_string"]
            zone = scope.get(ZONE)
            self.ledger.note(
                AnsweredRequest(
                    caller.key_id, caller.role, method, route, path, query, status, zone
                )
            )

    def _refusal(self, scope: Scope, caller: Caller) -> Problem | None:
        limited = not scope["path"].startswith(_UNLIMITED)
        proxies = self.ledger.access.proxies
        if self.limiter and limited and (wait := self.limiter.wait(who(scope, caller, proxies))):
            limit = self.limiter.limit
            detail = f"{limit.requests} requests in {limit.seconds} s are allowed"
            headers = {"Retry-After": str(wait)}
            return Problem(429, "too-many-requests", detail, headers=headers)
        if len(scope["path"]) + len(scope["query_string"]) > MAX_QUERY:
            detail = f"a path with its query may have at most {MAX_QUERY} bytes"
            return Problem(414, "too-long", detail)
        return None


class AccessGate:
    """ASGI middleware: passes admitted requests on, and answers the others with their refusal."""

    def __init__(self, app: ASGIApp, admission: Admission) -> None:
        self.app = app
        self.admission = admission

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with a problem."""
        answer = self.app
        if scope["type"] == "http":
            admitted = self.admission.admit(scope)
            answer = admitted if isinstance(admitted, Problem) else answer
        await answer(scope, receive, send)
