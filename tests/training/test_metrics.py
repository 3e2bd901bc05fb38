import numpy as np
import pytest

from training.metrics import interval, ndcg, recall

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
