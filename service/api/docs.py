"""The OpenAPI document, and its page, which needs no internet access."""

from __future__ import annotations

from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

import orjson
from fastapi import Request, Response
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles

from service.api.compression import SMALLEST, ContentEncoding, compress, encoding_for
from service.api.document import document_of
from service.api.prefix import prefixed

if TYPE_CHECKING:
    from fastapi import FastAPI

_ASSETS = "/docs/assets"
_GZIP_LEVEL = 5
_KEPT = 8
# The browser then blocks requests of the page to other origins.
_POLICY = "default-src 'self' 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


def install(app: FastAPI) -> None:
    """Add /docs and /openapi.json to an app."""
    app.openapi = lambda: document_of(app)  # type: ignore[method-assign]
    folder = str(files("fastapi_swagger") / "resources")

    @lru_cache(_KEPT)
    def packed(root: str, encoding: ContentEncoding | None) -> bytes:
        servers = {"servers": [{"url": root}]} if root else {}
        body = orjson.dumps({**app.openapi(), **servers})
        return compress(body, encoding) if encoding else body

    @app.get("/openapi.json", include_in_schema=False)
    async def document(request: Request) -> Response:
        root, encoding = prefixed(request.scope, ""), encoding_for(request.scope)
        headers = {"Vary": "Accept-Encoding"} | ({"Content-Encoding": encoding} if encoding else {})
        return Response(packed(root, encoding), 200, headers, "application/json")

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

    own = GZipMiddleware(StaticFiles(directory=folder), SMALLEST, _GZIP_LEVEL)
    app.mount(_ASSETS, own, name="assets")
