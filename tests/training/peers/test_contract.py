"""What every ranker of a comparison keeps, on pools whose right answers are obvious."""

import json

import numpy as np
import pytest

from tests.conftest import TODAY
from tests.pool import tables, training_data
from tests.training.deals import SINCE, trading_data
from training.metrics import ndcg
from training.peers import base
from training.peers.roster import peers
from training.protocols import split
from training.rounds import Rounds
from training.tallies import ranked

NAMES = [peer.name for peer in peers()]
BY_TEXT = {"label_match", "character_tfidf", "bm25", "centroid"}
BY_TEXT |= {"character_tfidf_words", "bm25_words"}
BY_PAIRS = {"als", "bpr"}
BY_SECTOR = {"sector_popularity", "sector_zone_popularity", "recent_popularity"}
GOOD_AT = {
    "cold-need": BY_TEXT,
    "cold-enterprise": BY_TEXT | {"lightfm"},
    "time": BY_SECTOR | BY_PAIRS | {"lightfm", "centroid"},
    "leave-zone-out": BY_SECTOR | BY_TEXT | {"lightfm"},
}


@pytest.fixture(scope="module")
def rounds(store):
    """Return the first round of every protocol, with its split."""
    found, maker = {}, Rounds(store)
    for protocol in GOOD_AT:
        cold = protocol.startswith("cold")
        data = training_data(events=tables()["events"].clear()) if cold else trading_data()
        since = SINCE if protocol == "time" else None
        own = split(protocol, data, today=TODAY, since=since)
        found[protocol] = own, maker.round(own.tasks[0])
    return found


@pytest.fixture
def peer(request):
    return next(peer for peer in peers() if peer.name == request.param)


def quality(peer, ground):
    """Return the mean NDCG@10 over the questions of a round."""
    found = []
    for question in ground.task.questions:
        order = ranked(peer.scores(question), question)
        found.append(ndcg(question.relevant[order]))
    return float(np.mean(found))


def taking_part():
    return [
        (name, protocol)
        for protocol in GOOD_AT
        for name in NAMES
        if not (name in BY_SECTOR and protocol.startswith("cold"))
        and not (name in BY_PAIRS and protocol != "time")
    ]


def test_names_and_glosses_are_distinct():
    assert len(set(NAMES)) == len({peer.gloss for peer in peers()}) == len(peers())


@pytest.mark.parametrize("peer", NAMES, indirect=True)
def test_settings_are_written_down_as_json(peer):
    assert isinstance(json.loads(json.dumps(peer.settings())), dict)


@pytest.mark.parametrize(("peer", "protocol"), taking_part(), indirect=["peer"])
def test_every_enterprise_gets_a_finite_score_the_same_each_time(peer, protocol, rounds):
    own, ground = rounds[protocol]
    assert peer.why_not(own) is None
    question = ground.task.questions[0]
    scores = peer.fit(ground).scores(question)
    assert scores.shape == ground.task.ids.shape
    assert np.isfinite(scores).all()
    again = next(other for other in peers() if other.name == peer.name).fit(ground)
    np.testing.assert_array_equal(again.scores(question), scores)


@pytest.mark.parametrize(("peer", "protocol"), taking_part(), indirect=["peer"])
def test_who_should_know_the_answer_does_and_chance_does_not(peer, protocol, rounds):
    _, ground = rounds[protocol]
    found = quality(peer.fit(ground), ground)
    if peer.name in GOOD_AT[protocol]:
        assert found > 0.7
    if peer.name == "random":
        assert found < 0.7


@pytest.mark.parametrize("peer", sorted(BY_SECTOR), indirect=True)
def test_rules_for_deals_need_events(peer, rounds):
    assert "no events" in peer.why_not(rounds["cold-need"][0])


@pytest.mark.parametrize("peer", sorted(BY_PAIRS), indirect=True)
@pytest.mark.parametrize(
    ("protocol", "told"),
    [("leave-zone-out", "only needs with pairs"), ("cold-enterprise", "only enterprises with")],
)
def test_factorisations_of_pairs_say_where_they_know_nobody(peer, protocol, told, rounds):
    assert told in peer.why_not(rounds[protocol][0])


@pytest.mark.parametrize("peer", ["bm25", "als", "bpr"], indirect=True)
def test_a_missing_package_is_reported(peer, rounds, monkeypatch):
    monkeypatch.setattr(base, "find_spec", lambda _: None)
    assert f"{peer.package} is not installed" in peer.why_not(rounds["time"][0])
