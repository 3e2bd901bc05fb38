"""Errors as problem+json (RFC 9457), and the mapping of errors to HTTP statuses and exit codes."""

from __future__ import annotations

import logging
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NamedTuple

import orjson
from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException
from starlette.responses import Response

from features import errors
from service.api.chinese import asked_for, in_chinese
from service.api.headers import by_name
from service.api.observer import PROBLEM, REQUEST_ID
from service.api.prefix import prefixed
from service.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

FAILURE = 1
WRONG_USAGE = 2
REFUSED = 3
_BITS = 63
_SHOWN = 200
"""Maximum length of a wrong value that is quoted."""
_SHOULD = re.compile(r"(\w[\w ]*?) should (be|\w+) (.*)", re.DOTALL)
"""Prefix of pydantic's messages that becomes "must be"."""


class Outcome(NamedTuple):
    """HTTP status, title and exit code of an error."""

    status: int
    exit_code: int
    title: str


OUTCOMES: Mapping[type[errors.LianzhaoError], Outcome] = {
    errors.LianzhaoError: Outcome(500, FAILURE, "Failure"),
    errors.UsageError: Outcome(422, WRONG_USAGE, "Wrong usage"),
    errors.InputError: Outcome(422, FAILURE, "Wrong value"),
    errors.NotFoundError: Outcome(404, FAILURE, "Not found"),
    errors.ForbiddenError: Outcome(403, FAILURE, "Not allowed"),
    errors.ConflictError: Outcome(409, FAILURE, "Conflict"),
    errors.RefusedError: Outcome(409, REFUSED, "Refused"),
    errors.DamagedError: Outcome(503, FAILURE, "Damaged data"),
    errors.UnavailableError: Outcome(503, FAILURE, "Not available now"),
    SettingsError: Outcome(500, WRONG_USAGE, "Wrong setting"),
}
"""An error class that is not listed is handled like its nearest base class."""


def outcome(error: errors.LianzhaoError) -> Outcome:
    """Return the mapping of an error."""
    return next(OUTCOMES[kind] for kind in type(error).__mro__ if kind in OUTCOMES)


def exit_code(error: errors.LianzhaoError) -> int:
    """Return the exit code of a command that ends with this error."""
    return outcome(error).exit_code


class Fault(NamedTuple):
    """One wrong field: the given value and the expectation."""

    field: str | None
    got: object
    expected: str | None


