import numpy as np
import pytest

from features.need import NeedQuery
from tests.neighbours import enterprise, event, presence

PACKAGING, DISPLAY = "led/packaging", "led/display"


@pytest.fixture(scope="module")
def space(fitted):
    return fitted.ranker.space


def at(space, node_id):
    return [node.node_id for node in space.chain_map.nodes].index(node_id)


def strength(space, here, node_id=PACKAGING):
    return 0.0 if here is None else float(here.nodes.whole[at(space, node_id)])


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        ("established", 0.5),
        ("production", 0.5),
        ("construction", 0.5),
        ("signed", 0.35),
        ("negotiation", 0),
        ("contacted", 0),
        ("lead", 0),
        ("declined", 0),
        ("stalled", 0),
    ],
)
def test_an_event_says_who_is_there(space, stage, expected):
    found, _ = presence(space, [enterprise("e", PACKAGING)], [event("e", stage)])
    assert strength(space, found.of("c")) == pytest.approx(expected)
    assert found.of("a") is found.of("b") is None


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        ([("declined", "2024-06-01")], 0),
        ([("lost", "2024-01-01")], 0),
        ([("stalled", "2024-06-01")], 0),
        ([("declined", "2023-06-01")], 0.35),
        ([("contacted", "2024-06-01")], 0.35),
        ([("production", "2024-06-01")], 0.5),
        ([("lost", "2024-06-01"), ("signed", "2024-07-01")], 0.35),
    ],
)
def test_an_enterprise_that_has_left_is_not_present(space, later, expected):
    events = [event("e", "signed"), *(event("e", stage, on=on) for stage, on in later)]
    found, _ = presence(space, [enterprise("e", PACKAGING)], events)
    assert strength(space, found.of("c")) == pytest.approx(expected)


def test_a_second_project_that_fails_takes_the_first_one_nothing(space):
    needs = [{"need_id": id_, "zone_id": "c", "industry": "x"} for id_ in ("n1", "n2")]
    events = [
        event("e", "production", zone_id=None, need_id="n1"),
        event("e", "declined", zone_id=None, need_id="n2", on="2025-01-01"),
    ]
    found, _ = presence(space, [enterprise("e", PACKAGING)], events, needs)
    assert strength(space, found.of("c")) == pytest.approx(0.5)


def test_the_zone_of_an_event_is_that_of_its_need(space):
    needs = [{"need_id": "n", "zone_id": "b", "industry": "x"}]
    events = [event("e", "established", zone_id=None, need_id="n")]
    found, _ = presence(space, [enterprise("e", PACKAGING)], events, needs)
    assert strength(space, found.of("b")) == pytest.approx(0.5)
    assert found.of("c") is None


@pytest.mark.parametrize(
    ("seat", "expected", "how"),
    [
        ({"city": "长治市", "district": "襄垣县"}, 0.4, "county"),
        ({"province": "山西", "city": "长治", "district": "襄垣"}, 0.4, "county"),
        ({"district": "襄垣县"}, 0.4, "county"),
        ({"city": "长治市"}, 0.2, "city"),
        ({"city": "长治市", "district": "上党区"}, 0.2, "city"),
        ({"city": "太原市", "district": "襄垣县"}, 0, None),
        ({"province": "山东省", "city": "长治市"}, 0, None),
        ({"province": "山西省"}, 0, None),
        ({}, 0, None),
    ],
)
def test_a_seat_in_the_county_says_more_than_one_in_the_city(space, seat, expected, how):
    found, pool = presence(space, [enterprise("e", PACKAGING, **seat)])
    assert strength(space, found.of("a")) == pytest.approx(expected)
    assert found.seats("a").get(0) == how
    assert found.seats("c") == {}
    assert len(pool) == 1


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({"tags": ["链主企业"]}, 0.9),
        ({"tags": ["专精特新"]}, 0.5),
        ({"employees": 1000, "revenue": 40_000.0}, 0.9),
        ({"employees": 1000}, 0.5),
        ({"status": "已注销"}, 0),
    ],
)
def test_chain_leaders_count_more_and_the_struck_off_nothing(space, known, expected):
    rows = [enterprise("e", PACKAGING, **known)]
    found, _ = presence(space, rows, [event("e", "established")])
    assert strength(space, found.of("c")) == pytest.approx(expected)


def test_several_are_stronger_together_and_those_around_stay_below_0_4(space):
    there = [enterprise(f"e{n}", PACKAGING) for n in range(2)]
    around = [enterprise(f"x{n}", PACKAGING, city="太原市") for n in range(50)]
    events = [event(f"e{n}", "established", zone_id="b") for n in range(2)]
    assert strength(space, presence(space, there, events)[0].of("b")) == pytest.approx(0.75)
    found, _ = presence(space, around)
    assert strength(space, found.of("b")) == pytest.approx(0.4, abs=1e-5)
    found, _ = presence(space, [*there, *around], events)
    assert strength(space, found.of("b")) == pytest.approx(1 - 0.25 * 0.6, abs=1e-5)


