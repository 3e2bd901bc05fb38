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
        error = {
            "description": "An error",
            "content": {
                "application/problem+json": {"schema": {"$ref": _REFERENCE.format(model="Problem")}}
            },
        }
        for operations in document["paths"].values():
            for operation in operations.values():
                operation["responses"].pop("422", None)
                operation["responses"]["default"] = error
        app.openapi_schema = document
    return app.openapi_schema
