import numpy as np
import pytest

from models.blend import Blend, content_share, score_of, standardise, unit_spread

BLEND = Blend(
    names=("a", "b"),
    content=np.array([2.0, 1.0]),
    cold=np.array([1.0, 0.5, 0.25, 4.0]),
    warm=np.array([2.0, 3.0, 0.5, 8.0]),
    offsets=(-1.5, -2.5),
)
CONTENT = np.array([[-1.0, 1.0], [0.0, 0.0]])
FEEDBACK = np.array([4, 2])
HISTORY = np.array([[0.25, -0.25], [0.75, -0.75]])
SILENT = np.zeros((2, 2))
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


def test_one_may_stand_for_several_or_for_nobody():
    scores = np.array([0.0, 2.0, NAN, 6.0, 100.0], dtype=np.float32)
    shares = np.array([3.0, 1.0, 5.0, 1.0, 0.0])
    each = np.array([0.0, 0, 0, 2, 6])  # mean 1.6
    expected = (scores - each.mean()) / each.std()
    expected[2] = 0
    np.testing.assert_allclose(standardise(scores, shares), expected)
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
    blend = Blend(("a",), np.array([0.0]), BLEND.cold, BLEND.warm, BLEND.offsets)
    assert not blend.content_parts([np.array([1.0, 2.0])], 2).any()


def test_the_rows_of_contributions_are_named():
    learnt = ("feedback", "need_head", "hybrid", "track_record", "place_affinity")
    assert BLEND.factors == ("a", "b", *learnt, "constant")


def test_contributions_to_a_cold_need_by_hand():
    found = BLEND.contributions(CONTENT, FEEDBACK, np.array([1, 3]), None, HISTORY, 0)
    expected = [
        *[[-1, 1], [0, 0]],
        [0.5, -0.5],
        [0, 0],
        [-0.25, 0.25],
        *[[1, -1], [3, -3]],
        [-1.5, -1.5],
    ]
    np.testing.assert_allclose(found, expected)


def test_contributions_to_a_warm_need_by_hand():
    found = BLEND.contributions(CONTENT, FEEDBACK, None, np.array([1, 3]), HISTORY, 4)
    # Content and feedback sum to ±0.5, are brought to unit spread, and count 2 · 0.6.
    expected = [
        *[[-2.4, 2.4], [0, 0]],
        [1.2, -1.2],
        [-3, 3],
        [0, 0],
        *[[2, -2], [6, -6]],
        [-2.5, -2.5],
    ]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("head", [None, np.array([1, 3])], ids=["cold", "warm"])
def test_what_says_nothing_adds_nothing(head):
    found = BLEND.contributions(CONTENT, FEEDBACK, None, head, SILENT, 1)
    said = dict(zip(BLEND.factors, found.tolist(), strict=True))
    for name in ("hybrid", "track_record", "place_affinity"):
        assert said[name] == [0, 0]
    assert any(said["need_head"]) is (head is not None)


def test_an_unknown_enterprise_gets_the_constant_alone():
    nothing = np.array([0.0, NAN, 2.0])
    content = BLEND.content_parts([nothing, nothing], 3)
    history = np.array([[1.0, 0, -1], [0, 0, 0]])
    for head in (None, nothing):
        found = BLEND.contributions(content, np.array([0.0, 1.0, 2.0]), nothing, head, history, 1)
        assert found[:-1, 1].tolist() == [0] * (len(BLEND.factors) - 1)
        assert found[-1, 1] == BLEND.offsets[head is not None]


@pytest.mark.parametrize("warm", [False, True])
def test_contributions_add_up_to_the_weighted_sum_that_the_weights_were_learnt_on(warm):
    generator = np.random.default_rng(0)
    scores, hybrid, head, feedback = (generator.standard_normal(50) for _ in range(4))
    history = generator.standard_normal((2, 50))
    content = BLEND.content_parts([scores, None], 50)
    found = BLEND.contributions(content, feedback, hybrid, head if warm else None, history, 9)
    voiced = content.sum(axis=0) + BLEND.cold[1] * standardise(feedback)
    if warm:
        parts = [0.4 * voiced / voiced.std(), standardise(head), standardise(hybrid)]
        expected = BLEND.warm @ np.stack([*parts, history.sum(axis=0)]) - 2.5
    else:
        parts = [content.sum(axis=0), standardise(feedback), standardise(hybrid)]
        expected = BLEND.cold @ np.stack([*parts, history.sum(axis=0)]) - 1.5
    np.testing.assert_allclose(found.sum(axis=0), expected)


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
