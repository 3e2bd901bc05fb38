"""Counts and times of requests, in the text format of Prometheus."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from service.answers import State
    from service.cache import RemoteCache
    from service.interfaces import EngineSource

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Set by the server when it has several workers: the folder where they add up their counts."""
_METHODS = {"GET", "POST", "HEAD", "OPTIONS"}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class Telemetry:
    """The metrics of one app."""

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "lianzhao_requests",
            "Requests answered.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._seconds = Histogram(
            "lianzhao_request_seconds",
            "Seconds from the request to the end of its answer.",
            ["route"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._answers = Counter(
            "lianzhao_answers",
            "Answers of the engine by where they came from.",
            ["state"],
            registry=self.registry,
        )
        for state in ("hit", "miss", "stale"):
            self._answers.labels(state)

    def answered(self, state: State) -> None:
        """Count an answer as hit, miss or stale."""
        self._answers.labels(state).inc()

    def observe(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count a request."""
        self._requests.labels(method if method in _METHODS else "other", route, status).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self, source: EngineSource, cache: RemoteCache) -> bytes:
        """Return all metrics as text, with what is so at this moment."""
        now = _Now(source, cache)
        if MULTIPROCESS not in os.environ:
            return generate_latest(self.registry) + generate_latest(now.registry)
        MultiProcessCollector(now.registry)  # type: ignore[no-untyped-call]
        return generate_latest(now.registry)


class _Now(Collector):
    """What is so now: the model in service, and whether Redis answers."""

    def __init__(self, source: EngineSource, cache: RemoteCache) -> None:
        self.source = source
        self.cache = cache
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ["model_version", "pool_version"]
        model = GaugeMetricFamily(
            "lianzhao_model_info", "The model and the pool in service.", labels=labels
        )
        if engine := self.source.engine:
            model.add_metric([engine.model_version, engine.pool_version], 1)
        yield model
        yield GaugeMetricFamily(
            "lianzhao_cache_up", "1 when Redis answers.", value=float(self.cache.state == "up")
        )


class Measured:
    """ASGI: counts and times each request under the path of its route."""

    def __init__(self, app: ASGIApp, telemetry: Telemetry) -> None:
        self.app = app
        self.telemetry = telemetry

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        status = 500
        started = time.perf_counter()

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self.app(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path_format", None) or "other"
            self.telemetry.observe(scope["method"], route, status, time.perf_counter() - started)
