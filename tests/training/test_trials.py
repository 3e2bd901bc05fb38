from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from models.factors.head import Examples, NeedHeads
from models.scoring.scale import FactorScale, standardise
from models.scoring.scorer import content_factors
from tests.pool import EACH, NEED_IDS, frame, judgement_rows, training_data
from tests.training.deals import trading_data
from training import fitting
from training import trials as module
from training.priors import CONTENT_PRIOR, prior
from training.splits import half_pairs
from training.trials import Trials, _foremost

EXTRAS = ["X-flagged", "X-struck", "X-twin-a", "X-twin-b", "X-unknown"]
"""Those of the pool that no judgement names."""

LAST = len(NEED_IDS) - 1
HYBRID = len(CONTENT_PRIOR)
"""Its part of a cold case, after the content factors."""


@pytest.fixture(scope="module")
def trials_of(store):
    """Return what gives the trials that a fit makes of data."""

    def made(data):
        found = []

        class Watched(Trials):
            def __init__(self, *args, **options):
                super().__init__(*args, **options)
                found.append(self)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(fitting, "Trials", Watched)
            fitting.fit(data, store, today=date(2020, 1, 1))
        return found[0]

    return made


@pytest.fixture
def _lightfm_speaks(monkeypatch):
    """Without a fold, fewer pairs are left in the small pool than LightFM is asked with."""
    monkeypatch.setattr(module, "MIN_PAIRS", 20)


@pytest.fixture(scope="module")
def judged(trials_of):
    return trials_of(training_data())


def judging(rows):
    return training_data(judgements=frame("judgements", rows))


def by_need(cases):
    return {(case.need, case.fold): case for case in cases}


def assert_only_labels_differ(one, other):
    np.testing.assert_array_equal(one.parts, other.parts)
    np.testing.assert_array_equal(one.baseline, other.baseline)
    assert one.among == other.among
    assert not np.array_equal(one.relevant, other.relevant)


def assert_a_held_out_need_teaches_nothing(one, other):
    """Compare where the last need's labels are others: not held out, LightFM learns from them."""
    one, other = (by_need(trials.folds().cold) for trials in (one, other))
    [fold] = [fold for need, fold in one if need == LAST]
    assert_only_labels_differ(one[LAST, fold], other[LAST, fold])
    assert one[LAST, fold].parts[HYBRID].any()
    elsewhere = [key for key in one if key[1] != fold]
    assert not any(np.array_equal(one[k].parts[HYBRID], other[k].parts[HYBRID]) for k in elsewhere)


@pytest.mark.usefixtures("_lightfm_speaks")
def test_nothing_is_learnt_from_the_judgements_of_a_held_out_need(judged, trials_of):
    rows = judgement_rows()[:-EACH]
    rows += [{"need_id": NEED_IDS[LAST], "enterprise_id": id_, "grade": 1} for id_ in EXTRAS]
    assert_a_held_out_need_teaches_nothing(judged, trials_of(judging(rows)))


@pytest.mark.usefixtures("_lightfm_speaks")
def test_nothing_is_learnt_from_the_deals_of_a_held_out_need(trials_of):
    def dealing(last):
        rows = [
            signed(need, last[at] if need == LAST else f"E{need:02}{at}", year)
            for need in range(len(NEED_IDS))
            for at in range(EACH)
            for year in (2018, 2019)
        ]
        data = training_data()
        return replace(data, judgements=data.judgements.clear(), events=logged(rows))

    one = trials_of(dealing([f"E{LAST}{at}" for at in range(EACH)]))
    assert_a_held_out_need_teaches_nothing(one, trials_of(dealing(EXTRAS)))


