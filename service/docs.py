"""The OpenAPI document, and a page for it that needs nothing from elsewhere."""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Any

from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.openapi.utils import get_openapi
from starlette.staticfiles import StaticFiles

from service.schemas import ProblemBody

if TYPE_CHECKING:
    from fastapi import FastAPI, Response

_ASSETS = "/docs/assets"
_REFERENCE = "#/components/schemas/{model}"
# The browser then keeps the page from fetching anything from elsewhere.
_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"
_PROBLEM = {"application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}}
PROBLEMS = {
    400: "`bad-json`: the body is not JSON.",
    401: "No key, or one that is unknown, revoked or expired.",
    403: "The key may not do this, or (`foreign-origin`) a page from elsewhere asks.",
    404: "`not-found`: an id that the workspace does not know.",
    408: "The body took too long to arrive.",
    409: "`conflict`: it contradicts what is already there.",
    413: "`too-large`: the body is larger than 1 MiB.",
    414: "The path and its query are too long.",
    421: "`wrong-host`: without keys the service is called as localhost or 127.0.0.1.",
    422: "`bad-input`: a wrong parameter or field; `errors` names it.",
    429: "`too-many-requests`: more than LIANZHAO_RATE_LIMIT; see Retry-After.",
    500: "`internal-error`: nobody foresaw this; the log has more under `request_id`.",
    503: "No model, or tables, model or database cannot be used now; see Retry-After.",
}
"""What each error of the document means; its `code` says more."""
_ANY = {401, 403, 414, 421, 500}


def _errors(path: str, method: str) -> set[int]:
    """Return the statuses of errors that a call may end with."""
    if not path.startswith("/v1/"):
        return _ANY | ({503} if path == "/health/ready" else set())
    found = _ANY | {422, 429, 503}
    if method == "post":
        found |= {400, 408, 409, 413}
    if method == "post" or "{" in path or path == "/v1/recommendations":
        found.add(404)
    return found


def install(app: FastAPI) -> None:
    """Give an app its /docs and its /openapi.json."""
    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    folder = str(files("fastapi_swagger") / "resources")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        page = get_swagger_ui_html(
            openapi_url="/openapi.json",
            title=app.title,
            swagger_js_url=f"{_ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{_ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{_ASSETS}/favicon-32x32.png",
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
                for status in sorted(_errors(path, method)):
                    operation["responses"][str(status)] = {
                        "description": PROBLEMS[status],
                        "content": _PROBLEM,
                    }
        app.openapi_schema = document
    return app.openapi_schema
