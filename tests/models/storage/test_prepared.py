import shutil
from io import BytesIO

import filelock
import numpy as np
import polars as pl
import pytest
from scipy import sparse

from features.errors import DamagedError, UnavailableError
from features.need import NeedQuery
from features.storage import stored_rows
from features.storage.snapshot import Snapshot
from features.structures.compact import Codes, SparseCodes
from features.workspace import Workspace
from models.retrieval import retrieval
from models.retrieval.retrieval import Exhaustive
from models.retrieval.two_stage import TwoStage
from models.scoring.ranker import order
from models.storage import artifact, pool_files, prepared
from tests.pool import NEED_IDS, SUBJECTS, tables


@pytest.fixture
def workspace(tmp_path):
    workspace = Workspace(tmp_path / "home")
    workspace.commit({"enterprises": tables()["enterprises"]})
    (workspace.home / "models" / "v1").mkdir(parents=True)
    return workspace


def needs(bound):
    space = bound.ranker.space
    return [
        space.need(NeedQuery(industry, need_id=need_id))
        for industry, need_id in zip(SUBJECTS, NEED_IDS, strict=True)
    ]


def reading(monkeypatch, space):
    """Return the list that every table whose features are made is added to."""
    read = []

    def pool(table, **_):
        read.append(table)
        return type(space).pool(space, table)

    monkeypatch.setattr(space, "pool", pool)
    return read


def files(workspace):
    return sorted(p.parent.relative_to(workspace.home) for p in workspace.home.rglob("manifest.*"))


def same(found, expected):
    if isinstance(expected, Codes):  # a number may be a rounding error away from the next code
        return np.allclose(found[:], expected[:], atol=1.01 * float(expected.scales.max()))
    if isinstance(expected, SparseCodes):
        found, expected = found[:], expected[:]
    if sparse.issparse(expected):
        return abs(found - expected).max() < 1e-6
    if expected.dtype.kind in "fc":
        return np.allclose(found, expected, atol=1e-5, equal_nan=True)
    return (found == expected).all()


def test_features_come_back_as_they_were_made_whatever_the_chunks(bound, workspace, monkeypatch):
    monkeypatch.setattr(pool_files, "_CHUNK", 7)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace).bound
    pool, expected = found.pool, bound.pool
    assert list(pool.names) == list(expected.names)
    for name in ("ids", "attributes", "points"):
        assert same(getattr(pool, name), getattr(expected, name)), name
    for name, view in expected.views.items():
        assert same(pool.views[name], view), name
    assert pool.codes[:, : expected.codes.shape[1]].tolist() == expected.codes.tolist()
    assert same(pool.nodes.fit, expected.nodes.fit)
    for row in range(len(pool)):
        own, theirs = (
            {
                each.products.texts[at]: weight
                for at, weight in zip(
                    *(getattr(each.products.weights[[row]], part) for part in ("indices", "data")),
                    strict=True,
                )
            }
            for each in (pool, expected)
        )
        assert own.keys() == theirs.keys()
        for text, weight in own.items():
            assert weight == pytest.approx(theirs[text])
    for factor, own in bound.measured.items():
        assert found.measured[factor].keys() == own.keys()
        for name, array in own.items():
            assert same(found.measured[factor][name], array), (factor, name)


@pytest.mark.parametrize("part_rows", [40, 17, 3])
def test_of_a_table_in_parts_the_same_files_are_made(bound, workspace, monkeypatch, part_rows):
    monkeypatch.setattr(retrieval, "EXACT", 10)
    monkeypatch.setattr(pool_files, "_CHUNK", 20)
    monkeypatch.setattr(prepared, "_PROFILES", 9)
    monkeypatch.setattr(stored_rows, "_WINDOW", 11)
    found = []
    for size in (500_000, part_rows):
        workspace.part_rows = size
        with workspace.writing():
            workspace.commit({"enterprises": workspace.read("enterprises").sort("enterprise_id")})
        prepared.prepare("v1", lambda: bound.ranker, workspace)
        folder = prepared.folder("v1", workspace.home, prepared.versions(workspace))
        found.append({path.name: path.read_bytes() for path in folder.glob("*.npy")})
        shutil.rmtree(folder)
    assert len(list(workspace.home.glob("tables/enterprises-*.parquet"))) > 1
    # Equal columns of polars may be different bytes.
    whole, parted = (
        pl.read_ipc(np.load(BytesIO(each.pop("profiles.columns.npy"))).tobytes()) for each in found
    )
    assert whole.equals(parted)
    assert found[0] == found[1]


def test_scores_are_those_of_features_that_were_never_written(bound, workspace):
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert isinstance(found.retriever, Exhaustive)
    for need in needs(bound):
        np.testing.assert_allclose(
            found.bound.contributions(need), bound.contributions(need), atol=1e-4
        )


