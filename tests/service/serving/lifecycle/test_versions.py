"""Versions in a running service: activations and rollbacks by any process take effect at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import artifact
from tests.models.storage.test_loading import seal
from tests.pool import NEED_IDS
from tests.service.switches import Switch, allowed
from tests.versions import OTHER, save_other

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[4]
COMMAND = [sys.executable, "-c", "from service.commands import main; main()"]
PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}&limit=1"


class Served(NamedTuple):
    """A running service, and the versions that its workspace holds."""

    url: str
    registry: ModelRegistry
    first: str

    def ask(self, path: str, method: str = "GET") -> tuple[int, dict[str, str], dict]:
        request = urllib.request.Request(self.url + path, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, dict(answer.headers.items()), json.load(answer)
        except HTTPError as answer:
            with answer:
                return answer.status, dict(answer.headers.items()), json.load(answer)

    def wait(self) -> None:
        ends = time.monotonic() + 60
        while True:
            try:
                self.ask("/health/live")
            except OSError:
                assert time.monotonic() < ends
                time.sleep(0.05)
            else:
                return

    def leads(self) -> tuple[str, float]:
        """Return which version answers, in header and body, and the score of the first lead."""
        _, headers, found = self.ask(PAGE)
        assert headers["x-model-version"] == found["model_version"]
        return found["model_version"], found["leads"][0]["raw_score"]

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [*COMMAND, "--home", str(self.registry.workspace.home), *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment(), capture_output=True, text=True, check=False
        )


def environment() -> dict[str, str]:
    return {**os.environ, "LIANZHAO_ENCODER": "tests.pool:HashedEncoder"}


@pytest.fixture
def workers() -> int:
    return 1


@pytest.fixture
def served(home: Path, workers: int) -> Iterator[Served]:
    """Serve a workspace with two versions; in the second one parts weigh twice as much."""
    registry = ModelRegistry(Workspace(home))
    folder = registry.active_folder()
    assert folder is not None
    save_other(registry, weighing=2)
    registry.activate(OTHER)
    process = subprocess.Popen(
        [*COMMAND, "--home", str(home), "serve", "--port", "0", "--workers", str(workers)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout
        said = process.stdout.readline().split()
        assert said[:2] == ["serving", "on"], said
        served = Served(said[2], registry, folder.name)
        served.wait()
        yield served
    finally:
        process.terminate()
        process.wait(timeout=60)
        assert process.stdout
        process.stdout.close()


def test_a_rollback_takes_effect_in_a_running_service(served: Served) -> None:
    version, other = served.leads()
    assert version == OTHER
    assert served.leads() == (OTHER, other)  # now out of the cache

    assert served.run("models", "rollback").stdout == f"model {served.first}: active\n"
    version, score = served.leads()
    assert version == served.first
    assert score != pytest.approx(other)

    assert served.run("models", "activate", OTHER).returncode == 0
    assert served.leads() == (OTHER, other)
    assert served.ask("/v1/models/rollback", "POST")[2] == {"active": served.first}
    assert served.leads() == (served.first, score)


def test_what_cannot_be_served_is_refused_and_the_service_goes_on(served: Served) -> None:
    before = served.leads()
    seal(served.registry.path(served.first), schema="older")
    for path in (f"/v1/models/{served.first}/activate", "/v1/models/rollback"):
        status, headers, problem = served.ask(path, "POST")
        assert (status, headers["content-type"]) == (409, "application/problem+json")
        assert problem["code"] == "conflict"
        assert "table schema older" in problem["detail"]
        assert served.leads() == before
    listed = served.ask("/v1/models")[2]["models"]
    assert "older table schema" in listed[-1]["problem"]

    array = served.registry.path(served.first) / "blend.warm.npy"
    seal(served.registry.path(served.first), schema=_schema(served))
    array.write_bytes(array.read_bytes()[:-1] + b"!")
    status, _, problem = served.ask("/v1/models/rollback", "POST")
    assert (status, problem["code"]) == (503, "damaged")
    assert "its checksum is not the manifest's" in problem["detail"]
    assert served.leads() == before


@pytest.mark.parametrize("workers", [2])
def test_no_answer_of_the_version_before_begins_after_an_activation(served: Served) -> None:
    wait_for_workers(served, 2)
    switches = [Switch(0.0, 0.0, OTHER)]
    asked: list[tuple[float, float, str, str]] = []
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():  # each over a connection of its own, so that any may answer
            begun = time.monotonic()
            status, headers, _ = served.ask(PAGE)
            assert status == 200
            version, worker = headers["x-model-version"], headers["x-request-id"].partition("-")[0]
            asked.append((begun, time.monotonic(), version, worker))

    def after(switch: Switch) -> list[tuple[float, float, str, str]]:
        return [own for own in asked if switch.ended < own[0]]

    with ThreadPoolExecutor(2) as threads:
        clients = [threads.submit(ask) for _ in range(2)]
        try:
            for path in ("rollback", f"{OTHER}/activate", "rollback"):
                begun = time.monotonic()
                status, _, found = served.ask(f"/v1/models/{path}", "POST")
                assert status == 200
                switches.append(Switch(begun, time.monotonic(), found["active"]))
                ends = time.monotonic() + 60
                while len({worker for *_, worker in after(switches[-1])}) < 2:
                    assert time.monotonic() < ends
                    time.sleep(0.05)
        finally:
            over.set()
        for client in clients:
            client.result()
    for begun, ended, version, _ in asked:
        assert version in allowed(switches, begun, ended)


def wait_for_workers(served: Served, count: int) -> None:
    ends = time.monotonic() + 60
    while len(served.registry.rollout.workers()) < count:
        assert time.monotonic() < ends
        time.sleep(0.05)


def _schema(served: Served) -> str:
    return str(artifact.manifest(served.registry.path(OTHER))["schema"])
