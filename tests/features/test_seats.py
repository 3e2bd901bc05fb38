import pytest

from features.seats import Seats
from tests.pool import frame


@pytest.fixture(scope="module")
def gazetteer(fitted):
    return fitted.ranker.space.gazetteer_


def near(gazetteer, zone, **seat):
    table = frame("enterprises", [{"enterprise_id": "e", "name": "a", **seat}])
    zone = {"province": None, "city": None, "county": None} | zone
    return Seats.of(table, gazetteer).near(zone).get(0)


@pytest.mark.parametrize(
    ("zone", "seat", "expected"),
    [
        ({"county": "襄垣县"}, {"city": "长治市"}, "city"),
        ({"county": "襄垣县"}, {"district": "襄垣县"}, "county"),
        ({"city": "上海市", "county": "浦东新区"}, {"province": "上海市"}, "city"),
        ({"province": "上海市"}, {"city": "上海市", "district": "浦东新区"}, "city"),
        ({"province": "北京", "county": "朝阳区"}, {"city": "北京", "district": "朝阳"}, "county"),
        ({"city": "长春市", "county": "朝阳区"}, {"city": "北京市", "district": "朝阳区"}, None),
        ({"county": "朝阳区"}, {"city": "北京市", "district": "朝阳区"}, None),
        ({"province": "山西省"}, {"province": "山西省"}, None),
        ({}, {"city": "长治市"}, None),
    ],
)
def test_a_seat_is_near_by_county_or_city(gazetteer, zone, seat, expected):
    assert near(gazetteer, zone, **seat) == expected
