import numpy as np
from scipy import sparse

from features.content import Content

GENERATOR = np.random.default_rng(0)
TOPICS = GENERATOR.random((7, 3)).astype(np.float32)
MEANING = GENERATOR.random((7, 4)).astype(np.float32)
CENTRED = np.hstack([TOPICS, MEANING]) - np.hstack([TOPICS, MEANING]).mean(axis=0)


def test_products_are_those_of_the_centred_columns_side_by_side():
    content = Content(TOPICS, MEANING)
    vectors = GENERATOR.random((7, 2)).astype(np.float32)
    np.testing.assert_allclose(content.dot(vectors), CENTRED @ vectors, atol=1e-5)
    np.testing.assert_allclose(content.dot(vectors[:, 0]), CENTRED @ vectors[:, 0], atol=1e-5)
    np.testing.assert_allclose(content.rows(np.array([4, 1])), CENTRED[[4, 1]], atol=1e-6)
    np.testing.assert_allclose(content.gram, CENTRED.T @ CENTRED, atol=1e-5)
    expected = CENTRED.T @ CENTRED + 2 * np.eye(7)
    np.testing.assert_allclose(content.ridge(2.0), expected, atol=1e-5)


def test_sparse_weights_pick_and_sum_rows():
    weights = sparse.csr_array(np.array([[0, 1, 0, 0.5, 0, 0, 0], [0] * 7], dtype=np.float32))
    found = Content(TOPICS, MEANING).weighted(weights)
    np.testing.assert_allclose(found, weights.toarray() @ CENTRED, atol=1e-5)


def test_an_empty_pool_has_content():
    content = Content(TOPICS[:0], MEANING[:0])
    assert len(content) == 0
    assert content.dot(np.zeros(7, dtype=np.float32)).shape == (0,)
    assert not content.gram.any()
