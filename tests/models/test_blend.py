import numpy as np
import pytest

from models.blend import _BOUND, Blend, content_share, standardise, unit_spread

BLEND = Blend(
    names=("a", "b"),
    content=np.array([2.0, 1.0]),
    cold=np.array([1.0, 0.25, 4.0]),
    warm=np.array([2.0, 3.0, 0.5, 8.0]),
)
CONTENT = np.array([[-1.0, 1.0], [0.0, 0.0]])
HISTORY = np.array([[0.25, -0.25], [0.75, -0.75]])
SILENT = np.zeros((2, 2))
NAN = float("nan")


def bounded(z):
    return _BOUND * np.tanh(np.asarray(z) / _BOUND)


ONE = float(bounded(1))
"""A z-score of 1 as it counts: 0.998."""


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


def test_parts_are_scaled_so_that_their_sum_has_spread_one():
    parts = unit_spread(np.array([[1.0, 2, 3], [1, 1, 4]]))
    assert parts.sum(axis=0).std() == pytest.approx(1)
    assert parts[0, 1] / parts[0, 0] == 2
    even = np.ones((2, 3))
    assert unit_spread(even) is even


@pytest.mark.parametrize(("chosen", "share"), [(0, 1), (1, 1), (4, 0.6), (36, 0.2), (10_000, 0.2)])
def test_content_counts_less_the_more_was_chosen(chosen, share):
    assert content_share(chosen) == pytest.approx(share)


def test_one_may_stand_for_several_or_for_nobody():
    scores = np.array([0.0, 2.0, NAN, 6.0, 100.0], dtype=np.float32)
    shares = np.array([3.0, 1.0, 5.0, 1.0, 0.0])
    each = np.array([0.0, 0, 0, 2, 6])  # mean 1.6
    expected = (scores - each.mean()) / each.std()
    expected[2] = 0
    np.testing.assert_allclose(standardise(scores, shares), bounded(expected))
    assert not standardise(scores, np.zeros(5)).any()
    parts = np.array([[0.0, 2, 0, 6, 100], [0, 0, 0, 0, 1]])
    shares[2] = 0
    found = unit_spread(parts, shares)
    np.testing.assert_allclose(found, parts / each.std())


def test_content_parts_by_hand():
    parts = BLEND.content_parts([np.array([0.0, 2.0]), None], 2)
    np.testing.assert_allclose(parts, [[-1, 1], [0, 0]])
    parts = BLEND.content_parts([np.array([0.0, 2.0]), np.array([NAN, 4.0])], 2)
    np.testing.assert_allclose(parts, [[-1, 1], [0, 0]])
    np.testing.assert_array_equal(BLEND.content_parts([None, None], 2), np.zeros((2, 2)))


def test_a_factor_without_weight_is_left_out_unread():
    blend = Blend(("a",), np.array([0.0]), BLEND.cold, BLEND.warm)
    assert not blend.content_parts([np.array([1.0, 2.0])], 2).any()


def test_the_rows_of_contributions_are_named():
    learnt = ("need_head", "hybrid", "track_record", "place_affinity")
    assert BLEND.factors == ("a", "b", *learnt, "signals", "constant")


def test_contributions_to_a_cold_need_by_hand():
    found = BLEND.contributions(CONTENT, np.array([1, 3]), None, HISTORY, 0)
    expected = [
        *[[-1, 1], [0, 0]],
        [0, 0],
        [-0.25 * ONE, 0.25 * ONE],
        *[[1, -1], [3, -3]],
    ]
    np.testing.assert_allclose(found, expected)


def test_contributions_to_a_warm_need_by_hand():
    found = BLEND.contributions(CONTENT, None, np.array([1, 3]), HISTORY, 4)
    expected = [
        *[[-1.2, 1.2], [0, 0]],  # content counts 2 · 0.6
        [-3 * ONE, 3 * ONE],
        [0, 0],
        *[[2, -2], [6, -6]],
    ]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("head", [None, np.array([1, 3])], ids=["cold", "warm"])
def test_what_says_nothing_adds_nothing(head):
    found = BLEND.contributions(CONTENT, None, head, SILENT, 1)
    said = dict(zip(BLEND.factors[:-2], found.tolist(), strict=True))
    for name in ("hybrid", "track_record", "place_affinity"):
        assert said[name] == [0, 0]
    assert any(said["need_head"]) is (head is not None)


def test_an_unknown_enterprise_gets_nothing_but_the_constant():
    nothing = np.array([0.0, NAN, 2.0])
    content = BLEND.content_parts([nothing, nothing], 3)
    history = np.array([[1.0, 0, -1], [0, 0, 0]])
    for head in (None, nothing):
        found = BLEND.contributions(content, nothing, head, history, 1)
        assert found[:, 1].tolist() == [0] * (len(BLEND.factors) - 2)


@pytest.mark.parametrize("warm", [False, True])
def test_contributions_add_up_to_the_weighted_sum_that_the_weights_were_learnt_on(warm):
    generator = np.random.default_rng(0)
    scores, hybrid, head = (generator.standard_normal(50) for _ in range(3))
    history = generator.standard_normal((2, 50))
    content = BLEND.content_parts([scores, None], 50)
    found = BLEND.contributions(content, hybrid, head if warm else None, history, 9)
    parts = [content.sum(axis=0), standardise(hybrid), history.sum(axis=0)]
    if warm:
        parts = [0.4 * parts[0], standardise(head), *parts[1:]]
    expected = (BLEND.warm if warm else BLEND.cold) @ np.stack(parts)
    np.testing.assert_allclose(found.sum(axis=0), expected)


def test_saved_weights_come_back():
    restored = Blend.restore(BLEND.arrays())
    assert restored.names == BLEND.names
    for name in ("content", "cold", "warm"):
        np.testing.assert_array_equal(getattr(restored, name), getattr(BLEND, name))
