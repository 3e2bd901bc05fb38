import numpy as np
import pytest

from features.enterprises.history import deal_place, subject_of, years
from models.factors.deal_counts import HALF_LIFE, DealCounts
from tests.models.factors.deals import LONG_AGO, TODAY, event, history, need

SHANGHAI, SUZHOU, URUMQI = (121.47, 31.23), (120.59, 31.30), (87.62, 43.82)


def tally(needs, rows):
    return DealCounts(history(needs, rows), years(TODAY))


def test_a_deal_counts_half_a_half_life_later():
    needs = [need("z", "光电")]
    then = LONG_AGO.replace(year=TODAY.year - int(HALF_LIFE))
    found = tally(needs, [event("a", "z/光电"), event("b", "z/光电", then), event("b", "z/光电")])
    assert found.enterprises.tolist() == ["a", "b"]
    industry, place = found.industry(subject_of(needs[0])), found.place(deal_place(needs[0]))
    np.testing.assert_allclose(industry[0], [1, 1.5], rtol=1e-3)
    np.testing.assert_allclose(place[0], [1, 1.5], rtol=1e-3)
    assert not industry[1:].any()
    assert not place[1:].any()


def test_deals_of_one_chain_and_of_one_industry_are_distinguished():
    needs = [need("z", "封装", chain="LED"), need("z", "显示", chain="LED"), need("z", "照明")]
    rows = [event("a", "z/封装"), event("a", "z/照明"), event("b", "z/显示"), event("c", "z/照明")]
    own, branch, related = tally(needs, rows).industry(subject_of(needs[0]))
    assert own.tolist() == [1, 0, 0]
    assert branch.tolist() == [0, 1, 0]
    np.testing.assert_allclose(related, [np.sqrt(0.5), 0, np.sqrt(0.5)])


def test_a_deal_elsewhere_counts_by_region_and_by_distance():
    needs = [
        need("上海", "光电", region="东", point=SHANGHAI),
        need("苏州", "光电", region="东", point=SUZHOU),
        need("乌市", "光电", region="西", point=URUMQI),
        need("某地", "光电"),
    ]
    rows = [event(id_, one.need_id) for id_, one in zip("abcd", needs, strict=True)]
    own, area, near = tally(needs, rows).place(deal_place(needs[0]))
    assert own.tolist() == [1, 0, 0, 0]
    assert area.tolist() == [0, 1, 0, 0]
    assert near[[0, 3]].tolist() == [0, 0]
    assert near[1] == pytest.approx(np.exp(-84 / 500), abs=0.01)
    assert 0 < near[2] < 0.002


@pytest.mark.parametrize("asked", [need("y", "医药"), need(None, None)], ids=["new", "nothing"])
def test_of_an_unheard_need_nobody_has_deals(asked):
    needs = [need("z", "光电"), need(None, "煤化工")]
    found = tally(needs, [event("a", "z/光电"), event("b", None, zone_id="z")])
    assert not found.industry(subject_of(asked)).any()
    assert not found.place(deal_place(asked)).any()
