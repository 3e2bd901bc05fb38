import numpy as np
import pytest

from training.metrics import (
    coverage,
    gini,
    interval,
    interval_over_cuts,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    share_unjudged,
)

LOG = np.log2


def ranking(text):
    return np.array([mark == "x" for mark in text])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xx--", 1.0),
        ("x-x-", (1 + 1 / LOG(4)) / (1 + 1 / LOG(3))),
        ("-x", 1 / LOG(3)),
        ("-" * 9 + "x", 1 / LOG(11)),
        ("-" * 10 + "x", 0.0),
        ("----", 0.0),
        ("", 0.0),
        ("x" * 12, 1.0),
        ("-" + "x" * 11, 1 - 1 / sum(1 / LOG(r + 1) for r in range(1, 11))),
    ],
)
def test_ndcg_at_10_by_hand(text, expected):
    assert ndcg(ranking(text)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("xx--", 1.0),
        ("-" * 49 + "xx", 0.5),
        ("x" * 60, 1.0),
        ("-" * 25 + "x" * 60, 0.5),
        ("-" * 50 + "x", 0.0),
        ("--", 0.0),
    ],
)
def test_recall_at_50_by_hand(text, expected):
    assert recall(ranking(text)) == pytest.approx(expected)


def test_a_shorter_cut_can_be_asked_for():
    assert ndcg(ranking("-x"), at=1) == 0
    assert recall(ranking("x-x"), at=1) == 1


def test_an_interval_of_equal_values_is_a_point():
    found = interval([0.25] * 7).to_dict()
    assert found == {"mean": 0.25, "low": 0.25, "high": 0.25, "needs": 7}


def test_an_interval_holds_its_mean_and_is_the_same_every_time():
    values = np.random.default_rng(0).normal(0.4, 0.1, 100)
    found = interval(values)
    assert found == interval(values.tolist())
    assert found.low < found.mean < found.high
    # The standard error of the mean, to a tenth.
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 10, rel=0.1)


def test_an_interval_of_one_value():
    assert interval([0.5]).to_dict() == {"mean": 0.5, "low": 0.5, "high": 0.5, "needs": 1}


@pytest.mark.parametrize(
    ("text", "missed", "expected"),
    [("xx", 0, 1.0), ("xx", 2, 0.5), ("-" * 10 + "x", 1, 0.0), ("x", 12, 0.1)],
)
def test_recall_counts_whom_nobody_could_list_as_missed(text, missed, expected):
    assert recall(ranking(text), 10, missed) == pytest.approx(expected)


@pytest.mark.parametrize(("text", "expected"), [("x-x", 0.2), ("-" * 10 + "x", 0.0), ("x" * 12, 1)])
def test_precision_at_10_by_hand(text, expected):
    assert precision(ranking(text)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "expected"), [("x-", 1.0), ("--x", 1 / 3), ("--", 0.0), ("", 0.0)]
)
def test_the_reciprocal_rank_by_hand(text, expected):
    assert reciprocal_rank(ranking(text)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("exposure", "covered", "unequal"),
    [
        ([2, 2, 2, 2], 1, 0),
        ([4, 0, 0, 0], 0.25, 0.75),
        ([1, 3], 1, 0.25),
        ([0, 0], 0, 0),
        ([], 0, 0),
    ],
)
def test_coverage_and_gini_by_hand(exposure, covered, unequal):
    assert coverage(np.array(exposure, dtype=int)) == pytest.approx(covered)
    assert gini(np.array(exposure, dtype=int)) == pytest.approx(unequal)


def test_a_difference_is_sure_when_its_interval_excludes_zero():
    assert interval([0.1, 0.2, 0.3]).excludes_zero
    assert interval([-0.1, -0.2]).excludes_zero
    assert not interval([-0.1, 0.2, 0.0, 0.1]).excludes_zero


def test_graded_gains_count_by_grade_and_by_rank():
    gains = np.array([1.0, 0.0, 3.0, 0.0])  # grades 1, 0, 2, 0
    assert ndcg(gains) == pytest.approx((1 + 3 / 2) / (3 + 1 / LOG(3)))
    assert ndcg(np.sort(gains)[::-1]) == pytest.approx(1)


def test_the_share_of_the_first_ten_that_nobody_judged():
    assert share_unjudged(ranking("x" * 7 + "-" * 3 + "x")) == pytest.approx(0.3)
    assert share_unjudged(ranking("x-")) == 0.5
    assert share_unjudged(ranking("")) == 0


def test_cuts_weigh_the_same_however_many_needs_each_has():
    values = np.array([[1.0, 0.0], [1.0, np.nan], [1.0, np.nan]])
    found = interval_over_cuts(values)
    assert (found.mean, found.needs) == (0.5, 3)
    # Where the one need of the second cut is not drawn, the first cut is all there is.
    assert (found.low, found.high) == (0.5, 1.0)


def test_one_cut_is_a_plain_interval():
    values = np.random.default_rng(0).normal(0.4, 0.1, 30)
    one, plain = interval_over_cuts(values[:, None]), interval(values)
    assert one.to_dict() == pytest.approx(plain.to_dict())
