import numpy as np
import pytest
from scipy import sparse

from features import compact


def test_every_finite_half_becomes_the_same_single():
    every = np.arange(2**16, dtype=np.uint16).view(np.float16)
    finite = every[np.isfinite(every)]
    found = compact.single(finite)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, finite.astype(np.float32))
    np.testing.assert_array_equal(np.signbit(found), np.signbit(finite))


def test_strided_halves_are_read_and_left_as_they_are():
    matrix = np.linspace(-1, 1, 24).astype(np.float16).reshape(4, 6)
    before = matrix.copy()
    np.testing.assert_array_equal(compact.single(matrix[::2, ::3]), matrix[::2, ::3].astype(float))
    np.testing.assert_array_equal(matrix, before)


def test_what_is_single_already_is_not_copied():
    array = np.ones(3, dtype=np.float32)
    assert compact.single(array) is array


def test_steps_are_the_nearest_and_become_single_again():
    steps = compact.in_255ths(np.array([0, 0.4999, 1], dtype=np.float32))
    assert (steps.dtype, steps.tolist()) == (np.uint8, [0, 127, 255])
    assert compact.in_255ths(steps) is steps
    np.testing.assert_allclose(compact.single(steps), [0, 127 / 255, 1], rtol=1e-6)
    found = compact.dot(steps[None], np.ones(3, dtype=np.float32))
    np.testing.assert_allclose(found, [1 + 127 / 255], rtol=1e-6)


def test_sparse_halves_become_single_whole_and_row_by_row():
    whole = sparse.csr_array(np.array([[0, 0.5, 0], [0, 0, 0], [2, 0, 3]], dtype=np.float32))
    parts = whole.data.astype(np.float16), whole.indices, whole.indptr
    halves = sparse.csr_array(parts, shape=whole.shape)
    for found in (compact.single(halves), compact.rows_of(halves, np.arange(3))):
        assert found.dtype == np.float32
        np.testing.assert_array_equal(found.toarray(), whole.toarray())
    for at in ([2, 0, 2, 1], [1], []):
        some = compact.rows_of(halves, np.array(at, dtype=np.intp))
        np.testing.assert_array_equal(some.toarray(), whole.toarray()[at])
    assert compact.single(whole) is whole


@pytest.mark.parametrize("shape", [(5,), (5, 2)])
@pytest.mark.parametrize("kind", [np.float16, np.float32])
def test_products_are_those_in_single_precision(shape, kind, monkeypatch):
    monkeypatch.setattr(compact, "_PIECE", 3)
    random = np.random.default_rng(0)
    matrix = random.standard_normal((7, 5)).astype(kind)
    vectors = random.standard_normal(shape).astype(np.float32)
    found = compact.dot(matrix, vectors)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, matrix.astype(np.float32) @ vectors, rtol=1e-5, atol=1e-6)
