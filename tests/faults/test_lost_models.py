"""A model that is removed or damaged while in service: answers continue, and it is reported."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from features.errors import DamagedError
from features.imports.importing import import_table
from models.releases.registry import ModelRegistry
from service.api.app import create_app
from service.serving.interfaces import LOOK_SECONDS
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from service.settings import Settings
from tests.pool import NEED_IDS, HashedEncoder
from tests.versions import OTHER, save_other
from training.publishing import train

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from features.workspace import Workspace
    from tests.faults.servers import RedisServer

PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}"


@pytest.fixture
def registry(workspace: Workspace) -> ModelRegistry:
    """Return the registry of a workspace with two versions, the first one active."""
    registry = ModelRegistry(workspace)
    save_other(registry)
    return registry


@pytest.fixture
def client(registry: ModelRegistry) -> Iterator[TestClient]:
    settings = Settings.load(home=registry.workspace.home, encoder="tests.pool:HashedEncoder")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield client


def served(client: TestClient, limit: int) -> str:
    answer = client.get(f"{PAGE}&limit={limit}")
    assert answer.status_code == 200
    assert len(answer.json()["leads"]) == limit
    return answer.headers["X-Model-Version"]


def test_a_model_directory_removed_while_in_service(
    client: TestClient, registry: ModelRegistry
) -> None:
    first = served(client, 1)
    assert client.get("/health/ready").json()["trouble"] is None
    assert "lianzhao_model_in_trouble 0.0" in client.get("/metrics").text
    shutil.rmtree(registry.folder / first)
    assert [served(client, limit) for limit in (1, 2)] == [first, first]
    ready = client.get("/health/ready")
    assert ready.status_code == 200
    assert f"model {first} is gone from disk" in ready.json()["trouble"]
    assert "lianzhao_model_in_trouble 1.0" in client.get("/metrics").text
    registry.activate(OTHER)
    assert served(client, 1) == OTHER
    assert client.get("/health/ready").json()["trouble"] is None


def test_events_count_though_the_model_directory_is_gone(
    client: TestClient, registry: ModelRegistry
) -> None:
    first = served(client, 1)
    shutil.rmtree(registry.folder / first)
    lead = client.get(PAGE).json()["leads"][0]["enterprise"]["enterprise_id"]
    body = {"enterprise_id": lead, "need_id": NEED_IDS[0], "stage": "lost", "date": "2026-01-01"}
    assert client.post("/v1/events", json=body).status_code == 201
    page = client.get(f"{PAGE}&limit=200")
    assert (page.status_code, page.headers["X-Model-Version"]) == (200, first)
    stages = {x["enterprise"]["enterprise_id"]: x["stage"] for x in page.json()["leads"]}
    assert stages[lead]["stage"] == "lost"


def add_enterprise(registry: ModelRegistry) -> None:
    file = registry.workspace.home / "one.csv"
    file.write_text("enterprise_id,name,products\nNEW,新光电公司,LED封装\n", encoding="utf-8")
    assert import_table(registry.workspace, "enterprises", file).added == 1


def assert_refused(client: TestClient, path: str) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "model-gone")
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.headers["Retry-After"] == "5"
    assert answer.json()["detail"].endswith("activate another version or train again")


@pytest.mark.parametrize("healing", ["activate", "train"])
def test_a_model_directory_removed_and_then_an_import(
    client: TestClient, registry: ModelRegistry, healing: str
) -> None:
    before = client.get(PAGE)
    first = before.headers["X-Model-Version"]
    tables = registry.workspace.read("enterprises")
    shutil.rmtree(registry.folder / first)
    add_enterprise(registry)
    for path in (PAGE, "/v1/zones", "/health/ready"):
        assert_refused(client, path)
    assert client.get("/health/live").status_code == 200
    assert client.get("/v1/models").status_code == 200
    # Of the tables as they were there is an engine, and so an answer.
    registry.workspace.commit({"enterprises": tables})
    after = client.get(PAGE)
    assert (after.status_code, after.content) == (200, before.content)
    add_enterprise(registry)
    assert_refused(client, PAGE)
    if healing == "activate":
        version = client.post(f"/v1/models/{OTHER}/activate").json()["active"]
        assert version == OTHER
    else:
        version = train(registry.workspace, registry, HashedEncoder(), force=True)["version"]
    assert served(client, 1) == version
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["trouble"]) == (200, None)


def test_the_last_answer_of_the_same_tables_is_given_as_stale(
    registry: ModelRegistry, redis: Callable[..., RedisServer]
) -> None:
    server = redis()
    server.start()

    def start() -> TestClient:
        settings = Settings.load(
            home=registry.workspace.home,
            encoder="tests.pool:HashedEncoder",
            redis_url=server.url,
        )
        return TestClient(create_app(settings), base_url="http://127.0.0.1:8000")

    with start() as client:
        before = client.get(PAGE)
    shutil.rmtree(registry.folder / before.headers["X-Model-Version"])
    with start() as client:
        stale = client.get(PAGE)
        assert (stale.status_code, stale.headers["X-Cache"]) == (200, "stale")
        assert stale.content == before.content
        assert stale.headers["X-Model-Version"] == before.headers["X-Model-Version"]
        assert_refused(client, f"{PAGE}&limit=3")
        assert_refused(client, "/health/ready")
        assert client.get("/health/live").status_code == 200
        add_enterprise(registry)
        assert_refused(client, PAGE)
        registry.activate(OTHER)
        assert served(client, 1) == OTHER


def test_a_loading_that_fails_is_not_tried_again_at_every_request(
    registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    now, tried = [100.0], []

    def fail(*_: object, **__: object) -> None:
        tried.append(now[0])
        raise DamagedError("broken")

    holder = EngineHolder(EngineLoader(registry.workspace, HashedEncoder(), lambda: now[0]))
    with monkeypatch.context() as patch:
        patch.setattr("service.serving.lifecycle.loader.load_engine", fail)
        for _ in range(50):
            with pytest.raises(DamagedError, match="broken"):
                holder.current()
            now[0] += 0.1
    assert len(tried) == 5
    registry.activate(OTHER)  # what is there has changed, so it is looked at without a pause
    assert holder.current().model_version == OTHER


def test_a_version_that_fails_to_load_leaves_the_one_before(
    client: TestClient, registry: ModelRegistry
) -> None:
    first = served(client, 1)
    # Pointed at without a word to anybody, as by a backup that is put back.
    registry.pointer.write_text(json.dumps({"history": [first, OTHER]}))
    array = registry.folder / OTHER / "blend.warm.npy"
    array.write_bytes(array.read_bytes()[:-1])
    assert [served(client, limit) for limit in (1, 2, 3)] == [first] * 3
    ready = client.get("/health/ready")
    assert (ready.status_code, ready.json()["model_version"]) == (200, first)
    assert "blend.warm.npy" in ready.json()["trouble"]
    registry.rollback()
    assert served(client, 1) == first
    assert client.get("/health/ready").json()["trouble"] is None


def test_broken_tables_are_not_answered_from_the_ones_before(registry: ModelRegistry) -> None:
    workspace = registry.workspace
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    holder.current()
    workspace.remove("enterprise", "E000")
    for table in (workspace.home / "tables").glob("enterprises*"):
        table.write_bytes(b"")
    with pytest.raises(DamagedError):
        holder.current()


def test_requests_of_the_same_moment_share_a_look(registry: ModelRegistry) -> None:
    now = [100.0]
    holder = EngineHolder(EngineLoader(registry.workspace, HashedEncoder(), lambda: now[0]))
    holder.current()
    assert holder.ready()
    registry.activate(OTHER)
    assert holder.ready()
    now[0] += LOOK_SECONDS
    assert not holder.ready()
    assert holder.current().model_version == OTHER
    assert holder.ready()
