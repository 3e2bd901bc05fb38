from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from service.api.app import create_app
from service.settings import PREFIX, Settings
from tests.service.fakes import FakeRegistry, FakeSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import os

    for name in os.environ:
        if name.upper().startswith(PREFIX):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def source() -> FakeSource:
    return FakeSource()


@pytest.fixture
def start(source: FakeSource) -> Callable[..., AbstractContextManager[TestClient]]:
    """Start an app on the fakes with the settings given."""

    @contextmanager
    def started(**settings: object) -> Iterator[TestClient]:
        app = create_app(Settings.load(**settings), source, FakeRegistry(source))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            yield client

    return started


@pytest.fixture
def client(start: Callable[..., AbstractContextManager[TestClient]]) -> Iterator[TestClient]:
    with start() as client:
        yield client
