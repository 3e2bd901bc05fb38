from dataclasses import replace

import numpy as np
import pytest

from tests.pool import EACH, NEED_IDS, tables, training_data
from training.evaluation import MEASURES, RANKERS, Judged, evaluate_fit, judge
from training.fitting import fit
from training.splits import MIN_NEEDS
from training.trials import ScoredCases


@pytest.fixture(scope="module")
def judged(fitted):
    return judge(fitted)


def test_figures_are_the_means_of_the_needs(fitted, judged):
    metrics = evaluate_fit(fitted, judged)
    assert metrics == evaluate_fit(fitted)
    for kind in ("cold", "warm"):
        each = judged[kind].per_need()
        assert sorted(each) == sorted(NEED_IDS)
        for name in MEASURES:
            mean = np.mean([own[name] for own in each.values()])
            assert metrics[kind]["blend"][name]["mean"] == pytest.approx(mean)


def test_every_need_says_among_how_many_it_was_looked_for(fitted, judged):
    each = judged["cold"].per_need()
    for case in fitted.cold_cases:
        assert each[case.need_id]["among"] == case.among == case.parts.shape[1]


def test_a_split_is_which_enterprises_of_which_need_were_held_out_when(fitted, judged):
    cold = judged["cold"].split
    assert sorted(need for need, _, _ in cold) == sorted(NEED_IDS)
    for need, fold, held in cold:
        number = NEED_IDS.index(need)
        assert held == [f"E{number:02}{at}" for at in range(EACH)]
        assert [c.fold for c in fitted.cold_cases if c.need_id == need] == [fold]
    halves = {need: [] for need in NEED_IDS}
    for need, _, held in judged["warm"].split:
        halves[need] += held
    assert all(len(set(held)) == len(held) == EACH for held in halves.values())


def test_the_same_split_has_the_same_hash_and_another_one_another(fitted, store, judged):
    own = {kind: found.split_hash() for kind, found in judged.items()}
    assert len(set(own.values())) == len(own)
    today = fitted.ranker.space.today_
    others = (
        fit(training_data(), store, today=today, seed=1),
        fit(training_data(judgements=tables()["judgements"].head(-1)), store, today=today),
    )
    for other in others:
        assert judge(other)["cold"].split_hash() != own["cold"]
    shuffled = replace(fitted, cold_cases=fitted.cold_cases[::-1])
    assert judge(shuffled)["cold"].split_hash() == own["cold"]


def test_too_few_needs_are_no_figure(fitted):
    few = replace(fitted, cold_cases=fitted.cold_cases[: MIN_NEEDS - 1])
    assert evaluate_fit(few)["cold"] is None
    assert evaluate_fit(few)["warm"] is not None


def test_later_deals_are_a_kind_of_their_own(fitted):
    cases = [replace(case, fold=at % 3) for at, case in enumerate(fitted.cold_cases)]
    found = evaluate_fit(replace(fitted, time_cases=ScoredCases(cases, [])))
    assert found["time"]["needs"] == len(NEED_IDS)
    assert evaluate_fit(replace(fitted, time_cases=ScoredCases([], [])))["time"] is None


def test_weights_are_learnt_on_folds_far_enough_away(fitted, monkeypatch):
    learnt_on = []

    def watched(cases, prior, holding):
        learnt_on.append(sorted({case.fold for case in cases}))
        return prior

    monkeypatch.setattr("training.evaluation.learn_weights", watched)
    cases = [replace(case, fold=at % 3) for at, case in enumerate(fitted.cold_cases)]
    Judged().add(cases, warm=False, apart=1)
    assert learnt_on == [[1, 2], [0, 2], [0, 1]]
    learnt_on.clear()
    Judged().add(cases, warm=False, apart=2)
    assert learnt_on == [[2], [], [0]]


def test_a_need_judged_several_times_counts_once(fitted):
    one = fitted.cold_cases[0]
    found = Judged()
    found.add([one, replace(one, fold=one.fold + 1)], warm=False, apart=1)
    assert found.of("blend").shape == (1, len(MEASURES))
    assert set(found.values[one.need_id]) == set(RANKERS)
    assert len(found.values[one.need_id]["blend"]) == 2
