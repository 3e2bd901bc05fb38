import json

import numpy as np
import pytest

from features.errors import DamagedError
from models.releases.registry import ModelRegistry
from models.scoring.calibration import Calibration
from models.storage import artifact, loading
from models.storage.artifact import UnfitModelError
from tests.pool import HashedEncoder


@pytest.fixture
def folder(workspace):
    return ModelRegistry(workspace).active_folder()


def seal(folder, **altered):
    """Make a version look as if another version of the project had saved it so."""
    facts = artifact.manifest(folder) | altered
    facts["seal"] = artifact._seal(facts)
    (folder / artifact.MANIFEST).write_text(json.dumps(facts), encoding="utf-8")


def without(folder, name):
    arrays = artifact.manifest(folder)["arrays"]
    del arrays[name]
    seal(folder, arrays=arrays)


def test_a_version_comes_back_as_it_was_saved(workspace, folder):
    ranker = loading.load(folder, workspace, HashedEncoder())
    saved = artifact.load(folder)
    assert ranker.arrays().keys() == saved.keys()
    for name, array in ranker.arrays().items():
        np.testing.assert_array_equal(saved[name], array, err_msg=name)
    assert loading.problem(folder, workspace, HashedEncoder()) is None


def test_one_made_before_outcomes_were_counted_is_still_read(workspace, folder):
    without(folder, "calibration.counts")
    ranker = loading.load(folder, workspace, HashedEncoder())
    assert ranker.calibration == Calibration()


def test_one_for_another_encoder_is_refused(workspace, folder):
    other = HashedEncoder()
    other.id = "other"
    with pytest.raises(UnfitModelError, match="sentence encoder hashed-1, here it is other"):
        loading.load(folder, workspace, other)


@pytest.mark.parametrize("schema", ["older", None])
def test_one_for_an_older_schema_is_refused(workspace, folder, schema):
    seal(folder, schema=schema)
    with pytest.raises(UnfitModelError, match=rf"table schema {schema}, here it is .*train again"):
        loading.load(folder, workspace, HashedEncoder())


def test_one_with_other_factors_is_refused_by_name(workspace, folder):
    arrays = artifact.load(folder)
    arrays["blend.names"] = np.array([*arrays["blend.names"][:-1], "mood"])
    older = folder.with_name("older")
    artifact.save(older, arrays, artifact.manifest(folder))
    with pytest.raises(
        UnfitModelError, match=r"model older: .*other factors: train again"
    ) as caught:
        loading.load(older, workspace, HashedEncoder())
    assert "mood" in str(caught.value.got)


@pytest.mark.parametrize("name", ["blend.warm", "space.today", "space.lsa.directions"])
def test_one_whose_arrays_are_read_differently_now_is_refused(workspace, folder, name):
    without(folder, name)
    with pytest.raises(UnfitModelError, match="another version of Lianzhao"):
        loading.load(folder, workspace, HashedEncoder())


def test_a_damaged_one_is_reported_as_such(workspace, folder):
    path = folder / "blend.warm.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=r"blend\.warm\.npy"):
        loading.load(folder, workspace, HashedEncoder())
    assert "blend.warm.npy" in loading.problem(folder, workspace, HashedEncoder())
