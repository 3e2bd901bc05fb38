import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from features.errors import ConflictError, DamagedError, NotFoundError, UnavailableError
from features.tables.schema import schema_hash
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import artifact
from models.storage.artifact import UnfitModelError
from tests.models.releases.test_rollout import answering

ROOT = Path(__file__).parents[3]


@pytest.fixture
def registry(tmp_path):
    registry = ModelRegistry(Workspace(tmp_path / "home"))
    for version in ("v1", "v2", "v3"):
        artifact.save(registry.folder / version, {"a": np.arange(3)}, {"metrics": {"of": version}})
    return registry


def damage(registry, version):
    path = registry.folder / version / "a.npy"
    path.write_bytes(path.read_bytes()[:-1])


def test_a_new_workspace_has_no_version_and_nothing_is_written(tmp_path):
    registry = ModelRegistry(Workspace(tmp_path / "home"))
    assert registry.list() == []
    assert registry.active() is None
    with pytest.raises(NotFoundError, match="no model version 'v1'") as caught:
        registry.show("v1")
    assert caught.value.expected == "one of: none yet, run train"
    with pytest.raises(ConflictError):
        registry.rollback()
    assert not registry.folder.exists()


def test_versions_are_listed_newest_first(registry):
    registry.activate("v2")
    found = registry.list()
    assert [(v["version"], v["active"]) for v in found] == [
        ("v3", False),
        ("v2", True),
        ("v1", False),
    ]
    assert found[0]["metrics"] == {"of": "v3"}
    assert registry.show("v2")["active"] is True


def test_rolling_back_goes_the_way_back(registry):
    for version in ("v1", "v2", "v2", "v3", "v1"):
        assert registry.activate(version) == version
    assert [registry.rollback() for _ in range(3)] == ["v3", "v2", "v1"]
    with pytest.raises(ConflictError, match="no version to roll back to"):
        registry.rollback()
    assert registry.active() == "v1"


@pytest.mark.parametrize("version", ["v9", "", ".", "..", "../models/v1", ".v1.1.draft"])
def test_an_unknown_version_is_not_activated(registry, version):
    registry.activate("v1")
    with pytest.raises(NotFoundError, match="no model version") as caught:
        registry.activate(version)
    assert caught.value.expected == "one of: v1, v2, v3"
    assert registry.active() == "v1"


def test_a_damaged_version_is_refused_and_the_active_one_stays(registry):
    registry.activate("v1")
    damage(registry, "v2")
    with pytest.raises(DamagedError, match=r"v2/a\.npy"):
        registry.activate("v2")
    assert registry.active() == "v1"


def test_a_damaged_version_is_not_rolled_back_to(registry):
    registry.activate("v1")
    registry.activate("v2")
    damage(registry, "v1")
    with pytest.raises(DamagedError, match=r"v1/a\.npy"):
        registry.rollback()
    assert registry.active() == "v2"


@pytest.mark.parametrize("at", ["fsync", "replace"])
def test_activation_happens_whole_or_not_at_all(registry, monkeypatch, at):
    registry.activate("v1")
    before = registry.pointer.read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(*((os, "fsync") if at == "fsync" else (Path, "replace")), full)
    with pytest.raises(UnavailableError, match="No space left"):
        registry.activate("v2")
    monkeypatch.undo()
    assert registry.pointer.read_bytes() == before
    assert registry.active() == "v1"
    assert sorted(p.name for p in registry.folder.iterdir()) == ["active.json", "v1", "v2", "v3"]


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"history": 3}', b"\xff", b"null"])
def test_a_damaged_pointer_is_named_and_mended_by_activation(registry, content):
    registry.activate("v1")
    registry.pointer.write_bytes(content)
    assert [v["active"] for v in registry.list()] == [False, False, False]
    for ask in (registry.active, registry.rollback):
        with pytest.raises(DamagedError, match=r"active\.json cannot be read.*activate"):
            ask()
    registry.activate("v2")
    assert registry.active() == "v2"


def test_pruning_keeps_the_newest_the_active_one_and_the_one_before(registry):
    for version in ("v3", "v2", "v1"):
        registry.activate(version)
    assert registry.prune(0) == ["v3"]
    assert [v["version"] for v in registry.list()] == ["v2", "v1"]
    assert registry.active() == "v1"
    assert registry.rollback() == "v2"
    assert registry.prune(1) == ["v1"]


def test_pruning_to_none_keeps_the_active_one(registry):
    registry.activate("v2")
    assert registry.prune(0) == ["v1", "v3"]
    assert registry.active() == "v2"
    assert registry.prune(0) == []


def test_pruning_with_nothing_active_keeps_the_newest(registry):
    assert registry.prune(2) == ["v1"]
    assert registry.prune(5) == []


def test_a_draft_is_no_version(registry):
    draft = registry.folder / ".v4.77.draft"
    draft.mkdir()
    (draft / artifact.MANIFEST).write_text(json.dumps({"format": artifact.FORMAT, "arrays": {}}))
    (registry.folder / "v5").mkdir()
    assert [v["version"] for v in registry.list()] == ["v3", "v2", "v1"]


