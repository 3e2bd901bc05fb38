from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from service.api.observer import KEY_ID, REQUEST_ID, Observer, identify
from service.telemetry import Telemetry

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from starlette.testclient import TestClient

PAGE = "/v1/recommendations?need_id=z/光电LED"


def _scope(*headers: tuple[bytes, bytes]) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/", "headers": list(headers)}


@pytest.mark.parametrize("given", [b"a", b"4bf92f35-77b3.4da6_a3ce:1", b"x" * 64])
def test_a_sane_id_is_kept(given: bytes) -> None:
    scope = _scope((b"x-request-id", given))
    assert identify(scope) == given
    assert scope[REQUEST_ID] == given.decode()


@pytest.mark.parametrize(
    "given", [b"", b"x" * 65, b"a b", b"a\r\nx: y", "号".encode(), b'"', b"a\n"]
)
def test_any_other_id_is_made_anew(given: bytes) -> None:
    made = [identify(_scope((b"x-request-id", given))), identify(_scope())]
    for one in made:
        assert re.fullmatch(rb"[0-9a-f]{12}-[0-9a-f]+", one)
    assert made[0] != made[1]


def test_answers_carry_the_id(client: TestClient) -> None:
    for _ in ("miss", "hit"):
        answer = client.get(PAGE, headers={"X-Request-ID": "mine-1"})
        assert answer.headers["X-Request-ID"] == "mine-1"
    refused = client.get("/v1/zones", headers={"Host": "evil.example", "X-Request-ID": "mine-2"})
    assert refused.json()["request_id"] == refused.headers["X-Request-ID"] == "mine-2"


def test_each_request_is_a_line_without_path_or_query(
    start: Callable[..., AbstractContextManager[TestClient]], capfd: pytest.CaptureFixture[str]
) -> None:
    with start() as client:
        client.get(PAGE, headers={"X-Request-ID": "a"})
        client.get(PAGE, headers={"X-Request-ID": "b", "X-API-Key": "lz_s3cret"})
        client.get("/v1/zones/nowhere", headers={"X-Request-ID": "c"})
    errors = capfd.readouterr().err
    for hidden in ("光电", "need_id", "nowhere", "s3cret", "127.0.0.1", "testclient"):
        assert hidden not in errors
    lines = [json.loads(line) for line in errors.splitlines()]
    for line in lines:
        assert line.pop("time")
        assert line.pop("ms") > 0
    shared = {"level": "info", "logger": "service.access", "method": "GET"}
    page = {"message": "GET /v1/recommendations 200", "route": "/v1/recommendations", "status": 200}
    assert lines == [
        {**shared, **page, "request_id": "a", "cache": "miss"},
        {**shared, **page, "request_id": "b", "cache": "hit"},
        {
            **shared,
            "message": "GET /v1/zones/{zone_id} 404",
            "request_id": "c",
            "route": "/v1/zones/{zone_id}",
            "status": 404,
            "problem": "not-found",
        },
    ]


def test_a_higher_level_is_silent(
    start: Callable[..., AbstractContextManager[TestClient]], capfd: pytest.CaptureFixture[str]
) -> None:
    with start(log_level="warning") as client:
        client.get(PAGE)
    assert capfd.readouterr().err == ""


def test_the_line_names_the_key_by_its_id(capfd: pytest.CaptureFixture[str]) -> None:
    observer, scope = Observer(Telemetry(), "info"), _scope()
    identify(scope)
    scope[KEY_ID] = "k7"
    observer.open()
    observer.note(scope, 204, 0.0)
    observer.close()
    assert json.loads(capfd.readouterr().err)["key"] == "k7"


def test_what_fails_before_an_answer_counts_as_500(client: TestClient) -> None:
    async def broken(*_: object) -> None:
        raise RuntimeError("broken")

    client.app.front.app = broken  # type: ignore[attr-defined]
    with pytest.raises(RuntimeError, match="broken"):
        client.get("/v1/zones")
    telemetry: Telemetry = client.app.state.parts.telemetry  # type: ignore[attr-defined]
    telemetry.flush()
    labels = {"method": "GET", "route": "other", "status": "500"}
    assert telemetry.registry.get_sample_value("lianzhao_requests_total", labels) == 1
