import datetime

import pytest

from features.imports.importing import import_table
from features.imports.report import Options

TODAY = datetime.date(2026, 1, 1)


@pytest.fixture
def load(workspace, tmp_path):
    def load(text, source=None, day=None, **options):
        path = tmp_path / "list.csv"
        path.write_text(text, encoding="utf-8")
        date = day and datetime.date.fromisoformat(day)
        given = Options(source=source, date=date, **options)
        return import_table(workspace, "enterprises", path, today=TODAY, options=given)

    return load


@pytest.fixture
def stored(workspace):
    def stored(*columns):
        return workspace.read("enterprises").select("enterprise_id", *columns).rows()

    return stored


def test_each_field_shows_the_newest(load, stored):
    load("id,name,district,revenue\na,甲,x,100\nb,乙,x,\n", "A", "2025-01-31")
    load("id,name,revenue\na,甲,200\n", "B", "2025-06-30")
    load("id,name,district,revenue\na,甲,y,300\nb,乙,,5\n", "C", "2025-03-31")
    day = datetime.date(2025, 6, 30), datetime.date(2025, 3, 31)
    assert stored("district", "revenue", "source", "source_date", "origins") == [
        ("a", "y", 200.0, "B", day[0], ["district 2025-03-31 C"]),
        ("b", "x", 5.0, "C", day[1], ["district 2025-01-31 A"]),
    ]


def test_an_older_file_fills_what_is_unknown(load, stored):
    load("id,name,district\na,甲,\n", "B", "2025-06-30")
    load("id,name,district,founded\na,甲公司,x,2019\n", "A", "2024-06-30")
    assert stored("name", "district", "founded_precision", "source", "origins") == [
        ("a", "甲", "x", "year", "B", ["district 2024-06-30 A", "founded 2024-06-30 A"])
    ]


def test_a_file_without_a_date_is_the_newest(load, stored):
    load("id,name\na,甲\nc,丙\n", "A", "2025-06-30")
    load("id,name\na,新甲\nb,乙\n", "B")
    assert stored("name", "source") == [("a", "新甲", "B"), ("b", "乙", "B"), ("c", "丙", "A")]


def test_the_file_may_say_where_its_rows_come_from(load, stored):
    load("id,name,数据来源,更新日期\na,甲,公报,2025-01-01\nb,乙,,\n", "A", "2024-01-01")
    assert stored("source", "source_date") == [
        ("a", "公报", datetime.date(2025, 1, 1)),
        ("b", "A", datetime.date(2024, 1, 1)),
    ]


def test_the_same_file_twice_changes_nothing(load):
    text = "id,name,district\na,甲,x\nb,乙,\n"
    load("id,name,revenue\na,甲,1\n", "A", "2025-01-31")
    load(text, "B", "2025-06-30")
    assert load(text, "B", "2025-06-30").unchanged == 2


def test_what_is_erased_has_no_origin(load, stored):
    load("id,name,district\na,甲,x\n", "A", "2025-01-31")
    load("id,name,district\na,甲,\n", "B", "2025-06-30", replace=True)
    assert stored("district", "source", "origins") == [("a", None, "B", None)]
