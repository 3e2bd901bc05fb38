"""Names of places in imports, and warnings about unknown ones."""

from datetime import date

import pytest

from features.imports.importing import import_table
from features.workspace import Workspace

SEAT = ["province", "city", "district"]


@pytest.fixture
def load(tmp_path):
    workspace = Workspace(tmp_path / "var")

    def load(table, text):
        path = tmp_path / f"{table}.csv"
        path.write_text(text, encoding="utf-8")
        return import_table(workspace, table, path, today=date(2026, 1, 1)), workspace.read(table)

    return load


def test_places_are_stored_by_their_names_of_today_and_the_rest_is_named_and_counted(load):
    report, stored = load(
        "enterprises",
        "enterprise_id,name,province,city,district\n"
        "a,甲,湖北,襄樊,\n"
        "b,乙,,莱芜市,\n"
        "c,丙,山西省,市辖区,\n"
        "d,丁,山西省,市辖区,襄垣县\n"
        "e,戊,山西省,雁北地区,\n"
        "f,己,虚构省,虚构市,\n"
        "g,庚,广东省,杭州市,\n"
        "h,辛,广东,深圳,高新区\n"
        "i,壬,湖北省,襄樊市,\n",
    )
    assert stored.select(SEAT).rows() == [
        ("湖北省", "襄阳市", None),
        ("山东省", "济南市", "莱芜区"),
        ("山西省", None, None),
        ("山西省", "长治市", "襄垣县"),
        ("山西省", None, None),
        ("虚构省", "虚构市", None),
        ("广东省", "杭州市", None),
        ("广东省", "深圳市", "高新区"),
        ("湖北省", "襄阳市", None),
    ]
    assert report.warnings == [
        "province: unknown places in 1 row, kept as stated: 虚构省",
        "city: unknown places in 2 rows, kept as stated: 虚构市, 杭州市",
        "city: no city is named in 1 row, so it is unknown there: 市辖区",
        "places: divided since then in 1 row, and unknown where it is unclear which part is meant: "
        "雁北地区 → 大同市、朔州市 (1993)",
        "places: former names in 3 rows, stored as 襄樊市 → 襄阳市 (2010), "
        "莱芜市 → 济南市莱芜区 (2018)",
    ]


def test_zones_are_stored_by_their_names_of_today(load):
    report, stored = load(
        "zones",
        "zone_id,name,county,city,province\n"
        "a,甲开发区,长治县,长治,山西\n"
        "b,乙开发区,,莱芜市,山东\n"
        "c,丙开发区,潞州区,,\n"
        "d,丁开发区,虚构县,长治市,\n",
    )
    assert stored.select("province", "city", "county").rows() == [
        ("山西省", "长治市", "上党区"),
        ("山东省", "济南市", "莱芜区"),
        # An office sees a zone as it stated it: what its county implies is found when it is asked.
        (None, None, "潞州区"),
        (None, "长治市", "虚构县"),
    ]
    assert report.warnings == [
        "county: unknown places in 1 row, kept as stated: 虚构县",
        "places: former names in 2 rows, stored as 长治县 → 长治市上党区 (2018), "
        "莱芜市 → 济南市莱芜区 (2018)",
    ]


def test_names_of_today_are_not_worth_a_word(load):
    text = "enterprise_id,name,province,city,district\na,甲,山西,长治,潞州区\nb,乙,吉林,延边州,\n"
    report, stored = load("enterprises", text)
    assert report.warnings == []
    assert stored["city"].to_list() == ["长治市", "延边朝鲜族自治州"]
    again, _ = load("enterprises", text)
    assert (again.replaced, again.unchanged) == (2, 2)


def test_english_names_are_stored_in_chinese(load):
    _, stored = load(
        "enterprises",
        "enterprise_id,name,province,city,address\n"
        "a,甲,,Taiyuan,\n"
        "b,乙,Jiangsu,Suzhou,\n"
        'c,丙,,,"No. 1 X Road, Wuxi, Jiangsu, China"\n',
    )
    assert stored.select(SEAT).rows() == [
        ("山西省", "太原市", None),
        ("江苏省", "苏州市", None),
        ("江苏省", "无锡市", None),
    ]
