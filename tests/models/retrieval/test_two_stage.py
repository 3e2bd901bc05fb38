from dataclasses import replace

import numpy as np
import pytest
from scipy import sparse

from features.industry.nodes import NAMED_FROM
from features.need import NeedQuery
from features.structures.compact import Codes, Fractions, sparse_codes
from features.structures.growing import MemoryArrays
from features.texts.text import WeightedTexts
from models.retrieval import two_stage
from models.retrieval.first_stage import FirstStage
from models.retrieval.two_stage import TwoStage
from models.scoring import ranker as ranking
from models.scoring.ranker import PoolRanker, leading, order
from models.storage import pool_files
from tests.pool import EACH, NEED_IDS, SUBJECTS


@pytest.fixture
def few(monkeypatch):
    """Let 20 be many: a shortlist of 20 out of 64."""
    monkeypatch.setattr(two_stage, "CANDIDATES", 20)


@pytest.fixture
def large(bound):
    by_rows = bound.ranker.bind(bound.pool.by_rows())
    return TwoStage(by_rows, two_stage.make(by_rows))


def needs(bound):
    space = bound.ranker.space
    return [
        space.need(NeedQuery(industry, need_id=need_id))
        for industry, need_id in zip(SUBJECTS, NEED_IDS, strict=True)
    ]


def everybody(bound):
    return np.arange(len(bound.pool))


def test_with_everybody_shortlisted_it_is_the_full_ranking(bound, large):
    rows = everybody(bound)
    for need in (*needs(bound), bound.ranker.space.need(NeedQuery("LED灯珠封装"))):
        whole = bound.contributions(need)
        found, parts = large.ranked(need, rows, 0, len(rows))
        np.testing.assert_allclose(parts, whole[:, found], atol=1e-4)
        expected = order(whole.sum(axis=0), rows, len(rows))
        np.testing.assert_allclose(parts.sum(axis=0), whole.sum(axis=0)[expected], atol=1e-4)


def test_the_sample_depends_on_profiles_and_not_on_ids(bound, monkeypatch):
    monkeypatch.setattr(two_stage, "SAMPLE", 20)
    turned = np.random.default_rng(2).permutation(len(bound.pool))
    pool = bound.pool.by_rows()
    views = {name: view[turned] for name, view in pool.views.items()}
    again = replace(pool, views=views, nodes=pool.nodes.take(turned))
    sample, other = (
        two_stage.make(PoolRanker(bound.ranker, own, bound.measured))["sample"]
        for own in (pool, again)
    )
    assert len(sample) == 20
    topics = pool.views["topics"]
    before, after = ({row.tobytes() for row in topics[at]} for at in (sample, turned[other]))
    assert before == after


@pytest.mark.usefixtures("few")
def test_the_right_enterprises_come_first_and_scores_fall(bound, large):
    rows = everybody(bound)
    for number, need in enumerate(needs(bound)):
        found, parts = large.ranked(need, rows, 0, 20)
        expected = {f"E{number:02}{at}" for at in range(EACH)}
        assert set(bound.pool.ids[found[:EACH]]) == expected
        assert (np.diff(parts.sum(axis=0)) <= 0).all()


@pytest.mark.usefixtures("few")
def test_pages_are_parts_of_one_list_of_everybody(bound, large):
    rows, need = everybody(bound), needs(bound)[0]
    whole, parts = large.ranked(need, rows, 0, len(rows))
    assert sorted(whole) == rows.tolist()
    for start in range(0, len(rows) + 7, 7):
        page, own = large.ranked(need, rows, start, start + 7)
        np.testing.assert_array_equal(page, whole[start : start + 7])
        np.testing.assert_allclose(own, parts[:, start : start + 7], atol=1e-6)
    raw = parts.sum(axis=0)
    shortlisted = len(large.shortlist(need, rows))
    assert (np.diff(raw[:shortlisted]) <= 0).all()
    assert (np.diff(raw[shortlisted:]) <= 1e-6).all()


@pytest.mark.usefixtures("few")
def test_a_score_does_not_depend_on_who_else_is_asked_for(bound, large):
    need, rows = needs(bound)[0], everybody(bound)
    first, parts = large.ranked(need, rows, 0, 3)
    again = [large.ranked(need, rows, at, at + 1) for at in range(3)]
    assert [int(page[0]) for page, _ in again] == first.tolist()
    for at, (_, own) in enumerate(again):
        np.testing.assert_allclose(own[:, 0], parts[:, at], atol=1e-9)


@pytest.mark.usefixtures("few")
def test_enterprises_chosen_for_the_need_are_on_the_shortlist(bound, large, monkeypatch):
    need, rows = needs(bound)[0], everybody(bound)
    chosen = bound.ranker.heads.chosen(need.need_id)
    assert len(chosen)
    monkeypatch.setattr(
        FirstStage, "of", lambda *_: -np.isin(bound.pool.ids, chosen).astype(np.float32)
    )
    shortlist = bound.pool.ids[large.shortlist(need, rows)]
    assert set(chosen) <= set(shortlist)
    others = rows[~np.isin(bound.pool.ids, chosen)]
    assert not set(chosen) & set(bound.pool.ids[large.shortlist(need, others)])


