"""Failures of requests as problems: errors that routes raise, and unexpected ones."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING

from fastapi.exceptions import RequestValidationError
from fastapi.routing import iter_route_contexts
from starlette.exceptions import HTTPException

from features import errors
from service.api.prefix import prefixed
from service.api.problems import Problem, of_error, of_validation

if TYPE_CHECKING:
    from fastapi import FastAPI
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)


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
