import numpy as np

from features.space.content import Content

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


def test_an_empty_pool_has_content():
    content = Content(TOPICS[:0], MEANING[:0])
    assert len(content) == 0
    assert content.dot(np.zeros(7, dtype=np.float32)).shape == (0,)
