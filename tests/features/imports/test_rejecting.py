import json
from datetime import date

import pytest

from features.errors import RejectedRowsError, UnavailableError
from tests.features.imports.reports import counts, problems, rejected_rows


def test_bad_rows_are_reported_and_good_rows_loaded(load, workspace):
    report = load(
        "enterprises",
        "企业编号,name,成立日期,注册资本（亿元）,products,employees,extra\n"
        "a,甲,2019-02-30,,,,\n"
        "b,乙,1200,5000万美元,灯:1.2,-3,\n"
        ",丙,,,,,\n"
        "\n"
        "d,,,-1,,,\n"
        "e,戊,2019,2,灯:0.2,5,x\n"
        "e,己,,,,,\n"
        "f,庚,,,,,,多\n",
    )
    assert counts(report) == (7, 3, 0, 0, 4)
    assert workspace.read("enterprises")["registered_capital"].to_list() == [None, None, 20000.0]
    assert workspace.read("enterprises")["founded"].to_list() == [None, None, date(2019, 1, 1)]
    day = (
        "a date from 1500 to next year, such as 2019-03-01, 2019/3/1, 20190301, 2019年3月1日, "
        "or a year alone"
    )
    products = "products as name:share;name:share, each share from 0 to 1 (or 0% to 100%)"
    capital = "an amount of RMB in 万元, from 0 to 100万亿元, such as 5000, 5000万 or 1.2亿"
    people = "a number of people, from 0 to 10 million, such as 1200, 1,200人, 50-99人 or 200+"
    folder = report.file.rpartition("/")[0] + "/"
    assert [warning.replace(folder, "") for warning in report.warnings] == [
        "columns left out, unknown for enterprises: extra",
        f"enterprises.csv, row 2, 成立日期: got '2019-02-30', expected {day}; the value is unknown",
        f"enterprises.csv, row 3, products: got '灯:1.2', expected {products}; "
        "the value is unknown",
        f"enterprises.csv, row 3, 成立日期: got '1200', expected {day}; the value is unknown",
        f"enterprises.csv, row 3, 注册资本（亿元）: got '5000万美元', expected {capital}; "
        "the value is unknown",
        f"enterprises.csv, row 3, employees: got '-3', expected {people}; the value is unknown",
    ]
    assert report.unread_values == len(report.unread) == 5
    assert problems(report) == [
        "enterprises.csv, row 4, 企业编号: is empty, "
        "expected a value: enterprise_id must not be empty",
        "enterprises.csv, row 6, name: is empty, expected a value: name must not be empty",
        "enterprises.csv, row 8, 企业编号: got 'e', "
        "expected each enterprise_id once; row 7 has it already",
        "enterprises.csv, row 9: got '多', expected 7 fields as in the headers, not 8",
    ]
    rows = rejected_rows(workspace)
    assert report.rejected_file == str(workspace.rejected_file)
    assert [int(row["row"]) for row in rows] == [4, 6, 8, 9]
    assert rows[1] == {
        "file": report.file,
        "row": "6",
        "column": "name",
        "value": "",
        "expected": "a value: name must not be empty",
        "raw": rows[1]["raw"],
    }
    assert json.loads(rows[1]["raw"])["注册资本（亿元）"] == "-1"
    assert json.loads(rows[3]["raw"]) == ["f", "庚", "", "", "", "", "", "多"]


def test_strict_refuses_what_cannot_be_read(load, workspace):
    text = "enterprise_id,name,founded\na,甲,2019-02-30\nb,乙,2019\n"
    with pytest.raises(RejectedRowsError, match=r"1 of 2 rows are bad; first: .*2019-02-30"):
        load("enterprises", text, strict=True)
    assert workspace.version("enterprises") == "empty"
    assert [row["value"] for row in rejected_rows(workspace)] == ["2019-02-30"]


def test_many_values_that_cannot_be_read_are_counted(load):
    rows = "".join(f"{row},甲{row},x\n" for row in range(50))
    report = load("enterprises", f"enterprise_id,name,founded\n{rows}")
    assert counts(report) == (50, 50, 0, 0, 0)
    assert report.warnings[-1] == "50 values in all could not be read and are unknown"
    assert len(report.warnings) == 21


def test_rejected_rows_are_those_of_the_last_import(load, workspace):
    load("enterprises", "enterprise_id,name\n,甲\n,乙\n")
    assert len(rejected_rows(workspace)) == 2
    load("enterprises", "enterprise_id,name\n,甲\n")
    assert len(rejected_rows(workspace)) == 1
    load("enterprises", "enterprise_id,name\na,甲\n")
    assert not workspace.rejected_file.exists()


def test_rejected_texts_run_in_no_spreadsheet_and_are_kept_as_they_came(load, workspace):
    load("events", "event_id,enterprise_id,stage,date,zone_id\n1,x,=1+1,-5,z\n")
    (row,) = rejected_rows(workspace)
    assert row["value"] == "x | =1+1 | -5"
    assert '"=1+1"' in row["raw"]
    load("judgements", "need_id,enterprise_id\n=1+1,-5\n")
    assert rejected_rows(workspace)[0]["value"] == "'=1+1 | -5"


def test_a_report_holds_the_first_problems_only(load, workspace):
    report = load("enterprises", "enterprise_id,name\n" + ",甲\n" * 50)
    assert report.rejected == 50
    assert [problem.row for problem in report.problems] == list(range(2, 22))
    assert len(rejected_rows(workspace)) == 50


def test_an_import_of_bad_rows_only_has_failed(load, workspace):
    report = load("enterprises", "enterprise_id,name\n,甲\n")
    assert report.failed
    assert workspace.version("enterprises") == "empty"


def test_strict_loads_all_rows_or_none(load, workspace):
    load("enterprises", "enterprise_id,name\na,甲\n", strict=True)
    version = workspace.version("enterprises")
    with pytest.raises(RejectedRowsError, match="1 of 2 rows are bad; first: ") as caught:
        load("enterprises", "enterprise_id,name\nb,乙\nc,\n", strict=True)
    assert caught.value.code == "rejected-rows"
    assert "row 3, name: is empty, expected a value" in str(caught.value)
    assert workspace.version("enterprises") == version
    assert [row["row"] for row in rejected_rows(workspace)] == ["3"]


def test_an_import_that_fails_leaves_the_former_rejected_rows(load, workspace, monkeypatch):
    load("zones", "zone_id,name\n,甲\n")
    before = workspace.rejected_file.read_bytes()

    def full(*_):
        raise UnavailableError("could not write: No space left on device")

    monkeypatch.setattr(workspace, "commit", full)
    with pytest.raises(UnavailableError):
        load("zones", "zone_id,name\nz,甲\n")
    assert workspace.rejected_file.read_bytes() == before