@pytest.mark.parametrize("name", ["a.npy", artifact.MANIFEST])
@pytest.mark.parametrize("gone", [False, True])
def test_a_damaged_version_is_listed_as_such(registry, name, gone):
    registry.activate("v1")
    path = registry.folder / "v2" / name
    if gone:
        path.unlink()
    elif name == artifact.MANIFEST:
        path.write_text("{", encoding="utf-8")
    else:
        return  # the bytes of arrays are looked at by activation
    told = {found["version"]: found["damaged"] for found in registry.list()}
    assert told == {"v3": False, "v2": True, "v1": False}
    assert name in registry.list()[1]["problem"]
    with pytest.raises(DamagedError, match=f"v2/{name}"):
        registry.activate("v2")
    assert registry.active() == "v1"


def test_a_list_says_how_training_left_a_version_and_whether_its_schema_is_older(registry):
    for version, facts in {
        "v4": {"schema": "older"},
        "v5": {"schema": schema_hash(), "forced": True, "refused": "worse"},
    }.items():
        artifact.save(registry.folder / version, {"a": np.arange(3)}, facts)
    forced, older, *_ = registry.list()
    assert (forced["forced"], forced["refused"], forced["problem"]) == (True, "worse", None)
    assert "older table schema" in older["problem"]
    assert older["damaged"] is False


def test_what_could_not_be_served_is_neither_activated_nor_rolled_back_to(registry):
    def check(folder):
        if folder.name == unfit:
            raise UnfitModelError("made with other factors")

    registry.check, unfit = check, "v2"
    registry.activate("v1")
    registry.activate("v3")
    before = registry.pointer.read_bytes()
    with pytest.raises(ConflictError, match="made with other factors; nothing has changed"):
        registry.activate("v2")
    unfit = "v1"
    with pytest.raises(ConflictError, match="made with other factors; nothing has changed"):
        registry.rollback()
    assert registry.pointer.read_bytes() == before


def test_where_workers_are_a_version_is_prepared_before_it_becomes_active(registry):
    prepared = []
    registry.prepare = lambda version: prepared.append((version, registry.active()))
    registry.activate("v1")
    assert prepared == []
    with answering(registry.rollout) as told:
        registry.activate("v2")
        registry.activate("v2")  # as it is already
        registry.rollback()
    assert prepared == [("v2", "v1"), ("v1", "v2")]
    assert [said.version for said in told] == ["v2", "v1"]


@pytest.mark.parametrize(
    ("raised", "told"), [(UnfitModelError, ConflictError), (UnavailableError, UnavailableError)]
)
def test_what_cannot_be_prepared_does_not_become_active(registry, raised, told):
    def prepare(_):
        raise raised("too large for this machine")

    registry.prepare = prepare
    registry.activate("v1")
    with answering(registry.rollout), pytest.raises(told, match="too large for this machine"):
        registry.activate("v2")
    assert registry.active() == "v1"


def test_what_a_worker_cannot_load_does_not_become_active(registry):
    registry.activate("v1")
    registry.activate("v2")
    with answering(registry.rollout, "no memory is left"):
        for change in (registry.rollback, lambda: registry.activate("v3")):
            with pytest.raises(ConflictError, match="no memory is left; nothing has changed"):
                change()
    assert registry.active() == "v2"


def test_an_active_version_that_is_gone_is_reported(registry):
    registry.activate("v2")
    assert registry.active_folder() == registry.folder / "v2"
    shutil.rmtree(registry.folder / "v2")
    with pytest.raises(DamagedError, match="the active model v2 is gone"):
        registry.active_folder()


def test_a_folder_of_something_else_is_no_version_and_is_not_pruned(registry):
    notes = registry.folder / "notes"
    notes.mkdir()
    (notes / "why.txt").write_text("mine")
    registry.prune(0)
    assert registry.list() == []
    assert notes.is_dir()


def test_pruning_takes_away_what_a_killed_training_left_a_day_ago(registry):
    old, new, pruned = (registry.folder / f".v{n}" for n in ("0.1.draft", "9.1.draft", "8.pruned"))
    for folder in (old, new, pruned):
        folder.mkdir()
    pointer = registry.folder / "active.1.draft"
    pointer.touch()
    for path in (old, pointer):
        os.utime(path, (0, 0))
    assert registry.prune(9) == []
    assert new.exists()
    assert not any(path.exists() for path in (old, pruned, pointer))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")
def test_killed_before_any_step_it_is_as_before_or_as_after(tmp_path):
    command = [sys.executable, "-m", "tests.models.releases.killed", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    steps = int(done.stdout)
    assert steps > 10
    seen = []
    for step in range(steps):
        registry = ModelRegistry(Workspace(tmp_path / str(step)))
        versions = [version["version"] for version in registry.list()]
        for version in versions:
            artifact.verify(registry.path(version))
        seen.append((versions, registry.active()))
        registry.prune(1)
        registry.activate(versions[0])
    assert list(dict.fromkeys(map(str, seen))) == [
        "(['v1', 'v0'], 'v1')",
        "(['v2', 'v1', 'v0'], 'v1')",
        "(['v2', 'v1', 'v0'], 'v2')",
        "(['v2', 'v1'], 'v2')",
    ]
