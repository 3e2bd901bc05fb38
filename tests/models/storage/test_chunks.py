import shutil
from functools import partial

import numpy as np
import pytest

from features.storage.snapshot import OutdatedError
from features.structures.compact import Fractions
from features.workspace import Workspace
from models.executors import InProcess
from models.releases.registry import ModelRegistry
from models.retrieval import retrieval
from models.storage import artifact, chunks, loading, pool_files, prepared
from models.storage.chunks import Workers
from tests.pool import HashedEncoder, enterprise_rows, frame, tables

ENCODER = "tests.pool:HashedEncoder"


@pytest.fixture(autouse=True)
def small(monkeypatch, home):
    """Let 10 be many, and 15 a chunk; nothing is prepared, whatever other tests have left."""
    shutil.rmtree(home / "prepared", ignore_errors=True)
    monkeypatch.setattr(retrieval, "EXACT", 10)
    monkeypatch.setattr(pool_files, "_CHUNK", 15)
    chunks._ranker.cache_clear()


class Counted(InProcess):
    """Counts its tasks, and is stopped before one of them if requested."""

    def __init__(self, stopped_at=None):
        self.done, self._stopped_at = 0, stopped_at

    def submit(self, work, task):
        if self.done == self._stopped_at:
            raise KeyboardInterrupt
        self.done += 1
        return super().submit(work, task)


@pytest.fixture
def computed(monkeypatch):
    """Return the list of the sizes of all chunks that are computed."""
    found, chunk_of = [], chunks.chunk_of

    def counted(ranker, table, compact, progress=None):
        found.append(len(table))
        return chunk_of(ranker, table, compact, progress)

    monkeypatch.setattr(chunks, "chunk_of", counted)
    return found


def prepare(workspace, executor=None):
    version = ModelRegistry(workspace).active()
    model = workspace.home / "models" / version
    encoder = HashedEncoder()

    workers = executor and Workers(executor, workspace.home, model, ENCODER)
    read = partial(loading.load, model, workspace, encoder)
    prepared.prepare(version, read, workspace, None, workers)
    return prepared.folder(version, workspace.home, prepared.versions(workspace))


def arrays(folder):
    return {path.name: np.load(path) for path in folder.glob("*.npy")}


def parts(workspace):
    return [path.name for path in workspace.home.glob("prepared/*/.*.parts/*")]


def test_chunks_computed_elsewhere_are_those_computed_here(workspace, computed):
    expected = arrays(prepare(workspace))
    folder = prepare(workspace)
    artifact.verify(folder)
    shutil.rmtree(folder)
    executor = Counted()
    found = arrays(prepare(workspace, executor))
    assert executor.done == -(-tables()["enterprises"].height // 15)
    assert found.keys() == expected.keys()
    for name, array in expected.items():
        np.testing.assert_array_equal(found[name], array, err_msg=name)
    assert parts(workspace) == []


def test_a_run_that_was_stopped_goes_on_where_it_was(workspace, computed):
    with pytest.raises(KeyboardInterrupt):
        prepare(workspace, Counted(stopped_at=3))
    assert computed == [15, 15, 15]
    assert len(parts(workspace)) == 3
    prepare(workspace, InProcess())
    assert sum(computed) == tables()["enterprises"].height
    assert parts(workspace) == []


def test_a_chunk_that_was_altered_is_computed_again(workspace, computed):
    folder = prepare(workspace)
    topics = arrays(folder)["views.topics.codes.npy"]
    shutil.rmtree(folder)
    computed.clear()
    with pytest.raises(KeyboardInterrupt):
        prepare(workspace, Counted(stopped_at=2))
    (first, second) = workspace.home.glob("prepared/*/.*.parts/*/rows.views.topics.codes.npy")
    first.write_bytes(first.read_bytes()[:-1] + b"\x07")
    second.unlink()
    folder = prepare(workspace, InProcess())
    assert computed[:2] == computed[2:4] == [15, 15]
    np.testing.assert_array_equal(arrays(folder)["views.topics.codes.npy"], topics)


def test_rows_that_have_not_changed_are_taken_over(workspace, computed):
    prepare(workspace)
    computed.clear()
    rows = enterprise_rows()
    rows[3]["business_scope"] = "激光器制造"
    workspace.commit({"enterprises": frame("enterprises", rows)})
    prepare(workspace, InProcess())
    assert computed == [1]


def test_a_worker_that_finds_other_tables_says_so(workspace):
    version = ModelRegistry(workspace).active()
    model = workspace.home / "models" / version
    workers = Workers(InProcess(), workspace.home, model, ENCODER)
    table = tables()["enterprises"].sort("enterprise_id")
    found = workers.each([table], False, workspace.home / "parts", {"chains": "another"})
    with pytest.raises(OutdatedError):
        next(found)
    assert not (workspace.home / "parts").exists()
    known = {"chains": Workspace(workspace.home).version("chains")}
    (chunk,) = workers.each([table], False, workspace.home / "parts", known)
    assert chunk.rows["points"].shape == (table.height, 2)


def test_the_product_at_a_node_is_kept_by_the_fit_that_is_stored():
    fit, product = np.array([[0.4495, 0.4506, 0.46]], np.float32), np.array([[0, 1, 2]], np.int16)
    computed = chunks._in_codes({"nodes.fit": fit, "nodes.product": product})
    stored = Fractions(computed["nodes.fit"])[:]
    taken_over = chunks._in_codes({"nodes.fit": stored, "nodes.product": product})
    for name in ("nodes.fit", "nodes.product"):
        assert (computed[name] != taken_over[name]).sum() == 0
