from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from features.errors import UnavailableError
from service.database.audit_log import AuditLog
from service.database.connection import DatabaseError
from service.database.ledger import Ledger
from tests.service.fakes import CHAIN, ENTERPRISES, TOLD, ZONE, FakeEngine, FakeRegistry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

    from tests.service.fakes import FakeSource


ENGINE = FakeEngine()


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/v1/zones", {"zones": [ZONE]}),
        ("/v1/zones/z", {**ZONE, "needs": [TOLD]}),
        ("/v1/needs", {"needs": [TOLD]}),
        ("/v1/chains", {"chains": [{**CHAIN, "nodes": 1}]}),
        ("/v1/chains/a%2Fb", ENGINE.chain("a/b")),
        (
            "/v1/enterprises?q=第7光",
            {
                "total": 1,
                "limit": 20,
                "offset": 0,
                "unknown": {},
                "unknown_values": {},
                "facets": None,
                "enterprises": [ENTERPRISES[6]],
            },
        ),
        ("/v1/enterprises/e7", ENGINE.enterprise("e7")),
        ("/v1/enterprises/e7/needs?limit=1", ENGINE.needs_for("e7", 1, "zh")),
    ],
)
def test_reference_data(client: TestClient, path: str, expected: object) -> None:
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.json() == expected


def test_versions(client: TestClient) -> None:
    found = client.get("/v1/models").json()
    assert found["active"] == "m1"
    assert [model["version"] for model in found["models"]] == ["m0", "m1", "m2"]
    assert client.get("/v1/models/m1").json()["version"] == "m1"


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/v1/zones/nowhere", 404, "not-found"),
        ("GET", "/v1/models/m9", 404, "not-found"),
        ("POST", "/v1/models/m9/activate", 404, "not-found"),
        ("GET", "/nothing", 404, "not-found"),
        ("DELETE", "/v1/zones", 405, "method-not-allowed"),
        ("GET", "/v1/zones?limit=3", 422, "bad-input"),
        ("GET", "/v1/enterprises?limit=0", 422, "bad-input"),
        ("GET", "/v1/events?stage=x&colour=red", 422, "bad-input"),
        ("POST", "/v1/events", 422, "bad-input"),
        ("POST", "/v1/events/e/retract", 404, "not-found"),
    ],
)
def test_errors_are_problems(
    client: TestClient, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"
    problem = answer.json()
    assert set(problem) == {"type", "title", "status", "detail", "code", "errors", "request_id"}
    assert problem["request_id"] == answer.headers["X-Request-ID"]
    assert (problem["status"], problem["code"]) == (status, code)
    assert ("allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/v1/zones/z", "GET, HEAD"),
        ("/v1/recommendations", "GET, HEAD, POST"),
        ("/v1/offers/check", "POST"),
    ],
)
def test_405_names_every_method_of_the_path(client: TestClient, path: str, methods: str) -> None:
    answer = client.delete(path)
    assert (answer.status_code, answer.headers["Allow"]) == (405, methods)


def audited(client: TestClient) -> list[tuple[str, str | None, int]]:
    """Return route, target and status of each change of version, oldest first."""
    entries = client.get("/v1/audit").json()["entries"]
    changes = [own for own in reversed(entries) if own["route"].startswith("/v1/models")]
    return [(own["route"].rpartition("/")[2], own["target"], own["status"]) for own in changes]


