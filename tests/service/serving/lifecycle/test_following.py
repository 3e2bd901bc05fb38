"""Services that follow a store: releases that come in under load, and stores that fail."""

from __future__ import annotations

import threading
import time
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from models.releases.registry import ModelRegistry
from models.releases.releases import State
from models.releases.store import Store
from service.api.app import create_app
from service.serving.lifecycle import following
from service.serving.lifecycle.following import follow, store_state
from service.settings import Settings
from tests.pool import NEED_IDS
from tests.service.buckets import buckets
from tests.service.serving.lifecycle.replicas import Replica, changed, push
from tests.versions import OTHER, save_other
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from features.workspace import Workspace

FIRST = 5
PAGE = f"/v1/recommendations?need_id={quote(NEED_IDS[0], safe='')}"


class Following:
    """A replica that serves and follows, under load."""

    def __init__(self, home: Path, url: str, shards: int) -> None:
        self.replica = Replica(home)
        self.store = Store(url)
        self.replica.pull(self.store)
        self.ends = threading.Event()
        self.found: list[tuple[int, str, str]] = []
        self.lists: set[tuple[str, str, str, str]] = set()
        self.partial: list[Any] = []
        settings = Settings.load(
            home=home, encoder="tests.pool:HashedEncoder", shards=shards, shard_timeout=60
        )
        self.client = TestClient(create_app(settings), base_url="http://127.0.0.1:8000")

    def __enter__(self) -> Following:
        self.client.__enter__()
        parts = self.replica.workspace, self.replica.registry, self.store, 0.1, self.ends.wait
        self.threads = [
            threading.Thread(target=partial(follow, *parts)),
            threading.Thread(target=self.ask),
        ]
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ends.set()
        for thread in self.threads:
            thread.join()
        self.client.__exit__(None, None, None)

    def ask(self) -> None:
        for number in range(1_000_000):
            answer = self.client.get(f"{PAGE}&limit={1 + number % 40}")
            version = answer.headers.get("X-Model-Version", "")
            page = answer.json()
            pool = str(page.get("pool_version"))
            self.found.append((answer.status_code, version, pool))
            self.partial.append(page.get("partial"))
            if number % 40 >= FIRST - 1:
                first = [
                    (lead["enterprise"]["enterprise_id"], lead["raw_score"])
                    for lead in page["leads"][:FIRST]
                ]
                self.lists.add((page["model_version"], version, pool, str(first)))
            if self.ends.wait(0.01):
                return

    def until(self, wanted: tuple[str | None, str | None]) -> None:
        """Wait until it answers with this version of the model, or of the pool."""

        def is_there() -> bool:
            _, *last = self.found[-1] if self.found else (0, "", "")
            return all(want in (None, found) for want, found in zip(wanted, last, strict=True))

        until(is_there)

    def store_said(self, wanted: str) -> None:
        """Wait until readiness reports this state of the store."""
        until(lambda: self.client.get("/health/ready").json()["store"] == wanted)


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Any, str]]:
    with buckets(monkeypatch) as server:
        yield server, server.bucket("releases")


@pytest.mark.parametrize("shards", [1, 2])
def test_two_replicas_switch_under_load_without_a_failed_request(
    workspace: Workspace, bucket: tuple[Any, str], tmp_path: Path, shards: int
) -> None:
    server, url = bucket
    store, registry = Store(url), ModelRegistry(workspace)
    first, pool = registry.active(), workspace.pool_version
    push(workspace, store)
    with (
        Following(tmp_path / "one", url, shards) as one,
        Following(tmp_path / "other", url, shards) as other,
    ):
        for replica in (one, other):
            replica.until((first, pool))
        save_other(registry, weighing=2)
        registry.activate(OTHER)
        push(workspace, store, 1)
        for replica in (one, other):
            replica.until((OTHER, pool))
        changed(workspace)
        push(workspace, store, 2)
        newer = workspace.pool_version
        assert newer != pool
        for replica in (one, other):
            replica.until((OTHER, newer))
            assert replica.client.get("/health/ready").json()["degraded"] == []
        server.stop()
        for replica in (one, other):
            replica.store_said("down")
            ready = replica.client.get("/health/ready")
            assert (ready.status_code, ready.json()["degraded"]) == (200, ["store"])
            replica.until((OTHER, newer))
    for replica in (one, other):
        assert {status for status, *_ in replica.found} == {200}
        seen = list(dict.fromkeys(found[1:] for found in replica.found))
        assert seen == [(first, pool), (OTHER, pool), (OTHER, newer)]
        assert set(replica.partial) == {None}
    lists = one.lists | other.lists
    stated = sorted((version, pool) for version, _, pool, _ in lists)
    assert stated == sorted([(first, pool), (OTHER, pool), (OTHER, newer)]), "no list is mixed"


def test_a_store_that_hangs_leaves_the_release_before_in_service(
    workspace: Workspace, bucket: tuple[Any, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "UNSEEN_SECONDS", 2.0)
    server, url = bucket
    push(workspace, Store(url))
    with Following(tmp_path / "one", url, 1) as replica:
        replica.store_said("up")
        server.pause()
        replica.store_said("down")
        ready = replica.client.get("/health/ready")
        assert (ready.status_code, ready.json()["degraded"]) == (200, ["store"])
        server.go_on()
        replica.store_said("up")
    assert {status for status, *_ in replica.found} == {200}


def test_a_follower_that_has_ended_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    assert store_state(tmp_path) == "none"
    State(3).keep(tmp_path)
    assert store_state(tmp_path) == "none", "pulled once, and not followed"
    State(3, None, time.time()).keep(tmp_path)
    assert store_state(tmp_path) == "up"
    for minutes in (-10, 10):
        State(3, None, time.time() + 60 * minutes).keep(tmp_path)
        assert store_state(tmp_path) == "down", "the clock may have been set back"
    State(3, None, time.time()).keep(tmp_path)
    monkeypatch.setattr(following, "UNSEEN_SECONDS", 0.0)
    assert store_state(tmp_path) == "down"
