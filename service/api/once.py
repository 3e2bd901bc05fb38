"""Routes that reject duplicate names in a JSON body, whose value would be ambiguous.

Those of a query are checked by `service.api.routes.context.only`.
"""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from fastapi.routing import APIRoute
from starlette.requests import ClientDisconnect, Request

from features.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from starlette.responses import Response


class OnceRoute(APIRoute):
    """A route that rejects a JSON body with a duplicate name in an object (422)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler of requests."""
        answer = super().get_route_handler()

        async def handle(request: Request) -> Response:
            read = _OnceRequest(request.scope, request.receive)
            if "json" in request.headers.get("content-type", ""):
                # Invalid JSON is rejected by FastAPI, which reads the body again.
                with suppress(ValueError, RecursionError, ClientDisconnect):
                    await read.json()
                if read.twice:
                    name = read.twice[0]
                    raise InputError(f"{name} must be given once", field=name, expected="one value")
            return await answer(read)

        return handle


class _OnceRequest(Request):
    """A request that records duplicate names in its JSON objects."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.twice: list[str] = []

    async def json(self) -> Any:
        """Return the document of the body."""
        if not hasattr(self, "_json"):
            self._json = json.loads(await self.body(), object_pairs_hook=self._document)
        return self._json

    def _document(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            names = Counter(name for name, _ in pairs)
            self.twice += [name for name, times in names.items() if times > 1]
        return found