def test_a_switch_stands_in_the_audit_log_before_it_is_made(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = []
    activate = FakeRegistry.activate

    def look_and_activate(registry: FakeRegistry, version: str) -> str:
        seen.append(audited(client))
        return activate(registry, version)

    monkeypatch.setattr(FakeRegistry, "activate", look_and_activate)
    client.post("/v1/models/m2/activate")
    assert seen == [[("activate", "m2", 202)]]
    for path in ("m9/activate", "rollback", "rollback", "rollback"):
        client.post(f"/v1/models/{path}")
    assert audited(client) == [
        ("activate", "m2", 200),
        ("activate", "m9", 404),
        ("rollback", "m1", 200),
        ("rollback", "m0", 200),
        ("rollback", None, 409),
    ]


def test_nothing_is_switched_that_cannot_be_audited(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseError("the database is away")

    with monkeypatch.context() as patch:
        patch.setattr(AuditLog, "begin", away)
        answer = client.post("/v1/models/m2/activate")
        assert (answer.status_code, answer.json()["code"]) == (503, "database-unavailable")
    assert client.get("/v1/models").json()["active"] == "m1"
    with monkeypatch.context() as patch:  # it goes away while the version is switched
        patch.setattr(AuditLog, "end", away)
        assert client.post("/v1/models/m2/activate").json() == {"active": "m2"}
    assert audited(client) == [("activate", "m2", 202)]


def test_models_change_without_a_restart(client: TestClient) -> None:
    url = "/v1/recommendations?need_id=z/光电LED"
    assert client.get(url).headers["X-Model-Version"] == "m1"
    assert client.post("/v1/models/m2/activate").json() == {"active": "m2"}
    assert client.get(url).headers["X-Model-Version"] == "m2"
    assert client.post("/v1/models/rollback").json() == {"active": "m1"}
    assert client.get(url).headers["X-Model-Version"] == "m1"
    client.post("/v1/models/rollback")
    last = client.post("/v1/models/rollback")
    assert (last.status_code, last.json()["code"]) == (409, "conflict")


def test_readiness_lists_its_parts(client: TestClient, source: FakeSource) -> None:
    assert client.get("/health/live").json() == {"status": "alive"}
    assert client.get("/health/ready").json() == {
        "status": "ready",
        "model_version": "m1",
        "pool_version": "p1",
        "pool_date": "2026-01-01",
        "cache": "none",
        "trouble": None,
        "database": "up",
        "language_model": "none",
        "store": "none",
        "shards": None,
        "degraded": [],
    }
    source.error = UnavailableError("no model yet: run lianzhao train")
    answer = client.get("/health/ready")
    assert answer.status_code == 503
    assert "lianzhao train" in answer.json()["detail"]
    assert answer.headers["Retry-After"]
    assert client.get("/health/live").status_code == 200


def test_ready_without_redis_and_database_says_so(
    start: Callable[..., AbstractContextManager[TestClient]], monkeypatch: pytest.MonkeyPatch
) -> None:
    with start(redis_url="redis://127.0.0.1:9/0") as client:
        monkeypatch.setattr(Ledger, "state", "down")
        # Redis counts as down when it failed several times on end.
        answers = [client.get("/health/ready") for _ in range(5)]
    assert {answer.status_code for answer in answers} == {200}
    told = answers[-1].json()
    assert (told["status"], told["degraded"]) == ("ready", ["cache", "database"])


def test_an_app_without_a_model_starts_and_says_so(
    source: FakeSource, start: Callable[..., AbstractContextManager[TestClient]]
) -> None:
    source.error = UnavailableError("no model yet: run lianzhao train")
    with start() as client:
        answer = client.get("/v1/recommendations?need_id=z/光电LED")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


def test_metrics_count_requests_and_answers(client: TestClient) -> None:
    for _ in range(3):
        client.get("/v1/recommendations?need_id=z/光电LED")
    client.get("/v1/zones/nowhere")
    client.get("/nothing")
    answer = client.get("/metrics")
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    for line in (
        'lianzhao_requests_total{method="GET",route="/v1/recommendations",status="200"} 3.0',
        'lianzhao_requests_total{method="GET",route="/v1/zones/{zone_id}",status="404"} 1.0',
        'lianzhao_requests_total{method="GET",route="other",status="404"} 1.0',
        'lianzhao_request_seconds_count{cache="miss",route="/v1/recommendations"} 1.0',
        'lianzhao_request_seconds_count{cache="hit",route="/v1/recommendations"} 2.0',
        'lianzhao_request_seconds_count{cache="none",route="other"} 1.0',
        'lianzhao_problems_total{code="not-found"} 2.0',
        'lianzhao_answers_total{state="hit"} 2.0',
        'lianzhao_answers_total{state="miss"} 1.0',
        'lianzhao_cache_lookups_total{result="hit",tier="local"} 2.0',
        'lianzhao_cache_lookups_total{result="miss",tier="local"} 2.0',
        'lianzhao_cache_lookups_total{result="hit",tier="redis"} 0.0',
        "lianzhao_engine_waiting 0.0",
        'lianzhao_answers_total{state="stale"} 0.0',
        'lianzhao_model_info{model_version="m1",pool_version="p1"} 1.0',
        "lianzhao_cache_up 0.0",
        "lianzhao_redis_breaker_open 0.0",
    ):
        assert line in answer.text.splitlines()
    kept = next(line for line in answer.text.splitlines() if line.startswith("lianzhao_cache_b"))
    assert float(kept.split()[1]) > 1000


def test_the_openapi_document_is_valid_and_names_problems(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    OpenAPIV31SpecValidator(document).validate()
    leads = document["paths"]["/v1/recommendations"]["get"]
    names = {parameter["name"] for parameter in leads["parameters"]}
    assert {"need_id", "zone_id", "industry", "limit", "offset", "province"} <= names
    problem = leads["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert problem["$ref"] == "#/components/schemas/Problem"
    assert problem["properties"]["code"] == {"enum": ["bad-input"]}
    assert "/v1/zones/{zone_id}" in document["paths"]


def test_docs_need_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    assert "http://" not in page.text
    assert "https://" not in page.text
    assert page.headers["Content-Security-Policy"].startswith("default-src 'self'")
    for asset in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon-32x32.png"):
        assert f"/docs/assets/{asset}" in page.text
        assert client.get(f"/docs/assets/{asset}").status_code == 200