class Problem(Response):
    """An error as application/problem+json.

    Parameters
    ----------
    status
        The HTTP status.
    code
        The stable code of the kind of error.
    detail
        One line for a reader; by default only the title.
    faults
        The wrong fields.
    """

    media_type = "application/problem+json"

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str | None = None,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        **more: object,
    ) -> None:
        self.code = code
        self.document = {
            "type": f"urn:lianzhao:problem:{code}",
            "title": title or HTTPStatus(status).phrase,
            "status": status,
            "detail": detail,
            "code": code,
            "errors": [
                {"field": fault.field, "got": _shown(fault.got), "expected": fault.expected}
                for fault in faults
            ],
            **more,
        }
        headers = {"Cache-Control": "no-store", **(headers or {})}
        super().__init__(orjson.dumps(self.document), status, headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it with the request id, under which the log has details.

        It is in Chinese if the client prefers Chinese.
        """
        scope[PROBLEM] = self.code
        asked = by_name(scope).get(b"accept-language", b"").decode("latin-1")
        chinese = asked_for(asked)
        document = in_chinese(self.document) if chinese else self.document
        if request_id := scope.get(REQUEST_ID):
            document = {**document, "request_id": request_id}
        self.body = orjson.dumps(document)
        self.headers["content-length"] = str(len(self.body))
        self.headers["content-language"] = "zh" if chinese else "en"
        self.headers["vary"] = "Accept-Language"
        await super().__call__(scope, receive, send)


def _shown(value: object) -> object:
    # Longer integers are not interoperable in JSON, and orjson rejects them.
    long = isinstance(value, int) and value.bit_length() > _BITS
    if value is None or (isinstance(value, bool | int | float) and not long):
        return value
    text = value if isinstance(value, str) else repr(value)
    text = text.encode("utf-8", "replace").decode()
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def of_error(error: errors.LianzhaoError) -> Problem:
    """Return an error of the project as a problem."""
    status, _, title = outcome(error)
    faults = [Fault(error.field, error.got, error.expected)] if error.field else []
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else None
    return Problem(
        status,
        error.code,
        error.message,
        title=title,
        faults=faults,
        headers=headers,
        **error.more,
    )


def of_validation(found: Sequence[Any]) -> Problem:
    """Return pydantic's validation errors as a problem (400 if the body is not JSON)."""
    faults = [_fault(error) for error in found]
    if any(error["type"] == "json_invalid" for error in found):
        return Problem(400, "bad-json", "the body is not JSON", faults=faults)
    first = faults[0]
    detail = f"{first.field} must be {first.expected}, got {_shown(first.got)!r}"
    if found[0]["type"] == "missing":
        detail = f"{first.field} is missing"
    return Problem(422, errors.InputError.code, detail, title="Wrong value", faults=faults)


def _fault(error: Mapping[str, Any]) -> Fault:
    where = [str(part) for part in error["loc"] if part not in {"query", "path", "body"}]
    field = ".".join(where) or "body"
    match error["type"]:
        case "missing":
            return Fault(field, None, "given")
        case "int_parsing" | "int_type" | "int_from_float":
            return Fault(field, error["input"], "a whole number")
        case "string_too_short":
            return Fault(field, error["input"], "a text that is not empty")
        case "string_too_long":
            return Fault(
                field, error["input"], f"of at most {error['ctx']['max_length']} characters"
            )
        case "too_long":
            most = error["ctx"]["max_length"]
            return Fault(field, error["input"], f"a list of at most {most} values")
        case "json_invalid":
            return Fault("body", error.get("ctx", {}).get("error"), "a JSON document")
        case "extra_forbidden":
            return Fault(field, error["input"], "left out: there is no such field")
        case "model_attributes_type" | "dict_type":
            return Fault(field, error["input"], "a JSON object, sent as application/json")
    stated = str(error["msg"]).removeprefix("Value error, ")
    if found := _SHOULD.match(stated):
        noun, verb, rest = found.groups()
        stated = {"be": rest, "have": f"a {noun.lower()} that has {rest}"}.get(
            verb, f"a {noun.lower()} that is to {verb} {rest}"
        )
    # Nested values are not quoted: they would be truncated anywhere.
    got = None if isinstance(error["input"], dict) else error["input"]
    return Fault(field, got, stated)


def _allowed(request: Request) -> set[str]:
    """Return the methods of a path: the router only names those of the first route."""
    path = getattr(request.scope.get("route"), "path_format", None)
    routes = iter_route_contexts(request.app.routes)
    found = {
        method
        for route in routes
        if path is not None and route.path_format == path
        for method in route.methods or ()
    }
    return found | {"HEAD"} if "GET" in found else found


def install(app: FastAPI) -> None:
    """Turn every error of an app into a problem."""

    async def project_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, errors.LianzhaoError)
        problem = of_error(error)
        if problem.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.warning("%s: %s", error.code, error.message)
        return problem

    async def validation_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        return of_validation(error.errors())

    async def http_error(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        path = request.scope["path"]
        code, detail = {
            400: ("bad-body", "the body cannot be read: it broke off, or is not in UTF-8"),
            404: (
                errors.NotFoundError.code,
                f"there is nothing at {path}; see {prefixed(request.scope, '/docs')}",
            ),
            405: ("method-not-allowed", f"{path} does not take {request.method}"),
            408: ("too-slow", error.detail),
            413: ("too-large", error.detail),
        }.get(error.status_code, (f"http-{error.status_code}", error.detail))
        headers = dict(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            headers["Allow"] = ", ".join(sorted(_allowed(request)))
        return Problem(error.status_code, code, detail, headers=headers)

    app.add_exception_handler(errors.LianzhaoError, project_error)
    app.add_exception_handler(RequestValidationError, validation_error)
    app.add_exception_handler(HTTPException, http_error)


class Unexpected:
    """ASGI middleware: turns an unexpected error into a problem 500; the log has the traceback."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self.app(scope, receive, watched)
        except Exception:
            route = getattr(scope.get("route"), "path_format", "no route")
            log.exception("%s %s failed", scope["method"], route)
            if started:
                raise
            detail = "something went wrong here; the log names it under this request_id"
            await Problem(500, "internal-error", detail)(scope, receive, send)