@pytest.mark.usefixtures("_lightfm_speaks")
def test_a_hidden_half_teaches_nothing(judged, trials_of):
    known = judged.labels.known.relevant
    halves = half_pairs(known, judged.seed, judged.ranks)
    [hidden] = [at for at, half in enumerate(halves) if half[LAST, known[[LAST]].indices[-1]]]
    # The last one chosen for the last need gives way to one who is as well the last of its row.
    rows = [row for row in judgement_rows() if row["enterprise_id"] != f"E{LAST}{EACH - 1}"]
    rows.append({"need_id": NEED_IDS[LAST], "enterprise_id": EXTRAS[0], "grade": 1})
    one, other = (by_need(t.folds().warm) for t in (judged, trials_of(judging(rows))))
    for need, fold in one:
        if fold == hidden and need != LAST:
            np.testing.assert_array_equal(one[need, fold].parts, other[need, fold].parts)
    assert_only_labels_differ(one[LAST, hidden], other[LAST, hidden])
    learnt = one[LAST, 1 - hidden].parts[1], other[LAST, 1 - hidden].parts[1]
    assert not np.allclose(*learnt)


def content_terms(trials, need):
    """Return the z-scores of content, their sum by the prior weights of unit spread."""
    factors = zip(content_factors(), trials.content.scores(need), strict=True)
    z = [
        np.zeros(len(trials.pool)) if own is None else FactorScale.of(own, factor.columns).z(own)
        for factor, own in factors
    ]
    return np.stack(z) / (prior(warm=False)[:HYBRID] @ np.stack(z)).std()


@pytest.mark.usefixtures("_lightfm_speaks")
def test_the_parts_of_a_warm_case_by_hand(judged):
    known, pool, need = judged.labels.known, judged.pool, judged.needs[3]
    half = half_pairs(known.relevant, judged.seed, judged.ranks)[1]
    left = sparse.csr_array(known.gains - known.gains.multiply(half))
    left.eliminate_zeros()
    heads = NeedHeads().fit(judged.needs, Examples(pool, np.unique(left.indices)), left)
    case = by_need(judged.folds().warm)[3, 1]
    candidates = np.setdiff1d(np.arange(len(pool)), left.indices)
    share = 1.2 / np.sqrt(left[[3]].nnz)
    voiced = prior(warm=False)[:HYBRID] @ content_terms(judged, judged.needs[3])
    expected = [
        share * voiced,
        standardise(heads.score(need, heads.prepare(pool))),
    ]
    np.testing.assert_allclose(case.parts[:2], np.stack(expected)[:, candidates], atol=1e-4)
    assert case.parts[2].std() > 0.1
    assert not case.parts[3].any()
    assert case.relevant.tolist() == half[[3]].toarray()[0, candidates].tolist()
    assert case.held.tolist() == pool.ids[half[[3]].indices].tolist()
    assert (case.need_id, case.among) == (NEED_IDS[3], len(candidates))


@pytest.mark.usefixtures("_lightfm_speaks")
def test_the_parts_of_a_cold_case_are_content_hybrid_and_history(judged):
    [case] = [case for case in judged.folds().cold if case.need == 3]
    assert len(case.parts) == len(prior(warm=False))
    assert case.among == case.parts.shape[1]
    content = content_terms(judged, judged.needs[3])
    # In the order of the pool: a column of the case is one of the pool's.
    columns = {tuple(column) for column in np.round(content.T, 6)}
    assert {tuple(column) for column in np.round(case.parts[:HYBRID].T, 6)} <= columns
    assert case.parts[HYBRID].any()
    assert not case.parts[HYBRID + 1].any()


def signed(need, enterprise, year, month=6, day=15, **more):
    return {
        "need_id": NEED_IDS[need],
        "enterprise_id": enterprise,
        "stage": "signed",
        "date": date(year, month, day),
        **more,
    }


def logged(rows):
    return frame("events", [{"event_id": f"v{at}", **row} for at, row in enumerate(rows)])


