from __future__ import annotations

import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from service import tracing

if TYPE_CHECKING:
    from collections.abc import Iterator

messages = pytest.importorskip(
    "opentelemetry.proto.collector.trace.v1.trace_service_pb2", reason="needs the extra telemetry"
)

ROOT = Path(__file__).parents[2]
# In a process of its own: providers are set once for a process.
PROGRAM = """
from starlette.testclient import TestClient
from service.settings import Settings
from tests.service.served import build
with TestClient(build(Settings.load(log_level="error")), base_url="http://127.0.0.1") as client:
    page = "/v1/recommendations?need_id=z%2F%E5%85%89%E7%94%B5LED"
    for path in ("/v1/zones/z", "/v1/zones/z", page, page, "/health/live", "/metrics"):
        answer = client.get(path, headers={"X-API-Key": "s3cret"})
        assert answer.status_code == 200
    assert client.get(page).headers["X-Cache"] == "hit"
"""


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """Return the address of a collector on the loopback and what it was sent."""
    taken: list[tuple[str, bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append((self.path, self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            return None

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", taken
        server.shutdown()
        thread.join()


def _run(**environment: str) -> None:
    kept = {name: os.environ[name] for name in ("PATH",)}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={**kept, "OTEL_EXPORTER_OTLP_COMPRESSION": "none", **environment},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr


def test_calls_are_traced_under_their_routes(
    collector: tuple[str, list[tuple[str, bytes]]], tmp_path: Path
) -> None:
    url, taken = collector
    _run(OTEL_EXPORTER_OTLP_ENDPOINT=url, LIANZHAO_HOME=str(tmp_path / "home"))
    assert {path for path, _ in taken} == {"/v1/traces"}
    spans, services = [], set()
    for _, body in taken:
        assert b"s3cret" not in body
        for resource in messages.ExportTraceServiceRequest.FromString(body).resource_spans:
            named = {item.key: item.value.string_value for item in resource.resource.attributes}
            services.add(named["service.name"])
            spans += [span.name for scope in resource.scope_spans for span in scope.spans]
    assert services == {"lianzhao"}
    assert spans == ["GET /v1/zones/{zone_id}"] * 2 + ["GET /v1/recommendations"] * 3


def test_nothing_is_traced_unless_a_collector_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"):
        monkeypatch.delenv(name, raising=False)
    assert not any(tracing.configuration().values())
