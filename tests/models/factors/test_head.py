import numpy as np
import pytest
from scipy import sparse

from features.need import NeedQuery
from models.factors import head as module
from models.factors.head import Examples, NeedHeads
from models.settings import HeadSettings
from tests.pool import NEED_IDS, SUBJECTS

FEW = {(0, "E000"): 1.0, (0, "E003"): 0.4, (2, "E020"): 1.0}
VINEGAR = {(9, "E090"): 1.0, (9, "E092"): 1.0}


@pytest.fixture(scope="module")
def needs(bound):
    space = bound.ranker.space
    return [
        space.need(NeedQuery(industry, need_id=need_id))
        for need_id, industry in zip(NEED_IDS, SUBJECTS, strict=True)
    ]


def gains_of(pool, pairs):
    ids = pool.ids.tolist()
    matrix = np.zeros((len(NEED_IDS), len(ids)), dtype=np.float32)
    for (need, enterprise), gain in pairs.items():
        matrix[need, ids.index(enterprise)] = gain
    return sparse.csr_array(matrix)


def learnt(needs, pool, pairs, **options):
    gains = gains_of(pool, pairs)
    examples = Examples(pool, np.unique(gains.indices), HeadSettings(**options))
    return NeedHeads().fit(needs, examples, gains)


def scores(heads, need, pool):
    return heads.score(need, heads.prepare(pool))


def blocks(pool):
    """Return topics, meaning and text with their columns centred."""
    return [
        matrix - matrix.mean(axis=0)
        for matrix in (
            pool.views["topics"].astype(np.float64),
            pool.views["meaning"].astype(np.float64),
            pool.views["text"].toarray().astype(np.float64),
        )
    ]


def test_a_head_is_the_ridge_regression_of_its_gains_on_the_views_side_by_side(
    bound, needs, monkeypatch
):
    pool = bound.pool
    monkeypatch.setattr(module, "_TOKENS", pool.views["text"].shape[1])
    heads = learnt(needs, pool, FEW, alpha=2.0)
    rows = np.hstack(blocks(pool))
    gains = gains_of(pool, FEW).toarray()
    for row in (0, 2):
        weights = np.linalg.solve(rows.T @ rows + 2.0 * np.eye(rows.shape[1]), rows.T @ gains[row])
        found = scores(heads, needs[row], pool)
        # That tokens of the one who is scored are not centred moves all alike.
        moved = (found - rows @ weights).mean()
        np.testing.assert_allclose(found, rows @ weights + moved, atol=2e-5)
        assert np.ptp(found) > 0.1
    assert heads.chosen(NEED_IDS[0]).tolist() == ["E000", "E003"]


def test_who_is_chosen_and_who_is_like_them_come_first(bound, needs):
    found = scores(learnt(needs, bound.pool, VINEGAR), needs[9], bound.pool)
    first = bound.pool.ids[np.argsort(-found)].tolist()
    assert set(first[:2]) == {"E090", "E092"}
    assert {id_[:3] for id_ in first[:5]} == {"E09"}


def test_only_the_strongest_tokens_are_kept():
    weights = np.array([0.1, -3, 0, 2, -2], dtype=np.float32)
    assert module._strongest(weights).toarray().tolist() == [weights.tolist()]


@pytest.mark.parametrize(("kept", "left"), [(1, [-3]), (2, [-3, 2]), (3, [-3, 2, -2])])
def test_of_equal_tokens_the_first_is_kept(monkeypatch, kept, left):
    monkeypatch.setattr(module, "_TOKENS", kept)
    found = module._strongest(np.array([0.1, -3, 0, 2, -2], dtype=np.float32))
    assert found.data.tolist() == left
    assert found.has_sorted_indices
    assert found.shape == (1, 5)


