import errno
import os

import numpy as np
import pytest

from features.errors import InputError, UnavailableError
from features.tables.schema import schema_hash
from features.workspace import Workspace
from models import artifact
from models.registry import ModelRegistry
from tests.pool import NEED_IDS, HashedEncoder, tables
from training import publishing
from training.publishing import train


@pytest.fixture
def registry(workspace):
    return ModelRegistry(workspace)


def test_a_version_says_what_it_was_made_of(workspace, registry):
    found = registry.show(registry.active())
    assert found["data"] == {name: table.height for name, table in tables().items()}
    assert found["tables"] == {name: workspace.version(name) for name in tables()}
    assert found["window"] == {"first_event": "2025-06-01", "last_event": "2025-06-01"}
    assert found["encoder"] == HashedEncoder.id
    assert found["schema"] == schema_hash()
    assert found["seed"] == 0
    assert found["metrics"]["cold"]["needs"] == len(NEED_IDS)
    assert set(found["weights"]) == {"content", "cold", "warm"}
    assert set(publishing.LIBRARIES) < set(found["libraries"])


def test_the_same_tables_and_seed_give_the_same_arrays(workspace, registry):
    before = registry.active()
    done = train(workspace, registry, HashedEncoder())
    assert done["version"] != before
    assert registry.active() == done["version"]
    one, other = (artifact.manifest(registry.path(v))["arrays"] for v in (before, done["version"]))
    assert one == {**other, "space.today": one["space.today"]}


def test_an_encoding_is_made_once_and_serves_every_training(workspace, registry):
    encoder = HashedEncoder()
    train(workspace, registry, encoder, activate=False)
    assert encoder.asked == []


def test_a_version_may_be_saved_without_serving(workspace, registry):
    before = registry.active()
    done = train(workspace, registry, HashedEncoder(), seed=3, activate=False)
    assert (done["activated"], done["why_not"]) == (False, "not asked for (--no-activate)")
    assert registry.active() == before
    assert registry.show(done["version"])["seed"] == 3


@pytest.mark.parametrize("force", [False, True])
def test_a_version_worse_than_the_baseline_serves_only_by_force(
    workspace, registry, monkeypatch, force
):
    before = registry.active()
    gap = {"mean": -0.2, "low": -0.3, "high": -0.1, "needs": 12}
    worse = {"note": "", "warm": None, "cold": {"gain_over_character_tfidf": {"ndcg@10": gap}}}
    monkeypatch.setattr(publishing, "evaluate_fit", lambda _: worse)
    done = train(workspace, registry, HashedEncoder(), force=force)
    assert done["activated"] is force
    assert (registry.active() == before) is not force
    if not force:
        assert "0.200 below character TF-IDF" in done["why_not"]
        assert "--force" in done["why_not"]


def test_an_empty_workspace_is_left_as_it_is(tmp_path):
    workspace = Workspace(tmp_path / "new")
    with pytest.raises(InputError, match="holds no enterprise"):
        train(workspace, ModelRegistry(workspace), HashedEncoder())
    assert not workspace.home.exists()


def test_a_full_disk_leaves_the_versions_as_they_were(workspace, registry, monkeypatch):
    before = sorted(path.name for path in registry.folder.iterdir())
    serving = registry.active()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(np, "save", full)
    with pytest.raises(UnavailableError, match="No space left"):
        train(workspace, registry, HashedEncoder())
    assert sorted(path.name for path in registry.folder.iterdir()) == before
    assert registry.active() == serving


@pytest.mark.parametrize("step", ["read profiles", "content of needs", "weigh factors"])
def test_a_training_interrupted_anywhere_leaves_the_versions_as_they_were(
    workspace, registry, step
):
    before = sorted(path.name for path in registry.folder.iterdir())

    def interrupted(told, *_):
        if told == step:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(workspace, registry, HashedEncoder(), progress=interrupted)
    assert sorted(path.name for path in registry.folder.iterdir()) == before
