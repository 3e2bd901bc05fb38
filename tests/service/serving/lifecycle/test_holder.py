"""Two versions in one process: the next one is loaded while the other answers."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from contextlib import contextmanager
from typing import TYPE_CHECKING

import polars as pl
import pytest

from features.errors import ConflictError, NotFoundError, UnavailableError
from features.need import NeedQuery
from features.tables.schema import SCHEMAS
from models.releases.registry import ModelRegistry
from service.serving.filters import Filters
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from tests.pool import HashedEncoder
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from features.workspace import Workspace
    from service.serving.engine import Engine

OTHER, THIRD = "29990101T000000-aaaaaa", "29990102T000000-bbbbbb"


@pytest.fixture
def registry(workspace: Workspace) -> ModelRegistry:
    """Return the registry of a workspace with three versions, the first one active."""
    registry = ModelRegistry(workspace)
    first = registry.active_folder()
    assert first is not None
    for version in (OTHER, THIRD):
        shutil.copytree(first, registry.folder / version)
    return registry


@pytest.fixture
def holder(registry: ModelRegistry) -> Iterator[EngineHolder]:
    """Return a holder that serves the first version; every look of it is a new one."""
    ticks = iter(range(10**6))
    holder = EngineHolder(
        EngineLoader(registry.workspace, HashedEncoder(), lambda: float(next(ticks)))
    )
    holder.current()
    yield holder
    holder.close()


def version(holder: EngineHolder) -> str:
    assert holder.engine is not None
    return holder.engine.model_version


def join(holder: EngineHolder, registry: ModelRegistry) -> None:
    holder.open()
    until(registry.rollout.workers)


def test_what_was_loaded_ahead_is_put_in_service_by_a_look(
    holder: EngineHolder, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = holder.engine
    assert first is not None
    holder.loader.load_ahead(OTHER)
    assert holder.engine is first
    assert holder.ready()
    monkeypatch.setattr("service.serving.lifecycle.loader.load_engine", None)
    registry.activate(OTHER)
    assert holder.ready()
    assert version(holder) == OTHER
    registry.rollback()
    assert holder.ready()
    assert holder.engine is holder.current() is first
    registry.activate(OTHER)
    assert holder.ready()
    assert version(holder) == OTHER


def test_what_is_there_is_not_loaded_ahead_again(
    holder: EngineHolder, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    holder.loader.load_ahead(OTHER)
    monkeypatch.setattr("service.serving.lifecycle.loader.load_engine", None)
    holder.loader.load_ahead(OTHER)
    holder.loader.load_ahead(version(holder))


def test_requests_hardly_wait_for_what_is_loaded_ahead(
    holder: EngineHolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = []

    @contextmanager
    def short_turns() -> Iterator[None]:
        turns.append("short")
        try:
            yield
        finally:
            turns.append("usual")

    def load(*_: object, **__: object) -> None:
        turns.append("load")
        raise UnavailableError("no memory is left")

    monkeypatch.setattr("service.serving.lifecycle.loader.short_turns", short_turns)
    monkeypatch.setattr("service.serving.lifecycle.loader.load_engine", load)
    with pytest.raises(UnavailableError):
        holder.loader.load_ahead(OTHER)
    assert turns == ["short", "load", "usual"]


def test_of_other_tables_it_is_loaded_anew(holder: EngineHolder, registry: ModelRegistry) -> None:
    holder.loader.load_ahead(OTHER)
    registry.workspace.remove("enterprise", "E000")
    registry.activate(OTHER)
    assert not holder.ready()
    engine = holder.current()
    assert engine.model_version == OTHER
    assert engine.pool_version == registry.workspace.pool_version
    with pytest.raises(NotFoundError):
        engine.enterprise("E000")
    # The version before is bound to the tables of before: it is no spare any more.
    registry.rollback()
    assert not holder.ready()
    assert holder.current().pool_version == registry.workspace.pool_version


def test_a_look_waits_for_nobody_who_loads(holder: EngineHolder, registry: ModelRegistry) -> None:
    holder.loader.load_ahead(OTHER)
    registry.activate(OTHER)
    with holder.loader._lock:
        assert not holder.ready()
    assert holder.ready()


def test_no_more_than_two_engines_are_kept(holder: EngineHolder, registry: ModelRegistry) -> None:
    holder.loader.load_ahead(OTHER)
    assert holder.state.spare is not None
    spare = weakref.ref(holder.state.spare[0])
    holder.loader.load_ahead(THIRD)
    # A thread that reads its files may still hold it.
    until(lambda: gc.collect() >= 0 and spare() is None)
    first = version(holder)
    registry.activate(OTHER)
    assert holder.current().model_version == OTHER
    assert holder.state.spare[0].model_version == first


def test_an_activation_finds_the_version_loaded(
    holder: EngineHolder, registry: ModelRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    join(holder, registry)
    registry.activate(OTHER)
    monkeypatch.setattr("service.serving.lifecycle.loader.load_engine", None)
    assert holder.ready()
    assert version(holder) == OTHER
    registry.rollback()
    assert holder.ready()
    assert version(holder) == registry.active() != OTHER


def test_what_a_worker_cannot_load_does_not_become_active(
    holder: EngineHolder, registry: ModelRegistry
) -> None:
    first = version(holder)
    join(holder, registry)
    array = registry.path(OTHER) / "blend.warm.npy"
    array.write_bytes(array.read_bytes()[:-1])
    registry.check = lambda _: None  # it was whole when it was looked at
    with pytest.raises(ConflictError, match=rf"cannot load model {OTHER}: .*blend\.warm\.npy"):
        registry.activate(OTHER)
    assert registry.active() == first
    assert holder.ready()
    assert version(holder) == first
    registry.activate(THIRD)
    assert holder.ready()
    assert version(holder) == THIRD


def test_in_a_folder_that_takes_no_file_versions_are_loaded_when_active(
    holder: EngineHolder, registry: ModelRegistry
) -> None:
    workers = registry.workspace.home / ".workers"
    shutil.rmtree(workers, ignore_errors=True)  # of a service that ran on the workspace before
    workers.write_text("in the way")
    holder.open()
    assert holder.watcher.thread is not None
    holder.watcher.thread.join(60)
    assert not holder.watcher.thread.is_alive()
    registry.pointer.write_text(json.dumps({"history": [OTHER]}))
    assert not holder.ready()
    assert holder.current().model_version == OTHER


def test_an_office_s_words_are_taken_at_once_and_nothing_is_prepared_anew(
    holder: EngineHolder, workspace: Workspace
) -> None:
    def words(engine: Engine) -> list[str]:
        page = engine.recommend(NeedQuery("植物专项"), Filters(), 3, 0, "zh")
        return [word["word"] for word in page["understood"]["words"]]

    before = holder.current()
    assert "精甲醇" not in words(before)
    rows = [("植物专项", ["精甲醇"], None, None)]
    own = pl.DataFrame(rows, SCHEMAS["words"].create_empty().schema, orient="row")
    workspace.commit({"words": own})
    assert not holder.ready()
    after = holder.current()
    assert "精甲醇" in words(after)
    assert after.prepared is before.prepared
    assert after.pool_version != before.pool_version
    assert "精甲醇" not in words(before)
