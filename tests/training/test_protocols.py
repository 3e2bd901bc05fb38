from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from features.errors import InputError
from tests.conftest import TODAY
from tests.pool import EACH, NEED_IDS, frame, tables, training_data
from tests.training.deals import SINCE, ZONES, deal, trading_data
from training.protocols import FOLDS, PROTOCOLS, default_date, rolling_dates, split
from training.tasks import relevant_pairs


def splits(protocol, **more):
    data = trading_data() if protocol in {"warm", "time", "leave-zone-out"} else training_data()
    return split(protocol, data, today=TODAY, **more)


def hidden(task):
    """Return the pairs that a task asks for."""
    return {
        (question.query.need_id, enterprise)
        for question in task.questions
        for enterprise in task.ids[question.relevant].tolist()
    }


def left(task):
    return set(relevant_pairs(task.data).rows())


def judgements(*rows):
    return frame(
        "judgements", [dict(zip(("need_id", "enterprise_id"), row, strict=True)) for row in rows]
    )


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_nothing_hidden_is_left_to_learn_from(protocol):
    for task in splits(protocol).tasks:
        # A deal of old may come again: then the later one alone is hidden.
        known = set() if protocol == "time" else hidden(task)
        assert not known & left(task)
        assert hidden(task)
        late = task.data.events.filter(pl.col("date") >= task.as_of)
        assert protocol != "time" or late.is_empty()


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_relevant_ones_are_candidates_and_masks_follow_the_ids(protocol):
    for task in splits(protocol).tasks:
        assert task.ids.tolist() == task.data.enterprises["enterprise_id"].sort().to_list()
        for question in task.questions:
            assert not (question.relevant & ~question.candidates).any()
            assert question.candidates.shape == task.ids.shape


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_same_seed_hides_the_same_and_another_seed_something_else(protocol):
    one, again, other = (splits(protocol, seed=seed) for seed in (1, 1, 2))
    assert one.digest == again.digest
    assert (one.digest == other.digest) == (protocol in {"time", "phrases", "prose"})


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_the_order_of_rows_changes_nothing(protocol):
    data = trading_data() if protocol in {"warm", "time", "leave-zone-out"} else training_data()
    shuffled = replace(
        data,
        **{
            name: getattr(data, name).sample(fraction=1, shuffle=True, seed=7)
            for name in ("enterprises", "needs", "judgements", "events")
        },
    )
    one, other = (split(protocol, tables, today=TODAY) for tables in (data, shuffled))
    assert one.digest == other.digest


def test_cold_need_hides_every_need_once_with_all_that_is_known_of_it():
    found = splits("cold-need")
    asked = [question.query.need_id for task in found.tasks for question in task.questions]
    assert sorted(asked) == sorted(NEED_IDS)
    assert len(found.tasks) == FOLDS
    for task in found.tasks:
        held = {question.query.need_id for question in task.questions}
        for name in ("needs", "judgements", "events"):
            assert not held & set(getattr(task.data, name)["need_id"])
        assert not any(question.warm for question in task.questions)


def test_candidates_of_cold_need_are_those_that_no_judgement_left_names():
    for task in splits("cold-need").tasks:
        named = task.data.judgements["enterprise_id"].to_list()
        for question in task.questions:
            assert question.candidates.tolist() == (~np.isin(task.ids, named)).tolist()
            assert question.relevant.sum() == EACH


def test_an_enterprise_judged_elsewhere_too_is_counted_not_hidden():
    twice = pl.concat([tables()["judgements"], judgements((NEED_IDS[0], "E010"))])
    twice = twice.with_columns(pl.col("grade").fill_null(1))
    found = split("cold-need", training_data(judgements=twice), today=TODAY)
    together = any(
        {NEED_IDS[0], NEED_IDS[1]} <= {q.query.need_id for q in t.questions} for t in found.tasks
    )
    # Either both needs are hidden together, or each misses the enterprise that the other has.
    assert found.counts["hidden_pairs_of_no_candidate"] == (0 if together else 2)


def test_cold_enterprise_hides_every_enterprise_once_and_nothing_of_the_needs():
    found = splits("cold-enterprise")
    for task in found.tasks:
        held = {enterprise for _, enterprise in hidden(task)}
        assert not held & set(task.data.judgements["enterprise_id"])
        assert not held & set(task.data.events["enterprise_id"])
        assert task.data.needs.height == len(NEED_IDS)
    everyone = [pair for task in found.tasks for pair in hidden(task)]
    assert sorted(everyone) == sorted(relevant_pairs(training_data()).rows())


