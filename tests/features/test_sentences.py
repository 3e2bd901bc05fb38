import numpy as np

from features.sentences import SentenceSpace


def vectors(n, d=4, seed=0, shift=0.0):
    return np.random.default_rng(seed).normal(shift, 1, (n, d)).astype(np.float32)


def test_each_kind_is_centred_on_its_own_mean():
    kinds = {"product": vectors(2, shift=5), "name": vectors(3, shift=-5), "query": vectors(2)}
    space = SentenceSpace().fit(kinds)
    for kind, rows in kinds.items():
        centred = rows - rows.mean(axis=0)
        expected = centred / np.linalg.norm(centred, axis=1, keepdims=True)
        np.testing.assert_allclose(space.transform(kind, rows), expected, atol=1e-5)


def test_directions_are_divided_by_the_fourth_root_of_their_variance():
    spread = np.array([16.0, 1.0, 0.0625, 1.0])
    products = np.vstack([np.diag(spread), -np.diag(spread)] * 10).astype(np.float32)
    space = SentenceSpace().fit(
        {"product": products, "name": vectors(0), "query": np.zeros((1, 4), dtype=np.float32)}
    )
    gram = space.rotation_ @ space.rotation_.T
    np.testing.assert_allclose(
        gram, np.diag(1 / np.sqrt(np.var(products, axis=0, ddof=1))), rtol=1e-4
    )


def test_a_kind_without_any_text_is_not_centred():
    space = SentenceSpace().fit({"product": vectors(0), "name": vectors(2), "query": vectors(2)})
    rows = vectors(3, seed=1)
    expected = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    np.testing.assert_allclose(space.transform("product", rows), expected, rtol=1e-5)


def test_what_lies_in_the_centre_says_nothing():
    kinds = {"product": vectors(9), "name": vectors(1), "query": vectors(2)}
    space = SentenceSpace().fit(kinds)
    assert not space.transform("name", kinds["name"]).any()


def test_saved_space_transforms_alike():
    kinds = {"product": vectors(9), "name": vectors(3), "query": vectors(2)}
    space = SentenceSpace().fit(kinds)
    restored = SentenceSpace().restore(space.arrays())
    for kind, rows in kinds.items():
        np.testing.assert_array_equal(restored.transform(kind, rows), space.transform(kind, rows))
