"""Loading an engine: refusals, and effects of changes of model and tables."""

import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import orjson
import polars as pl
import pytest

from features.errors import DamagedError, NotFoundError, UnavailableError
from features.need import NeedQuery
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from service.serving.lifecycle.loading import NoModelError, load_engine
from tests.pool import (
    NEED_IDS,
    HashedEncoder,
    frame,
    products,
)
from tests.service.serving.pages import (
    NEED,
    ids,
    lead_of,
    page,
    scores,
    with_event,
    with_signal,
)


def test_the_same_bytes_at_every_call_and_after_every_load(engine, trained_home):
    again = load_engine(Workspace(trained_home), HashedEncoder())
    for need in (*NEED_IDS, NeedQuery("红外LED")):
        answers = {orjson.dumps(page(each, need)) for each in (engine, engine, again)}
        assert len(answers) == 1


def test_threads_get_the_same_answers(trained_home):
    engine = load_engine(Workspace(trained_home), HashedEncoder())
    wanted = NEED_IDS * 4
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda need: orjson.dumps(page(engine, need)), wanted))
    assert found == [orjson.dumps(page(engine, need)) for need in wanted]


def test_without_a_model_the_engine_says_what_to_do(tmp_path):
    with pytest.raises(NoModelError, match="lianzhao train"):
        load_engine(Workspace(tmp_path / "new"), HashedEncoder())


def test_a_model_made_with_another_encoder_is_not_served(workspace):
    other = HashedEncoder()
    other.id = "other"
    with pytest.raises(UnavailableError, match="made with the sentence encoder hashed-1") as caught:
        load_engine(workspace, other)
    assert (caught.value.got, caught.value.expected) == ("other", "hashed-1")


def test_a_model_made_for_other_tables_is_not_served(workspace, monkeypatch):
    monkeypatch.setattr("models.storage.loading.schema_hash", lambda: "another")
    with pytest.raises(UnavailableError, match=r"made with the table schema .*here it is another"):
        load_engine(workspace, HashedEncoder())


def test_a_damaged_model_is_not_served_and_the_file_named(workspace):
    registry = ModelRegistry(workspace)
    path = registry.path(registry.active()) / "blend.content.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=r"blend\.content\.npy"):
        load_engine(workspace, HashedEncoder())


def test_what_was_removed_is_gone_at_once_and_what_is_new_is_ranked(workspace):
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    engine = holder.current()
    assert "E000" in ids(page(engine))
    assert holder.ready()
    assert holder.current() is engine

    workspace.remove("enterprise", "E000")
    assert not holder.ready()
    assert "E000" not in ids(page(holder.current()))
    assert page(holder.current())["pool_version"] != engine.pool_version

    new = {"enterprise_id": "N1", "name": "新光有限公司", "products": products("LED封装")}
    old = workspace.read("enterprises")
    workspace.commit({"enterprises": pl.concat([old, frame("enterprises", [new])])})
    assert "N1" in ids(page(holder.current(), limit=10))

    workspace.remove("need", NEED)
    with pytest.raises(NotFoundError):
        holder.current().need(NEED)


def test_a_pool_may_lose_everybody(workspace):
    workspace.commit({"enterprises": workspace.read("enterprises").clear()})
    engine = load_engine(workspace, HashedEncoder())
    found = page(engine)
    assert (found["total"], found["leads"]) == (0, [])
    assert engine.batch([engine.need(NEED)], 5).height == 0


def test_the_order_of_imported_rows_changes_no_score(workspace, engine):
    shuffled = workspace.read("enterprises").sample(fraction=1, shuffle=True, seed=1)
    workspace.commit({"enterprises": shuffled})
    other = load_engine(workspace, HashedEncoder())
    assert page(other)["leads"] == page(engine)["leads"]


def test_another_version_is_served_once_it_is_active(workspace):
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    first = holder.current().model_version
    registry = ModelRegistry(workspace)
    copy = registry.folder / "copy"
    copy.mkdir()
    for path in registry.path(first).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    registry.activate("copy")
    assert holder.current().model_version == "copy"
    registry.rollback()
    assert holder.current().model_version == first


def test_a_version_is_loaded_before_it_is_active(workspace):
    registry = ModelRegistry(workspace)
    first = registry.active_folder()
    shutil.copytree(first, registry.folder / "copy")
    ahead = load_engine(workspace, HashedEncoder(), version="copy")
    assert (ahead.model_version, registry.active()) == ("copy", first.name)
    with pytest.raises(NotFoundError, match="no model version 'v9'"):
        load_engine(workspace, HashedEncoder(), version="v9")


def test_an_event_is_seen_at_once_and_gone_at_once_without_reading_the_profiles_again(workspace):
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    first = holder.current()
    asked = NeedQuery("光电LED", zone_id="far")
    before = page(first, asked)
    with_event(workspace, "signed")
    assert not holder.ready()
    second = holder.current()
    assert second.bound is first.bound
    after = page(second, asked)
    assert after["pool_version"] != before["pool_version"]
    assert scores(after) != scores(before)
    lead = lead_of(after, "E000")
    assert lead["stage"] == {
        "stage": "signed",
        "name": "签约",
        "date": "2025-03-01",
        "need_id": None,
    }
    assert lead_of(page(second, asked, language="en"), "E000")["stage"]["name"] == "signed"
    assert lead_of(before, "E000")["stage"] is None

    workspace.remove("event", "new")
    assert page(holder.current(), asked) == before


def test_the_day_does_not_change_answers_without_signals(workspace, monkeypatch):
    versions = set()
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        monkeypatch.setattr("features.calendar.today", lambda day=day: day)
        versions.add(load_engine(workspace, HashedEncoder()).pool_version)
    assert len(versions) == 1


def test_a_new_day_brings_a_new_engine(workspace, monkeypatch):
    day = date(2026, 1, 1)
    with_signal(workspace, day)
    monkeypatch.setattr("features.calendar.today", lambda: day)
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    first = holder.current()
    assert holder.current() is first
    monkeypatch.setattr("features.calendar.today", lambda: day + timedelta(1))
    assert holder.current().pool_version != first.pool_version
