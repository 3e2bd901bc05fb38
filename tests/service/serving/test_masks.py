from datetime import date

import numpy as np
import polars as pl
import pytest

from features.industry.nodes import NamedNodes, named_bits
from service.serving.filters import Filters
from service.serving.masks import Masks

POOL = pl.DataFrame(
    {
        "enterprise_id": ["a", "b", "c", "d", "e"],
        "province": ["山西省", "广东省", "广东省", None, "北京市"],
        "city": ["长治市", "深圳市", None, None, None],
        "district": pl.Series([None] * 5, dtype=pl.String),
        "tags": [["专精特新"], [], None, ["专精特新", "上市"], ["上市"]],
        "registered_capital": [1000.0, None, 5000.0, 200.0, 1000.0],
        "founded": [date(2020, 1, 1), date(1990, 1, 1), None, date(2015, 6, 1), date(2024, 1, 1)],
        "revenue": [100.0, 300.0, None, 0.0, 200.0],
        "industry_code": ["3975", "39", "C", None, "4411"],
        "standing": ["active", None, "inactive", "active", None],
        "flags": [["bad-credit"], ["delisted"], [], [], []],
        "credit_known": [True, False, True, False, True],
        "listed": [True, False, None, True, None],
    },
    schema_overrides={"tags": pl.List(pl.String)},
)
FIT = np.array([[0.9, 0.0], [np.nan, np.nan], [0.1, 0.5], [0.4, 0.4], [np.nan, np.nan]])
NAMED = NamedNodes(("led/packaging", "led/driver"), named_bits(FIT), POOL.height)
AS_OF = date(2025, 1, 1)


def found_in(pool: pl.DataFrame, as_of: date | None = AS_OF) -> Masks:
    return Masks(pool, among=np.ones(pool.height, dtype=bool), named=NAMED, as_of=as_of)


@pytest.mark.parametrize(
    ("filters", "kept", "unknown"),
    [
        (Filters(), "abcde", {}),
        (Filters(province=("山西",)), "a", {"province": 1}),
        (Filters(province=("山西省", "北京")), "ae", {"province": 1}),
        # Of Beijing the city is known.
        (Filters(city=("长治",)), "a", {"city": 2}),
        (Filters(city=("北京",)), "e", {"city": 2}),
        (Filters(region=("jing-jin-ji",)), "e", {"region": 1}),
        (Filters(region=("粤港澳大湾区",)), "b", {"region": 2}),
        (Filters(region=("粤港澳大湾区", "京津冀")), "be", {"region": 2}),
        (Filters(tag=("上市",)), "de", {"tag": 2}),
        (Filters(node=("led/packaging",)), "a", {"node": 3}),
        (Filters(exclude=("a", "nobody")), "bcde", {}),
        (Filters(min_capital=1000), "ace", {"min_capital": 1}),
        (Filters(max_age=5), "ae", {"max_age": 1}),
        (Filters(min_revenue=100, max_revenue=200), "ae", {"min_revenue": 1, "max_revenue": 1}),
        (Filters(listed=True), "ad", {"listed": 2}),
        (Filters(listed=False), "b", {"listed": 2}),
        (Filters(standing=("active",)), "ad", {"standing": 2}),
        (Filters(standing=("active", "unknown")), "abde", {}),
        (Filters(flag=("delisted",)), "b", {}),
        (Filters(flag=("bad-credit",)), "a", {"flag": 2}),
        (Filters(flag=("bad-credit", "delisted")), "ab", {"flag": 1}),
        (Filters(flag=("none",)), "cde", {}),
        # b may be in class 3975 and c anywhere in its section.
        (Filters(industry_code=("C3975",)), "a", {"industry_code": 3}),
        (Filters(industry_code=("39",)), "ab", {"industry_code": 2}),
        (Filters(industry_code=("C",)), "abc", {"industry_code": 1}),
        (Filters(industry_code=("44", "397")), "ae", {"industry_code": 3}),
        # d has no province either, but its capital fails for certain: nobody's unknown value.
        (Filters(province=("广东",), min_capital=1000), "c", {"min_capital": 1}),
        (Filters(city=("深圳",), max_age=0.5), "", {"city": 1, "max_age": 1}),
    ],
)
def test_unknown_never_passes_and_is_counted(
    filters: Filters, kept: str, unknown: dict[str, int]
) -> None:
    masks = found_in(POOL)
    for _ in range(2):  # the second time it is kept
        found = masks.of(filters)
        assert "".join(POOL["enterprise_id"].gather(found.rows)) == kept
        assert found.unknown == unknown
        found.unknown["changed"] = 1


def test_regions_are_known_without_suffixes() -> None:
    pool = POOL.with_columns(pl.col("province", "city").str.replace("[省市]$", ""))
    for region, kept in (("京津冀", [4]), ("粤港澳大湾区", [1])):
        assert found_in(pool).of(Filters(region=(region,))).rows.tolist() == kept


def test_a_city_of_a_region_outside_the_city_list_fails() -> None:
    pool = POOL.with_columns(city=pl.lit("韶关市"), province=pl.lit("广东省"))
    assert not found_in(pool).of(Filters(region=("大湾区",))).rows.size


