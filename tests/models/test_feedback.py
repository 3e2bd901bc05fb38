from types import SimpleNamespace

import numpy as np

from features.content import Content
from models.feedback import ALPHA, EXAMPLES, Feedback
from tests.pool import SUBJECTS


def pool_of(topics, meaning):
    return SimpleNamespace(content=Content(np.float32(topics), np.float32(meaning)))


def test_prediction_by_hand():
    pool = pool_of([[1.0], [0.0], [-1.0]], [[0.0], [0.0], [0.0]])
    found = Feedback().score(np.array([2.0, 1.0, 0.0]), Feedback().prepare(pool))
    weights = np.exp([0, -1, -2])
    weights /= weights.sum()
    slope = (weights[0] - weights[2]) / (2 + ALPHA)
    np.testing.assert_allclose(found, [slope, 0, -slope], rtol=1e-5)


def test_prediction_is_the_ridge_regression_on_the_first_leads():
    generator = np.random.default_rng(1)
    topics, meaning = generator.random((30, 3)) + 1, generator.random((30, 4))
    base = generator.standard_normal(30)
    first = np.argsort(-base)[:EXAMPLES]
    wanted = np.zeros(30)
    wanted[first] = np.exp(base[first]) / np.exp(base[first]).sum()
    rows = np.hstack([topics, meaning])
    rows -= rows.mean(axis=0)
    head = np.linalg.solve(rows.T @ rows + ALPHA * np.eye(7), rows.T @ wanted)
    pool = pool_of(topics, meaning)
    found = Feedback().score(base, Feedback().prepare(pool))
    np.testing.assert_allclose(found, rows @ head, rtol=1e-3, atol=1e-6)


def test_leads_beyond_the_examples_say_nothing():
    generator = np.random.default_rng(0)
    pool = pool_of(generator.random((40, 3)), generator.random((40, 4)))
    base = -np.arange(40.0)
    prepared = Feedback().prepare(pool)
    other = base.copy()
    other[EXAMPLES:] = -100
    np.testing.assert_array_equal(
        Feedback().score(base, prepared), Feedback().score(other, prepared)
    )


def test_what_the_first_leads_share_speaks_for_others_like_them(bound):
    subjects = list(SUBJECTS)
    of = np.array([int(i[1:3]) if i[0] == "E" else -1 for i in bound.pool.ids])
    wanted = subjects.index("中药饮片")
    base = np.where(of == wanted, 3.0, -1.0)
    base[np.flatnonzero(of == wanted)[-1]] = -1.0
    found = Feedback().score(base, Feedback().prepare(bound.pool))
    assert set(of[np.argsort(-found)[:5]]) == {wanted}


def test_an_empty_pool_is_scored():
    pool = pool_of(np.zeros((0, 2)), np.zeros((0, 3)))
    assert Feedback().score(np.zeros(0), Feedback().prepare(pool)).shape == (0,)
