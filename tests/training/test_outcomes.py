from datetime import date

import polars as pl
import pytest

from features.vocabulary import ENDINGS, REFUSED, STAGES, WON
from tests.pool import frame
from training.outcomes import AGAINST, STAGE_GAINS, credible, outcomes

TODAY = date(2025, 1, 1)


def happened(*rows):
    """Return events of the pair n, e, or of the enterprise given."""
    return frame(
        "events",
        [
            {"event_id": str(at), "need_id": "n", "enterprise_id": e[0] if e else "e"}
            | {"stage": stage, "date": day}
            for at, (stage, day, *e) in enumerate(rows)
        ],
    )


def one(*rows):
    [found] = outcomes(happened(*rows), as_of=TODAY).rows(named=True)
    return found["gain"], found["won"]


def test_every_stage_has_a_gain_and_no_refusal_speaks_for_a_pair():
    assert STAGE_GAINS.keys() == {*STAGES, *ENDINGS}
    assert {stage for stage, gain in STAGE_GAINS.items() if gain < 0} == set(REFUSED)
    assert {stage for stage, gain in STAGE_GAINS.items() if gain == 1} == {*WON, "established"}


@pytest.mark.parametrize(
    ("stage", "won"),
    [(stage, True if stage in WON else False if stage in REFUSED else None)
     for stage in STAGE_GAINS],
)  # fmt: skip
def test_a_stage_alone(stage, won):
    gain, told = one((stage, TODAY))
    assert gain == pytest.approx(STAGE_GAINS[stage])
    assert told is won


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([("declined", date(2024, 12, 1)), ("signed", TODAY)], (1, True)),
        ([("signed", date(2024, 12, 1)), ("lost", TODAY)], (AGAINST, False)),
        ([("lost", TODAY), ("signed", date(2024, 12, 1))], (AGAINST, False)),
        ([("signed", TODAY), ("stalled", TODAY)], (1, True)),
        ([("declined", TODAY), ("negotiation", TODAY)], (AGAINST, False)),
        ([("negotiation", TODAY), ("stalled", TODAY)], (0, None)),
        ([("lead", TODAY), ("contacted", TODAY)], (0, None)),
        ([("contacted", TODAY), ("negotiation", date(2024, 12, 31))], (0.4, None)),
        ([("established", date(2024, 12, 1)), ("declined", TODAY)], (AGAINST, False)),
    ],
)
def test_the_last_decided_event_counts(rows, expected):
    gain, won = one(*rows)
    assert gain == pytest.approx(expected[0], rel=1e-3)
    assert won is expected[1]


def test_ten_years_halve_what_an_event_counts():
    assert one(("signed", date(2015, 1, 1)))[0] == pytest.approx(0.5, rel=1e-3)
    assert one(("lost", date(2005, 1, 1)))[0] == pytest.approx(AGAINST / 4, rel=1e-3)


def test_what_is_later_or_of_no_need_is_left_out():
    events = happened(("signed", date(2025, 1, 2)), ("signed", TODAY))
    no_need = events.with_columns(need_id=pl.lit(None, pl.String))
    assert outcomes(events[:1], as_of=TODAY).is_empty()
    assert outcomes(no_need, as_of=TODAY).is_empty()
    assert outcomes(events.clear(), as_of=TODAY).is_empty()


def test_a_pair_both_won_and_refused_on_its_last_day_is_torn():
    torn = happened(("signed", TODAY), ("declined", TODAY), ("signed", TODAY, "f"))
    assert outcomes(torn, as_of=TODAY)["torn"].to_list() == [True, False]


def test_events_that_cannot_have_happened_are_left_out_and_counted():
    events = happened(
        ("signed", date(2025, 1, 2)),
        ("signed", date(2009, 12, 31)),
        ("signed", date(2010, 6, 14)),
        ("signed", date(2010, 6, 15)),
        ("signed", date(2010, 6, 1)),  # June 2010, it may be
        ("signed", date(2010, 1, 1)),  # 2010, it may be
        ("signed", date(1999, 1, 1), "of-unknown-age"),
        ("signed", date(1999, 1, 1), "not-in-the-pool"),
    )
    pool = [
        {"enterprise_id": "e", "name": "甲", "founded": date(2010, 6, 15)},
        {"enterprise_id": "of-unknown-age", "name": "乙"},
    ]
    kept, notes = credible(events, frame("enterprises", pool), as_of=TODAY)
    assert kept["event_id"].to_list() == ["3", "4", "5", "6", "7"]
    assert notes == (
        "1 events are dated after 2025-01-01: left out until they happen",
        "2 events are dated before their enterprise was founded: left out",
    )
    again, silent = credible(kept, frame("enterprises", pool), as_of=TODAY)
    assert again.equals(kept)
    assert silent == ()
