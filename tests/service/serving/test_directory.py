import numpy as np
import pytest

from features.enterprises.profile import struck_off
from features.enterprises.profiles import Profiles
from features.errors import NotFoundError
from features.need import NeedQuery
from service.serving.directory import Directory
from tests.pool import FLAGGED, NEED_IDS, STRUCK, SUBJECTS, UNKNOWN, frame, tables


@pytest.fixture(scope="module")
def directory(bound):
    known = tables()
    known["enterprises"] = known["enterprises"].sort("enterprise_id")
    stray = frame("needs", [{"need_id": "z9/LED", "zone_id": "z9", "industry": "LED"}])
    known["needs"] = known["needs"].vstack(stray)
    profiles = Profiles.of(known["enterprises"])
    closed = struck_off(known["enterprises"])
    nobody = np.zeros_like(closed)
    return Directory(profiles, closed, nobody, known, bound.ranker.space.chain_map)


def test_zones_are_listed_with_their_needs(directory):
    assert [zone["zone_id"] for zone in directory.zones()] == ["z0", "z1"]
    zone = directory.zone("z1")
    assert zone["county"] == "襄垣县"
    assert [need["need_id"] for need in zone["needs"]] == NEED_IDS[1::2]
    assert zone["needs"][0]["zone"] == {"zone_id": "z1", "name": "襄垣开发区"}


def test_a_zone_known_by_its_needs_alone_is_listed(directory):
    zone = directory.zone("z9")
    assert (zone["name"], [need["need_id"] for need in zone["needs"]]) == (None, ["z9/LED"])


def test_needs_by_id_and_by_zone_and_industry(directory):
    assert len(directory.needs()) == len(NEED_IDS) + 1
    first = directory.need(NEED_IDS[0])
    assert isinstance(first, NeedQuery)
    assert directory.need_of("z0", next(iter(SUBJECTS))) is first


@pytest.mark.parametrize(
    ("zone", "industry"), [("襄垣", "显示屏"), ("襄垣开发区", "LED显示屏"), ("z1", "屏")]
)
def test_a_need_is_found_by_what_people_call_it(directory, zone, industry):
    assert directory.need_of(zone, industry).need_id == "z1/LED显示屏"


def test_what_may_mean_several_is_answered_with_their_names(directory):
    with pytest.raises(NotFoundError, match=r"'区' means several zones: .*襄垣开发区") as caught:
        directory.need_of("区", "LED")
    assert caught.value.field == "zone_id"
    with pytest.raises(NotFoundError, match="'LED' means several of the needs of zone 'z0'"):
        directory.need_of("z0", "LED")


def test_zones_by_what_people_call_them(directory):
    assert [zone["zone_id"] for zone in directory.zones("襄垣")] == ["z1"]
    assert [zone["zone_id"] for zone in directory.zones("区")] == ["z0", "z1"]
    assert directory.zones("晋城") == []


@pytest.mark.parametrize(
    ("ask", "field"),
    [
        (lambda d: d.need("nothing"), "need_id"),
        (lambda d: d.zone("nothing"), "zone_id"),
        (lambda d: d.need_of("nothing", "LED封装"), "zone_id"),
        (lambda d: d.need_of("z0", "飞机"), "industry"),
        (lambda d: d.chain("nothing"), "chain_id"),
        (lambda d: d.enterprise("nothing"), "enterprise_id"),
    ],
)
def test_what_is_not_there_is_not_found(directory, ask, field):
    with pytest.raises(NotFoundError) as caught:
        ask(directory)
    assert caught.value.field == field
    assert caught.value.got in {"nothing", "飞机"}


def test_a_wrong_industry_is_answered_with_the_right_ones(directory):
    with pytest.raises(NotFoundError) as caught:
        directory.need_of("z1", "LED封装")
    assert caught.value.expected == "one of: " + ", ".join(list(SUBJECTS)[1::2])


def test_a_chain_has_its_nodes_in_order_and_every_edge_that_touches_it(directory):
    assert {"led", "coal-chemical"} <= {chain["chain_id"] for chain in directory.chains()}
    chain = directory.chain("led")
    assert chain["nodes"][0]["node_id"] == "led/equipment"
    edges = {(edge["from"], edge["to"]) for edge in chain["edges"]}
    assert ("led/chip", "led/packaging") in edges
    assert ("led/chip", "pharma/devices") in edges
    assert all("led/" in one + other for one, other in edges)


@pytest.mark.parametrize(
    ("q", "found"),
    [
        (" 双子 ", ["X-twin-a", "X-twin-b"]),
        ("*ST", [FLAGGED]),
        ("E000", ["E000"]),
        ("E00", []),
        (".*", []),
        ("(", []),
        ("旧日", [STRUCK]),
    ],
)
def test_enterprises_are_searched_by_name_or_id_literally(directory, q, found):
    page = directory.enterprises(q, 20, 0)
    assert [row["enterprise_id"] for row in page["enterprises"]] == found
    assert page["total"] == len(found)


def test_a_search_has_pages(directory):
    page = directory.enterprises("股份", 3, 58)
    assert page["total"] == 60
    assert [row["enterprise_id"] for row in page["enterprises"]] == ["E113", "E114"]


def test_a_profile_says_what_is_known_and_null_else(directory):
    profile = directory.enterprise("E000")
    assert profile["products"][0] == {"name": "LED封装", "share": 0.6}
    assert (profile["founded"], profile["struck_off"]) == (None, False)
    assert profile["confidence"] == 0.85
    assert directory.enterprise(UNKNOWN)["confidence"] == 0.1
    assert directory.enterprise(STRUCK)["struck_off"] is True
    assert directory.enterprise(FLAGGED)["flags"] == ["special-treatment", "bad-credit"]
