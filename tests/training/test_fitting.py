from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from features.errors import InputError
from features.need import NeedQuery
from tests.pool import (
    EACH,
    NEED_IDS,
    TWINS,
    frame,
    judgement_rows,
    need_rows,
    tables,
    training_data,
)
from tests.training.deals import trading_data
from training import fitting
from training.evaluation import evaluate_fit
from training.fitting import fit
from training.priors import COLD_PRIOR, CONTENT_PRIOR, prior

NEED_IDS_TWICE = trading_data().needs["need_id"].to_list()


@pytest.fixture(scope="module")
def today(fitted):
    return fitted.ranker.space.today_


def test_the_prior_names_the_content_factors_in_their_order(fitted):
    assert fitted.ranker.blend.names == tuple(CONTENT_PRIOR)
    assert len(prior(warm=False)) == len(CONTENT_PRIOR) + 2
    assert len(prior(warm=True)) == 4


def test_every_need_is_held_out_once_and_every_pair_once(fitted):
    assert sorted(case.need for case in fitted.cold_cases) == list(range(len(NEED_IDS)))
    assert sorted(case.need for case in fitted.warm_cases) == sorted([*range(len(NEED_IDS))] * 2)


def test_candidates_are_those_that_nothing_was_learnt_about(fitted, bound):
    everybody, folds = len(bound.pool), {}
    for case in fitted.cold_cases:
        folds.setdefault(case.fold, []).append(case.need)
    for case in fitted.cold_cases:
        learnt = EACH * (len(NEED_IDS) - len(folds[case.fold]))
        assert case.parts.shape == (len(CONTENT_PRIOR) + 2, everybody - learnt)
        assert case.relevant.sum() == EACH
    for case in fitted.warm_cases:
        held = {2: 2, 3: 3}[int(case.relevant.sum())]
        assert case.parts.shape == (4, everybody - (EACH - held) * len(NEED_IDS))


def test_the_same_data_and_seed_give_the_same_arrays(fitted, store, today):
    one, other = fitted.ranker.arrays(), fit(training_data(), store, today=today).ranker.arrays()
    assert one.keys() == other.keys()
    for name, array in one.items():
        np.testing.assert_array_equal(other[name], array, err_msg=name)


def test_the_order_of_rows_changes_nothing(fitted, store, today):
    shuffled = {
        name: table.sample(fraction=1, shuffle=True, seed=3)
        for name, table in tables().items()
        if name in {"enterprises", "judgements", "events", "zones"}
    }
    other = fit(training_data(**shuffled), store, today=today).ranker.arrays()
    for name, array in fitted.ranker.arrays().items():
        np.testing.assert_array_equal(other[name], array, err_msg=name)


def test_nothing_to_rank_is_reported(store, today):
    empty = {name: table.clear() for name, table in tables().items() if name != "chains"}
    with pytest.raises(InputError, match="holds no enterprise"):
        fit(training_data(**empty), store, today=today)


@pytest.mark.parametrize(
    "left_out", [("judgements", "events"), ("judgements", "events", "needs"), ("needs", "zones")]
)
def test_without_anything_learnt_the_prior_ranks(store, today, left_out):
    empty = {name: tables()[name].clear() for name in left_out}
    found = fit(training_data(**empty), store, today=today)
    assert found.cold_cases == found.warm_cases == []
    assert found.ranker.blend.content.tolist() == list(CONTENT_PRIOR.values())
    assert not found.ranker.hybrid.fitted
    assert found.ranker.heads.arrays() == found.ranker.history.arrays() == {}
    assert found.time_cases.cold == found.time_cases.warm == []
    metrics = evaluate_fit(found)
    assert (metrics["cold"], metrics["warm"]) == (None, None)


def test_few_judgements_give_heads_but_no_figures(store, today):
    few = tables()["judgements"].head(2 * EACH)
    found = fit(training_data(judgements=few), store, today=today)
    assert found.cold_cases == []
    assert not found.ranker.hybrid.fitted
    assert found.ranker.heads.chosen(NEED_IDS[1]).tolist() == [f"E01{at}" for at in range(EACH)]


def test_a_need_that_nothing_is_known_of_does_not_stop_training(store, today):
    odd = {"need_id": "z0/odd", "zone_id": "z0", "industry": "ωψξ"}
    data = training_data(needs=frame("needs", [odd, *need_rows()]))
    found = fit(data, store, today=today)
    assert len(found.cold_cases) == len(NEED_IDS)
    assert found.ranker.heads.chosen(NEED_IDS[0]).tolist() == [f"E00{at}" for at in range(EACH)]


