"""OpenTelemetry traces, if the environment names a collector."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import MutableMapping
    from typing import Any

    from fastapi.telemetry import TelemetryConfig

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
_SILENT: TelemetryConfig = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}


def is_on() -> bool:
    """Whether the environment names a collector."""
    return any(os.environ.get(name) for name in _ENDPOINTS)


def configuration() -> TelemetryConfig:
    """Return the instrumentation for FastAPI, for all calls except probes, if there is a collector.

    The exporter comes with the extra `telemetry` and is configured by OpenTelemetry's own
    variables. Metrics and logs are exported separately (/metrics, stderr). A span has the path and
    query of its request, which logs leave out.
    """
    if not is_on():
        return _SILENT
    os.environ.setdefault("OTEL_SERVICE_NAME", "lianzhao")
    return {**_SILENT, "tracing": True, "auto_configure": True, "exclude": _is_probe}


def _is_probe(scope: MutableMapping[str, Any]) -> bool:
    return str(scope.get("path")).startswith(("/health/", "/metrics"))
