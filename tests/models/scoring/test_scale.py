import numpy as np
import pytest

from models.scoring.scale import _BOUND, FactorScale, Moments, standardise

NAN = float("nan")


def bounded(z):
    return _BOUND * np.tanh(np.asarray(z) / _BOUND)


@pytest.mark.parametrize(
    ("scores", "z"),
    [
        ([1, 3], [-1, 1]),
        ([1, NAN, 3], [-1, 0, 1]),
        ([5, 5, 5], [0, 0, 0]),
        ([NAN, NAN], [0, 0]),
        ([NAN, 7], [0, 0]),
        ([], []),
    ],
)
def test_unknown_is_neither_for_nor_against(scores, z):
    np.testing.assert_allclose(standardise(np.array(scores, dtype=np.float32)), bounded(z))


def test_nobody_stands_out_further_than_the_bound():
    scores = np.zeros(1_000_000)
    scores[7] = 1.0  # a z-score of 1,000
    found = standardise(scores)
    assert found[7] == pytest.approx(_BOUND)
    assert found[7] <= _BOUND
    assert np.ptp(np.delete(found, 7)) == 0


def test_what_is_near_the_mean_is_moved_little_and_the_order_is_kept():
    scores = np.random.default_rng(0).standard_t(2, 2_000)
    z = (scores - scores.mean()) / scores.std()
    found = standardise(scores)
    near = np.abs(z) < 1
    np.testing.assert_allclose(found[near], z[near], atol=1 / (3 * _BOUND**2))
    np.testing.assert_array_equal(np.argsort(found), np.argsort(scores))


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_neither_scale_nor_shift_of_a_factor_matters(scale):
    scores = np.random.default_rng(1).standard_normal(50)
    np.testing.assert_allclose(standardise(scale * scores + 5), standardise(scores), atol=1e-6)


def test_one_may_stand_for_several_or_for_nobody():
    scores = np.array([0.0, 2.0, NAN, 6.0, 100.0], dtype=np.float32)
    shares = np.array([3.0, 1.0, 5.0, 1.0, 0.0])
    each = np.array([0.0, 0, 0, 2, 6])  # mean 1.6
    expected = (scores - each.mean()) / each.std()
    expected[2] = 0
    np.testing.assert_allclose(standardise(scores, shares), bounded(expected))
    assert not standardise(scores, np.zeros(5)).any()
    assert Moments.of(scores, shares).spread == pytest.approx(each.std())


def test_a_scale_of_some_measures_others():
    moments = Moments.of(np.array([0.0, 2.0, NAN]))
    assert moments == Moments(1.0, 1.0)
    np.testing.assert_allclose(moments.z(np.array([5.0, NAN])), [bounded(4), 0])


def test_columns_are_standardised_each_and_then_together():
    scores = np.array([[0.0, 0, 5], [1, 3, 5], [2, 0, 5], [NAN, 9, NAN]])
    found = FactorScale.of(scores, (1.0, 0.5, 7.0))
    summed = standardise(scores[:, 0]) + 0.5 * standardise(scores[:, 1])
    summed[3] = NAN
    np.testing.assert_allclose(found.z(scores), standardise(summed))
    np.testing.assert_allclose(found.z(scores[1:2]), standardise(summed)[1:2])


def test_what_has_no_columns_is_its_own_sum():
    scores = np.array([1.0, 4.0, NAN])
    np.testing.assert_array_equal(FactorScale.of(scores).z(scores), standardise(scores))
