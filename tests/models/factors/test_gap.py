from types import SimpleNamespace

import numpy as np
import pytest

from models.factors.gap import Gap, filling, presence_state
from tests.neighbours import enterprise, event, presence

CHIP, PACKAGING, DISPLAY = "led/chip", "led/packaging", "led/display"
ROWS = [
    enterprise("a", PACKAGING),
    enterprise("b", PACKAGING),
    enterprise("c", CHIP),
    enterprise("d", "food/dairy-drinks"),
    enterprise("e"),
    enterprise("f", PACKAGING, CHIP),
]


@pytest.fixture(scope="module")
def space(fitted):
    return fitted.ranker.space


def column(space, node_id):
    return [node.node_id for node in space.chain_map.nodes].index(node_id)


def asked(space, events, targets=(CHIP, PACKAGING, DISPLAY), rows=ROWS, zone_id="c"):
    found, pool = presence(space, rows, events)
    return SimpleNamespace(
        present=found.of(zone_id), targets=tuple(column(space, each) for each in targets)
    ), pool


def score(need, pool):
    factor = Gap()
    return factor.score(need, factor.prepare(pool))


def test_missing_nodes_count_most_then_weak_ones_and_strong_ones_little(space):
    need, pool = asked(space, [event("a", "established")])
    weak = 1 - 0.8 * 0.5
    # Who is there is weighed against what is there besides: without it the node is missing.
    np.testing.assert_allclose(score(need, pool), [1, weak, 1, 0, np.nan, 1], rtol=1e-5)

    leader = [enterprise("a", PACKAGING, tags=["链主"]), *ROWS[1:]]
    need, pool = asked(space, [event("a", "established")], rows=leader)
    np.testing.assert_allclose(score(need, pool)[[1, 2]], [1 - 0.8 * 0.9, 1], rtol=1e-5)


def test_a_gap_has_the_enterprises_present(space):
    need, pool = asked(space, [event("a", "established")])
    weak, missing = filling(need, pool, 1), filling(need, pool, 2)
    assert weak == (column(space, PACKAGING), "weak", (("a公司", "established"),), False)
    assert missing == (column(space, CHIP), "missing", (), False)
    assert filling(need, pool, 0) == (column(space, PACKAGING), "missing", (), True)
    assert filling(need, pool, 3) is filling(need, pool, 4) is None
    assert filling(need, pool, 5).node == column(space, CHIP)


def test_only_nodes_that_the_need_is_after_count(space):
    need, pool = asked(space, [event("a", "established")], targets=(PACKAGING,))
    weak = 1 - 0.8 * 0.5
    np.testing.assert_allclose(score(need, pool), [1, weak, 0, 0, np.nan, weak], rtol=1e-5)


@pytest.mark.parametrize(
    ("events", "targets", "rows"),
    [
        ([], (CHIP,), ROWS),
        ([event("a", "established")], (), ROWS),
        ([event("d", "established")], (CHIP,), ROWS),
        ([event("a", "contacted")], (CHIP,), ROWS),
    ],
    ids=["nobody is there", "no target", "another chain only", "only contacted"],
)
def test_where_nothing_of_the_chain_is_known_nothing_is_missing(space, events, targets, rows):
    need, pool = asked(space, events, targets, rows)
    assert score(need, pool) is None
    assert filling(need, pool, 1) is None


def test_one_ordinary_enterprise_in_the_city_makes_a_node_weak(space):
    rows = [enterprise("a", PACKAGING, city="太原市"), *ROWS[1:]]
    need, pool = asked(space, [], rows=rows, zone_id="b")
    np.testing.assert_allclose(score(need, pool)[[1, 2]], [1 - 0.8 * 0.2, 1], rtol=1e-5)
    assert filling(need, pool, 1)[1:] == ("weak", (("a公司", "city"),), False)


@pytest.mark.parametrize(
    ("present", "expected"),
    [(0, "missing"), (0.149, "missing"), (0.15, "weak"), (0.699, "weak"), (0.7, "strong")],
)
def test_thresholds(present, expected):
    assert presence_state(present) == expected