def test_what_is_there_besides_each_member_leaves_it_out(space):
    rows = [
        enterprise("e0", PACKAGING),
        enterprise("e1", PACKAGING, DISPLAY),
        enterprise("x", PACKAGING, city="太原市"),
    ]
    events = [event("e0", "established", zone_id="b"), event("e1", "signed", zone_id="b")]
    here = presence(space, rows, events)[0].of("b")
    assert here.ids == ("e0", "e1", "x")
    assert here.hows == ("established", "signed", "city")
    packaging, display = here.nodes.apart[:, [at(space, PACKAGING), at(space, DISPLAY)]].T
    expected = [1 - 0.65 * 0.8, 1 - 0.5 * 0.8, 1 - 0.5 * 0.65]
    np.testing.assert_allclose(packaging, expected, rtol=1e-5)
    np.testing.assert_allclose(display, [0.35, 0, 0.35], rtol=1e-5, atol=1e-7)
    assert here.besides(here.nodes.shares[:, at(space, PACKAGING)], 0) == [1, 2]
    assert here.member("e1") == 1
    assert here.member("nobody") is None


def test_who_is_there_and_seated_there_counts_once_by_the_better_evidence(space):
    row = enterprise("e", PACKAGING, city="长治市", district="襄垣县")
    for stage, expected, how in (("established", 0.5, "established"), ("signed", 0.4, "county")):
        here = presence(space, [row], [event("e", stage, zone_id="a")])[0].of("a")
        assert strength(space, here) == pytest.approx(expected)
        assert here.hows == (how,)


def test_where_no_node_is_known_nothing_is(space):
    found, _ = presence(space, [enterprise("e")], [event("e", "established")])
    assert found.of("c") is None
    assert found.of(None) is found.of("nowhere") is None


def test_a_zone_that_no_table_knows_is_known_by_its_events(space):
    events = [event("e", "established", zone_id="elsewhere")]
    found, _ = presence(space, [enterprise("e", PACKAGING)], events)
    assert strength(space, found.of("elsewhere")) == pytest.approx(0.5)


def test_a_need_is_not_judged_by_what_its_own_events_brought(space):
    needs = [{"need_id": id_, "zone_id": "c", "industry": "x"} for id_ in ("n1", "n2", "n3")]
    events = [
        event("e0", "established", zone_id=None, need_id="n1"),
        event("e1", "established", zone_id=None, need_id="n2"),
    ]
    rows = [enterprise("e0", PACKAGING), enterprise("e1", DISPLAY)]
    found, _ = presence(space, rows, events, needs)
    assert found.of("c").ids == ("e0", "e1")
    assert found.of("c", apart_from="n1").ids == ("e1",)
    assert found.of("c", apart_from="n2").ids == ("e0",)
    assert found.of("c", apart_from="n3") is found.of("c")


def test_the_last_event_of_a_pair_is_returned(space):
    needs = [
        {"need_id": "n1", "zone_id": "c", "industry": "x"},
        {"need_id": "free", "industry": "y"},
    ]
    events = [
        event("e", "signed", zone_id=None, need_id="n1"),
        event("e", "contacted", on="2023-01-01"),
        event("e", "lead", zone_id=None, need_id="free"),
        event("e", "declined", zone_id=None, need_id="free"),
    ]
    found, _ = presence(space, [enterprise("e", PACKAGING)], events, needs)
    last = found.last_event(NeedQuery("x", zone_id="c", need_id="n2"), "e")
    assert (last.stage, last.date.isoformat(), last.need_id) == ("signed", "2024-01-01", "n1")
    assert found.last_event(NeedQuery("y", need_id="free"), "e").stage == "declined"
    assert found.last_event(NeedQuery("x", zone_id="a", need_id="n1"), "e") is None
    assert found.last_event(NeedQuery("x", zone_id="c"), "other") is None
    assert found.last_event(NeedQuery("x"), "e") is None


def test_rows_are_found_in_any_pool(space):
    rows = [enterprise(id_, PACKAGING) for id_ in ("b", "d")]
    events = [event(id_, "established") for id_ in ("b", "d")]
    here = presence(space, rows, events)[0].of("c")
    found = [each.tolist() for each in here.rows_in(np.array(["a", "b", "c"]))]
    assert found == [[1], [0]]
    assert [len(each) for each in here.rows_in(np.array([], dtype=np.str_))] == [0, 0]
