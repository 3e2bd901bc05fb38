import json

import pytest

from features.workspace import Workspace
from models.registry import ModelRegistry
from tests.pool import NEED_IDS, tables


@pytest.fixture
def registry(home):
    """Three versions; the second is active, and the first was before."""
    registry = ModelRegistry(Workspace(home))
    first = registry.active()
    for name in ("29990101T000000-aaaaaa", "29990102T000000-bbbbbb"):
        folder = registry.folder / name
        folder.mkdir()
        for path in registry.path(first).iterdir():
            (folder / path.name).write_bytes(path.read_bytes())
    registry.activate("29990101T000000-aaaaaa")
    return registry


def test_training_an_empty_workspace_fails_in_one_line(run, tmp_path):
    ended = run("train")
    assert ended.code == 1
    assert ended.out == ""
    assert "the workspace holds no enterprise" in ended.said
    assert not (tmp_path / "home" / "models").exists()


def test_training_tells_what_was_reached_and_activates(run, home):
    ended = run("train", "--seed", "5")
    assert ended.code == 0
    assert f"held-out needs: {len(NEED_IDS)} needs, 0 left out; NDCG@10 " in ended.out
    assert "character TF-IDF" in ended.out
    version = ModelRegistry(Workspace(home)).active()
    assert ended.out.splitlines()[-1] == f"model {version}: active"
    assert "weigh factors: 1/1" in ended.err
    assert ModelRegistry(Workspace(home)).show(version)["seed"] == 5


def test_training_with_json_prints_one_document(run, home):
    before = ModelRegistry(Workspace(home)).active()
    ended = run("train", "--no-activate", "--json")
    found = json.loads(ended.out)
    assert found["activated"] is False
    assert "--no-activate" in found["why_not"]
    assert found["data"]["enterprises"] == tables()["enterprises"].height
    assert ModelRegistry(Workspace(home)).active() == before


def test_a_first_training_on_enterprises_alone_serves(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(
        "enterprise_id,name,products\n1,甲光电有限公司,LED灯;LED屏\n2,乙光电有限公司,LED灯\n",
        encoding="utf-8",
    )
    run("import", "enterprises", path)
    ended = run("train")
    assert ended.code == 0
    assert "held-out needs: none (too few judgements)" in ended.out
    found = json.loads(run("recommend", "--text", "LED灯", "--json").out)
    assert found["leads"][0]["enterprise"]["name"].endswith("光电有限公司")
    assert found["total"] == 2


def test_versions_are_listed_and_the_active_one_marked(run, registry):
    lines = run("models", "list").out.splitlines()
    assert [line[:24] for line in lines[:2]] == [
        "  29990102T000000-bbbbbb",
        "* 29990101T000000-aaaaaa",
    ]
    found = json.loads(run("models", "list", "--json").out)
    assert [version["active"] for version in found] == [False, True, False]


def test_without_any_version_the_list_says_what_to_do(run):
    ended = run("models", "list")
    assert (ended.code, ended.out.strip()) == (0, "no version yet: run `lianzhao train`")
    assert json.loads(run("models", "list", "--json").out) == []


def test_a_version_is_shown(run, registry):
    ended = run("models", "show", registry.active())
    assert ended.code == 0
    assert "encoder: hashed-1" in ended.out
    assert "text_similarity " in ended.out
    found = json.loads(run("models", "show", registry.active(), "--json").out)
    assert found["active"] is True
    assert found["tables"]["enterprises"]


def test_activate_and_rollback(run, registry):
    assert run("models", "activate", "29990102T000000-bbbbbb").code == 0
    assert registry.active() == "29990102T000000-bbbbbb"
    assert run("models", "rollback").out == "model 29990101T000000-aaaaaa: active\n"
    assert run("models", "rollback").code == 0
    ended = run("models", "rollback")
    assert ended.code == 1
    assert "no version to roll back to" in ended.said


@pytest.mark.parametrize("command", ["show", "activate"])
def test_an_unknown_version_is_a_failure(run, registry, command):
    ended = run("models", command, "v9")
    assert ended.code == 1
    assert "no model version 'v9'" in ended.said


def test_pruning_keeps_the_active_version(run, registry):
    ended = run("models", "prune", "--keep", "1")
    assert ended.code == 0
    assert ended.out.startswith("deleted 1: ")
    assert len(registry.list()) == 2
    assert run("models", "prune", "--keep", "1").out == "deleted 0\n"


def test_a_damaged_model_is_told_in_one_line_naming_the_file(run, registry):
    path = registry.path(registry.active()) / "space.lsa.directions.npy"
    path.write_bytes(path.read_bytes()[:-4])
    ended = run("recommend", "--need", NEED_IDS[0])
    assert ended.code == 1
    assert str(path) in ended.said


@pytest.mark.parametrize("protocol", ["cold-need", "cold-enterprise", "warm", "time"])
def test_protocols_are_not_there_yet(run, protocol):
    ended = run("evaluate", "--protocol", protocol, "--json")
    assert ended.code == 1
    assert f"--protocol {protocol} is not there yet" in ended.said
    assert ended.out == ""
