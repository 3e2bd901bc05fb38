"""The gate that every request passes: key, role, rate; afterwards it is noted who asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from service.access.keys import NOBODY, Caller
from service.access.refusals import REFUSED
from service.api.observer import KEY_ID
from service.api.problems import Problem
from service.database.ledger import Read

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.access.limits import Limiter
    from service.access.proxies import Proxies
    from service.database.ledger import Ledger

CALLER = "lianzhao.caller"
"""Where in the scope of a request stands who asks."""
MAX_QUERY = 2**15
"""Bytes of a path with its query."""

_UNLIMITED = ("/health/", "/metrics")
SECURITY_HEADERS = [
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
]


def who(scope: Scope, caller: Caller, proxies: Proxies) -> str:
    """Return whom requests are counted for: the key, without one the client's address."""
    return caller.key_id or proxies.client(scope)


class Gate:
    """ASGI: lets those pass who may, not too often, and notes reads by key, and refusals."""

    def __init__(self, app: ASGIApp, ledger: Ledger, limiter: Limiter | None) -> None:
        self.app = app
        self.ledger = ledger
        self.limiter = limiter

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        admitted = self.ledger.access.admit(scope)
        caller = admitted if isinstance(admitted, Caller) else NOBODY
        scope[CALLER], scope[KEY_ID] = caller, caller.key_id
        problem = self._refusal(scope, caller)
        if problem is None and isinstance(admitted, Problem):
            problem = admitted
        status = 500

        async def guarded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *SECURITY_HEADERS]
            await send(message)

        access = self.ledger.access
        refused = problem if problem and problem.status_code in REFUSED else None
        if refused and not access.keyless:
            self.ledger.refusals.note(refused, access.key_of(scope), access.proxies.client(scope))
        try:
            await (problem or self.app)(scope, receive, guarded)
        finally:
            if caller.key_id is not None and not refused:
                route = getattr(scope.get("route"), "path_format", None) or "other"
                method, path, query = scope["method"], scope["path"], scope["query_string"]
                self.ledger.note(
                    Read(caller.key_id, caller.role, method, route, path, query, status)
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
