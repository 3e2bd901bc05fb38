"""The API as an ASGI app."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from fastapi import FastAPI
from starlette.middleware.cors import CORSMiddleware

from features import calendar
from features.errors import LianzhaoError
from features.version import installed_version
from features.workspace import Workspace
from service import tracing
from service.access.gate import AccessGate, Admission
from service.access.limits import Limiter
from service.api import docs, failures
from service.api.front import Front
from service.api.guards import BodyLimit, LoopbackOnly, without_body
from service.api.observer import Observer
from service.api.prefix import Prefix
from service.api.routes import (
    allocation,
    audit,
    enterprises,
    events,
    figures,
    gates,
    health,
    leads,
    models,
    projects,
    recommendations,
    reference,
    workbooks,
)
from service.api.routes import (
    ledger as project_ledger,
)
from service.api.routes.context import Parts
from service.cache.answers import Answers
from service.cache.tiers import RemoteCache
from service.console import app as console
from service.console.layer import Pages
from service.database.ledger import Ledger
from service.projects.notices import Reminders, Webhook
from service.serving.words.model import NoWords, word_model
from service.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from starlette.types import Receive, Scope, Send

    from service.access.keys import Access
    from service.console.sessions import Sessions
    from service.serving.interfaces import EngineSource, Registry
    from service.serving.words.model import WordSource
    from service.settings import Settings

log = logging.getLogger(__name__)

_DESCRIPTION = """Leads for the needs of development zones along industry chains (产业链招商).

Texts are Chinese by default and English with `Accept-Language: en`. Errors are
`application/problem+json` with a stable `code`."""
_EXPOSED = ["ETag", "X-Model-Version", "X-Cache", "Content-Language", "Retry-After", "X-Request-ID"]
_ACCEPTED = [
    "X-API-Key",
    "Idempotency-Key",
    "If-None-Match",
    "Content-Type",
    "Accept-Language",
    "X-Request-ID",
]


_ROUTES = (
    recommendations,
    leads,
    workbooks,
    reference,
    enterprises,
    models,
    events,
    projects,
    project_ledger,
    gates,
    figures,
    allocation,
    audit,
    health,
)


class App(FastAPI):
    """The FastAPI app behind the front, which handles each request first."""

    front: Front

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, without_body(send)
        answer = self.front if scope["type"] == "http" else self.framework
        await answer(scope, receive, send)

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request with middleware and routes."""
        await super().__call__(scope, receive, send)


def create_app(
    settings: Settings,
    engine: EngineSource | None = None,
    registry: Registry | None = None,
    sockets: Path | None = None,
) -> App:
    """Build the app; it starts no server and no process.

    Parameters
    ----------
    settings
        Without `redis_url`, answers are cached in this process only.
    engine, registry
        Source of engines, and registry of models; by default those of `settings.home`.
    sockets
        Of the processes of shards, see `service.serving.by_shards.group_of`.
    """
    calendar.use(settings.time_zone)
    ledger = Ledger(settings)
    words = word_model(settings)
    source = engine or _engine_of(settings, ledger.workspace, words or NoWords(), sockets)
    telemetry = Telemetry()
    observer = Observer(telemetry, settings.log_level)
    remote = RemoteCache(settings.redis(), settings.cache_ttl, seal=settings.seal())
    answers = Answers(source, remote, telemetry, words)
    limiter = Limiter(settings.rate_limit, settings.redis()) if settings.rate_limit else None
    webhook = settings.webhook()
    reminders = Reminders(ledger.projects, Webhook(*webhook)) if webhook else None

    running = _Running(source, answers, telemetry, observer, ledger, limiter, reminders)
    app = App(
        title="Lianzhao 链招",
        version=installed_version(),
        description=_DESCRIPTION,
        lifespan=running.lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=tracing.configuration(),
    )
    admission = Admission(ledger, limiter)
    app.front = Front(
        app.framework,
        prefix=Prefix(settings.root_path, ledger.access.proxies),
        observer=observer,
        admission=admission,
        answers=answers,
        routes_all=tracing.is_on(),
    )
    app.state.parts = Parts(
        answers, registry or _registry_of(settings), telemetry, ledger, settings.home
    )
    sessions = console.install(app, ledger.access, settings)
    for module in _ROUTES:
        app.include_router(module.router)
    docs.install(app)
    failures.install(app)

    _add_layers(app, settings, ledger.access, admission, sessions)
    return app


@dataclass(frozen=True)
class _Running:
    """Resources that are opened and closed with the app."""

    source: EngineSource
    answers: Answers
    telemetry: Telemetry
    observer: Observer
    ledger: Ledger
    limiter: Limiter | None
    reminders: Reminders | None

    @asynccontextmanager
    async def lifespan(self, _: FastAPI) -> AsyncIterator[None]:
        """Open all resources, load the engine, and close them at the end."""
        self.observer.open()
        self.telemetry.open()
        await self.ledger.open()
        background = [one for one in (self.limiter, self.reminders) if one is not None]
        for one in background:
            one.open()
        self.source.open()
        try:
            await self.answers.engine()
        except LianzhaoError as error:
            log.warning("not ready: %s", error.message)
        yield
        self.source.close()
        await self.answers.close()
        for one in background:
            await one.close()
        await self.ledger.close()
        await self.telemetry.close()
        self.observer.close()


def _add_layers(
    app: App, settings: Settings, access: Access, admission: Admission, sessions: Sessions
) -> None:
    """Add the middleware."""
    # The one added last runs first.
    app.add_middleware(BodyLimit)
    app.add_middleware(AccessGate, admission=admission)
    app.add_middleware(LoopbackOnly, access=access, origins=settings.cors_origins)
    app.add_middleware(failures.Unexpected)
    # Before middleware that refuses requests: pages of allowed origins can then read why.
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.cors_origins,
            allow_methods=["GET", "HEAD", "POST"],
            allow_headers=_ACCEPTED,
            expose_headers=_EXPOSED,
        )
    app.add_middleware(Pages, parts=app.state.parts, sessions=sessions)


# Imported only when needed: an app on another engine needs neither scikit-learn nor the encoder.
def _engine_of(
    settings: Settings, workspace: Workspace, words: WordSource, sockets: Path | None
) -> EngineSource:
    from features.encoder import encoder_named
    from service.serving.by_shards import group_of
    from service.serving.lifecycle import preparing
    from service.serving.lifecycle.holder import EngineHolder
    from service.serving.lifecycle.loader import EngineLoader

    return EngineHolder(
        EngineLoader(
            workspace,
            encoder_named(settings.encoder),
            prepare=partial(preparing.prepare, settings),
            words=words,
            shards=group_of(settings, sockets),
            named_encoder=settings.encoder,
        )
    )


def _registry_of(settings: Settings) -> Registry:
    from models.releases.registry import ModelRegistry
    from service.serving.lifecycle import preparing

    # Checksums are a sufficient check here, and do not block requests: the process that prepares a
    # version has loaded it.
    return ModelRegistry(Workspace(settings.home), prepare=partial(preparing.prepare, settings))
