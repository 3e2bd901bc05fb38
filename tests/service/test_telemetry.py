from __future__ import annotations

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Histogram

from service.telemetry import MULTIPROCESS, Telemetry
from tests.waiting import SECONDS


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


def _value(telemetry: Telemetry, name: str, **labels: str) -> float | None:
    telemetry.flush()
    return telemetry.registry.get_sample_value(f"lianzhao_{name}", labels)


def test_requests_are_counted_by_route_and_timed_by_cache_state(telemetry: Telemetry) -> None:
    for state, seconds in (("hit", 0.0004), ("hit", 0.002), (None, 0.3)):
        telemetry.observe("GET", "/v1/zones", 200, state, None, seconds)  # type: ignore[arg-type]
    assert _value(telemetry, "requests_total", method="GET", route="/v1/zones", status="200") == 3
    hits = {"route": "/v1/zones", "cache": "hit"}
    assert _value(telemetry, "request_seconds_count", **hits) == 2
    assert _value(telemetry, "request_seconds_bucket", **hits, le="0.001") == 1
    assert _value(telemetry, "request_seconds_sum", route="/v1/zones", cache="none") == 0.3


def test_times_fall_into_the_buckets_of_the_client_itself(telemetry: Telemetry) -> None:
    times = [0.0, 0.0009, 0.001, 0.00101, 0.25, 10, 10.5, 1000]
    theirs = CollectorRegistry()
    buckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    histogram = Histogram("theirs", "…", buckets=buckets, registry=theirs)
    for seconds in times:
        telemetry.observe("GET", "/v1/zones", 200, "hit", None, seconds)
        histogram.observe(seconds)
        telemetry.flush()
    labels = {"route": "/v1/zones", "cache": "hit"}
    for bound in [*map(str, map(float, buckets)), "+Inf"]:
        expected = theirs.get_sample_value("theirs_bucket", {"le": bound})
        assert expected is not None
        assert _value(telemetry, "request_seconds_bucket", **labels, le=bound) == expected
    assert _value(telemetry, "request_seconds_sum", **labels) == sum(times)


def test_several_workers_write_counts_periodically_and_at_the_end(
    telemetry: Telemetry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(MULTIPROCESS, "/nowhere")

    def hits() -> float | None:
        return telemetry.registry.get_sample_value("lianzhao_answers_total", {"state": "hit"})

    async def use() -> None:
        telemetry.open()
        telemetry.answered("hit")
        assert hits() == 0
        async with asyncio.timeout(SECONDS):
            while hits() == 0:
                await asyncio.sleep(0.01)
        assert hits() == 1
        telemetry.answered("hit")
        await telemetry.close()

    asyncio.run(use())
    assert hits() == 2


def test_a_made_up_method_makes_no_series_of_its_own(telemetry: Telemetry) -> None:
    for number in range(50):
        telemetry.observe(f"M{number}", "other", 405, None, "method-not-allowed", 0.001)
    assert _value(telemetry, "requests_total", method="other", route="other", status="405") == 50
    assert _value(telemetry, "problems_total", code="method-not-allowed") == 50


def test_lookups_events_and_gauges_start_at_zero_and_count(telemetry: Telemetry) -> None:
    lookup = {"tier": "redis", "result": "miss"}
    assert _value(telemetry, "cache_lookups_total", **lookup) == 0
    telemetry.looked_up("redis", found=False)
    telemetry.looked_up("local", found=True)
    assert _value(telemetry, "cache_lookups_total", **lookup) == 1
    assert _value(telemetry, "cache_lookups_total", tier="local", result="hit") == 1
    telemetry.event("recorded")
    assert _value(telemetry, "events_total", action="recorded") == 1
    assert _value(telemetry, "events_total", action="retracted") == 0
    telemetry.waiting.inc()
    assert _value(telemetry, "engine_waiting") == 1