def test_impossible_events_are_reported_and_ignored(fitted, store, today):
    own = {"need_id": NEED_IDS[3], "enterprise_id": "E020", "stage": "signed"}
    odd = [
        {**own, "event_id": "later", "date": today + timedelta(days=1)},
        {**own, "event_id": "earlier", "date": date(1950, 6, 2)},
    ]
    founded = tables()["enterprises"].with_columns(
        founded=pl.when(enterprise_id="E020").then(date(1990, 1, 1))
    )
    clean = fit(training_data(enterprises=founded), store, today=today)
    events = pl.concat([tables()["events"], frame("events", odd)])
    found = fit(training_data(enterprises=founded, events=events), store, today=today)
    assert clean.interactions.notes == ()
    assert found.interactions.notes == (
        f"1 events are dated after {today}: left out until they happen",
        "1 events are dated before their enterprise was founded: left out",
    )
    for name, array in clean.ranker.arrays().items():
        np.testing.assert_array_equal(found.ranker.arrays()[name], array, err_msg=name)


def test_contradictory_labels_do_not_stop_training_and_are_reported(store, today):
    first = judgement_rows()[0]
    lost = {**first, "event_id": "lost", "stage": "lost", "date": today}
    judged = frame("judgements", [*judgement_rows(), {**first, "grade": 0, "source": "another"}])
    found = fit(
        training_data(judgements=judged, events=frame("events", [lost])), store, today=today
    )
    assert [note.partition(":")[0] for note in found.interactions.notes] == [
        "1 pairs have grades both of 0 and of 1 or more",
        "1 pairs were judged 1 or more, and declined or were lost",
    ]
    assert found.ranker.heads.chosen(first["need_id"])[0] == first["enterprise_id"]


def test_who_declined_is_learnt_as_a_no_by_the_head_of_the_need(fitted, store, today):
    """Of two similar to the chosen ones, the one never contacted ranks before the declined one."""
    said_no = {"need_id": NEED_IDS[0], "enterprise_id": TWINS[0], "stage": "declined"}
    events = pl.concat(
        [tables()["events"], frame("events", [{**said_no, "event_id": "no", "date": today}])]
    )
    heads = fit(training_data(events=events), store, today=today).ranker.heads
    pool = fitted.ranker.space.pool(tables()["enterprises"])
    need = fitted.ranker.space.need(NeedQuery("LED封装", need_id=NEED_IDS[0]))
    before, after = (h.score(need, h.prepare(pool)) for h in (fitted.ranker.heads, heads))
    at = pool.ids.tolist().index(TWINS[0])
    assert after[at] < before[at] - 0.1
    assert TWINS[0] not in heads.chosen(NEED_IDS[0]).tolist()


def test_a_need_that_everybody_was_judged_for_does_not_stop_training(store, today):
    everybody = tables()["enterprises"]["enterprise_id"].to_list()
    rows = [{"need_id": NEED_IDS[0], "enterprise_id": id_, "grade": 1} for id_ in everybody]
    judged = frame("judgements", [*rows, *judgement_rows()[EACH:]])
    found = fit(training_data(judgements=judged), store, today=today)
    assert found.ranker.heads.chosen(NEED_IDS[0]).tolist() == sorted(everybody)
    # For a need of another fold nobody is left who was not learnt about.
    assert len({case.fold for case in found.cold_cases}) == 1
    assert 0 in {case.need for case in found.cold_cases}
    assert np.isfinite(found.ranker.bind(_pool(found)).contributions(_need(found))).all()


def test_a_need_that_nobody_was_judged_for_is_ranked_without_a_head(store, today):
    few = frame("judgements", judgement_rows()[EACH:])
    data = training_data(judgements=few, events=tables()["events"].clear())
    found = fit(data, store, today=today)
    assert found.ranker.heads.chosen(NEED_IDS[0]).tolist() == []
    assert evaluate_fit(found)["cold"]["needs"] == len(NEED_IDS) - 1
    assert np.isfinite(found.ranker.bind(_pool(found)).contributions(_need(found))).all()


def test_a_class_of_two_is_held_out_whole_and_never_by_halves(store, today):
    rows = judgement_rows()
    few = frame("judgements", [*rows[:2], *rows[EACH:]])
    found = fit(training_data(judgements=few), store, today=today)
    [cold] = [case for case in found.cold_cases if case.need == 0]
    assert sorted(cold.held.tolist()) == ["E000", "E001"]
    assert 0 not in {case.need for case in found.warm_cases}


