"""A real Redis server, as the system has it, else the one that the project carries."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from starlette.testclient import TestClient

from service.app import create_app
from service.embedded import _binary
from service.settings import Settings
from tests.service.fakes import FakeRegistry, FakeSource
from tests.service.test_server import launch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager
    from pathlib import Path

__all__ = ["launch"]


class RedisServer:
    """Started and killed as often as a test likes, always on the same port."""

    def __init__(self, folder: Path, *options: str) -> None:
        self.folder = folder
        self.options = options
        self.port = 0
        while not 0 < self.port < 55_000:  # a cluster's second port is 10,000 higher
            with socket.create_server(("127.0.0.1", 0)) as probe:
                self.port = probe.getsockname()[1]
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        port = [] if "--tls-port" in self.options else ["--port", str(self.port)]
        options = [option.replace("{port}", str(self.port)) for option in self.options]
        binary = shutil.which("redis-server") or _binary()
        self.process = subprocess.Popen(
            [binary, *port, "--bind", "127.0.0.1", "--save", "", "--dir", self.folder, *options],
            stdout=subprocess.DEVNULL,
        )
        ends = time.monotonic() + 10
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.01)
            else:
                return

    def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None


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
