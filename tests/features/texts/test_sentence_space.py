import numpy as np

from features.texts.sentence_space import SentenceSpace


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


def test_leading_directions_are_those_in_which_products_differ_most():
    turned = np.linalg.qr(vectors(4, seed=3))[0]
    products = (vectors(400) * [0.3, 4, 0.1, 2]) @ turned
    space = SentenceSpace().fit(
        {"product": products.astype(np.float32), "name": vectors(0), "query": vectors(1)}
    )
    rows = vectors(5, seed=1)
    found = space.leading(space.transform("product", rows), 2)
    assert found.shape == (5, 2)
    centre = products.mean(axis=0)
    _, lengths, axes = np.linalg.svd(products - centre, full_matrices=False)
    # Half whitened: along the two longest axes, each divided by the root of its deviation.
    along = (rows - centre) @ axes[:2].T / np.sqrt(lengths[:2])
    along /= np.linalg.norm(along, axis=1, keepdims=True)
    np.testing.assert_allclose(found @ found.T, along @ along.T, atol=1e-3)


def test_where_no_variance_was_learnt_every_direction_leads():
    space = SentenceSpace().fit({"product": vectors(9), "name": vectors(0), "query": vectors(2)})
    rows = space.transform("product", vectors(3, seed=1))
    assert space.leading(rows, 2) is rows


def test_saved_space_transforms_alike():
    kinds = {"product": vectors(9), "name": vectors(3), "query": vectors(2)}
    space = SentenceSpace().fit(kinds)
    restored = SentenceSpace().restore(space.arrays())
    for kind, rows in kinds.items():
        np.testing.assert_array_equal(restored.transform(kind, rows), space.transform(kind, rows))


def test_saved_space_has_the_same_leading_directions():
    space = SentenceSpace().fit({"product": vectors(50), "name": vectors(0), "query": vectors(2)})
    restored, rows = SentenceSpace().restore(space.arrays()), vectors(3, seed=1)
    np.testing.assert_array_equal(restored.leading(rows, 2), space.leading(rows, 2))
    assert space.leading(rows, 2).shape == (3, 2)


def test_of_very_many_products_those_learnt_from_follow_from_their_texts(monkeypatch):
    monkeypatch.setattr("features.texts.sentence_space._SAMPLED", 60)
    products, texts = vectors(200), [f"text {at:03}" for at in range(200)]
    turned = np.random.default_rng(1).permutation(200)
    besides = {"name": vectors(0), "query": vectors(2)}
    one = SentenceSpace().fit({"product": products, **besides}, texts)
    other = SentenceSpace().fit(
        {"product": products[turned], **besides}, [texts[at] for at in turned]
    )
    np.testing.assert_array_equal(one.rotation_, other.rotation_)
    assert not np.array_equal(
        one.rotation_, SentenceSpace().fit({"product": products[turned], **besides}).rotation_
    )