def test_warm_pairs_keep_another_one_on_both_sides():
    found = splits("warm")
    held = [pair for task in found.tasks for pair in hidden(task)]
    assert len(held) == len(set(held))
    assert len(held) + found.counts["pairs_never_hidden"] == found.counts["relevant_pairs"]
    for task in found.tasks:
        needs, enterprises = (set(column) for column in zip(*left(task), strict=True))
        for question in task.questions:
            assert question.warm
            assert question.query.need_id in needs
            assert set(task.ids[question.relevant].tolist()) <= enterprises
            own = [e for need, e in left(task) if need == question.query.need_id]
            assert question.candidates.tolist() == (~np.isin(task.ids, own)).tolist()


def test_time_asks_for_later_deals_and_counts_newcomers():
    found = splits("time", since=SINCE)
    (task,) = found.tasks
    assert task.as_of == found.date == SINCE
    assert len(task.questions) == 2 * len(NEED_IDS)
    for question in task.questions:
        number = NEED_IDS.index(question.query.need_id[:-1])
        # Two old partners come again; the third is a newcomer, whom nobody could have listed.
        assert task.ids[question.relevant].tolist() == [f"E{number:02}2", f"E{number:02}3"]
        assert question.newcomers == 1
        assert question.candidates.all()
    assert "E004" not in task.ids
    assert found.counts["newcomers"] == len(NEED_IDS)
    assert found.counts["hidden_pairs_of_newcomers"] == 2 * len(NEED_IDS)


def test_who_has_no_event_and_was_not_founded_later_is_known():
    rows = tables()["enterprises"].with_columns(
        founded=pl.when(pl.col("enterprise_id") == "X-unknown").then(date(2023, 1, 1))
    )
    (task,) = split("time", trading_data(enterprises=rows), today=TODAY, since=SINCE).tasks
    assert "X-unknown" not in task.ids
    assert "X-flagged" in task.ids


def test_the_default_date_leaves_a_fifth_of_the_signed_events():
    events = [deal(0, 0, 2000 + at, event_id=str(at)) for at in range(10)]
    lead = deal(0, 1, 2030, stage="lead", event_id="lead")
    assert default_date(training_data(events=frame("events", [*events, lead]))) == date(2008, 3, 1)


def test_a_lead_a_refusal_a_grade_of_0_and_an_event_without_a_need_are_not_relevant():
    events = [
        deal(0, 0, 2020),
        deal(0, 1, 2020, stage="negotiation"),
        deal(0, 2, 2020, stage="declined"),
        deal(0, 4, 2021, need_id=None, zone_id="z0"),
    ]
    graded = judgements((NEED_IDS[1], "E010"), (NEED_IDS[1], "E011"))
    data = training_data(
        judgements=graded.with_columns(grade=pl.Series([0, 3], dtype=graded["grade"].dtype)),
        events=frame("events", events),
    )
    assert relevant_pairs(data).rows() == [(NEED_IDS[0], "E000"), (NEED_IDS[1], "E011")]


def test_rows_about_unknown_ids_are_counted():
    stray = [
        deal(0, 3, 2020, need_id="gone", event_id="a"),
        deal(0, 4, 2020, need_id=f"{NEED_IDS[0]}0", enterprise_id="gone", event_id="b"),
    ]
    data = trading_data(events=pl.concat([trading_data().events, frame("events", stray)]))
    counts = split("time", data, today=TODAY, since=SINCE).counts
    assert counts["events_of_unknown_needs"] == 1
    assert counts["events_of_unknown_enterprises"] == 1


def test_leave_zone_out_hides_whole_zones():
    found = splits("leave-zone-out")
    zones = []
    for task in found.tasks:
        held = {question.query.zone_id for question in task.questions}
        assert not held & set(task.data.needs["zone_id"])
        assert all(question.candidates.all() for question in task.questions)
        zones += held
    assert sorted(zones) == [f"z{at}" for at in range(ZONES)]


def test_an_event_of_a_hidden_zone_without_a_need_is_hidden_too():
    events = pl.concat(
        [
            trading_data().events,
            frame("events", [deal(0, 0, 2020, event_id="v", need_id=None, zone_id="z1")]),
        ]
    )
    found = split("leave-zone-out", trading_data(events=events), today=TODAY)
    assert found.counts["events_without_a_need"] == 1
    for task in found.tasks:
        asked = {question.query.zone_id for question in task.questions}
        assert ("v" in set(task.data.events["event_id"])) == ("z1" not in asked)


