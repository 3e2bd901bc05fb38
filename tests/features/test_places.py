import math

import numpy as np
import pytest

from features.places import Gazetteer, county_stem, distance_km, regions_of, stem


@pytest.fixture(scope="module")
def gazetteer():
    return Gazetteer().fit()


@pytest.mark.parametrize(
    ("asked", "point"),
    [
        ({"province": "山西省", "city": "长治市"}, (112.9, 36.5)),
        ({"city": "长治市"}, (112.9, 36.5)),
        ({"province": "山西省"}, (112.3, 37.6)),
        ({"city": "长治市", "county": "襄垣县"}, (113.0, 36.5)),
        ({"city": "北京市"}, (116.4, 40.2)),
        ({"province": "山西省", "city": "无此市"}, (112.3, 37.6)),
        ({"province": "山西省", "city": "深圳市"}, (112.3, 37.6)),
        ({"province": "山西", "city": "长治"}, (112.9, 36.5)),
        ({"province": "内蒙古"}, (114.0, 44.0)),
        ({"city": "长治", "county": "襄垣"}, (113.0, 36.5)),
        ({"city": "北京", "county": "朝阳"}, (116.5, 39.9)),
        # Names of before lie where they lie now, not in the middle of their province.
        ({"province": "湖北", "city": "襄樊市"}, (111.9, 31.9)),
        ({"province": "山东省", "city": "莱芜市"}, (117.7, 36.3)),
        ({"province": "山西", "city": "长治市", "county": "长治县"}, (113.0, 36.0)),
        ({"province": "云南省", "city": "思茅地区"}, (101.0, 23.1)),
        ({"province": "吉林省", "city": "延边州"}, (129.4, 43.1)),
        ({"province": "河南省", "city": "省直辖县级行政区划", "county": "济源市"}, (112.4, 35.1)),
        ({"province": "山西省", "city": "市辖区"}, (112.3, 37.6)),
    ],
)
def test_the_smallest_place_named_is_found(gazetteer, asked, point):
    place = gazetteer.find(**asked)
    assert (place.lon, place.lat) == pytest.approx(point, abs=0.4)


@pytest.mark.parametrize("asked", [{}, {"city": ""}, {"city": "无此市"}, {"province": "无此省"}])
def test_an_unknown_place_is_none(gazetteer, asked):
    assert gazetteer.find(**asked) is None


def test_a_county_s_name_of_several_cities_needs_its_city(gazetteer):
    assert gazetteer.find(county="鼓楼区") is None
    assert gazetteer.find(city="南京市", county="鼓楼区").city == "南京市"
    assert gazetteer.find(city="福州市", county="鼓楼区").province == "福建省"


def test_saved_places_are_found_alike(gazetteer):
    restored = Gazetteer().restore(gazetteer.arrays())
    asked = {"province": "山西省", "city": "长治市", "county": "潞州区"}
    assert restored.find(**asked) == gazetteer.find(**asked)


def test_distances_are_great_circles():
    found = distance_km((0, 0), np.array([[0, 0], [90, 0], [0, 90], [180, 0], [math.nan, 0]]))
    quarter = math.pi / 2 * 6371.0088
    np.testing.assert_allclose(found, [0, quarter, quarter, 2 * quarter, math.nan], rtol=1e-9)


@pytest.mark.parametrize(
    ("province", "city", "regions"),
    [
        ("河北省", None, ["京津冀"]),
        ("广东省", "深圳市", ["粤港澳大湾区"]),
        ("广东省", "韶关市", []),
        (None, None, []),
    ],
)
def test_target_regions(province, city, regions):
    assert list(regions_of(province, city)) == regions


@pytest.mark.parametrize(
    ("name", "expected"),
    [("山西省", "山西"), ("广西壮族自治区", "广西"), ("长治市", "长治"), ("长治", "长治")],
)
def test_a_suffix_does_not_matter(name, expected):
    assert stem(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("襄垣县", "襄垣"),
        ("上党区", "上党"),
        ("沁县", "沁县"),
        ("城区", "城区"),
        ("高平市", "高平"),
    ],
)
def test_a_county_keeps_two_characters(name, expected):
    assert county_stem(name) == expected


@pytest.mark.parametrize("name", [None, "", " "])
def test_an_unknown_name_has_no_stem(name):
    assert stem(name) is county_stem(name) is None


@pytest.mark.parametrize(
    ("province", "city", "expected"),
    [("江苏", None, ["长三角"]), ("广东", "深圳", ["粤港澳大湾区"]), ("广东", "韶关", [])],
)
def test_regions_are_known_without_suffixes(province, city, expected):
    assert list(regions_of(province, city)) == list(expected)
