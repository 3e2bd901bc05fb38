import datetime

import pytest

from features.imports.importing import import_table
from features.values.identity import made_id

EVENTS = "event_id,enterprise_id,stage,date,zone_id\n"
TODAY = datetime.date(2026, 1, 1)


@pytest.fixture
def load(workspace, tmp_path):
    def load(text, table="enterprises"):
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8")
        return import_table(workspace, table, path, today=TODAY)

    return load


@pytest.fixture
def stored(workspace):
    def stored(*columns):
        return workspace.read("enterprises").select("enterprise_id", *columns).rows()

    return stored


def test_a_list_of_names_gets_ids_that_stay(load, stored):
    report = load("企业名称,区县\n甲（长治）公司,x\n乙公司,y\n")
    assert "ids were made from the names" in report.warnings[0]
    again = load("单位名称,省份\n甲(长治)公司,山西\n丙公司,\n")
    assert (again.added, again.replaced) == (1, 1)
    assert dict(stored("district"))[made_id("甲（长治）公司")] == "x"


def test_a_name_in_a_list_without_codes_is_the_stored_enterprise(load, stored):
    load("统一社会信用代码,企业名称,曾用名\nX1,甲公司,旧甲公司\nX2,乙公司,\n")
    report = load("企业名称,区县\n甲公司,x\n旧甲公司,y\n乙 公司,z\n丙公司,\n")
    assert report.warnings[-1] == "3 found by name among the stored enterprises"
    # The former name is the same enterprise again, and the first row of it counts.
    assert (report.added, report.replaced, report.rejected) == (1, 2, 1)
    assert stored("district") == [(made_id("丙公司"), None), ("X1", "x"), ("X2", "z")]


def test_a_code_takes_the_place_of_a_name(load, stored, workspace):
    load("企业名称,区县\n甲公司,x\n乙公司,y\n")
    load("zone_id,name\nz,区\n", "zones")
    load("need_id,industry\nn,食品\n", "needs")
    load(
        f"event_id,enterprise_id,stage,date,zone_id\n1,{made_id('甲公司')},签约,2025,z\n", "events"
    )
    load(f"need_id,enterprise_id,grade\nn,{made_id('甲公司')},2\n", "judgements")
    report = load("统一社会信用代码,企业名称,曾用名,省份\nX1,新甲公司,甲公司,山西\n")
    assert report.warnings[-1] == ("1 enterprise known by name alone has a code now, such as X1")
    assert (report.added, report.replaced) == (0, 1)
    assert stored("name", "district", "province") == [
        (made_id("乙公司"), "乙公司", "y", None),
        ("X1", "新甲公司", "x", "山西省"),
    ]
    assert workspace.read("events")["enterprise_id"].to_list() == ["X1"]
    assert workspace.read("judgements")["enterprise_id"].to_list() == ["X1"]


def test_later_rows_with_the_name_belong_to_the_code(load, workspace):
    load("统一社会信用代码,企业名称\nX1,甲公司\n")
    load("zone_id,name\nz,区\n", "zones")
    load("zone_id,industry\nz,食品\n", "needs")
    text = f"{EVENTS}1,{made_id('甲公司')},签约,2025,z\n"
    assert load(text, "events").rejected == 0
    assert workspace.read("events")["enterprise_id"].to_list() == ["X1"]


def test_doubtful_pairs_are_named_and_left_apart(load, stored):
    report = load("统一社会信用代码,企业名称\nX1,甲公司\nX2,甲公司\n")
    assert report.warnings == ["1 name(s) have several codes, kept separate: 甲公司 (X1, X2)"]
    report = load("企业名称\n甲公司\n")
    assert report.warnings[-1] == (
        "kept separate, because several stored enterprises have the name: X1, X2"
    )
    assert len(stored()) == 3
