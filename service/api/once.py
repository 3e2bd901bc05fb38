"""Routes that take no name twice: of a doubled one a program may have meant either value."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any, get_args, get_origin

from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Iterator, Sequence

    from starlette.responses import Response


class OnceRoute(APIRoute):
    """A route that refuses a body or a query in which a name stands twice (422)."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return what answers a request."""
        answer = super().get_route_handler()
        several = {
            name
            for field in self.dependant.query_params
            for name, lists in _names(field.alias, field.field_info.annotation)
            if lists
        }

        async def handle(request: Request) -> Response:
            given = (name for name, _ in request.query_params.multi_items() if name not in several)
            if twice := _repeated(given):
                raise _refusal("query", twice)
            read = _OnceRequest(request.scope, request.receive)
            if "json" in request.headers.get("content-type", ""):
                # What is no JSON is refused by the framework, which reads it again.
                with suppress(ValueError, RecursionError):
                    await read.json()
                if read.twice:
                    raise _refusal("body", read.twice)
            return await answer(read)

        return handle


class _OnceRequest(Request):
    """A request that notes which names stand twice in an object of its JSON."""

    twice: Sequence[str] = ()

    async def json(self) -> Any:
        """Return the document of the body."""
        if not hasattr(self, "_json"):
            twice: list[str] = []

            def document(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
                found = dict(pairs)
                if len(found) < len(pairs):
                    twice.extend(_repeated(name for name, _ in pairs))
                return found

            self._json = json.loads(await self.body(), object_pairs_hook=document)
            self.twice = twice
        return self._json


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]


def _refusal(where: str, names: Collection[str]) -> RequestValidationError:
    return RequestValidationError(
        [
            {"type": "repeated", "loc": (where, name), "msg": "given once", "input": None}
            for name in names
        ]
    )


def _names(name: str, annotation: Any) -> Iterator[tuple[str, bool]]:
    """Yield the names of a parameter of the query, and whether each may be given several times."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        for own, field in annotation.model_fields.items():
            yield from _names(field.alias or own, field.annotation)
    else:
        yield name, _is_several(annotation)


def _is_several(annotation: Any) -> bool:
    origin = get_origin(annotation) or annotation
    if isinstance(origin, type) and issubclass(origin, list | tuple | set | frozenset):
        return True
    return any(_is_several(part) for part in get_args(annotation))
