from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest

from tests.conftest import TODAY
from tests.pool import NEED_IDS, frame, tables
from tests.training.deals import SINCE, deal, trading_data
from training.peers.rules import (
    Popularity,
    RecentPopularity,
    SectorPopularity,
    SectorZonePopularity,
    known_deals,
)
from training.peers.settings import PopularitySettings
from training.protocols import split
from training.rounds import Rounds

DEALS = (
    [deal(0, 0, 2010, event_id=f"old{at}") for at in range(4)]
    + [deal(0, 1, 2020, event_id="new"), deal(2, 2, 2020, enterprise_id="E020")]
    + [
        deal(0, 3, 2021, need_id=None, zone_id="z0", event_id="zone"),
        deal(1, 0, 2023, enterprise_id="E000"),
    ]
)


@pytest.fixture(scope="module")
def ground(store):
    """Return a round of few deals: E000 four times long ago, E001 once of late, and others."""
    needs = tables()["needs"].with_columns(region=pl.lit("西区"))
    data = replace(
        trading_data(events=frame("events", DEALS)), needs=needs.with_columns(role=pl.lit(None))
    )
    return Rounds(store).round(split("time", data, today=TODAY, since=SINCE).tasks[0])


def asked(ground, number):
    """Return the question of the task for another need."""
    row = next(row for row in ground.rows if row["need_id"] == NEED_IDS[number])
    return replace(ground.task.questions[0], row=row)


def scores(peer, ground, number):
    found = peer.fit(ground).scores(asked(ground, number))
    return dict(zip(ground.task.ids.tolist(), found.tolist(), strict=True))


def test_popularity_counts_every_deal(ground):
    found = scores(Popularity(), ground, 5)
    assert (found["E000"], found["E001"], found["E020"], found["E050"]) == (4, 1, 1, 0)


def test_popularity_in_the_sector_counts_the_deals_of_its_industry(ground):
    found = scores(SectorPopularity(), ground, 0)
    assert found["E000"] == pytest.approx(np.log(5))
    assert found["E020"] == 0


def test_the_zone_adds_its_own_deals(ground):
    # Needs 0 and 2 stand in one zone, need 1 in another.
    found = scores(SectorZonePopularity(PopularitySettings(zone=0.5)), ground, 2)
    assert found["E020"] == pytest.approx(1.5 * np.log(2))
    assert found["E000"] == pytest.approx(0.5 * np.log(5))


def test_an_old_deal_counts_for_less(ground):
    settings = PopularitySettings(zone=0, region=0, overall=0, half_life_years=4)
    found = scores(RecentPopularity(settings), ground, 0)
    assert found["E001"] > 0.8 * np.log(2)
    assert found["E000"] == pytest.approx(np.log1p(4 * 0.5 ** (11 / 4)), rel=0.01)


def test_the_region_and_everybody_speak_where_the_sector_is_silent(ground):
    settings = PopularitySettings(zone=0, region=1, overall=0)
    assert scores(RecentPopularity(settings), ground, 5)["E020"] > 0
    assert scores(RecentPopularity(replace(settings, region=0)), ground, 5)["E020"] == 0
    assert scores(RecentPopularity(replace(settings, region=0, overall=1)), ground, 5)["E020"] > 0


def test_rules_tell_the_settings_they_use():
    assert SectorPopularity().settings() == {}
    assert set(SectorZonePopularity().settings()) == {"zone"}
    assert set(RecentPopularity().settings()) == {"zone", "region", "overall", "half_life_years"}


def test_deals_are_signed_events_and_judged_pairs_each_once(store):
    judged = frame(
        "judgements",
        [
            {"need_id": NEED_IDS[0], "enterprise_id": "E000", "grade": 2},
            {"need_id": NEED_IDS[0], "enterprise_id": "E004", "grade": 1},
            {"need_id": NEED_IDS[0], "enterprise_id": "E003", "grade": 0},
        ],
    )
    events = [*DEALS, deal(0, 2, 2020, stage="negotiation", event_id="talk")]
    data = replace(
        trading_data(events=frame("events", events), judgements=judged), needs=tables()["needs"]
    )
    task = split("time", data, today=TODAY, since=SINCE).tasks[0]
    found = known_deals(Rounds(store).round(task)).filter(pl.col("need_id") == NEED_IDS[0])
    counts = dict(found["enterprise_id"].value_counts().rows())
    assert counts == {"E000": 4, "E001": 1, "E004": 1}
    assert found.filter(pl.col("enterprise_id") == "E004")["date"].to_list() == [None]
    assert found["date"].max() == date(2020, 3, 1)
