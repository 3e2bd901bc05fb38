"""Real servers for a test: Redis, PostgreSQL, and the service on the fakes."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from service.api.app import create_app
from service.settings import Settings
from tests.faults.servers import Postgres, RedisServer
from tests.service.fakes import FakeRegistry, FakeSource
from tests.service.test_server import launch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["launch"]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[Callable[..., RedisServer]]:
    """Make Redis servers with the options given; they are not started yet."""
    made: list[RedisServer] = []

    def make(*options: str) -> RedisServer:
        folder = tmp_path / f"redis{len(made)}"
        folder.mkdir()
        made.append(RedisServer(folder, *options))
        return made[-1]

    yield make
    for server in made:
        server.kill()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """Start a PostgreSQL; who stops it starts it again."""
    try:
        server = Postgres()
    except FileNotFoundError as error:
        pytest.skip(str(error))
    yield server
    server.remove()


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def start(
    source: FakeSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., AbstractContextManager[TestClient]]:
    """Start an app on the fakes with the settings given."""
    monkeypatch.chdir(tmp_path)

    @contextmanager
    def started(**settings: object) -> Iterator[TestClient]:
        settings = {"home": tmp_path / "home", **settings}
        app = create_app(Settings.load(**settings), source, FakeRegistry(source))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            yield client

    return started
