"""A large pool whose profiles have changed: what answers until they are read."""

from __future__ import annotations

import shutil
import threading
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from features.errors import UnavailableError
from features.need import NeedQuery
from models.storage import prepared
from service.serving.filters import Filters
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from service.serving.lifecycle.loading import load_engine
from service.serving.lifecycle.meanwhile import meanwhile
from tests.pool import HashedEncoder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from features.workspace import Workspace
    from service.serving.engine import Engine

FIRST, SECOND, NEW = "E000", "E001", "E0-new"
OTHER = "29990101T000000-aaaaaa"


@pytest.fixture
def large(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """Return a workspace whose pool counts as a large one."""
    monkeypatch.setattr("models.retrieval.retrieval.EXACT", 10)
    shutil.rmtree(workspace.home / "prepared", ignore_errors=True)
    return workspace


class Preparing:
    """Prepares when it is let go."""

    def __init__(self, prepare: Callable[[str], object]) -> None:
        self.asked: list[str] = []
        self.let_go = threading.Event()
        self._prepare = prepare

    def __call__(self, version: str) -> None:
        self.asked.append(version)
        assert self.let_go.wait(60)
        self._prepare(version)


@pytest.fixture
def preparing(large: Workspace) -> Preparing:
    return Preparing(lambda version: load_engine(large, HashedEncoder(), version=version))


@pytest.fixture
def holder(large: Workspace, preparing: Preparing) -> EngineHolder:
    holder = EngineHolder(EngineLoader(large, HashedEncoder(), prepare=preparing))
    holder.current()
    return holder


def change(workspace: Workspace) -> None:
    """Take one enterprise out, strike another one off, and bring a new one."""
    table = workspace.read("enterprises")
    new = table.filter(pl.col("enterprise_id") == FIRST).with_columns(enterprise_id=pl.lit(NEW))
    struck = pl.when(pl.col("enterprise_id") == SECOND).then(pl.lit("注销")).otherwise("status")
    kept = table.filter(pl.col("enterprise_id") != FIRST).with_columns(status=struck)
    workspace.commit({"enterprises": pl.concat([kept, new])})


def listed(engine: Engine) -> set[str]:
    found: dict[str, Any] = engine.recommend(NeedQuery("LED封装"), Filters(), 200, 0, "zh")
    return {lead["enterprise"]["enterprise_id"] for lead in found["leads"]}


def wait(holder: EngineHolder) -> None:
    reading = holder.loader.reading
    assert reading is not None
    reading.join(60)
    assert not reading.is_alive()


def test_former_leads_are_listed_without_removed_enterprises(
    large: Workspace, holder: EngineHolder, preparing: Preparing
) -> None:
    before = holder.current()
    everybody = listed(before)
    assert {FIRST, SECOND} < everybody
    change(large)
    now = holder.current()
    assert listed(now) == everybody - {FIRST, SECOND}
    assert now.pool_version not in {before.pool_version, large.pool_version}
    assert now.pool_date == before.pool_date
    assert "until they are read" in (holder.trouble() or "")
    assert holder.current() is now
    preparing.let_go.set()
    wait(holder)
    after = holder.current()
    assert listed(after) == (everybody - {FIRST, SECOND}) | {NEW}
    assert after.pool_version == large.pool_version
    assert holder.trouble() is None
    assert preparing.asked == [before.model_version]


def test_what_changes_while_profiles_are_read_is_not_missed(
    large: Workspace, holder: EngineHolder, preparing: Preparing
) -> None:
    change(large)
    first = holder.current()
    large.commit({"events": large.read("events").head(1)})
    second = holder.current()
    assert second.prepared.profiles is first.prepared.profiles
    table = large.read("enterprises")
    large.commit({"enterprises": table.filter(pl.col("enterprise_id") != NEW)})
    third = holder.current()
    assert len({each.pool_version for each in (first, second, third)}) == 3
    preparing.let_go.set()
    wait(holder)
    assert holder.current().pool_version == large.pool_version
    assert NEW not in listed(holder.current())


def test_tables_that_change_in_the_midst_of_reading_are_read_again(
    large: Workspace,
    holder: EngineHolder,
    preparing: Preparing,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make = prepared.make

    def changing(*given: Any, **more: Any) -> None:
        make(*given, **more)
        monkeypatch.setattr(prepared, "make", make)
        table = large.read("enterprises")
        large.commit({"enterprises": table.filter(pl.col("enterprise_id") != NEW)})

    monkeypatch.setattr(prepared, "make", changing)
    change(large)
    holder.current()
    preparing.let_go.set()
    wait(holder)
    assert holder.current().pool_version == large.pool_version
    assert NEW not in listed(holder.current())


@pytest.mark.parametrize("error", [UnavailableError("no space is left"), OSError(12, "no memory")])
def test_profiles_that_cannot_be_read_are_tried_again(
    large: Workspace,
    holder: EngineHolder,
    preparing: Preparing,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
) -> None:
    monkeypatch.setattr("service.serving.lifecycle.loader._RETRY_SECONDS", 0.01)
    prepare, tried = preparing._prepare, threading.Event()

    def fail(_: str) -> None:
        if tried.is_set():
            preparing._prepare = prepare
        tried.set()
        raise error

    preparing._prepare = fail
    change(large)
    assert FIRST not in listed(holder.current())
    preparing.let_go.set()
    assert tried.wait(60)
    wait(holder)
    assert len(preparing.asked) == 3
    assert holder.current().pool_version == large.pool_version
    assert holder.trouble() is None


def test_it_is_not_needed_where_profiles_are_read_in_seconds_or_already(
    workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = load_engine(workspace, HashedEncoder())
    change(workspace)
    assert meanwhile(small, workspace) is meanwhile(None, workspace) is None
    monkeypatch.setattr("models.retrieval.retrieval.EXACT", 10)
    shutil.rmtree(workspace.home / "prepared")
    large = load_engine(workspace, HashedEncoder())
    assert meanwhile(large, workspace) is None
    shutil.rmtree(workspace.home / "prepared")
    workspace.commit({"needs": workspace.read("needs").head(3)})
    assert meanwhile(large, workspace) is None  # it has all of them already