@pytest.mark.parametrize(
    ("protocol", "changed", "told"),
    [
        ("cold-need", {"judgements": tables()["judgements"].head(4 * EACH)}, "required, got 4"),
        ("cold-need", {"needs": tables()["needs"].clear()}, "holds no needs"),
        ("cold-need", {"enterprises": tables()["enterprises"].clear()}, "holds no enterprises"),
        ("cold-enterprise", {"judgements": tables()["judgements"].head(3)}, "required, got 3"),
        ("warm", {}, "whose need and whose enterprise have another one are required, got 0"),
        ("time", {"events": tables()["events"].clear()}, "no event of a stage of signed or later"),
        ("leave-zone-out", {}, "zones with a relevant pair are required, got 2"),
    ],
)
def test_missing_data_are_reported(protocol, changed, told):
    data = training_data(**{"events": tables()["events"].clear(), **changed})
    with pytest.raises(InputError, match=told) as error:
        split(protocol, data, today=TODAY)
    assert f"{protocol} cannot be run on this workspace" in error.value.message


@pytest.mark.parametrize(
    ("since", "told"), [(date(2010, 1, 1), "before 2010-01-01"), (date(2030, 1, 1), "from 2030")]
)
def test_a_date_without_deals_on_both_sides_is_reported(since, told):
    with pytest.raises(InputError, match=told):
        split("time", trading_data(), today=TODAY, since=since)


def graded(*rows):
    """Return judgements of need, enterprise and grade."""
    names = ("need_id", "enterprise_id", "grade")
    return frame("judgements", [dict(zip(names, row, strict=True)) for row in rows])


def test_phrases_hide_graded_needs_together_and_learn_from_the_others():
    others = tables()["judgements"].with_columns(grade=pl.lit(1, pl.Int8))
    kept = others.filter(pl.col("need_id") != NEED_IDS[0])
    own = graded(*((NEED_IDS[0], f"E00{at}", grade) for at, grade in enumerate((2, 1, 0, 3))))
    data = training_data(judgements=pl.concat([kept, own]))
    (task,) = split("phrases", data, today=TODAY).tasks
    (question,) = task.questions
    assert question.query.need_id == NEED_IDS[0]
    assert NEED_IDS[0] not in set(task.data.needs["need_id"])
    assert NEED_IDS[0] not in set(task.data.judgements["need_id"])
    assert NEED_IDS[0] not in set(task.data.events["need_id"])
    assert task.data.judgements.height == kept.height
    assert question.candidates.all()
    gains = dict(zip(task.ids.tolist(), question.gains.tolist(), strict=True))
    assert {one: gain for one, gain in gains.items() if gain} == {"E000": 3, "E001": 1, "E003": 7}
    assert task.ids[question.judged].tolist() == ["E000", "E001", "E002", "E003"]


def test_prose_asks_all_judged_needs_for_their_members_and_nothing_is_learnt():
    (task,) = splits("prose").tasks
    assert len(task.questions) == len(NEED_IDS)
    assert all(question.gains is None for question in task.questions)
    assert all(question.relevant.sum() == EACH for question in task.questions)
    assert task.data.judgements.is_empty()
    assert task.data.needs.is_empty()


def test_needs_that_are_given_alone_are_asked_for():
    (task,) = splits("prose", asked=[NEED_IDS[3], "of no table"]).tasks
    assert [question.query.need_id for question in task.questions] == [NEED_IDS[3]]
    assert set(task.data.needs["need_id"]) == set(NEED_IDS) - {NEED_IDS[3]}


def test_grades_that_are_all_one_are_members_and_no_phrases():
    plain = tables()["judgements"].with_columns(grade=pl.lit(1, pl.Int8))
    data = training_data(judgements=plain)
    with pytest.raises(InputError, match="and one of another grade than 1"):
        split("phrases", data, today=TODAY)
    assert split("prose", data, today=TODAY).tasks


def test_negative_judgements_alone_are_reported():
    noes = tables()["judgements"].with_columns(grade=pl.lit(0, pl.Int8))
    for protocol in ("phrases", "prose"):
        with pytest.raises(InputError, match="no need with a judgement of 1 or more"):
            split(protocol, training_data(judgements=noes), today=TODAY)


def test_cold_needs_are_asked_among_everybody_besides():
    for task in splits("cold-need").tasks:
        for question in task.questions:
            everybody = question.over_everybody
            assert everybody.candidates.all()
            assert everybody.relevant.sum() == EACH
    assert splits("prose").tasks[0].questions[0].anywhere is None


def test_six_years_are_cut_in_turn_where_deals_are_before_and_after():
    events = [deal(0, at % 2, 2000 + at, event_id=str(at)) for at in range(12)]
    data = training_data(events=frame("events", events))
    assert rolling_dates(data) == tuple(date(year, 1, 1) for year in range(2005, 2011))
    found = split("time", data, today=TODAY)
    assert found.date is None
    assert found.dates == rolling_dates(data)
    assert [task.as_of for task in found.tasks] == list(found.dates)
    for task in found.tasks:
        assert task.data.events["date"].max() < task.as_of
    few = training_data(events=frame("events", events[:2]))
    assert rolling_dates(few) == ()
    assert rolling_dates(training_data(events=tables()["events"].clear())) == ()