def test_an_age_without_a_day_to_count_to_is_unknown() -> None:
    found = found_in(POOL, as_of=None).of(Filters(max_age=100))
    assert not found.rows.size
    assert found.unknown == {"max_age": 5}


def test_an_empty_pool_has_an_empty_mask() -> None:
    named = NamedNodes(NAMED.node_ids, NAMED.bits[:, :0], 0)
    masks = Masks(POOL.clear(), among=np.ones(0, dtype=bool), named=named, as_of=AS_OF)
    found = masks.of(Filters(region=("大湾区",), tag=("x",), node=("led/driver",), max_age=3))
    assert found.rows.shape == (0,)
    assert found.unknown == {}


@pytest.mark.parametrize(("years", "kept"), [(0.99, ""), (1, "e"), (2024.9, "abde"), (1e9, "abde")])
def test_ages_are_counted_in_years_of_the_calendar(years: float, kept: str) -> None:
    found = found_in(POOL).of(Filters(max_age=years))
    assert "".join(POOL["enterprise_id"].gather(found.rows)) == kept


def test_what_can_never_be_listed_is_not_counted_as_unknown() -> None:
    among = POOL["enterprise_id"].is_in(["a", "d"]).to_numpy()
    found = Masks(POOL, among=among, named=NAMED).of(Filters(city=("长治",)))
    assert found.rows.tolist() == [0]
    assert found.unknown == {"city": 1}
    assert among.tolist() == [True, False, False, True, False]


def test_masks_that_are_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("service.serving.masks._KEPT_BYTES", 2)
    masks = found_in(POOL)
    for capital in range(5):
        masks.of(Filters(min_capital=capital))
    kept = masks._kept.cache_info()
    assert (kept.currsize, kept.misses) == (2, 5)


def test_the_mask_of_a_filter_with_very_much_text_is_not_kept() -> None:
    masks = found_in(POOL)
    many = Filters(exclude=tuple(f"x{number}" for number in range(1_000)))
    assert masks.of(many).rows.tolist() == list(range(POOL.height))
    assert masks._kept.cache_info().currsize == 0
    masks.of(Filters(exclude=("a",)))
    assert masks._kept.cache_info().currsize == 1


PLACES = pl.DataFrame(
    {
        "enterprise_id": list("abcdefghi"),
        "province": [
            "湖北省",
            "湖北",
            "山东省",
            "山东",
            None,
            "吉林省",
            "山西省",
            "山西省",
            "广东省",
        ],
        "city": [
            "襄阳市",
            "襄樊",
            "济南市",
            "莱芜市",
            "昆山市",
            "延边",
            "市辖区",
            "大同",
            "杭州市",
        ],
        "district": [None, None, None, "钢城区", None, None, None, None, None],
        "tags": pl.Series([None] * 9, dtype=pl.List(pl.String)),
        "registered_capital": [None] * 9,
        "founded": pl.Series([None] * 9, dtype=pl.Date),
    }
)


@pytest.mark.parametrize(
    ("filters", "kept", "unknown"),
    [
        (Filters(city=("襄樊市",)), "ab", 1),
        (Filters(city=("襄阳",)), "ab", 1),
        (Filters(city=("济南",)), "cd", 1),
        # A county, or what became one: who is in its city may be in it.
        (Filters(city=("钢城区",)), "d", 2),
        (Filters(city=("莱芜",)), "", 2),
        (Filters(city=("苏州",)), "e", 1),
        (Filters(city=("昆山",)), "e", 1),
        (Filters(city=("延边朝鲜族自治州", "襄樊")), "abf", 1),
        # Divided: who is in one of its parts today may have been in it.
        (Filters(city=("雁北地区",)), "", 2),
        # A city of another province is not known there, and found by its name all the same.
        (Filters(city=("杭州",)), "i", 1),
        (Filters(province=("湖北",)), "ab", 0),
        (Filters(province=("江苏",)), "e", 0),
        (Filters(region=("长三角",)), "e", 0),
    ],
)
def test_places_are_found_by_any_of_their_names(filters, kept, unknown):
    columns = PLACES.with_columns(pl.col("registered_capital").cast(pl.Float64))
    named = NamedNodes((), np.zeros((9, 0), dtype=np.uint8), 9)
    masks = Masks(columns, among=np.ones(9, dtype=bool), named=named)
    found = masks.of(filters)
    assert "".join(PLACES["enterprise_id"].gather(found.rows)) == kept
    assert sum(found.unknown.values()) == unknown


def test_values_that_nobody_has_are_named() -> None:
    found = found_in(POOL).of(
        Filters(
            province=("山西", "火星省"),
            city=("火星",),
            tag=("上市", "上"),
            industry_code=("39", "397", "3975", "3974", "C", "E"),
            exclude=("a", "nobody"),
        )
    )
    assert found.unknown_values == {
        "province": ["火星省"],
        "city": ["火星"],
        "tag": ["上"],
        "industry_code": ["3974", "E"],
        "exclude": ["nobody"],
    }
    assert found_in(POOL).of(Filters(province=("山西",), city=("长治",))).unknown_values == {}
