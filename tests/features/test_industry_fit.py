import numpy as np
import pytest
from scipy import sparse

from features import industry_fit as module
from features.industry_fit import industry_fit
from features.text import WeightedTexts

PRODUCTS = np.array([[1, 0], [0, 1], [-1, 0]], dtype=np.float32)
TYPICAL = np.array([[1, 0], [0.6, 0.8], [0, 1]], dtype=np.float32)
STARTS = np.array([0, 1])
"""The first industry has one typical product, the second has two."""


def said(weights):
    rows = sparse.csr_array(np.array(weights, dtype=np.float32))
    return WeightedTexts([f"p{at}" for at in range(rows.shape[1])], rows)


def unit(generator, *shape):
    rows = generator.standard_normal(shape)
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def test_fit_by_hand():
    found = industry_fit(said([[0.8, 0.4, 0], [0, 0, 0.5]]), PRODUCTS, TYPICAL, STARTS)
    # Of the first enterprise 0.8 parts are typical of one industry and have a cosine of 0.6 with
    # the other, 0.4 parts are typical of that; the second one's product is the opposite of all.
    expected = [[0.8 / 1.2, 0], [(0.8 * 0.6**3 + 0.4) / 1.2, 0]]
    np.testing.assert_allclose(found, expected, rtol=1e-6)
    assert found.dtype == np.float32


def test_the_nearest_typical_product_decides_not_their_mean():
    found = industry_fit(said([[0, 1, 0]]), PRODUCTS, TYPICAL, STARTS)
    np.testing.assert_allclose(found[:, 0], [0, 1], atol=1e-6)


def test_without_products_fit_is_zero():
    found = industry_fit(said([[1, 0, 0], [0, 0, 0]]), PRODUCTS, TYPICAL, STARTS)
    assert found[:, 1].tolist() == [0, 0]
    assert found[0, 0] == 1


def test_a_pool_without_any_product_and_one_without_anybody_have_a_fit():
    none = np.zeros((0, 2), dtype=np.float32)
    found = industry_fit(said(np.zeros((3, 0))), none, TYPICAL, STARTS)
    assert found.tolist() == [[0] * 3] * 2
    assert industry_fit(said(np.zeros((0, 0))), none, TYPICAL, STARTS).shape == (2, 0)


@pytest.mark.parametrize(("products", "industries"), [(1, 1), (4, 3), (7, 100), (100, 5)])
def test_how_many_are_compared_at_once_changes_nothing(monkeypatch, products, industries):
    generator = np.random.default_rng(0)
    own, typical = unit(generator, 20, 6), unit(generator, 31, 6)
    starts = np.array([0, 1, 4, 5, 9, 16, 17, 23, 30])
    weights = said(generator.random((12, 20)) * (generator.random((12, 20)) < 0.2))
    whole = industry_fit(weights, own, typical, starts)
    assert whole.any()
    monkeypatch.setattr(module, "_PRODUCTS", products)
    monkeypatch.setattr(module, "_INDUSTRIES", industries)
    np.testing.assert_allclose(
        industry_fit(weights, own, typical, starts), whole, rtol=1e-5, atol=1e-7
    )
