import pytest

from features.geography.seats import Seats
from tests.pool import frame


def near(zone, **seat):
    table = frame("enterprises", [{"enterprise_id": "e", "name": "a", **seat}])
    zone = {"province": None, "city": None, "county": None} | zone
    return Seats.of(table).near(zone).get(0)


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
        # Names of before, short ones, and counties that came to another city.
        ({"city": "襄阳市"}, {"city": "襄樊"}, "city"),
        ({"city": "济南市"}, {"province": "山东", "city": "莱芜市"}, "city"),
        ({"county": "莱芜区"}, {"city": "莱芜市", "district": "莱城区"}, "county"),
        ({"city": "长治", "county": "上党区"}, {"city": "长治市", "district": "长治县"}, "county"),
        ({"county": "潞城区"}, {"city": "长治市", "district": "潞城市"}, "county"),
        ({"city": "延边州"}, {"city": "延边朝鲜族自治州", "district": "延吉"}, "city"),
        ({"city": "普洱市", "county": "思茅区"}, {"city": "思茅", "district": "翠云区"}, "county"),
        ({"city": "成都市"}, {"city": "资阳市", "district": "简阳市"}, "city"),
        ({"province": "重庆", "city": "市辖区"}, {"province": "四川省", "city": "涪陵市"}, "city"),
        ({"province": "湖北省", "county": "仙桃市"}, {"city": "仙桃"}, "city"),
        # Which part of a region that was divided is not known.
        ({"city": "大同市"}, {"province": "山西", "city": "雁北地区"}, None),
        (
            {"city": "朔州市"},
            {"province": "山西", "city": "雁北地区", "district": "怀仁县"},
            "city",
        ),
        ({"province": "山西省", "city": "市辖区"}, {"province": "山西省", "city": "市辖区"}, None),
    ],
)
def test_a_seat_is_near_by_county_or_city(zone, seat, expected):
    assert near(zone, **seat) == expected