@pytest.mark.parametrize(
    "column",
    ["products", "business_scope", "province", "city", "industry_code", "tags", "founded"],
)
def test_a_column_that_is_wholly_empty_does_not_stop_training(store, today, column):
    pool = tables()["enterprises"]
    empty = pool.with_columns(pl.lit(None, pool.schema[column]).alias(column))
    found = fit(training_data(enterprises=empty), store, today=today)
    assert len(found.cold_cases) == len(NEED_IDS)
    raw = found.ranker.bind(found.ranker.space.pool(empty)).contributions(_need(found))
    assert np.isfinite(raw).all()


def _pool(found):
    return found.ranker.space.pool(tables()["enterprises"])


def _need(found):
    return found.ranker.space.need(NeedQuery("LED封装", need_id=NEED_IDS[0]))


def test_figures_are_over_needs_with_intervals(fitted):
    found = evaluate_fit(fitted)
    for kind in ("cold", "warm"):
        assert found[kind]["needs"] == len(NEED_IDS)
        assert found[kind]["needs_left_out"] == 0
        for ranker in ("blend", "prior_weights", "character_tfidf"):
            assert 0 <= found[kind][ranker]["ndcg@10"]["mean"] <= 1
    cold = found["cold"]
    assert cold["blend"]["ndcg@10"]["mean"] > 0.9
    assert cold["blend"]["recall@50"]["mean"] == 1
    gain = cold["gain_over_character_tfidf"]["ndcg@10"]["mean"]
    gap = cold["blend"]["ndcg@10"]["mean"] - cold["character_tfidf"]["ndcg@10"]["mean"]
    assert gain == pytest.approx(gap)


def test_needs_with_one_relevant_enterprise_are_left_out_and_counted(store, today):
    table = tables()["judgements"]
    last = table.tail(EACH)
    few = table.head(table.height - EACH).vstack(last.head(1))
    cold = evaluate_fit(fit(training_data(judgements=few), store, today=today))["cold"]
    assert (cold["needs"], cold["needs_left_out"]) == (len(NEED_IDS) - 1, 1)


def test_dated_deals_are_learnt_from(traded):
    assert traded.ranker.history.fitted
    assert traded.time_cases.warm
    for case in traded.time_cases.warm:
        assert case.parts[3].any(), "history speaks of those who have come before"
    assert traded.ranker.heads.arrays()["need_ids"].tolist() == NEED_IDS_TWICE


@pytest.mark.parametrize(("least", "by_time"), [(1, True), (10_000, False)])
def test_weights_are_learnt_from_later_deals_where_there_are_enough(
    traded, store, today, monkeypatch, least, by_time
):
    asked = []
    learn = fitting.learn_weights

    def watched(cases, weights, holding):
        asked.append(cases)
        return learn(cases, weights, holding)

    monkeypatch.setattr(fitting, "learn_weights", watched)
    monkeypatch.setattr(fitting, "MIN_TIME_CASES", least)
    found = fit(trading_data(), store, today=today)
    assert asked[1] is (found.time_cases.warm if by_time else found.warm_cases)
    assert asked[0] is found.cold_cases  # of a cold need no later deal can be judged here
    assert found.time_cases.cold == []


def test_what_content_is_learnt_to_count_is_what_is_served(store, today, monkeypatch):
    monkeypatch.setattr(fitting, "learn_weights", lambda cases, weights, _: weights / 4)
    blend = fit(training_data(), store, today=today).ranker.blend
    assert blend.cold[:2] == pytest.approx(np.array(COLD_PRIOR[:2]) / 4)
    assert blend.content == pytest.approx(np.array(list(CONTENT_PRIOR.values())) / 4)


def test_without_later_deals_to_judge_it_by_the_history_of_deals_is_silent(
    traded, store, today, monkeypatch
):
    assert (traded.ranker.blend.cold[-1], traded.ranker.blend.warm[-1]) > (0, 0)
    monkeypatch.setattr(fitting, "MIN_TIME_CASES", 10_000)
    silent = fit(trading_data(), store, today=today).ranker.blend
    assert (silent.cold[-1], silent.warm[-1]) == (0, 0)


def test_steps_are_reported(store, today):
    told = []
    fit(training_data(), store, today=today, progress=lambda *done: told.append(done))
    assert told[0] == ("read profiles", 0, 1)
    assert told[-1] == ("weigh factors", 1, 1)
    assert {step for step, _, _ in told} >= {"learn without", "held-out needs", "held-out years"}
    assert all(0 <= done <= of for _, done, of in told)
