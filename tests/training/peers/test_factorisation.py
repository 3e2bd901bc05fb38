from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from tests.conftest import TODAY
from tests.pool import NEED_IDS, TWINS, frame, tables, training_data
from tests.training.deals import SINCE, deal, trading_data
from training.peers.factorisation import Als, LightFMAlone
from training.peers.rules import Popularity
from training.protocols import split
from training.rounds import Rounds


def pairs(table, **more):
    rows = [{"need_id": NEED_IDS[0], "enterprise_id": TWINS[0], **more}]
    return pl.concat([tables()[table].clear(), frame(table, rows)])


@pytest.mark.parametrize("as_event", [False, True])
def test_only_deals_of_its_own_tell_an_enterprise_from_its_twin(store, as_event):
    judgements = tables()["judgements"]
    events = tables()["events"].clear()
    if as_event:
        events = pairs("events", event_id="v", stage="signed", date=SINCE)
    else:
        judgements = pl.concat([judgements, pairs("judgements", grade=1)])
    data = training_data(judgements=judgements, events=events)
    whole = split("cold-enterprise", data, today=TODAY)
    task = next(
        task
        for task in whole.tasks
        if TWINS[0] in {*task.data.judgements["enterprise_id"], *task.data.events["enterprise_id"]}
    )
    peer = LightFMAlone().fit(Rounds(store).round(task))
    scores = peer.scores(task.questions[0])
    one, other = (scores[np.searchsorted(task.ids, twin)] for twin in TWINS)
    assert (one == pytest.approx(other, rel=1e-5)) is not as_event


def test_a_need_without_pairs_gets_popularity(store):
    data = trading_data()
    events = data.events.filter(~pl.col("need_id").is_in([f"{NEED_IDS[3]}0"]))
    late = deal(3, 2, 2023, need_id=f"{NEED_IDS[3]}0", event_id="late")
    data = replace(data, events=pl.concat([events, frame("events", [late])]))
    task = split("time", data, today=TODAY, since=SINCE).tasks[0]
    ground = Rounds(store).round(task)
    (cold,) = (question for question in task.questions if not question.warm)
    expected = Popularity().fit(ground).scores(cold)
    als = Als().fit(ground)
    np.testing.assert_array_equal(als.scores(cold), expected)
    warm = next(question for question in task.questions if question.warm)
    assert not np.array_equal(als.scores(warm), expected)


def test_an_older_deal_weighs_less_and_the_newest_one(store):
    task = split("time", trading_data(), today=TODAY, since=SINCE).tasks[0]
    ground = Rounds(store).round(task)
    weights = LightFMAlone()._weights(ground).toarray()
    row = weights[[need["need_id"] for need in ground.rows].index(f"{NEED_IDS[0]}0")]
    own = dict(zip(task.ids.tolist(), row.tolist(), strict=True))
    # E002 and E003 came last in 2021, E000 in 2016: five years are one and a quarter half-lives.
    assert own["E002"] == own["E003"] == 1
    assert own["E000"] == pytest.approx(0.5 ** (5 / 4), rel=0.01)
    assert own["E010"] == 0
