import numpy as np
import pytest

from models.blend import Blend, content_share, score_of, standardise, unit_spread

BLEND = Blend(
    names=("a", "b"),
    content=np.array([2.0, 1.0]),
    cold=np.array([1.0, 0.5, 0.25]),
    warm=np.array([2.0, 3.0, 0.5]),
    offsets=(-1.5, -2.5),
)
NAN = float("nan")


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
    np.testing.assert_allclose(standardise(np.array(scores, dtype=np.float32)), z)


def test_parts_are_scaled_so_that_their_sum_has_spread_one():
    parts = unit_spread(np.array([[1.0, 2, 3], [1, 1, 4]]))
    assert parts.sum(axis=0).std() == pytest.approx(1)
    assert parts[0, 1] / parts[0, 0] == 2
    even = np.ones((2, 3))
    assert unit_spread(even) is even


@pytest.mark.parametrize(("chosen", "share"), [(0, 1), (1, 1), (4, 0.6), (36, 0.2), (10_000, 0.2)])
def test_content_counts_less_the_more_was_chosen(chosen, share):
    assert content_share(chosen) == pytest.approx(share)


def test_content_parts_by_hand():
    parts = BLEND.content_parts([np.array([0.0, 2.0]), None], 2)
    np.testing.assert_allclose(parts, [[-1, 1], [0, 0]])
    parts = BLEND.content_parts([np.array([0.0, 2.0]), np.array([NAN, 4.0])], 2)
    np.testing.assert_allclose(parts, [[-1, 1], [0, 0]])
    np.testing.assert_array_equal(BLEND.content_parts([None, None], 2), np.zeros((2, 2)))


def test_a_factor_without_weight_is_left_out_unread():
    blend = Blend(("a",), np.array([0.0]), BLEND.cold, BLEND.warm, BLEND.offsets)
    assert not blend.content_parts([np.array([1.0, 2.0])], 2).any()


def test_contributions_to_a_cold_need_by_hand():
    content = np.array([[-1.0, 1.0], [0.0, 0.0]])
    found = BLEND.contributions(content, np.array([4, 2]), np.array([1, 3]), None, 0)
    assert BLEND.factors == ("a", "b", "feedback", "need_head", "hybrid", "constant")
    expected = [[-1, 1], [0, 0], [0.5, -0.5], [0, 0], [-0.25, 0.25], [-1.5, -1.5]]
    np.testing.assert_allclose(found, expected)


def test_contributions_to_a_warm_need_by_hand():
    content = np.array([[-1.0, 1.0], [0.0, 0.0]])
    found = BLEND.contributions(content, np.array([4, 2]), None, np.array([1, 3]), 4)
    # Content and feedback sum to ±0.5, are brought to unit spread, and count 2 · 0.6.
    expected = [[-2.4, 2.4], [0, 0], [1.2, -1.2], [-3, 3], [0, 0], [-2.5, -2.5]]
    np.testing.assert_allclose(found, expected)


def test_an_unknown_enterprise_gets_the_constant_alone():
    nothing = np.array([0.0, NAN, 2.0])
    content = BLEND.content_parts([nothing, nothing], 3)
    for head in (None, nothing):
        found = BLEND.contributions(content, np.array([0.0, 1.0, 2.0]), nothing, head, 1)
        assert found[:-1, 1].tolist() == [0] * 5
        assert found[-1, 1] == BLEND.offsets[head is not None]


def test_saved_weights_come_back():
    restored = Blend.restore(BLEND.arrays())
    assert restored.names == BLEND.names
    assert restored.offsets == BLEND.offsets
    for name in ("content", "cold", "warm"):
        np.testing.assert_array_equal(getattr(restored, name), getattr(BLEND, name))


def test_a_score_is_a_monotone_map_into_zero_to_one():
    raw = np.linspace(-20, 20, 1001)
    scores = score_of(raw)
    assert score_of(np.array(0.0)) == 0.5
    assert np.all(np.diff(scores) > 0)
    assert scores.min() > 0
    assert scores.max() < 1
