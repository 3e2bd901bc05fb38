import csv
from datetime import date

import numpy as np
import pytest

from models.factors.track_record import (
    MIN_DEALS,
    DealHistory,
    PlaceAffinity,
    TrackRecord,
    standardise_together,
)
from tests.models.factors.deals import LONG_AGO, TODAY, Pool, event, history, need

NEEDS = [
    need("z", "光电", region="东"),
    need("y", "光电", region="东"),
    need("x", "煤化工", region="西"),
]
ROWS = [
    *[event("often", "z/光电")] * 20,
    *[event("once", "z/光电")],
    *[event("before", "z/光电", LONG_AGO)],
    *[event("beside", "y/光电")] * 3,
    *[event("other", "x/煤化工")] * 30,
]
POOL = Pool("often", "once", "before", "beside", "other", "new")


def learnt(rows=ROWS, needs=NEEDS):
    return DealHistory().fit(history(needs, rows), as_of=TODAY)


def by_id(factor, asked, pool=POOL):
    scores = factor.score(asked, factor.prepare(pool))
    return dict(zip(pool.ids.tolist(), scores.tolist(), strict=True))


@pytest.fixture(scope="module")
def both():
    found = learnt()
    return TrackRecord(found), PlaceAffinity(found)


def test_many_and_recent_deals_in_the_industry_count_most_and_none_is_zero(both):
    found = by_id(both[0], NEEDS[0])
    assert found["often"] > found["beside"] > found["once"] > found["before"] > 0
    assert found["other"] == 0
    assert np.isnan(found["new"])


def test_deals_in_the_zone_count_most_then_in_its_region(both):
    found = by_id(both[1], NEEDS[0])
    assert found["often"] > found["once"] > found["beside"] > 0
    assert found["other"] == 0
    assert np.isnan(found["new"])


def test_two_zones_with_one_industry_get_different_orders(both):
    here, there = (by_id(both[1], asked) for asked in NEEDS[:2])
    assert here["once"] > here["beside"]
    assert there["beside"] > there["once"]


@pytest.mark.parametrize("asked", [need("q", "医药"), need(None, None)], ids=["new", "empty"])
def test_of_a_need_that_nobody_s_deals_resemble_they_say_nothing(both, asked):
    for factor in both:
        assert factor.score(asked, factor.prepare(POOL)) is None


def test_for_a_pool_without_anyone_they_know_they_say_nothing(both):
    for factor in both:
        assert factor.score(NEEDS[0], factor.prepare(Pool("new", "newer"))) is None


def test_with_too_few_deals_both_are_silent_and_say_why():
    few = learnt(ROWS[: MIN_DEALS - 1])
    assert not few.fitted
    assert few.note == f"{MIN_DEALS - 1} dated deals of needs known here, and it takes {MIN_DEALS}"
    assert few.arrays() == {}
    for factor in (TrackRecord(few), PlaceAffinity(few)):
        assert factor.score(NEEDS[0], factor.prepare(POOL)) is None
    assert learnt(ROWS[:MIN_DEALS]).note is None


def test_deals_after_the_day_are_not_known():
    made = history(NEEDS, [event(row["enterprise_id"], row["need_id"]) for row in ROWS])
    assert DealHistory().fit(made, as_of=LONG_AGO).note.startswith("0 dated deals")


def test_a_history_comes_back_as_it_was_saved(both):
    arrays = both[0].history.arrays()
    assert not any(array.dtype.hasobject for array in arrays.values())
    back = DealHistory().restore(arrays)
    for factor, again in zip(both, (TrackRecord(back), PlaceAffinity(back)), strict=True):
        np.testing.assert_array_equal(
            factor.score(NEEDS[0], factor.prepare(POOL)), again.score(NEEDS[0], again.prepare(POOL))
        )
    assert not DealHistory().restore({}).fitted


def test_evidence_counts_the_deals(both):
    told = both[0].history.evidence
    assert told(NEEDS[0], "often") == {
        "deals": 20,
        "industry": 20,
        "zone": 20,
        "area": 0,
        "last": 2020,
    }
    assert told(NEEDS[0], "beside") == {
        "deals": 3,
        "industry": 3,
        "zone": 0,
        "area": 3,
        "last": 2020,
    }
    assert told(NEEDS[0], "new") == {
        "deals": 0,
        "industry": 0,
        "zone": 0,
        "area": 0,
        "last": None,
    }


def test_parts_together_have_unit_spread_and_keep_what_one_counts_beside_the_other():
    first, second = np.array([0.0, 2, 4, np.nan]), np.array([6.0, 0, 0, np.nan])
    parts = standardise_together([first, second, None], 4)
    assert parts.shape == (3, 4)
    assert parts[:, 3].tolist() == [0, 0, 0]
    assert parts.sum(axis=0)[:3].std() == pytest.approx(1)
    assert np.ptp(parts[1]) / np.ptp(parts[0]) == pytest.approx(1.5)
    assert not standardise_together([None, np.full(4, 2.0)], 4).any()


def recall_at_10(scores, asked, ids):
    """Return the mean over the needs that somebody known answered, and how many these are."""
    hits = []
    for name, wanted in asked.items():
        relevant = np.isin(ids, [*wanted])
        if relevant.any():
            best = np.argsort(-scores(name), kind="stable")[:10]
            hits.append(relevant[best].sum() / min(10, relevant.sum()))
    return np.mean(hits), len(hits)


def test_it_finds_later_investors_better_than_popularity_does(shared_data):
    folder = shared_data / "outbound"
    with (folder / "needs.csv").open() as file:
        rows = list(csv.DictReader(file))
    needs = [need(r["zone_id"], r["industry"], region=r["region"]) for r in rows]
    ids = {r["need_id"]: f"{r['zone_id']}/{r['industry']}" for r in rows}
    with (folder / "events.csv").open() as file:
        made = [
            event(r["enterprise_id"], ids[r["need_id"]], date.fromisoformat(r["date"]))
            for r in csv.DictReader(file)
        ]
    cut = date(2015, 1, 1)
    before, after = ([row for row in made if (row["date"] < cut) == early] for early in (1, 0))
    known = {row["enterprise_id"] for row in before}
    asked = {}
    for row in after:
        asked.setdefault(row["need_id"], set()).add(row["enterprise_id"])
    found = DealHistory().fit(history(needs, before, as_of=cut), as_of=cut)
    pool, named = Pool(*known), {one.need_id: one for one in needs}
    factors = TrackRecord(found), PlaceAffinity(found)

    prepared = found.prepare(pool)

    def scores(name):
        parts = [factor.score(named[name], prepared) for factor in factors]
        return standardise_together(parts, len(pool)).sum(axis=0)

    recall, count = recall_at_10(scores, asked, pool.ids)
    assert count == 182
    assert recall > 1.05 * 0.494  # popularity within sector, country and region, recent deals first
