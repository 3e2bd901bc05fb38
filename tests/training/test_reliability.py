from dataclasses import replace

import numpy as np
import pytest

from tests.conftest import TODAY
from tests.pool import frame
from tests.training.outcomes import CLOSED, WON, closed_data, outcome_rows
from training import fitting
from training import reliability as module
from training.fitting import fit
from training.reliability import Scored, fit_curve, judge_curve


@pytest.fixture(scope="module")
def closed(store):
    return fit(closed_data(), store, today=TODAY)


def scored(raw, won, needs=None):
    size = len(raw)
    return Scored(
        np.array(raw, dtype=float),
        np.array(won, dtype=bool),
        np.arange(size) if needs is None else np.array(needs),
        np.ones(size, dtype=bool),
    )


def test_a_curve_pools_who_is_out_of_order_and_ends_short_of_certainty():
    curve = fit_curve(scored([1, 2, 3, 4, 5, 6], [0, 0, 1, 0, 1, 1]))
    # 1, 2 with one won added; 3, 4 as they are; 5, 6 with one refused added.
    found = curve.at(np.array([0, 1, 2, 3, 4, 5, 6, 7.0]))
    np.testing.assert_allclose(found, [1 / 3, 1 / 3, 1 / 3, 0.5, 0.5, 2 / 3, 2 / 3, 2 / 3])


def test_equal_scores_have_one_chance_between_none_and_certainty():
    curve = fit_curve(scored([2, 2, 2, 2], [1, 0, 0, 0]))
    np.testing.assert_allclose(curve.at(np.array([1.0, 2, 3])), [1 / 3] * 3)


def test_a_curve_never_falls():
    generator = np.random.default_rng(0)
    raw = generator.normal(size=300)
    curve = fit_curve(scored(raw, generator.random(300) < 0.3))
    chances = curve.at(np.linspace(-5, 5, 1000))
    assert (np.diff(chances) >= 0).all()
    assert 0 < chances[0] < chances[-1] < 1


def test_what_is_calibrated_well_has_a_small_error_and_what_says_nothing_the_base_rate_s_brier():
    generator = np.random.default_rng(1)
    chance = generator.random(4000)
    needs = np.arange(4000) % 40
    found = judge_curve(scored(chance, generator.random(4000) < chance, needs), seed=0)
    assert found["ece"]["low"] <= found["ece"]["mean"] <= found["ece"]["high"]
    assert found["ece"]["mean"] < 0.03
    assert found["brier"] == pytest.approx(1 / 6, abs=0.01)  # E[p (1 - p)] of a uniform p
    assert found["brier_of_base_rate"] == pytest.approx(1 / 4, abs=0.01)
    assert [one["outcomes"] for one in found["bins"]] == [400] * 10
    for one in found["bins"]:
        assert one["won"] == pytest.approx(one["chance"], abs=0.08)
    idle = judge_curve(scored(generator.random(4000), generator.random(4000) < 0.2, needs), seed=0)
    assert idle["brier"] == pytest.approx(idle["brier_of_base_rate"], abs=0.005)


def test_the_calibration_error_by_hand():
    gaps = np.array([0.5, -0.1, -0.2, 0.2])
    found = module._calibration_error(gaps, np.array([0, 0, 1, 1]), np.array([0, 0, 1, 1]))
    assert found["mean"] == pytest.approx((0.4 + 0.0) / 4)


def test_outcomes_enough_make_two_curves_and_figures(closed):
    told, own = closed.calibrated, closed.ranker.calibration
    assert (told["closed"], told["won"]) == (own.closed, own.won) == (CLOSED, WON)
    for kind in ("cold", "warm"):
        assert (told["figures"][kind]["outcomes"], told["figures"][kind]["won"]) == (CLOSED, WON)
        assert told["figures"][kind]["brier"] < told["figures"][kind]["brier_of_base_rate"]
    for warm in (False, True):
        low, high = (own.probability(raw, warm=warm) for raw in (-20.0, 20.0))
        assert 0 < low < 0.2 < 0.5 < high < 1


@pytest.mark.parametrize("count", [CLOSED // 2, 199])
def test_below_the_threshold_there_are_counts_alone(store, count):
    found = fit(closed_data(count), store, today=TODAY)
    won = sum(row["stage"] == "signed" for row in outcome_rows()[:count])
    assert found.calibrated == {
        "closed": count,
        "won": won,
        "it_takes": {"closed": 200, "won": 30, "lost": 30},
        "figures": None,
    }
    assert found.ranker.calibration.cold is found.ranker.calibration.warm is None


def test_no_score_that_is_calibrated_on_has_seen_its_outcome(store, monkeypatch):
    """Whatever came of one need, the scores of its outcomes are the same where it is held out.

    With weights as they are: these come from cases of other needs, as the last lines hold.
    """
    seen, weighed = [], []
    scores, blend = module._scores, fitting._blend

    def prior_blend(cold, warm, history, holding):
        weighed.append({case.need for case in (*cold, *warm)})
        return blend([], [], history=history, holding=holding)

    monkeypatch.setattr(fitting, "_blend", prior_blend)

    def watched(*own):
        seen.append(scores(*own))
        return seen[-1]

    monkeypatch.setattr(module, "_scores", watched)
    rows = outcome_rows()
    other = [
        {**row, "stage": "declined" if row["stage"] == "signed" else "signed"}
        if row["need_id"] == rows[0]["need_id"]
        else row
        for row in rows
    ]
    for events in (rows, other):
        data = replace(closed_data(), events=frame("events", events))
        fit(data, store, today=TODAY)
    (one, _), (changed, _) = seen
    own = one.needs == 0
    assert (one.won[own] != changed.won[own]).all()
    np.testing.assert_allclose(one.raw[own], changed.raw[own], atol=1e-6)
    assert not one.warm.any()
    elsewhere = ~own
    assert not np.allclose(one.raw[elsewhere], changed.raw[elsewhere], atol=1e-6)
    everybody, *without = weighed[:6]
    assert everybody == set(range(12))
    assert set.union(*(everybody - kept for kept in without)) == everybody
    assert sum(len(everybody - kept) for kept in without) == len(everybody)


def test_every_outcome_is_held_out_once_with_as_many_won_in_every_fold():
    needs = np.repeat(np.arange(4), 25)
    won = np.tile(np.arange(25) < 5, 4)
    folds = list(module._folds(needs, won, seed=3))
    assert np.array_equal(np.sort(np.concatenate(folds)), np.arange(100))
    for fold in folds:
        assert np.bincount(needs[fold]).tolist() == [5] * 4
        assert np.bincount(needs[fold][won[fold]]).tolist() == [1] * 4


def test_the_same_data_and_seed_give_the_same_curves(closed, store):
    again = fit(closed_data(), store, today=TODAY)
    for name, array in closed.ranker.calibration.arrays().items():
        np.testing.assert_array_equal(again.ranker.calibration.arrays()[name], array)
    assert again.calibrated == closed.calibrated