def test_a_large_pool_is_kept_in_codes_with_its_first_stage(bound, workspace, monkeypatch):
    monkeypatch.setattr(retrieval, "EXACT", 10)
    monkeypatch.setattr(pool_files, "_CHUNK", 20)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert isinstance(found.bound.pool.views["topics"], Codes)
    assert isinstance(found.retriever, TwoStage)
    texts = found.bound.pool.views["text"]
    owned = [texts.data.flags.owndata, found.bound.pool.products.weights.indices.flags.owndata]
    assert owned == [False, False]  # nothing was copied
    rows = np.arange(len(bound.pool))
    for need in needs(bound):
        ranked, parts = found.retriever.ranked(need, rows, 0, 5)
        raw = bound.contributions(need).sum(axis=0)
        assert set(ranked) == set(order(raw, rows, 5))
        # The constant, the same for all, follows from who is among the first ten.
        whole = bound.contributions(need)[:-1, ranked].sum(axis=0)
        np.testing.assert_allclose(parts[:-1].sum(axis=0), whole, atol=0.05)


def test_a_large_pool_takes_few_bytes_for_an_enterprise(bound, workspace, monkeypatch):
    monkeypatch.setattr(retrieval, "EXACT", 10)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    views, nodes = found.bound.pool.views, len(found.bound.pool.nodes.node_ids)
    (folder,) = {path.parent for path in workspace.home.glob("prepared/v1/*/*.npy")}
    parts = ("views.", "nodes.", "retrieval.matrix", "retrieval.named", "measured.")
    bytes_of = sum(np.load(p).nbytes for p in folder.glob("*.npy") if p.stem.startswith(parts))
    numbers = views["topics"].shape[1] + views["meaning"].shape[1] + nodes
    numbers += found.retriever.estimate.stored.matrix.shape[1]
    numbers += found.bound.measured["hybrid"]["items"].shape[1]
    entries = views["text"].data.nbytes / len(bound.pool)
    assert bytes_of / len(bound.pool) < numbers + 3 * entries + 60


def test_files_of_an_earlier_form_are_made_anew(bound, workspace, monkeypatch):
    monkeypatch.setattr(retrieval, "EXACT", 10)
    with monkeypatch.context() as earlier:
        earlier.setattr(prepared, "_MADE_BY", -1)
        prepared.prepare("v1", lambda: bound.ranker, workspace)
    (before,) = files(workspace)
    read = reading(monkeypatch, bound.ranker.space)
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    (after,) = files(workspace)
    assert before != after
    assert sum(map(len, read)) == len(bound.pool)


def test_every_page_that_requests_gather_from_can_be_touched(bound, workspace, monkeypatch):
    monkeypatch.setattr(retrieval, "EXACT", 10)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    stored = found.retriever.estimate.stored
    kept = [found.bound.pool.views["meaning"].codes, stored.matrix.codes, stored.nodes.codes]
    assert all(any(np.shares_memory(each, own) for own in found.gathered) for each in kept)
    found.touch()


def test_what_is_there_is_not_made_again(bound, workspace, monkeypatch):
    first = prepared.prepare("v1", lambda: bound.ranker, workspace)
    monkeypatch.setattr(prepared, "make", lambda *_: pytest.fail("made again"))
    second = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert second.profiles.row(0) == first.profiles.row(0)


def test_other_tables_are_prepared_anew_and_the_former_go(bound, workspace):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    before = files(workspace)
    (workspace.home / "models" / "v2").mkdir()
    prepared.prepare("v2", lambda: bound.ranker, workspace)
    assert len(files(workspace)) == len(before) + 1
    workspace.commit({"enterprises": tables()["enterprises"].head(20)})
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(found.profiles) == 20
    after = [path for path in files(workspace) if path.parts[1] == "v1"]
    assert len(after) == 1
    assert after[0] not in before
    assert len(files(workspace)) == 2  # v2 can take over from its own, should it serve again


@pytest.mark.parametrize("exact", [10, 1_000])
def test_who_has_not_changed_is_taken_over(bound, workspace, monkeypatch, exact):
    monkeypatch.setattr(retrieval, "EXACT", exact)
    monkeypatch.setattr(pool_files, "_CHUNK", 20)
    table = tables()["enterprises"].sort("enterprise_id")
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    named = pl.col("enterprise_id") == table["enterprise_id"][30]
    new = table[[5]].with_columns(enterprise_id=pl.lit("E0-new"))
    changed = table.with_columns(
        products=pl.when(named).then(table["products"].shift(7)).otherwise("products")
    )
    changed = pl.concat([changed[10:], new])
    workspace.commit({"enterprises": changed})
    read = reading(monkeypatch, bound.ranker.space)
    taken = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert set(pl.concat(read)["enterprise_id"]) == {table["enterprise_id"][30], "E0-new"}
    shutil.rmtree(workspace.home / "prepared")
    anew = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(read[-1]) > 2
    for name in ("topics", "meaning", "text"):
        assert same(taken.bound.pool.views[name], anew.bound.pool.views[name])
    np.testing.assert_allclose(taken.bound.pool.centre, anew.bound.pool.centre, atol=1e-3)
    for need in needs(bound):
        rows = np.arange(len(changed))
        if isinstance(anew.retriever, TwoStage):
            found, expected = (each.retriever.ranked(need, rows, 0, 9) for each in (taken, anew))
            assert found[0].tolist() == expected[0].tolist()
            np.testing.assert_allclose(found[1], expected[1], atol=5e-3)
        else:
            found, expected = (each.bound.contributions(need) for each in (taken, anew))
            np.testing.assert_allclose(found, expected, atol=1e-4)


