"""A model that is gone or broken while it is in service: the answers go on, and it is told."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from features.errors import DamagedError
from models import artifact
from models.registry import ModelRegistry
from service.app import create_app
from service.holder import EngineHolder
from service.interfaces import LOOK_SECONDS
from service.settings import Settings
from tests.pool import NEED_IDS, HashedEncoder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.workspace import Workspace

OTHER = "29990101T000000-aaaaaa"
PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}"


@pytest.fixture
def registry(workspace: Workspace) -> ModelRegistry:
    """Return the registry of a workspace with two versions, the first one active."""
    registry = ModelRegistry(workspace)
    folder = registry.active_folder()
    assert folder is not None
    artifact.save(registry.folder / OTHER, artifact.load(folder), artifact.manifest(folder))
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
    holder = EngineHolder(workspace, HashedEncoder())
    holder.current()
    workspace.remove("enterprise", "E000")
    for table in (workspace.home / "tables").glob("enterprises*"):
        table.write_bytes(b"")
    with pytest.raises(DamagedError):
        holder.current()


def test_requests_of_the_same_moment_share_a_look(registry: ModelRegistry) -> None:
    now = [100.0]
    holder = EngineHolder(registry.workspace, HashedEncoder(), lambda: now[0])
    holder.current()
    assert not holder.changed()
    registry.activate(OTHER)
    assert not holder.changed()
    now[0] += LOOK_SECONDS
    assert holder.changed()
    assert holder.current().model_version == OTHER
    assert not holder.changed()
