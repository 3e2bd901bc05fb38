import math

import numpy as np
import pytest

from features.places import Gazetteer, distance_km, regions_of


@pytest.fixture(scope="module")
def gazetteer(_polygons_read_once):
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
    assert regions_of(province, city) == regions