def log():
    """Every subject's first four enterprises by turns from 2010 to 2019, and a newcomer in 2016.

    The last need has deals from 2015 alone, with the enterprises of the one before; one enterprise
    was contacted and no more; and the last deal of all is of the last day.
    """
    rows = [
        signed(need, f"E{need:02}{year % 4}", year)
        for need in range(LAST)
        for year in range(2010, 2020)
    ]
    rows += [signed(need, f"E{need:02}4", 2016, 9) for need in range(LAST)]
    rows += [signed(LAST, f"E{LAST - 1}{year % 4}", year) for year in range(2015, 2020)]
    rows.append(signed(0, EXTRAS[0], 2012, stage="contacted"))
    rows.append(signed(1, "E010", 2019, 12, 31))
    return logged(rows)


@pytest.fixture(scope="module")
def traded(trials_of):
    data = training_data()
    return trials_of(replace(data, judgements=data.judgements.clear(), events=log()))


@pytest.fixture(scope="module")
def years(traded):
    return traded.time()


def test_a_cut_with_too_few_deals_before_it_is_left_out(years):
    # By the end of 2013 there were 44 deals; the last cut is two years before the last deal.
    assert {case.fold for case in years.warm} == {1, 2, 3, 4}


def test_candidates_are_those_who_had_come_by_then(years):
    known = {1: 44, 2: 44, 3: 55, 4: 55}  # the newcomers of 2016 are known from then on
    for case in (*years.cold, *years.warm):
        assert case.among == case.parts.shape[1] == known[case.fold]


def test_relevant_are_those_who_came_again_within_two_years(years):
    found = {(case.need, case.fold): set(case.held.tolist()) for case in years.warm}
    assert found[3, 1] == {"E033", "E030"}  # 2015 and 2016, without the newcomer
    assert found[3, 2] == {"E030", "E031"}
    assert found[3, 3] == {"E031", "E032"}
    assert found[3, 4] == {"E032", "E033"}
    assert found[1, 4] == {"E010", "E012", "E013"}  # the last day is judged as well
    for case in years.warm:
        assert case.relevant.sum() == len(case.held)


def test_a_need_without_deals_by_then_is_cold(years):
    [cold] = years.cold
    assert (cold.need, cold.fold, cold.need_id) == (LAST, 1, NEED_IDS[LAST])
    assert len(cold.parts) == len(prior(warm=False))
    assert cold.held.tolist() == ["E100", "E103"]
    warm = {case.fold for case in years.warm if case.need == LAST}
    assert warm == {2, 3, 4}


def test_one_who_came_again_will_do(traded):
    events = traded.labels.events
    once = events.filter(
        (pl.col("date") < date(2015, 1, 1)) | (pl.col("enterprise_id") == "E033")
    ).vstack(logged([{**signed(5, "E050", 2019, 12, 31), "event_id": "last"}]))
    found = again(traded, once).time()
    assert found.cold == []
    assert {(c.need, c.fold): c.held.tolist() for c in found.warm if c.fold == 1} == {
        (3, 1): ["E033"]
    }


def again(trials, events):
    """Return the same trials with another log."""
    other = object.__new__(Trials)
    vars(other).update(vars(trials), labels=replace(trials.labels, events=events))
    return other


def test_nothing_after_the_cut_is_learnt_from(traded, years):
    cut = date(2015, 1, 1)
    later = pl.col("date") > cut
    # After the cut all deals are those of the next subject; the days stay.
    number = (pl.col("enterprise_id").str.slice(1, 2).cast(pl.Int8, strict=False) + 1) % LAST
    next_one = pl.format("E{}2", number.cast(pl.String).str.zfill(2))
    changed = traded.labels.events.with_columns(
        enterprise_id=pl.when(later).then(next_one).otherwise("enterprise_id")
    )
    other = by_need(again(traded, changed).time().warm)
    one = by_need(years.warm)
    for need in range(LAST):
        assert_only_labels_differ(one[need, 1], other[need, 1])
    assert not np.allclose(one[3, 2].parts, other[3, 2].parts)


