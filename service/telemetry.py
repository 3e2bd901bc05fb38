"""Metrics of requests, in the text format of Prometheus."""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from service.pulse import Pulse

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from service.cache.tiers import RemoteCache
    from service.serving.interfaces import EngineSource

Tier = Literal["local", "redis"]
Action = Literal["recorded", "retracted"]
State = Literal["hit", "miss", "stale"]
"""Values of X-Cache."""

MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
"""Set by the server with several workers: the folder in which they share their metrics."""
_EVERY = 0.1
"""Interval in seconds at which a worker shares its counts with the others."""
_METHODS = {"GET", "POST", "HEAD", "OPTIONS"}
_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)


class _Count:
    """Counts since they were last added to a counter.

    A counter of prometheus_client takes a lock each time, and with several workers writes to a
    file; a plain number costs a tenth of that. Used only in the event loop's thread.
    """

    __slots__ = ("_counter", "count")

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self.count = 0

    def flush(self) -> None:
        """Add it to the counter."""
        count, self.count = self.count, 0
        self._counter.inc(count)


class _Seconds(Histogram):
    """A histogram that accepts many observations at once."""

    def add(self, counts: Sequence[int], seconds: float) -> None:
        """Add observations counted by bucket (the last is unbounded), and their sum."""
        self._sum.inc(seconds)
        for bucket, count in zip(self._buckets, counts, strict=True):
            if count:
                bucket.inc(count)


class _Requests:
    """Requests of one kind since they were last added to the metrics."""

    __slots__ = ("_buckets", "_counter", "_histogram", "_seconds")

    def __init__(self, counter: Counter, histogram: _Seconds) -> None:
        self._counter = counter
        self._histogram = histogram
        self._clear()

    def _clear(self) -> None:
        self._buckets = [0] * (len(_BUCKETS) + 1)
        self._seconds = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self._buckets[bisect_left(_BUCKETS, seconds)] += 1
        self._seconds += seconds

    def flush(self) -> None:
        """Add them to the metrics."""
        if count := sum(self._buckets):
            self._counter.inc(count)
            self._histogram.add(self._buckets, self._seconds)
            self._clear()


class Telemetry:
    """The metrics of one app.

    Counts on the path of every request are plain numbers, found by their labels with one lookup.
    `flush` adds them to the metrics: on each scrape, and with several workers also every tenth of a
    second, since any of them may be scraped.
    """

    content_type = "text/plain; version=0.0.4; charset=utf-8"

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = self._counter(
            "requests", "Requests answered.", "method", "route", "status"
        )
        self._seconds = _Seconds(
            "lianzhao_request_seconds",
            "Seconds from the request to the end of its response, by route and state of the cache.",
            ["route", "cache"],
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self._problems = self._counter("problems", "Requests refused or failed, by code.", "code")
        self._kinds: dict[tuple[str, str, int, State | None], _Requests] = {}
        answers = self._counter("answers", "Answers of the engine, by source.", "state")
        self._answers = {state: _Count(answers.labels(state)) for state in get_args(State)}
        lookups = self._counter("cache_lookups", "Cache lookups.", "tier", "result")
        self._lookups = {
            (tier, found): _Count(lookups.labels(tier, "hit" if found else "miss"))
            for tier in get_args(Tier)
            for found in (True, False)
        }
        events = self._counter("events", "Events recorded over HTTP, and retracted.", "action")
        self._events = {action: events.labels(action) for action in get_args(Action)}
        self.cache_bytes = self._gauge("cache_bytes", "Bytes of answers cached in the processes.")
        self.waiting = self._gauge(
            "engine_waiting", "Questions waiting for a thread of the engine."
        )
        self._pulse = Pulse(_EVERY, self._tell)

    def open(self) -> None:
        """Start sharing counts with other workers, if there are any."""
        if MULTIPROCESS in os.environ:
            self._pulse.open()

    async def close(self) -> None:
        """Stop, after sharing all counts."""
        await self._pulse.close()
        self.flush()

    async def _tell(self) -> None:
        self.flush()

    def flush(self) -> None:
        """Add what was counted since the last time to the metrics."""
        for tally in (*self._answers.values(), *self._lookups.values()):
            tally.flush()
        for kind in self._kinds.values():
            kind.flush()

    def answered(self, state: State) -> None:
        """Count an answer as hit, miss or stale."""
        self._answers[state].count += 1

    def looked_up(self, tier: Tier, found: bool) -> None:
        """Count a cache lookup: the process's own (local) or Redis."""
        self._lookups[tier, found].count += 1

    def event(self, action: Action) -> None:
        """Count an event that was recorded or retracted."""
        self._events[action].inc()

    def observe(
        self,
        method: str,
        route: str,
        status: int,
        state: State | None,
        problem: str | None,
        seconds: float,
    ) -> None:
        """Count and time a request."""
        key = (method if method in _METHODS else "other", route, status, state)
        kind = self._kinds.get(key)
        if kind is None:
            kind = self._kinds[key] = _Requests(
                self._requests.labels(key[0], route, status),
                self._seconds.labels(route, state or "none"),
            )
        kind.add(seconds)
        if problem:
            self._problems.labels(problem).inc()

    def _counter(self, name: str, what: str, *labels: str) -> Counter:
        return Counter(f"lianzhao_{name}", what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str) -> Gauge:
        # With several workers, the sums over the live ones.
        return Gauge(f"lianzhao_{name}", what, registry=self.registry, multiprocess_mode="livesum")

    def text(self, source: EngineSource, cache: RemoteCache) -> bytes:
        """Return all metrics as text, with current gauges."""
        self.flush()
        now = _Now(source, cache)
        if MULTIPROCESS not in os.environ:
            return generate_latest(self.registry) + generate_latest(now.registry)
        MultiProcessCollector(now.registry)  # type: ignore[no-untyped-call]
        return generate_latest(now.registry)


class _Now(Collector):
    """The gauges of this process: its model, its state of Redis, its memory."""

    def __init__(self, source: EngineSource, cache: RemoteCache) -> None:
        self.source = source
        self.cache = cache
        self.registry = CollectorRegistry()
        self.registry.register(self)
        ProcessCollector(registry=self.registry)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        labels = ["model_version", "pool_version"]
        model = GaugeMetricFamily(
            "lianzhao_model_info", "The model and the pool in service.", labels=labels
        )
        if engine := self.source.engine:
            model.add_metric([engine.model_version, engine.pool_version], 1)
        yield model
        yield GaugeMetricFamily(
            "lianzhao_model_in_trouble",
            "1 while the model in service is not the active one, or gone from disk.",
            value=float(self.source.trouble() is not None),
        )
        shards = engine.shards() if engine else None
        yield GaugeMetricFamily(
            "lianzhao_shards_unavailable",
            "Unavailable shards of the pool; while there are any, lists are partial.",
            value=float(len(shards["unavailable"])) if shards else 0.0,
        )
        yield GaugeMetricFamily(
            "lianzhao_shard_replicas_unavailable",
            "Unavailable replicas of the shards of the pool.",
            value=float(len(shards["unavailable_replicas"])) if shards else 0.0,
        )
        state = self.cache.state
        yield GaugeMetricFamily(
            "lianzhao_cache_up", "1 when Redis answers.", value=float(state == "up")
        )
        yield GaugeMetricFamily(
            "lianzhao_redis_breaker_open",
            "1 while Redis is not called because it failed.",
            value=float(state == "down"),
        )
