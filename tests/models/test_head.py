import numpy as np
from scipy import sparse

from features.need import NeedQuery
from models.feedback import content
from models.head import NeedHeads
from tests.pool import NEED_IDS, SUBJECTS


def needs_of(bound):
    space = bound.ranker.space
    return [
        space.need(NeedQuery(industry, need_id=need_id))
        for need_id, industry in zip(NEED_IDS, SUBJECTS, strict=True)
    ]


def gains_of(bound, pairs):
    ids = bound.pool.ids.tolist()
    matrix = np.zeros((len(NEED_IDS), len(ids)), dtype=np.float32)
    for (need, enterprise), gain in pairs.items():
        matrix[need, ids.index(enterprise)] = gain
    return sparse.csr_array(matrix)


def test_a_head_is_the_ridge_regression_of_its_gains_on_the_whole_pool(bound):
    needs, pool = needs_of(bound), bound.pool
    gains = gains_of(bound, {(0, "E000"): 1.0, (0, "E003"): 0.4, (2, "E020"): 1.0})
    heads = NeedHeads(alpha=2.0).fit(needs, pool, gains)
    rows = content(pool).astype(np.float64)
    for row in (0, 2):
        weights = np.linalg.solve(
            rows.T @ rows + 2.0 * np.eye(rows.shape[1]), rows.T @ gains[[row]].toarray()[0]
        )
        found = heads.score(needs[row], heads.prepare(pool))
        np.testing.assert_allclose(found, rows @ weights, atol=1e-5)
    assert heads.chosen(NEED_IDS[0]).tolist() == ["E000", "E003"]


def test_a_need_without_gains_has_no_head(bound):
    needs = needs_of(bound)
    heads = NeedHeads().fit(needs, bound.pool, gains_of(bound, {(0, "E000"): 1.0}))
    assert heads.score(needs[1], heads.prepare(bound.pool)) is None
    assert heads.chosen(NEED_IDS[1]).tolist() == heads.chosen(None).tolist() == []


def test_heads_that_learnt_nothing_are_silent(bound):
    heads = NeedHeads()
    assert heads.score(needs_of(bound)[0], heads.prepare(bound.pool)) is None
    assert heads.arrays() == {}


def test_a_judgement_for_one_need_leaves_the_heads_of_others_as_they_were(bound):
    needs, pool = needs_of(bound), bound.pool
    before = {(0, "E000"): 1.0, (0, "E001"): 1.0}
    one = NeedHeads().fit(needs, pool, gains_of(bound, before))
    # One judged for another need, and the very enterprise that this one wants.
    after = before | {(1, "E002"): 1.0, (1, "E000"): 1.0}
    other = NeedHeads().fit(needs, pool, gains_of(bound, after))
    scores = [heads.score(needs[0], heads.prepare(pool)) for heads in (one, other)]
    np.testing.assert_allclose(scores[0], scores[1], atol=1e-6)


def test_an_enterprise_without_any_meaning_is_unknown_to_a_head(bound):
    needs, pool = needs_of(bound), bound.pool
    heads = NeedHeads().fit(needs, pool, gains_of(bound, {(0, "E000"): 1.0}))
    rows, known = heads.prepare(pool)
    known = known.copy()
    known[3] = False
    found = heads.score(needs[0], (rows, known))
    assert np.flatnonzero(np.isnan(found)).tolist() == [3]


def test_saved_heads_score_alike_bit_by_bit(bound):
    needs = needs_of(bound)
    heads = NeedHeads().fit(needs, bound.pool, gains_of(bound, {(0, "E000"): 1.0}))
    restored = NeedHeads()
    restored.restore(heads.arrays())
    prepared = heads.prepare(bound.pool)
    np.testing.assert_array_equal(
        restored.score(needs[0], prepared), heads.score(needs[0], prepared)
    )
    assert restored.chosen(NEED_IDS[0]).tolist() == ["E000"]
