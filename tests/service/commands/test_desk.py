import polars as pl
import pytest

from features.errors import InputError
from service.commands import desk as module
from service.commands.desk import Desk
from service.settings import PREFIX
from tests.pool import NEED_IDS


@pytest.fixture(autouse=True)
def _hashed(monkeypatch):
    monkeypatch.setenv(f"{PREFIX}ENCODER", "tests.pool:HashedEncoder")


def test_without_a_workspace_the_demo_is_shown_and_labelled(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "DEMO_HOME", tmp_path / "demo")
    own = Desk()
    assert own.demo
    assert own.workspace.home == tmp_path / "demo"
    assert own.workspace.read("zones").height == 13
    assert "演示数据" in own.label
    assert "**50条需求中有11条为示意（illustrative）。**" in own.label


def test_a_workspace_that_was_named_is_used_as_it_is(home, monkeypatch):
    assert Desk(home).label == f"工作区：{home}"
    monkeypatch.setenv(f"{PREFIX}HOME", str(home))
    own = Desk()
    assert not own.demo
    assert own.engine().model_version == own.registry.active()


def test_a_workspace_that_was_named_is_never_filled_with_the_demo(tmp_path):
    with pytest.raises(InputError, match="holds no enterprises"):
        Desk(tmp_path / "empty")
    assert not (tmp_path / "empty").exists()


def test_real_judgements_are_used_where_there_are_enough(home, tmp_path):
    own = Desk(home)
    enterprises = own.workspace.read("enterprises")
    stated = pl.Series("nodes", [["led/packaging"]] * enterprises.height)
    own.workspace.commit({"enterprises": enterprises.with_columns(stated)})
    practice = own.practice(tmp_path / "practice", 10)
    assert set(practice.workspace.read("needs")["need_id"]) < set(NEED_IDS)
    assert practice.workspace.read("enterprises").height == enterprises.height
    few = own.workspace.read("judgements").filter(pl.col("need_id").is_in(NEED_IDS[:9]))
    own.workspace.commit({"judgements": few})
    assert "示意" in own.practice(tmp_path / "other", 10).label


def test_where_no_node_is_stated_the_judgements_are_practised_on(home, tmp_path):
    own = Desk(home)
    enterprises = own.workspace.read("enterprises")
    unstated = pl.lit(None, dtype=enterprises.schema["nodes"]).alias("nodes")
    own.workspace.commit({"enterprises": enterprises.with_columns(unstated)})
    practice = own.practice(tmp_path / "practice", 3)
    needs, judgements = (practice.workspace.read(name) for name in ("needs", "judgements"))
    assert needs.height == 3
    assert set(judgements["need_id"]) == set(needs["need_id"])
    assert judgements.height < own.workspace.read("judgements").height
    assert "示意" not in practice.label
    own.workspace.commit({"judgements": own.workspace.read("judgements").clear()})
    with pytest.raises(InputError, match="nothing to practise on"):
        own.practice(tmp_path / "other", 3)


def test_practice_leaves_the_workspace_as_it_is(monkeypatch, tmp_path):
    monkeypatch.setattr(module, "DEMO_HOME", tmp_path / "demo")
    own = Desk()
    before = own.workspace.pool_version
    practice = own.practice(tmp_path / "practice", 3)
    assert own.workspace.pool_version == before
    assert practice.workspace.read("needs").height == 3
    assert "3条需求中有3条为示意" in practice.label
