from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from features.industry.supply_graph import SupplyGraph
from features.industry.zone_presence import Strength, ZonePresence
from features.texts.text import WeightedTexts
from models.factors.supply import SupplyLink, link
from tests.neighbours import enterprise, event, presence

CHIP, PACKAGING, DISPLAY, LIGHTING = "led/chip", "led/packaging", "led/display", "led/lighting"


@pytest.fixture(scope="module")
def space(fitted):
    return fitted.ranker.space


def asked(space, rows, events, zone_id="c"):
    found, pool = presence(space, rows, events)
    return SimpleNamespace(present=found.of(zone_id), targets=()), pool


def score(need, pool):
    factor = SupplyLink()
    return factor.score(need, factor.prepare(pool))


def test_suppliers_and_buyers_of_what_is_there_are_linked(space):
    rows = [
        enterprise("a", PACKAGING),
        enterprise("b", CHIP),
        enterprise("c", DISPLAY),
        enterprise("d", "food/dairy-drinks"),
        enterprise("e"),
    ]
    need, pool = asked(space, rows, [event("a", "established")])
    np.testing.assert_allclose(score(need, pool), [0, 0.5, 0.5, 0, np.nan], atol=1e-6)

    supplies = link(need, pool, 1)
    assert supplies.supplies
    assert (supplies.ours.node_id, supplies.theirs.node_id) == (CHIP, PACKAGING)
    assert (supplies.with_whom, supplies.how) == ("a公司", "established")
    buys = link(need, pool, 2)
    assert not buys.supplies
    assert (buys.ours.node_id, buys.theirs.node_id) == (DISPLAY, PACKAGING)
    assert link(need, pool, 0) is link(need, pool, 3) is link(need, pool, 4) is None


def test_links_cross_chains(space):
    need, pool = asked(
        space,
        [enterprise("a", "coal-chemical/coal-mining"), enterprise("b", "equipment/longwall")],
        [event("a", "production")],
    )
    np.testing.assert_allclose(score(need, pool), [0, 0.5], atol=1e-6)
    assert link(need, pool, 1).theirs.node_id == "coal-chemical/coal-mining"


def test_a_chain_leader_pulls_more_and_is_named_first(space):
    rows = [
        enterprise("a", PACKAGING),
        enterprise("b", PACKAGING, tags=["链主"]),
        enterprise("c", CHIP),
    ]
    events = [event("a", "established"), event("b", "established")]
    need, pool = asked(space, rows, events)
    np.testing.assert_allclose(score(need, pool)[2], 1 - 0.5 * 0.1, rtol=1e-5)
    assert link(need, pool, 2).with_whom == "b公司"


def test_enterprises_in_the_zone_are_named_before_those_nearby(space):
    rows = [
        enterprise("a", PACKAGING, city="太原市", tags=["链主"]),
        enterprise("b", PACKAGING),
        enterprise("c", CHIP),
    ]
    need, pool = asked(space, rows, [event("b", "established", zone_id="b")], "b")
    assert (link(need, pool, 2).with_whom, link(need, pool, 2).how) == ("b公司", "established")


def test_of_equal_links_one_through_a_node_that_the_need_is_after_is_named(space):
    rows = [enterprise("a", PACKAGING), enterprise("b", CHIP, "led/leadframe", "led/carrier-tape")]
    need, pool = asked(space, rows, [event("a", "established")])
    ids = [node.node_id for node in space.chain_map.nodes]
    for node_id in (CHIP, "led/leadframe", "led/carrier-tape"):
        need.targets = (ids.index(node_id),)
        assert link(need, pool, 1).ours.node_id == node_id


def test_nobody_is_linked_with_itself(space):
    rows = [enterprise("a", PACKAGING, CHIP), enterprise("b", DISPLAY)]
    need, pool = asked(space, rows, [event("a", "established")])
    np.testing.assert_allclose(score(need, pool), [0, 0.5], atol=1e-6)
    assert link(need, pool, 0) is None
    events = [event("a", "established"), event("b", "established")]
    need, pool = asked(space, rows, events)
    np.testing.assert_allclose(score(need, pool), [0.5, 0.5], atol=1e-6)
    assert link(need, pool, 0).with_whom == "b公司"


def test_where_nothing_is_known_the_factor_is_silent(space):
    need, pool = asked(space, [enterprise("a", PACKAGING)], [])
    assert need.present is None
    assert score(need, pool) is None
    assert link(need, pool, 0) is None


def test_the_strength_of_a_link_counts():
    graph = SupplyGraph(
        SimpleNamespace(nodes=("x", "y", "z")),
        by_sectors=True,
        suppliers=np.array([0, 1]),
        buyers=np.array([2, 2]),
        strengths=np.array([0.5, 1.0], dtype=np.float32),
    )
    whole = np.array([0, 0, 0.8], dtype=np.float32)
    there = Strength(whole[None], whole, np.zeros((1, 3), dtype=np.float32))
    here = ZonePresence(
        ids=("q",),
        names=("链主公司",),
        hows=("production",),
        nodes=there,
        stations=there,
        chains=("s",) * 3,
        graph=graph,
        pulls=graph.pulls(whole[None])[:, 0],
        pulls_apart=graph.pulls(there.apart),
    )
    pool = SimpleNamespace(
        ids=np.array(["a", "b", "c"]),
        stations=SimpleNamespace(
            fit=np.array([[1, 0, 0], [0, 0.6, 0], [1, 0.6, 0]], dtype=np.float32),
            product=np.zeros((3, 3), dtype=np.int16),
        ),
        products=WeightedTexts(["矿石"], sparse.csr_array(np.ones((3, 1)))),
    )
    need = SimpleNamespace(present=here, targets=())
    np.testing.assert_allclose(score(need, pool), [0.4, 0.4, 0.4], rtol=1e-5)
    found = link(need, pool, 0)
    assert (found.supplies, found.ours, found.theirs) == (True, "x", "z")
    assert (found.with_whom, found.product) == ("链主公司", "矿石")
