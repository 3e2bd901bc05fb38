"""What serving is measured against, and the service itself, each on the same server.

`python -m tests.benchmarks.serving_apps NAME HOME PAGE WORKERS`: PAGE is a file with the bytes to
answer.
"""

import sys
from functools import partial
from pathlib import Path

from fastapi import FastAPI, Response
from redis.asyncio import Redis
from starlette.types import ASGIApp, Receive, Scope, Send

from service.api.app import create_app
from service.server import serve
from service.settings import Settings

PATH = "/v1/recommendations"


def service(settings: Settings, page: Path) -> ASGIApp:
    """Return the service as it is."""
    return create_app(settings)


def service_from_redis(settings: Settings, page: Path) -> ASGIApp:
    """Return the service with nothing kept in the process: each answer comes from Redis."""
    app = create_app(settings)
    app.state.parts.answers._local.max_bytes = 0
    return app


def bare_fastapi(settings: Settings, page: Path) -> ASGIApp:
    """Return one FastAPI route that answers ready bytes."""
    app, body = FastAPI(), page.read_bytes()

    @app.get(PATH)
    async def answer(need_id: str) -> Response:
        return Response(body, media_type="application/json")

    return app


def bare_fastapi_redis(settings: Settings, page: Path) -> ASGIApp:
    """Return one FastAPI route that answers what one GET of Redis returns."""
    app, body = FastAPI(), page.read_bytes()
    redis: Redis = Redis.from_url(settings.redis() or "")

    @app.get(PATH)
    async def answer(need_id: str) -> Response:
        found = await redis.get("page")
        if found is None:
            await redis.set("page", body)
        return Response(found or body, media_type="application/json")

    return app


def bare_asgi(settings: Settings, page: Path) -> ASGIApp:
    """Return an ASGI function that answers ready bytes."""
    body = page.read_bytes()
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
    ]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            await send({"type": "http.response.body", "body": body})

    return app


APPS = {
    app.__name__: app
    for app in (service, service_from_redis, bare_fastapi, bare_fastapi_redis, bare_asgi)
}


def main() -> None:
    name, home, page, workers = sys.argv[1:]
    settings = Settings.load(home=home, log_level="warning", rate_limit="900000000/minute")
    build = partial(APPS[name], page=Path(page))
    serve(settings, port=0, workers=int(workers), build=build)  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
