import errno
import os
from datetime import UTC, date, datetime

import numpy as np
import polars as pl
import pytest

from features.errors import InputError, UnavailableError
from features.storage.snapshot import Snapshot
from features.tables.schema import schema_hash
from features.workspace import Workspace
from models.releases.registry import ModelRegistry
from models.storage import artifact
from tests.models.storage.test_loading import seal
from tests.pool import NEED_IDS, HashedEncoder, tables
from training import publishing
from training.publishing import train

RUN = ("created_at", "comparison", "seal")
"""What two trainings on the same tables with the same seed may differ in."""


@pytest.fixture
def registry(workspace):
    return ModelRegistry(workspace)


@pytest.fixture
def spoilt(workspace):
    """Return a workspace whose products belong to other enterprises, and the judgements do not."""
    old = workspace.read("enterprises")
    products = old.sample(fraction=1, shuffle=True, seed=1)["products"]
    workspace.commit({"enterprises": old.with_columns(products)})
    return workspace


def test_a_version_says_what_it_was_made_of(workspace, registry):
    found = registry.show(registry.active())
    own = {name: workspace.read(name).height for name in publishing.TABLES}
    assert found["data"] == own
    assert own.items() >= {name: table.height for name, table in tables().items()}.items()
    assert found["tables"] == {name: workspace.version(name) for name in publishing.TABLES}
    assert found["window"] == {"first_event": "2025-06-01", "last_event": "2025-06-01"}
    assert found["as_of"] == workspace.as_of.isoformat()
    assert found["encoder"] == HashedEncoder.id
    assert found["schema"] == schema_hash()
    assert found["seed"] == 0
    assert found["metrics"]["cold"]["needs"] == len(NEED_IDS)
    assert found["judged"]["cold"].keys() == set(NEED_IDS)
    assert found["splits"].keys() == found["judged"].keys()
    assert found["notes"] == []
    assert set(found["weights"]) == {"content", "cold", "warm"}
    assert set(publishing.LIBRARIES) < set(found["libraries"])
    assert (found["forced"], found["refused"]) == (False, None)
    assert found["comparison"] == {"version": None, "not_compared": None}


def test_the_same_tables_and_seed_give_the_same_bytes_on_any_day(workspace, registry, monkeypatch):
    class Tomorrow(datetime):
        @classmethod
        def now(cls, tz=None):
            return datetime(2031, 5, 6, tzinfo=UTC)

    before = registry.path(registry.active())
    monkeypatch.setattr(publishing, "datetime", Tomorrow)
    after = registry.path(train(workspace, registry, HashedEncoder())["version"])
    assert registry.active() == after.name != before.name
    assert after.name.startswith("20310506")
    assert sorted(p.name for p in before.iterdir()) == sorted(p.name for p in after.iterdir())
    for path in before.glob("*.npy"):
        assert path.read_bytes() == (after / path.name).read_bytes(), path.name
    one, other = (artifact.manifest(folder) for folder in (before, after))
    assert {k: v for k, v in one.items() if k not in RUN} == {
        k: v for k, v in other.items() if k not in RUN
    }
    assert other["comparison"]["cold"]["ndcg@10"]["difference"] == {
        **dict.fromkeys(("mean", "low", "high"), 0.0),
        "needs": len(NEED_IDS),
    }


def test_events_that_have_not_happened_are_outside_the_window(workspace, registry):
    event = workspace.read("events").row(0, named=True)
    late = event | {"event_id": "v2", "enterprise_id": "E010", "date": date(2999, 1, 1)}
    table = pl.DataFrame([event, late], schema=workspace.read("events").schema)
    workspace.commit({"events": table})
    assert train(workspace, registry, HashedEncoder())["window"]["last_event"] == "2025-06-01"


@pytest.mark.parametrize("table", ["enterprises", "judgements", "events"])
def test_tables_that_change_while_they_are_read_are_of_one_moment(workspace, monkeypatch, table):
    """They are those before, or where one of them is gone already all of those after."""
    read, changes, before = Snapshot.read, iter([True]), workspace.version("enterprises")

    def reading(self, name):
        found = read(self, name)
        if name == table and next(changes, False):
            workspace.remove("enterprise", "E000")
        return found

    monkeypatch.setattr(Snapshot, "read", reading)
    data, versions, _ = publishing.read_tables(workspace)
    assert workspace.version("enterprises") != before
    there = "E000" in data.enterprises["enterprise_id"]
    assert versions["enterprises"] == (before if there else workspace.version("enterprises"))
    assert ("E000" in data.judgements["enterprise_id"]) is there
    assert ("E000" in data.events["enterprise_id"]) is there
    assert there is (table == "events")


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


def test_a_version_made_worse_is_refused_and_kept_with_its_reason(spoilt, registry):
    before = registry.active()
    done = train(spoilt, registry, HashedEncoder())
    assert registry.active() == before
    assert done["activated"] is False
    assert done["why_not"] == f"{done['refused']}; --force activates it anyway"
    assert f"NDCG@10 is below that of the active version {before}: " in done["refused"]
    assert done["refused"].endswith("; changed since then: enterprises")
    kept = registry.show(done["version"])
    assert (kept["refused"], kept["forced"]) == (done["refused"], False)
    assert kept["comparison"]["version"] == before
    assert kept["comparison"]["warm"]["ndcg@10"]["difference"]["high"] < 0
    assert registry.list()[0]["refused"] == done["refused"]


def test_force_activates_it_and_the_manifest_says_so(spoilt, registry):
    done = train(spoilt, registry, HashedEncoder(), force=True)
    assert (done["activated"], done["why_not"]) == (True, None)
    kept = registry.show(registry.active())
    assert kept["version"] == done["version"]
    assert kept["forced"] is True
    assert "below that of the active version" in kept["refused"]


def test_a_version_worse_than_the_baseline_is_refused_where_there_is_no_other(
    workspace, registry, monkeypatch
):
    registry.pointer.unlink()
    gap = {"mean": -0.2, "low": -0.3, "high": -0.1, "needs": 12}
    worse = {"note": "", "warm": None, "cold": {"gain_over_character_tfidf": {"ndcg@10": gap}}}
    monkeypatch.setattr(publishing, "evaluate_fit", lambda *_: worse)
    done = train(workspace, registry, HashedEncoder())
    assert registry.active() is None
    assert "below that of character TF-IDF: held-out needs -0.200 [-0.300" in done["why_not"]


@pytest.mark.parametrize("how", ["array", "manifest", "schema", "encoder", "pointer", "gone"])
def test_an_active_version_that_cannot_serve_is_not_compared_with(workspace, registry, how):
    active, encoder = registry.path(registry.active()), HashedEncoder()
    match how:
        case "array":
            (active / "blend.warm.npy").write_bytes(b"")
        case "manifest":
            (active / artifact.MANIFEST).write_text("{")
        case "schema":
            seal(active, schema="older")
        case "encoder":
            encoder.id = "other"
        case "pointer":
            registry.pointer.write_text("{")
        case "gone":
            active.rename(active.with_name(".elsewhere"))
    done = train(workspace, registry, encoder)
    assert done["activated"] is True
    assert registry.active() == done["version"]
    said = {
        "array": "blend.warm.npy",
        "manifest": "manifest.json",
        "schema": "table schema older",
        "encoder": "sentence encoder hashed-1",
        "pointer": "active.json",
        "gone": "is gone",
    }
    assert said[how] in done["comparison"]["not_compared"]


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


@pytest.mark.parametrize("step", ["read profiles", "held-out needs", "weigh factors"])
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