def test_what_came_to_a_zone_later_is_not_there_in_trials_by_time(trials_of):
    trials = trials_of(trading_data())

    def there(needs):
        present = [need.present for need in needs if need.present]
        pairs = [pair for one in present for pair in zip(one.ids, one.hows, strict=True)]
        return {id_[-1] for id_, how in pairs if how == "signed"}

    # Every subject's first enterprise came in 2016, the second in 2017, and so on.
    assert there(trials.needs) == {*"0123"}
    assert there(trials._needs_before(date(2018, 1, 1))) == {*"01"}


def test_every_cut_asks_for_the_needs_as_they_were(traded):
    asked, other = [], again(traded, traded.labels.events)
    vars(other).update(_needs_before=lambda day: asked.append(day) or traded.needs)
    other.time()
    turn = timedelta(days=1)  # a year has 365.25 days
    assert [(day + turn).year for day in asked] == [2015, 2016, 2017, 2018]


def test_every_cut_learns_from_what_lies_before_it(traded, monkeypatch):
    asked = []
    learn = Trials.learn

    def watched(self, gains, events, as_of):
        asked.append((as_of, events["date"].max(), gains.nnz))
        return learn(self, gains, events, as_of)

    monkeypatch.setattr(Trials, "learn", watched)
    traded.time()
    assert all(last < as_of for as_of, last, _ in asked)
    assert [last.year for _, last, _ in asked] == [2014, 2015, 2016, 2017]
    pairs = [pairs for _, _, pairs in asked]
    assert pairs == sorted(pairs)


def test_judgements_are_known_at_every_cut(traded):
    one = {"need_id": NEED_IDS[LAST], "enterprise_id": "E110", "grade": 3}
    judgements = frame("judgements", [one])
    known = object.__new__(Trials)
    labels = replace(traded.labels, judgements=judgements)
    vars(known).update(vars(traded), labels=labels)
    found = known.time()
    assert found.cold == []
    assert (LAST, 1) in by_need(found.warm)


def test_without_deals_no_year_is_held_out(judged, traded):
    assert judged.time().cold == judged.time().warm == []
    empty = again(traded, traded.labels.events.clear()).time()
    assert empty.cold == empty.warm == []


def test_steps_of_the_years_are_reported_to_the_end(traded):
    told = []
    other = again(traded, traded.labels.events)
    other.progress = lambda *step: told.append(step)
    other.time()
    assert told[0] == ("held-out years", 0, 5)
    assert told[-1] == ("held-out years", 5, 5)


def test_of_a_large_pool_the_relevant_and_the_best_by_each_score_are_kept(monkeypatch):
    candidates = np.array([True] * 7 + [False])
    wanted = np.array([False, False, True, False, False, False, False, True])
    scores = np.array([0.0, 9, 1, 8, 2, 3, 4, 99]), np.array([7.0, 6, 5, 4, 3, 2, 1, 99])
    assert _foremost(candidates, wanted, *scores).tolist() == list(range(7))
    monkeypatch.setattr(module, "KEPT", 2)
    assert _foremost(candidates, wanted, *scores).tolist() == [0, 1, 2, 3]
    assert _foremost(candidates, wanted, scores[0]).tolist() == [1, 2, 3]


def test_cases_of_a_large_pool_keep_who_is_relevant_and_count_all(judged, monkeypatch):
    whole = by_need(judged.folds().cold)
    monkeypatch.setattr(module, "KEPT", 3)
    for key, case in by_need(judged.folds().cold).items():
        assert case.parts.shape[1] < whole[key].parts.shape[1] == case.among
        assert case.relevant.sum() == len(case.held) == EACH
        best = prior(warm=False) @ whole[key].parts
        kept = set(np.round(prior(warm=False) @ case.parts, 6).tolist())
        assert set(np.round(np.sort(best)[-3:], 6).tolist()) <= kept
