from datetime import date

import numpy as np
import pytest

from features.enterprises.history import (
    DealPlace,
    Deals,
    Subject,
    date_at,
    deal_place,
    subject_of,
    years,
)
from features.need import NeedQuery
from features.places import UNKNOWN_POINT
from tests.models.factors.deals import LONG_AGO, TODAY, event, history, need

NEEDS = [need("z1", "光电", region="南"), need("z2", "煤化工", chain="煤"), need(None, "医药")]


def told(found):
    return [
        (id_, found.subject_list[subject].industry, found.place_list[place].zone_id)
        for id_, subject, place in zip(
            found.enterprises.tolist(), found.subjects, found.places, strict=True
        )
    ]


def test_a_need_says_what_it_is_after_and_where():
    asked = need("z", "光电", region="南", chain="LED", point=(113.0, 36.0))
    assert subject_of(asked) == Subject("光电", ("chain=LED",))
    assert deal_place(asked) == DealPlace("z", ("region=南",), (113.0, 36.0))
    assert subject_of(need("z", None)) == Subject("", ())
    assert deal_place(need(None, "光电")) == DealPlace("", (), UNKNOWN_POINT)


def test_the_feature_space_s_needs_say_it_too(bound):
    place = {"zone_id": "z", "city": "苏州市", "province": "江苏省"}
    asked = bound.ranker.space.need(NeedQuery("LED封装", chain="光电", zone_id="z"), place)
    assert subject_of(asked).industry == "LED封装"
    assert {"chain=光电", "chain_id=led"} <= {*subject_of(asked).branches}
    assert deal_place(asked).areas == ("region=长三角", "zone_province=江苏省")


def test_deals_come_in_the_order_of_time_and_keep_industry_and_place():
    found = history(NEEDS, [event("b", "z1/光电"), event("a", "z2/煤化工", LONG_AGO)])
    assert told(found) == [("a", "煤化工", "z2"), ("b", "光电", "z1")]
    assert [date_at(moment) for moment in found.dates] == [LONG_AGO, TODAY]


def test_what_is_no_deal_is_left_out():
    rows = [
        event("a", "z1/光电", stage="contacted"),
        event("a", "z1/光电", stage="declined"),
        event("a", "z9/光电"),
        event("a", "z1/光电", date(2020, 1, 2)),
    ]
    assert len(history(NEEDS, rows)) == 0
    assert told(history(NEEDS, [*rows, event("b", "z1/光电")])) == [("b", "光电", "z1")]


def test_a_project_is_one_deal_though_it_passes_through_stages():
    days = [date(2018 + at, 1, 1) for at in range(3)]
    stages = ("signed", "construction", "production")
    passed = [event("a", "z1/光电", d, stage=s) for d, s in zip(days, stages, strict=True)]
    found = history(NEEDS, passed)
    assert [date_at(moment) for moment in found.dates] == days[:1]
    assert len(history(NEEDS, passed[1:])) == 1
    assert len(history(NEEDS, [*passed, event("a", "z1/光电"), event("b", "z1/光电")])) == 3


def test_an_event_of_a_zone_alone_is_a_deal_there_without_an_industry():
    rows = [event("a", None, zone_id="z2"), event("a", None, zone_id="z8")]
    assert told(history(NEEDS, rows)) == [("a", "", "z2")]


def test_deals_come_back_as_they_were_saved():
    rows = [event("a", "z1/光电"), event("b", "z2/煤化工"), event("c", "None/医药", LONG_AGO)]
    found = history(NEEDS, rows)
    arrays = found.arrays()
    assert all(array.dtype.kind in "Uif" for array in arrays.values())
    back = Deals.restore(arrays)
    assert told(back) == told(found)
    assert back.subject_list == found.subject_list
    for one, other in zip(back.place_list, found.place_list, strict=True):
        assert one[:2] == other[:2]
        np.testing.assert_equal(one.point, other.point)


@pytest.mark.parametrize("day", [date(1949, 10, 1), date(2015, 1, 1), date(2024, 2, 29)])
def test_dates_survive_as_years(day):
    assert date_at(years(day)) == day
