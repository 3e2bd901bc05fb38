import numpy as np
import pytest
from scipy import sparse

from training.splits import MIN_NEEDS, half_pairs, need_folds


def relevant(*counts):
    """Return needs with so many relevant enterprises each, all different."""
    matrix = np.zeros((len(counts), sum(counts)), dtype=bool)
    start = 0
    for row, count in enumerate(counts):
        matrix[row, start : start + count] = True
        start += count
    return sparse.csr_array(matrix)


def test_folds_hold_every_need_with_two_relevant_once():
    folds = need_folds(relevant(*[2] * 11, 1, 0, 5), 5, seed=0)
    assert len(folds) == 5
    assert sorted(np.concatenate(folds).tolist()) == [*range(11), 13]
    assert sorted(len(fold) for fold in folds) == [2, 2, 2, 3, 3]


def test_folds_follow_the_seed():
    known = relevant(*[2] * 20)
    one, again, other = (np.concatenate(need_folds(known, 5, seed)).tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_with_few_needs_nothing_is_held_out():
    assert need_folds(relevant(*[2] * (MIN_NEEDS - 1), 1), 5, seed=0) == []
    assert half_pairs(relevant(*[4] * (MIN_NEEDS - 1), 3), seed=0) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_halves_hold_every_pair_once_and_small_needs_never(seed):
    known = relevant(*[4] * 9, 5, 3, 0)
    one, other = half_pairs(known, seed)
    expected = known.toarray().copy()
    expected[10] = False
    np.testing.assert_array_equal(one.toarray() | other.toarray(), expected)
    assert not (one.toarray() & other.toarray()).any()
    assert np.diff(one.indptr).tolist() == [2] * 9 + [3, 0, 0]
    assert np.diff(other.indptr).tolist() == [2] * 10 + [0, 0]
    assert known.nnz == 44


def test_halves_follow_the_seed():
    known = relevant(*[6] * 10)
    one, again, other = (half_pairs(known, seed)[0].toarray() for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)
