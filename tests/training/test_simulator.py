import polars as pl
import pytest

from training.metrics import MIN_RELEVANT
from training.simulator import Preferences, gains, simulate

ROUNDS, CALLED = 4, 6


@pytest.fixture(scope="module")
def found(store):
    return simulate(store, rounds=ROUNDS, k=CALLED, seeds=(0,))


def last(found, measure):
    [row] = (
        gains(found.curve)
        .filter(asked=True, measure=measure)
        .filter(pl.col("round") == ROUNDS)
        .rows(named=True)
    )
    return row


def test_the_ranking_improves_as_feedback_comes_in(found):
    gap = last(found, "ndcg@10")
    assert gap["low"] > 0, gap
    assert gap["mean"] > 0.03


def test_planted_utilities_are_recovered(found):
    gap = last(found, "correlation")
    assert gap["low"] > 0, gap
    mean = pl.col("mean")
    rising = gains(found.curve).filter(asked=True, measure="correlation").sort("round")
    means = rising.select(mean).to_series().to_list()
    assert means[0] == 0
    # After one round there is little to learn from: what it gives is within noise of nothing.
    assert min(means[2:]) > max(0.0, means[1]), means
    assert means[1] > -0.02, means
    assert means[-1] == max(means) > 0.05, means


def test_a_planted_liking_for_what_is_near_is_learnt_with_the_right_sign(found):
    near = found.weights.filter(factor="proximity").sort("round")["weight"]
    assert near[0] == 0
    assert near[-1] > 0


def test_before_any_feedback_both_rankers_are_one(found):
    start = gains(found.curve).filter(pl.col("round") == 0)
    assert start["mean"].to_list() == [0.0] * start.height


def test_a_need_with_too_few_left_to_find_is_not_judged(found):
    assert MIN_RELEVANT == 2
    judged = found.curve.filter(pl.col("ndcg@10").is_not_null())
    assert judged["ndcg@10"].is_between(0, 1).all()


def test_outcomes_come_in_slowly_and_are_calibrated_on(found):
    closed = found.curve.group_by("round").agg(pl.col("closed").first()).sort("round")["closed"]
    asked = found.curve.filter(asked=True)["need_id"].n_unique()
    assert closed[0] == 0
    assert all(count < at * CALLED * asked for at, count in enumerate(closed) if at)
    assert found.calibration["closed"] == closed[-1] >= 200
    assert found.calibration["figures"]["warm"]["ece"]["mean"] < 0.25
    assert found.preferences["distance"] == Preferences().distance
