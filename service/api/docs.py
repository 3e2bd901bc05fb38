"""The OpenAPI document, and a page for it that needs nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi import Request, Response  # noqa: TC002  the framework reads what routes take
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.responses import JSONResponse
from starlette.staticfiles import StaticFiles

from service.api.prefix import prefixed
from service.api.replies import ProblemBody

if TYPE_CHECKING:
    from fastapi import FastAPI

_ASSETS = "/docs/assets"
_REFERENCE = "#/components/schemas/{model}"
# The browser then keeps the page from fetching anything from elsewhere.
_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
PROBLEMS = {
    400: {
        "bad-json": "the body is not JSON",
        "bad-body": "the body broke off, or is not in UTF-8",
    },
    401: {
        "no-key": "this service asks for a key",
        "unknown-key": "there is no such key",
        "revoked-key": "it was revoked",
        "expired-key": "its time is over",
    },
    403: {
        "forbidden": "a key of this role may not do this",
        "foreign-zone": "the key is for other zones",
        "foreign-origin": "a page from elsewhere asks",
        "forwarded": "without keys nothing that a proxy hands on is answered",
    },
    404: {"not-found": "an id that the workspace does not know"},
    408: {"too-slow": "the body took too long to arrive"},
    409: {
        "conflict": "it contradicts what is already there",
        "version-conflict": "it was changed meanwhile: see `current` and `wanted`",
        "project-closed": "the project has ended",
        "held-elsewhere": "another zone of the city is in talks with the enterprise",
        "list-gone": "model or pool of that list_id are gone: begin the list again",
    },
    413: {"too-large": "the body is larger than 1 MiB"},
    414: {"too-long": "the path with its query is too long"},
    421: {"wrong-host": "without keys the service is called as localhost or 127.0.0.1"},
    422: {
        "bad-input": "a wrong parameter or field, which `errors` names",
        "unknown-reference": "a need, zone or enterprise that the workspace does not know",
        "unusual-amount": "an amount that looks as if it was given in another unit",
        "idempotency-key-reused": "the Idempotency-Key came with another request before",
    },
    429: {"too-many-requests": "more than LIANZHAO_RATE_LIMIT; see Retry-After"},
    500: {"internal-error": "nobody foresaw this; the log has more under `request_id`"},
    503: {
        "unavailable": "something is not there yet, or not now; see Retry-After",
        "busy": "too many requests of this caller wait already: send fewer at a time",
        "no-model": "nothing was trained yet",
        "model-gone": "the model was removed: train, or activate another version",
        "unfit-model": "the model was made with another encoder, or for other tables",
        "damaged": "a file of the model or of the tables was altered or cut short",
        "database-unavailable": "the database does not answer, or is locked",
        "storage-full": "the disk is full; nothing was written",
    },
}
"""What each status of an error can mean, by the `code` that says which."""
_ANY = {401, 403, 414, 421, 500}
_LEADS = "/v1/recommendations"
_OF_EVENTS = {"unknown-reference", "idempotency-key-reused"}
_OF_IDS = {_LEADS, f"{_LEADS}.xlsx", "/v1/allocation", "/v1/gates", "/v1/meetings"}
"""Calls that name something by its id outside of their path."""
_PROJECTS = ("/v1/projects", "/v1/meetings", "/v1/talks")
_OF_PROJECTS = {"version-conflict", "project-closed", "held-elsewhere", "unusual-amount"}


def _errors(path: str, method: str, *, body: bool) -> dict[int, dict[str, str]]:
    """Return the errors that a call may end with: codes by status."""
    statuses = set(_ANY)
    if not path.startswith("/v1/"):
        statuses |= {503} if path == "/health/ready" else set()
    else:
        statuses |= {422, 429, 503}
        if body:
            statuses |= {400, 408}
        if method == "post":
            statuses |= {409, 413}
        if "{" in path or path in _OF_IDS:
            statuses.add(404)
        if path == _LEADS:
            statuses.add(409)
    of_projects = method == "post" and path.startswith(_PROJECTS)
    recording = of_projects or (method, path) == ("post", "/v1/events")
    left_out = (set() if recording else _OF_EVENTS) | (set() if of_projects else _OF_PROJECTS)
    left_out |= {"conflict"} if path == _LEADS else {"list-gone"}
    return {
        status: {c: t for c, t in PROBLEMS[status].items() if c not in left_out}
        for status in sorted(statuses)
    }


def _response(codes: dict[str, str]) -> dict[str, Any]:
    """Return a response of the document that is a problem with one of these codes."""
    named = {"code": {"enum": list(codes)}}
    schema = {"$ref": _REFERENCE.format(model="Problem"), "properties": named}
    told = "; ".join(f"`{code}`: {text}" for code, text in codes.items())
    return {"description": f"{told}.", "content": {"application/problem+json": {"schema": schema}}}


def install(app: FastAPI) -> None:
    """Give an app its /docs and its /openapi.json."""
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    folder = str(files("fastapi_swagger") / "resources")

    @app.get("/openapi.json", include_in_schema=False)
    async def document(request: Request) -> Response:
        root = prefixed(request.scope, "")
        servers = {"servers": [{"url": root}]} if root else {}
        return JSONResponse({**app.openapi(), **servers})

    @app.get("/docs", include_in_schema=False)
    async def docs(request: Request) -> Response:
        assets = prefixed(request.scope, _ASSETS)
        page = get_swagger_ui_html(
            openapi_url=prefixed(request.scope, "/openapi.json"),
            title=app.title,
            swagger_js_url=f"{assets}/swagger-ui-bundle.js",
            swagger_css_url=f"{assets}/swagger-ui.css",
            swagger_favicon_url=f"{assets}/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None, "tryItOutEnabled": True},
        )
        page.headers["Content-Security-Policy"] = _POLICY
        return page

    app.mount(_ASSETS, StaticFiles(directory=folder), name="assets")


def _document(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document, in which every error is a problem."""
    if app.openapi_schema is None:
        document = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
        )
        schemas = document.setdefault("components", {}).setdefault("schemas", {})
        problem = ProblemBody.model_json_schema(ref_template=_REFERENCE)
        schemas.update(problem.pop("$defs"))
        schemas["Problem"] = problem
        for name in ("HTTPValidationError", "ValidationError"):
            schemas.pop(name, None)
        for path, operations in document["paths"].items():
            for method, operation in operations.items():
                operation["responses"].pop("422", None)
                errors = _errors(path, method, body="requestBody" in operation)
                for status, codes in errors.items():
                    operation["responses"][str(status)] = _response(codes)
        app.openapi_schema = document
    return app.openapi_schema
