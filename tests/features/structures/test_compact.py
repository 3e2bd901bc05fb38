import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as of_numpy
from scipy import sparse

from features.structures.compact import (
    Codes,
    Fractions,
    Shared,
    SparseCodes,
    dot,
    sparse_codes,
    with_gaps,
)

LARGEST = {8: 127, 6: 31}
finite = st.floats(-8, 8, width=32).filter(lambda x: x == 0 or abs(x) > 1e-3)
matrices = of_numpy.arrays(
    np.float32, st.tuples(st.integers(1, 12), st.integers(1, 70)), elements=finite
)
bits = pytest.mark.parametrize("bits", [8, 6])


@bits
@given(rows=matrices)
def test_a_number_is_off_by_half_a_scale_at_most(bits, rows):
    found = Codes.of(rows, bits)
    largest = np.abs(rows).max(axis=1, keepdims=True)
    assert (found.shape, found[:].dtype) == (rows.shape, np.float32)
    assert (np.abs(found[:] - rows) <= 0.502 * largest / LARGEST[bits]).all()


@bits
@given(rows=matrices, data=st.data())
def test_codes_of_a_row_depend_on_it_alone_and_come_back_the_same(bits, rows, data):
    whole = Codes.of(rows, bits)
    at = data.draw(st.lists(st.integers(0, len(rows) - 1)))
    for some in (Codes.of(rows[at], bits), Codes.of(whole[at], bits)):
        np.testing.assert_array_equal(some.codes, whole.codes[at])
        np.testing.assert_array_equal(some.scales, whole.scales[at])
    np.testing.assert_array_equal(whole.take(np.array(at, dtype=int))[:], whole[:][at])
    for row in at:
        np.testing.assert_array_equal(whole[row], whole[:][row])


def test_blocks_of_six_bits_have_scales_of_their_own():
    rows = np.ones((1, 70), dtype=np.float32)
    rows[0, :20] = 1000
    found = Codes.of(rows, 6)
    np.testing.assert_allclose(found[:][0, 40:], 1, rtol=1e-3)
    assert found.codes.nbytes == 35 + 18


@bits
@pytest.mark.parametrize("shape", [(40,), (40, 2)])
def test_products_are_those_of_the_decoded_rows(bits, shape):
    random = np.random.default_rng(0)
    rows = random.standard_normal((9, 40)).astype(np.float32)
    vectors = random.standard_normal(shape).astype(np.float32)
    codes, at = Codes.of(rows, bits), np.array([4, 0, 4])
    for matrix in (codes, codes[:]):
        np.testing.assert_allclose(dot(matrix, vectors), codes[:] @ vectors, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            dot(matrix, vectors, at), codes[at] @ vectors, rtol=1e-4, atol=1e-5
        )


@given(
    rows=of_numpy.arrays(
        np.float32, st.tuples(st.integers(1, 6), st.just(9)), elements=st.floats(0, 4, width=16)
    ),
    wide=st.integers(1, 40_000),
)
def test_sparse_rows_come_back_from_gaps_and_codes(rows, wide):
    # A scale has 16 bits: it is exact enough unless all values of a row are tiny.
    rows[rows.max(axis=1) < 1 / 64] = 0
    held = sparse.csr_array(rows)
    held = sparse.csr_array(
        (held.data, held.indices * wide, held.indptr), shape=(len(rows), 9 * wide)
    )
    codes, scales = sparse_codes(held)
    assert (codes.data > 0).all()
    packed, gaps = with_gaps(codes)
    assert gaps.dtype == np.uint16
    found = SparseCodes(packed.data, packed.indptr, 9 * wide, gaps=gaps, scales=scales)
    direct = SparseCodes(codes.data, codes.indptr, 9 * wide, indices=codes.indices, scales=scales)
    for at in (slice(None), np.arange(len(rows))[::-2], []):
        some = held[at].toarray()
        assert (found[at] != direct[at]).nnz == 0
        off = np.abs(found[at].toarray() - some)
        assert (off <= 0.005 * some.max(axis=1, keepdims=True, initial=0)).all()
    for row in range(len(rows)):
        columns, values = found.row(row)
        expected = codes[[row]].sorted_indices()
        assert columns[values > 0].tolist() == expected.indices.tolist()
        assert values[values > 0].tolist() == expected.data.tolist()
        assert direct.row(row)[1].tolist() == codes[[row]].data.tolist()
    again, same = sparse_codes(direct[:])
    np.testing.assert_array_equal(again.data, codes.data)
    np.testing.assert_array_equal(same, scales)


def test_fractions_are_the_nearest_and_what_is_unknown_stays_unknown():
    values = np.array([[0, 0.45, 1], [np.nan] * 3], dtype=np.float32)
    found = Fractions.of(values)
    assert found.codes.dtype == np.uint8
    np.testing.assert_allclose(found[:], values, atol=0.5 / 254)
    assert Fractions.of(found) is found
    np.testing.assert_array_equal(Fractions.of(found[:]).codes, found.codes)
    np.testing.assert_array_equal(found[:, [2, 0]], found[:][:, [2, 0]])
    best, mean = found.best_and_mean(slice(None), (0, 1, 2))
    np.testing.assert_allclose(best, [1, np.nan])
    np.testing.assert_allclose(mean, [found[0].mean(), np.nan], rtol=1e-6)


def test_shared_rows_are_those_they_were_made_of():
    found = Shared(np.array([["C", "39"], ["", ""]]), np.array([1, 0, 0], dtype=np.int32))
    assert (len(found), found.shape) == (3, (3, 2))
    assert found[1].tolist() == ["C", "39"]
    assert found[[0, 2]].tolist() == [["", ""], ["C", "39"]]