def test_who_refused_is_pushed_down_and_is_not_among_the_chosen(bound, needs):
    pool = bound.pool
    row = pool.ids.tolist().index("E001")
    one = learnt(needs, pool, FEW)
    other = learnt(needs, pool, FEW | {(0, "E001"): -0.5})
    before, after = (scores(heads, needs[0], pool) for heads in (one, other))
    assert after[row] < before[row] - 0.1
    assert (after - before).argmin() == row
    assert other.chosen(NEED_IDS[0]).tolist() == ["E000", "E003"]


def test_a_need_that_was_only_refused_has_no_head(bound, needs):
    heads = learnt(needs, bound.pool, FEW | {(1, "E010"): -1.0})
    assert scores(heads, needs[1], bound.pool) is None
    assert heads.arrays()["need_ids"].tolist() == [NEED_IDS[0], NEED_IDS[2]]


def test_a_need_without_gains_has_no_head(bound, needs):
    heads = learnt(needs, bound.pool, {(0, "E000"): 1.0})
    assert scores(heads, needs[1], bound.pool) is None
    assert heads.chosen(NEED_IDS[1]).tolist() == heads.chosen(None).tolist() == []


def test_heads_that_learnt_nothing_are_silent(bound, needs):
    heads = NeedHeads()
    assert scores(heads, needs[0], bound.pool) is None
    assert heads.arrays() == {}
    nothing = learnt(needs, bound.pool, {})
    assert scores(nothing, needs[0], bound.pool) is None


def test_a_judgement_for_one_need_leaves_the_heads_of_others_as_they_were(bound, needs):
    pool = bound.pool
    before = {(0, "E000"): 1.0, (0, "E001"): 1.0}
    # One judged for another need, and the very enterprise that this one wants.
    after = before | {(1, "E002"): 1.0, (1, "E000"): 1.0}
    one, other = (scores(learnt(needs, pool, pairs), needs[0], pool) for pairs in (before, after))
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_an_enterprise_without_any_meaning_is_unknown_to_a_head(bound, needs):
    heads = learnt(needs, bound.pool, FEW)
    prepared = heads.prepare(bound.pool)
    known = prepared.known.copy()
    known[3] = False
    found = heads.score(needs[0], prepared._replace(known=known))
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]


def test_saved_heads_score_alike_bit_by_bit(bound, needs):
    heads = learnt(needs, bound.pool, FEW)
    assert not any(array.dtype.hasobject for array in heads.arrays().values())
    restored = NeedHeads()
    restored.restore(heads.arrays())
    for need in (needs[0], needs[2]):
        np.testing.assert_array_equal(
            scores(restored, need, bound.pool), scores(heads, need, bound.pool)
        )
    assert restored.chosen(NEED_IDS[0]).tolist() == ["E000", "E003"]
    assert scores(restored, needs[1], bound.pool) is None


def test_of_a_large_pool_everybody_chosen_and_a_sample_are_learnt_from(bound):
    pool, chosen = bound.pool, np.array([0, 7, 19, len(bound.pool) - 1])
    few = HeadSettings(background=10)
    drawn = Examples(pool, chosen, few).rows
    assert len(drawn) == len(np.unique(drawn)) == 14
    assert set(chosen.tolist()) < set(drawn.tolist())
    assert drawn.tolist() == sorted(drawn.tolist())
    np.testing.assert_array_equal(Examples(pool, chosen, few).rows, drawn)
    assert Examples(pool, chosen, few, seed=1).rows.tolist() != drawn.tolist()
    most = np.arange(len(pool) - 3)
    assert Examples(pool, most, few).rows.tolist() == list(range(len(pool)))
    whole = HeadSettings(background=len(pool))
    assert Examples(pool, chosen, whole).rows.tolist() == list(range(len(pool)))


def test_heads_learnt_from_a_sample_score_everybody(bound, needs):
    found = scores(learnt(needs, bound.pool, VINEGAR, background=30), needs[9], bound.pool)
    assert np.isfinite(found).all()
    first = bound.pool.ids[np.argsort(-found)[:5]].tolist()
    assert {id_[:3] for id_ in first} == {"E09"}