@pytest.mark.usefixtures("few")
def test_the_place_of_one_is_its_rank_in_the_list(bound, large):
    need, rows = needs(bound)[0], everybody(bound)
    first, parts = large.ranked(need, rows, 0, 20)
    for at in (0, 7):
        rank, own = large.place(need, int(first[at]), rows)
        assert rank == at + 1
        np.testing.assert_allclose(own, parts[:, at], atol=1e-6)
    beyond = np.setdiff1d(rows, large.shortlist(need, rows))
    assert large.place(need, int(beyond[0]), rows)[0] > 20


@pytest.mark.parametrize("count", [0, 1, 20, 500, 100_000, 200_000])
def test_leading_values_are_those_of_a_full_sort(count):
    values = np.random.default_rng(0).integers(0, 5_000, 100_000).astype(np.float32)
    ranked = np.sort(values)[::-1]
    found = leading(values, count)
    assert len(values) > ranking._MANY
    expected = np.flatnonzero(values >= ranked[min(count, len(values)) - 1]) if count else []
    np.testing.assert_array_equal(found, expected)


def test_leading_values_that_a_first_look_misses_are_found():
    values = np.zeros(100_000, dtype=np.float32)
    values[:: ranking._STRIDE] = 1  # only those looked at first are high
    np.testing.assert_array_equal(leading(values, 5_000), np.arange(100_000))


def test_arrays_may_be_files_and_are_filled_piece_by_piece(bound, monkeypatch, tmp_path):
    def allocate(name, shape, dtype):
        path = tmp_path / f"{name}.npy"
        return np.lib.format.open_memmap(path, mode="w+", dtype=dtype, shape=shape)

    whole = two_stage.make(bound)
    monkeypatch.setattr(two_stage, "CHUNK", 24)
    made = two_stage.make(bound, allocate=allocate)
    files = {path.stem for path in tmp_path.iterdir()}
    assert files == {"matrix.codes", "matrix.scales", "named"}
    assert made.keys() == whole.keys() == files | {"basis", "sample"}
    for name, array in whole.items():
        kept = np.load(tmp_path / f"{name}.npy") if name in files else made[name]
        assert kept.dtype == array.dtype
        np.testing.assert_allclose(kept, array, rtol=1e-3, atol=name == "matrix.codes")


def test_what_the_first_stage_keeps_is_the_named_nodes(bound):
    named = TwoStage(bound, two_stage.make(bound)).named
    assert named.node_ids == bound.pool.nodes.node_ids
    np.testing.assert_array_equal(
        np.stack([named.at([node]) for node in named.node_ids], axis=1),
        bound.pool.nodes.fit >= NAMED_FROM,
    )


def in_codes(pool, measured):
    """Return the features of a pool as they are stored of a large one."""
    files = MemoryArrays()
    text = sparse.csr_array(pool.views["text"])
    for name, matrix in (("text", text), ("products", pool.products.weights)):
        codes, scales = sparse_codes(matrix)
        files.append_sparse(name, codes, gaps=name == "text")
        files.append(f"{name}.scales", scales)
    arrays = files.arrays()
    sizes = {"text": text.shape[1], "products": len(pool.products.texts)}
    held = {name: pool_files._sparse(arrays, name, columns) for name, columns in sizes.items()}
    views = {"topics": Codes.of(pool.views["topics"], 8), "text": held["text"]}
    nodes = replace(pool.nodes, fit=Fractions.of(pool.nodes.fit))
    return (
        replace(
            pool,
            views=views | {"meaning": Codes.of(pool.views["meaning"], 6)},
            products=WeightedTexts(pool.products.texts, held["products"]),
            centre=pool.content.mean,
            nodes=nodes,
            stations=nodes if pool.stations is pool.nodes else pool.stations,
        ),
        measured | {"hybrid": {"items": Codes.of(measured["hybrid"]["items"], 8)}},
    )


def test_some_of_a_pool_in_codes_are_scored_nearly_as_in_single(bound):
    rows = np.array([7, 2, 60])
    kept = PoolRanker(bound.ranker, *in_codes(bound.pool, bound.measured))
    taken = kept.take(rows)
    assert taken.pool.products.texts == []
    for need in needs(bound):
        whole, some = bound.values(need), taken.values(need)
        for name in ("hybrid", "head"):
            found = getattr(some, name)
            assert found.dtype == np.float32
            np.testing.assert_allclose(found, getattr(whole, name)[rows], atol=0.05)
        for own, found in zip(whole.content, some.content, strict=True):
            assert (own is None) == (found is None)
            if own is not None:
                np.testing.assert_allclose(found, own[rows], atol=0.06)
