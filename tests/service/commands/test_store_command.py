import json

import pytest

from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from tests.pool import enterprise_rows, frame
from tests.versions import OTHER, save_other


@pytest.fixture(autouse=True)
def url(monkeypatch, tmp_path):
    monkeypatch.setenv("LIANZHAO_STORE_URL", f"file://{tmp_path}/store")


@pytest.fixture
def there(run, tmp_path):
    """Run a command on the workspace of a replica."""
    return lambda *arguments: run("--home", tmp_path / "replica", *arguments)


def change(home):
    rows = enterprise_rows()
    rows[3]["business_scope"] = "激光器制造"
    Workspace(home).commit({"enterprises": frame("enterprises", rows)})


def listed(run):
    return [
        (told["release"], told["version"], told["here"])
        for told in json.loads(run("store", "list", "--json").out)
    ]


def test_a_replica_has_what_was_published(run, home, there):
    first = ModelRegistry(Workspace(home)).active()
    assert "no release yet" in run("store", "list").out
    assert there("store", "pull").code == 1
    assert run("store", "push").out == f"release 1: model {first}\n"
    assert there("store", "pull").out == f"release 1: model {first}\n"
    asked = ("recommend", "--text", "LED封装", "--json")
    assert there(*asked).out == run(*asked).out
    assert listed(run) == [(1, first, False)]
    assert listed(there) == [(1, first, True)]
    assert there("store", "list").out.startswith("* 1  ")


def test_where_model_and_tables_have_changed_it_is_two_releases(run, home, there):
    registry = ModelRegistry(Workspace(home))
    first = registry.active()
    run("store", "push")
    there("store", "pull")
    save_other(registry)
    registry.activate(OTHER)
    change(home)
    told = json.loads(run("store", "push", "--json").out)
    assert told["releases"] == [
        {"release": 2, "version": first},
        {"release": 3, "version": OTHER},
    ]
    assert json.loads(there("store", "pull", "--json").out) == {"release": 3, "version": OTHER}


def test_where_the_model_before_is_gone_it_is_refused_unless_forced(run, home, there):
    registry = ModelRegistry(Workspace(home))
    first = registry.active()
    run("store", "push")
    save_other(registry)
    registry.activate(OTHER)
    change(home)
    for path in registry.path(first).iterdir():
        path.unlink()
    (registry.folder / first).rmdir()
    assert (
        f"model {first} of the newest release is not in this workspace" in run("store", "push").said
    )
    told = json.loads(run("store", "push", "--force", "--json").out)
    assert told["releases"] == [{"release": 2, "version": OTHER}]
    assert there("store", "pull").code == 0


def test_without_a_store_or_a_model_it_says_what_to_do(run, home, there, monkeypatch):
    assert "run `lianzhao train` first" in there("store", "push").said
    monkeypatch.delenv("LIANZHAO_STORE_URL")
    ended = run("store", "push")
    assert (ended.code, "LIANZHAO_STORE_URL" in ended.said) == (2, True)
    monkeypatch.setenv("LIANZHAO_STORE_URL", "https://example.com")
    assert "file:///folder or s3://bucket/prefix" in run("store", "list").said
