"""A version is prepared in another process: its first pages are in Redis before it is active."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from features.errors import DamagedError, UnavailableError
from models.releases.registry import ModelRegistry
from models.storage.artifact import UnfitModelError
from service.api.app import create_app
from service.cache.answers import warm
from service.cache.embedded import EmbeddedServer
from service.cache.tiers import RemoteCache
from service.serving.lifecycle import preparing
from service.serving.questions import Lookup
from service.settings import Settings
from tests.pool import NEED_IDS
from tests.service.fakes import NEED, FakeEngine
from tests.versions import OTHER, save_other

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

    from features.workspace import Workspace
    from tests.service.fakes import FakeSource

PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}"


@pytest.fixture
def registry(workspace: Workspace) -> ModelRegistry:
    """Return the registry of a workspace with two versions, the first one active."""
    registry = ModelRegistry(workspace)
    save_other(registry, weighing=2)
    return registry


@pytest.fixture(scope="module")
def redis() -> Iterator[str]:
    with EmbeddedServer() as server:
        yield server.url


def settings_of(registry: ModelRegistry, **more: object) -> Settings:
    home = registry.workspace.home
    return Settings.load(home=home, encoder="tests.pool:HashedEncoder", **more)


def test_the_first_page_of_every_need_is_there_when_a_version_becomes_active(
    registry: ModelRegistry, redis: str
) -> None:
    settings = settings_of(registry, redis_url=redis)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        before = client.get(PAGE).json()
        assert client.post(f"/v1/models/{OTHER}/activate").json() == {"active": OTHER}
        pages = [client.get(f"/v1/recommendations?need_id={quote(need)}") for need in NEED_IDS]
        other = client.get(PAGE, headers={"Accept-Language": "en"})
    assert {page.headers["X-Cache"] for page in pages} == {"hit"}
    assert other.headers["X-Cache"] == "miss"
    after = pages[0].json()
    assert (after["model_version"], len(after["leads"])) == (OTHER, 20)
    scores = [page["leads"][0]["raw_score"] for page in (before, after)]
    assert scores[1] != pytest.approx(scores[0])


def test_without_redis_a_version_is_only_prepared(registry: ModelRegistry) -> None:
    preparing.prepare(settings_of(registry, redis_url="redis://127.0.0.1:1/0"), OTHER)
    assert list((registry.workspace.home / "prepared" / OTHER).glob("[!.]*"))
    assert registry.active() != OTHER


def test_an_error_of_preparing_is_passed_on(registry: ModelRegistry) -> None:
    array = registry.path(OTHER) / "blend.warm.npy"
    array.write_bytes(array.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=rf"{OTHER} cannot be prepared: .*blend\.warm\.npy"):
        preparing.prepare(settings_of(registry), OTHER)


@pytest.mark.parametrize(
    ("script", "raised", "message"),
    [
        ("""echo '{"code": "unfit-model", "message": "old"}'; exit 1""", UnfitModelError, "old"),
        ("""echo '{"code": "no-model", "message": "gone"}'; exit 1""", UnavailableError, "gone"),
        ("echo an encoder says this; exit 3", UnavailableError, "its process ended with 3"),
        ("kill -9 $$", UnavailableError, "its process ended with -9"),
    ],
)
def test_an_end_of_its_process_is_reported(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    script: str,
    raised: type[Exception],
    message: str,
) -> None:
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{script}\n")
    python.chmod(0o755)
    monkeypatch.setattr("sys.executable", str(python))
    with pytest.raises(raised, match=f"model v1 cannot be prepared: {message}"):
        preparing.prepare(Settings.load(home=tmp_path), "v1")


def test_a_page_that_is_there_is_not_computed_again(redis: str) -> None:
    engine = FakeEngine("warmed")
    asked = Lookup("zones")

    async def twice() -> list[bool]:
        remote = RemoteCache(redis, 60)
        try:
            return [await warm(remote, engine, asked) for _ in range(2)]
        finally:
            await remote.close()

    assert asyncio.run(twice()) == [True, False]


def test_what_is_warmed_and_never_active_is_no_stale_answer(
    start: Callable[..., AbstractContextManager[TestClient]], source: FakeSource, redis: str
) -> None:
    source.there.pool_version = "of its own"
    settings = Settings.load(redis_url=redis)

    class Needs(FakeEngine):
        def needs(self) -> list[dict[str, object]]:
            return [
                {"need_id": NEED.need_id, "industry": NEED.industry},
                {"need_id": "z/unknown", "industry": "unknown"},
            ]

    engine = Needs("m2", "of its own")
    asyncio.run(preparing._warm(settings, engine))  # type: ignore[arg-type]
    assert len(engine.asked) == 1
    with start(redis_url=redis) as client:
        source.error = UnavailableError("gone")
        answer = client.get(f"/v1/recommendations?need_id={quote(NEED.need_id or '')}")
        assert answer.status_code == 503
        source.error, source.there = None, engine
        answer = client.get(f"/v1/recommendations?need_id={quote(NEED.need_id or '')}")
    assert (answer.status_code, answer.headers["X-Cache"]) == (200, "hit")
    assert len(engine.asked) == 1


def test_pages_that_cannot_be_computed_stop_no_publishing(
    registry: ModelRegistry,
    redis: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    settings = settings_of(registry, redis_url=redis)
    monkeypatch.setattr(preparing, "warm", broken)
    monkeypatch.setattr(preparing.Settings, "load", lambda: settings)
    monkeypatch.setattr(preparing, "end_with_parent", lambda _: None)
    for name in ("os.nice", "signal.signal", "service.logs.configure_service"):
        monkeypatch.setattr(name, lambda *_: None)
    monkeypatch.setattr("sys.argv", ["preparing", OTHER, "1"])
    with caplog.at_level(logging.ERROR, "service.serving.lifecycle.preparing"):
        preparing.main()
    assert "are computed on request" in caplog.text