def test_a_former_pool_of_another_chain_map_is_not_taken_over(bound, workspace, monkeypatch):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    chains = workspace.read("chains")
    workspace.commit({"chains": chains.head(len(chains) - 1)})
    read = reading(monkeypatch, bound.ranker.space)
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert sum(map(len, read)) == len(bound.pool)


def test_tables_that_change_while_they_are_read_are_read_again(bound, workspace, monkeypatch):
    few, read = tables()["enterprises"].head(20), Snapshot.read

    def changing(snapshot, table):
        found = read(snapshot, table)
        monkeypatch.setattr(Snapshot, "read", read)
        workspace.commit({"enterprises": few})
        return found

    monkeypatch.setattr(Snapshot, "read", changing)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(found.profiles) == 20
    assert len(files(workspace)) == 1


def test_what_is_made_is_returned_however_tables_change_meanwhile(bound, workspace, monkeypatch):
    make, few = prepared.make, tables()["enterprises"].head(20)

    def changing(*given, **more):
        make(*given, **more)
        monkeypatch.setattr(prepared, "make", make)
        workspace.commit({"enterprises": few})

    monkeypatch.setattr(prepared, "make", changing)
    found = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(found.profiles) == len(bound.pool)
    read = reading(monkeypatch, bound.ranker.space)
    again = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(again.profiles) == 20
    assert read == []  # all were taken over


def test_a_folder_that_lacks_what_is_asked_of_it_is_made_anew(bound, workspace, caplog):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    (own,) = files(workspace)
    arrays = artifact.mapped(workspace.home / own)
    del arrays["points"]
    shutil.rmtree(workspace.home / own)
    artifact.save(workspace.home / own, arrays, {})
    assert prepared.prepare("v1", lambda: bound.ranker, workspace).bound.pool.points.any()
    assert "made anew" in caplog.text


def test_what_a_killed_process_left_goes(bound, workspace):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    draft = workspace.home / "prepared" / "v1" / ".0.1.draft"
    draft.mkdir()
    with filelock.FileLock(draft.with_name(".lock")):
        prepared.tidy(workspace)
        assert draft.exists()  # somebody may be at it
    prepared.tidy(workspace)
    assert not draft.exists()
    assert len(files(workspace)) == 1


def test_what_was_prepared_for_a_version_that_is_gone_goes(bound, workspace):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    shutil.rmtree(workspace.home / "models" / "v1")
    prepared.tidy(workspace)
    assert files(workspace) == []


@pytest.mark.parametrize("name", ["views.meaning.npy", "manifest.json", "profiles.lines.npy"])
def test_what_is_missing_or_cut_short_is_made_anew(bound, workspace, name, caplog):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    (folder,) = files(workspace)
    path = workspace.home / folder / name
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DamagedError):
        prepared.load(workspace.home / folder, bound.ranker)
    again = prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert len(again.profiles) == len(bound.pool)
    assert "made anew" in caplog.text


def test_a_changed_byte_is_found_by_verifying(bound, workspace, caplog):
    prepared.prepare("v1", lambda: bound.ranker, workspace)
    prepared.verify("v1", workspace)
    (folder,) = files(workspace)
    path = workspace.home / folder / "views.meaning.npy"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    prepared.verify("v1", workspace)
    assert files(workspace) == []
    assert "checksum" in caplog.text


def test_a_full_disk_is_reported_and_leaves_no_files(bound, workspace, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("features.structures.growing.GrowingArrays.append", full)
    with pytest.raises(UnavailableError, match="No space left"):
        prepared.prepare("v1", lambda: bound.ranker, workspace)
    assert [p.name for p in (workspace.home / "prepared" / "v1").iterdir()] == [".lock"]


@pytest.mark.parametrize("exact", [10_000, 50])
def test_where_nothing_can_be_written_it_is_made_in_memory_and_the_same(
    bound, workspace, monkeypatch, exact
):
    monkeypatch.setattr(retrieval, "EXACT", exact)
    on_disk = prepared.prepare("v1", lambda: bound.ranker, workspace)
    found = prepared.in_memory(bound.ranker, workspace.read("enterprises"))
    assert type(found.retriever) is type(on_disk.retriever)
    assert isinstance(found.retriever, Exhaustive) == (exact == 10_000)
    rows = np.arange(len(bound.pool))
    for need in needs(bound):
        ranked = [own.retriever.ranked(need, rows, 0, 20) for own in (found, on_disk)]
        np.testing.assert_array_equal(ranked[0][0], ranked[1][0])
        np.testing.assert_allclose(
            ranked[0][1], ranked[1][1], atol=1e-5
        )  # BLAS minds where arrays begin
