import csv
import json
from datetime import date

import polars as pl
import pytest

from features.errors import InputError, RejectedRowsError, UnavailableError, UsageError
from features.joining import join
from features.tables.exporting import exported
from features.tables.importing import check_rows, import_table
from features.tables.report import Options
from features.workspace import Workspace

TODAY = date(2025, 11, 23)


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path / "var")


@pytest.fixture
def load(workspace, tmp_path):
    """Import CSV text into a table."""

    def load(table, text, **options):
        path = tmp_path / f"{table}.csv"
        path.write_text(text, encoding="utf-8")
        return import_table(workspace, table, path, today=TODAY, **options)

    return load


@pytest.fixture
def known(load):
    """Import a zone, a need of it, a need without a zone, and two enterprises."""
    load("zones", "zone_id,name\nz,甲开发区\n")
    load("needs", "need_id,zone_id,industry\nz/食品,z,食品\nn,,光电\n")
    load("enterprises", "enterprise_id,name\na,甲\nb,乙\n")


def counts(report):
    return (report.read, report.added, report.replaced, report.unchanged, report.rejected)


def told(report):
    """Say what is wrong, without the folder of the file."""
    folder = report.file.rpartition("/")[0] + "/"
    return [str(problem).replace(folder, "") for problem in report.problems]


def bad_rows(workspace):
    with workspace.rejected_file.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def test_an_official_s_own_list(load, workspace):
    report = load(
        "enterprises",
        "统一社会信用代码,企业名称,成立日期,注册资本,参保人数,主营产品,企业标签,所属省份\n"
        '91A,甲公司,2019年3月,1.2亿,"1,200人",LED：50%；灯,高新、上市,山西省\n'
        "91B,乙公司,,,,,,\n",
    )
    assert counts(report) == (2, 2, 0, 0, 0)
    assert report.warnings == []
    assert report.rejected_file is None
    assert not report.failed
    assert report.version == workspace.version("enterprises")
    unknown = dict.fromkeys(workspace.read("enterprises").columns)
    assert workspace.read("enterprises").to_dicts() == [
        unknown
        | {
            "enterprise_id": "91A",
            "name": "甲公司",
            "province": "山西省",
            "products": [{"name": "LED", "share": 0.5}, {"name": "灯", "share": None}],
            "founded": date(2019, 3, 1),
            "founded_precision": "month",
            "registered_capital": 12000.0,
            "employees": 1200,
            "tags": ["高新", "上市"],
        },
        unknown | {"enterprise_id": "91B", "name": "乙公司"},
    ]


def test_the_same_file_twice_changes_nothing(load, workspace):
    text = "enterprise_id,name,products\nb,乙,灯:0.5\na,甲,\n"
    first = load("enterprises", text)
    before = {path: path.stat().st_mtime_ns for path in workspace.home.rglob("*.*")}
    second = load("enterprises", text)
    assert counts(second) == (2, 0, 2, 2, 0)
    assert second.version == first.version
    assert {path: path.stat().st_mtime_ns for path in workspace.home.rglob("*.*")} == before


def test_the_order_of_rows_does_not_matter(load):
    first = load("enterprises", "enterprise_id,name\na,甲\nb,乙\n")
    second = load("enterprises", "enterprise_id,name\nb,乙\na,甲\n")
    assert first.version == second.version


def test_a_second_file_adds(load, workspace):
    load("enterprises", "enterprise_id,name,city,tags\na,甲,长治市,x\nb,乙,太原市,\nc,丙,,\n")
    report = load(
        "enterprises", "enterprise_id,name,founded,city\nb,新乙,2019,\nc,丙,,\nd,丁,,大同\n"
    )
    assert counts(report) == (3, 1, 2, 1, 0)
    columns = "enterprise_id", "name", "province", "city", "founded", "founded_precision", "tags"
    assert workspace.read("enterprises").select(columns).rows() == [
        ("a", "甲", "山西省", "长治市", None, None, ["x"]),
        ("b", "新乙", "山西省", "太原市", date(2019, 1, 1), "year", None),
        ("c", "丙", None, None, None, None, None),
        ("d", "丁", "山西省", "大同市", None, None, None),
    ]


def test_an_empty_cell_erases_only_where_that_is_asked_for(load, workspace):
    load("zones", "zone_id,name,city,level\nz,甲,长治市,省级\n")
    load("zones", "zone_id,name,city\nz,甲,\n")
    assert workspace.read("zones").select("city", "level").row(0) == ("长治市", "省级")
    report = load("zones", "zone_id,name,city\nz,甲,\n", options=Options(replace=True))
    assert counts(report) == (1, 0, 1, 0, 0)
    assert workspace.read("zones").select("city", "level").row(0) == (None, "省级")


def test_bad_rows_are_told_and_the_good_ones_load(load, workspace):
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
    assert told(report) == [
        "enterprises.csv, row 4, 企业编号: is empty, "
        "expected a value: enterprise_id must not be empty",
        "enterprises.csv, row 6, name: is empty, expected a value: name must not be empty",
        "enterprises.csv, row 8, 企业编号: got 'e', "
        "expected each enterprise_id once; row 7 has it already",
        "enterprises.csv, row 9: got '多', expected 7 fields as in the headers, not 8",
    ]
    rows = bad_rows(workspace)
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
    assert [row["value"] for row in bad_rows(workspace)] == ["2019-02-30"]


def test_many_values_that_cannot_be_read_are_counted(load):
    rows = "".join(f"{row},甲{row},x\n" for row in range(50))
    report = load("enterprises", f"enterprise_id,name,founded\n{rows}")
    assert counts(report) == (50, 50, 0, 0, 0)
    assert report.warnings[-1] == "50 values in all could not be read and are unknown"
    assert len(report.warnings) == 21


def test_the_first_good_row_of_an_id_is_kept(load, workspace):
    text = "enterprise_id,name\na,\na,乙\na,丙\n"
    report = load("enterprises", text)
    assert counts(report) == (3, 1, 0, 0, 2)
    assert told(report)[1] == (
        "enterprises.csv, row 4, enterprise_id: got 'a', "
        "expected each enterprise_id once; row 3 has it already"
    )
    assert workspace.read("enterprises")["name"].to_list() == ["乙"]


def test_rejected_rows_are_those_of_the_last_import(load, workspace):
    load("enterprises", "enterprise_id,name\n,甲\n,乙\n")
    assert len(bad_rows(workspace)) == 2
    load("enterprises", "enterprise_id,name\n,甲\n")
    assert len(bad_rows(workspace)) == 1
    load("enterprises", "enterprise_id,name\na,甲\n")
    assert not workspace.rejected_file.exists()


def test_rejected_texts_run_in_no_spreadsheet_and_are_kept_as_they_came(load, workspace):
    load("events", "event_id,enterprise_id,stage,date,zone_id\n1,x,=1+1,-5,z\n")
    (row,) = bad_rows(workspace)
    assert row["value"] == "x | =1+1 | -5"
    assert '"=1+1"' in row["raw"]
    load("judgements", "need_id,enterprise_id\n=1+1,-5\n")
    assert bad_rows(workspace)[0]["value"] == "'=1+1 | -5"


def test_a_report_holds_the_first_problems_only(load, workspace):
    report = load("enterprises", "enterprise_id,name\n" + ",甲\n" * 50)
    assert report.rejected == 50
    assert [problem.row for problem in report.problems] == list(range(2, 22))
    assert len(bad_rows(workspace)) == 50


def test_an_import_of_bad_rows_only_has_failed(load, workspace):
    report = load("enterprises", "enterprise_id,name\n,甲\n")
    assert report.failed
    assert workspace.version("enterprises") == "empty"


def test_an_import_of_no_rows_has_not_failed(load):
    report = load("enterprises", "enterprise_id,name\n")
    assert counts(report) == (0, 0, 0, 0, 0)
    assert not report.failed
    assert report.warnings == [f"{report.file} has headers and no rows"]


def test_strict_loads_all_rows_or_none(load, workspace):
    load("enterprises", "enterprise_id,name\na,甲\n", strict=True)
    version = workspace.version("enterprises")
    with pytest.raises(RejectedRowsError, match="1 of 2 rows are bad; first: ") as caught:
        load("enterprises", "enterprise_id,name\nb,乙\nc,\n", strict=True)
    assert caught.value.code == "rejected-rows"
    assert "row 3, name: is empty, expected a value" in str(caught.value)
    assert workspace.version("enterprises") == version
    assert [row["row"] for row in bad_rows(workspace)] == ["3"]


def test_a_dry_run_reports_the_same_and_writes_nothing(load, workspace):
    text = "enterprise_id,name\na,甲\n,乙\n"
    report = load("enterprises", text, dry_run=True)
    assert counts(report) == (2, 1, 0, 0, 1)
    assert report.dry_run
    assert report.rejected_file is None
    assert report.version == "empty"
    assert not workspace.home.exists()
    load("enterprises", text)
    assert counts(load("enterprises", text, dry_run=True)) == (2, 0, 1, 1, 1)


def test_a_dry_run_may_be_strict(load, workspace):
    with pytest.raises(RejectedRowsError):
        load("enterprises", "enterprise_id,name\n,乙\n", dry_run=True, strict=True)
    assert not workspace.home.exists()


def test_an_unknown_table_is_wrong_usage(load):
    with pytest.raises(UsageError, match="no table 'firms': expected one of enterprises, zones"):
        load("firms", "a\n")


def test_a_missing_file_leaves_no_workspace_behind(workspace, tmp_path):
    with pytest.raises(InputError, match=r"none\.csv does not exist"):
        import_table(workspace, "zones", tmp_path / "none.csv")
    assert not workspace.home.exists()


def test_zones(load, workspace):
    report = load(
        "zones",
        "开发区编号,开发区名称,区县,经度,纬度\nz,甲,潞州区,113.1,36.2\ny,乙,,181,\nx,丙,,,北\n",
    )
    assert [(problem.row, problem.column) for problem in report.unread] == [
        (3, "经度"),
        (4, "纬度"),
    ]
    assert workspace.read("zones").rows() == [
        ("x", "丙", None, None, None, None, None, None),
        ("y", "乙", None, None, None, None, None, None),
        ("z", "甲", "潞州区", None, None, None, 113.1, 36.2),
    ]


def test_needs(load, workspace):
    load("zones", "zone_id,name\nz,甲开发区\n")
    report = load(
        "needs",
        "need_id,zone_id,产业,角色,环节,关键词,国标行业代码\n"
        ",z,食品,主导产业,屠宰;加工,肉、菜,C13;9999\n"
        "n,y,光电,辅助,,,\n"
        ",z,,,,,\n"
        ",,食品,,,,\n"
        "m,z,煤,其他,,,\n"
        ",z,食品,,,,\n",
    )
    assert counts(report) == (6, 3, 0, 0, 3)
    assert [(problem.row, problem.value) for problem in report.unread] == [(6, "其他")]
    assert report.warnings[:3] == [
        "industry_codes: 9999 is not in GB/T 4754-2017, so left out",
        "zone_id: y is not in the zones table, so known by the id alone",
        "nodes: 屠宰, 加工 are not in the chain map, so taken as words",
    ]
    assert told(report) == [
        "needs.csv, row 4, 产业: is empty, expected the name of an industry, such as 光电LED",
        "needs.csv, row 5, need_id: is empty, "
        "expected a value: need_id or zone_id must not be empty",
        "needs.csv, row 7, need_id: got 'z/食品', expected each need_id once; row 2 has it already",
    ]
    columns = "need_id", "zone_id", "role", "nodes", "keywords", "industry_codes"
    assert workspace.read("needs").select(columns).rows() == [
        ("m", "z", None, None, None, None),
        ("n", "y", "auxiliary", None, None, None),
        ("z/食品", "z", "leading", ["屠宰", "加工"], ["肉", "菜"], ["13"]),
    ]


def test_many_unknown_zones_are_counted(load):
    report = load("needs", "zone_id,industry\n" + "".join(f"z{i},食品\n" for i in range(9)))
    assert report.warnings == [
        "zone_id: z0, z1, z2 and 6 more are not in the zones table, so known by the id alone"
    ]


def test_industry_codes_of_enterprises(load, workspace):
    text = "enterprise_id,name,industry_code\na,甲,c3972\nb,乙,Z99\nc,丙,\nd,丁,Y1\n"
    report = load("enterprises", text)
    assert [(problem.row, problem.value) for problem in report.unread] == [(3, "Z99"), (5, "Y1")]
    assert workspace.read("enterprises")["industry_code"].to_list() == ["3972", None, None, None]


@pytest.mark.usefixtures("known")
def test_judgements(load, workspace):
    report = load(
        "judgements",
        "need_id,enterprise_id,grade,source\n"
        "n,a,,专家\nn,b,3,\nn,b,2,\nm,a,1,\nn,c,1,\nz/食品,a,4,\nz/食品,b,高,\n,a,1,\n",
    )
    assert counts(report) == (8, 4, 0, 0, 4)
    need = "the need_id of a known need (import needs first)"
    enterprise = "the enterprise_id of a known enterprise (import enterprises first)"
    assert told(report) == [
        "judgements.csv, row 4, need_id, enterprise_id: got 'n, b', "
        "expected each need_id, enterprise_id once; row 3 has it already",
        f"judgements.csv, row 5, need_id: got 'm', expected {need}",
        f"judgements.csv, row 6, enterprise_id: got 'c', expected {enterprise}",
        "judgements.csv, row 9, need_id: is empty, expected a value: need_id must not be empty",
    ]
    assert [(problem.row, problem.value) for problem in report.unread] == [(7, "4"), (8, "高")]
    assert workspace.read("judgements").rows() == [
        ("n", "a", 1, "专家"),
        ("n", "b", 3, None),
        ("z/食品", "a", 1, None),
        ("z/食品", "b", 1, None),
    ]


@pytest.mark.usefixtures("known")
def test_a_judgement_is_replaced_by_need_and_enterprise(load, workspace):
    load("judgements", "need_id,enterprise_id,grade\nn,a,1\nn,b,1\n")
    report = load("judgements", "need_id,enterprise_id,grade\nn,a,3\nz/食品,a,2\n")
    assert counts(report) == (2, 1, 1, 0, 0)
    rows = workspace.read("judgements").select("need_id", "enterprise_id", "grade").rows()
    assert rows == [("n", "a", 3), ("n", "b", 1), ("z/食品", "a", 2)]


@pytest.mark.usefixtures("known")
def test_events(load, workspace):
    load("needs", "zone_id,industry\ny,新材料\n")
    report = load(
        "events",
        "event_id,enterprise_id,阶段,日期,need_id,zone_id,金额,备注\n"
        "1,a,签约,2024/5/1,n,,1.2亿,首批\n"
        "2,a,流失,2024-05-02,,z,5000万,\n"
        "3,b,lead,20240503,,y,,\n"
        "4,b,lead,2024-05-03,,x,,\n"
        "5,b,lead,2024-05-03,m,z,,\n"
        "6,b,lead,2024-05-03,,,,\n"
        "7,c,lead,2024-05-03,n,,,\n"
        "8,b,想法,2024-05-03,n,,,\n"
        "9,b,,,n,,-1,\n"
        "10,b,lead,2027-01-01,n,,,\n",
    )
    assert counts(report) == (10, 4, 0, 0, 6)
    stage = (
        "a stage: established (已落地), lead (线索), contacted (对接), negotiation (洽谈), "
        "signed (签约), construction (建设), production (投产), declined (谢绝), lost (流失), "
        "stalled (停滞)"
    )
    day = (
        "a date from 1949 to tomorrow, such as 2019-03-01, 2019/3/1, 20190301, 2019年3月1日, "
        "or a year alone; what is planned for later is the due (办理时限) of a project"
    )
    assert told(report) == [
        "events.csv, row 6, need_id: got 'm', "
        "expected the need_id of a known need (import needs first)",
        "events.csv, row 7, need_id: is empty, "
        "expected a value: need_id or zone_id must not be empty",
        "events.csv, row 8, enterprise_id: got 'c', "
        "expected the enterprise_id of a known enterprise (import enterprises first)",
        f"events.csv, row 9, 阶段: got '想法', expected {stage}",
        f"events.csv, row 10, 阶段: is empty, expected {stage}",
        f"events.csv, row 10, 日期: is empty, expected {day}",
        f"events.csv, row 11, 日期: got '2027-01-01', expected {day}",
    ]
    assert workspace.read("events").rows() == [
        ("1", "a", "signed", date(2024, 5, 1), "n", None, 1.2, "首批", None),
        ("2", "a", "lost", date(2024, 5, 2), None, "z", 0.5, None, None),
        ("3", "b", "lead", date(2024, 5, 3), None, "y", None, None, None),
        ("4", "b", "lead", date(2024, 5, 3), None, "x", None, None, None),
    ]


def test_an_industry_without_any_letter_says_nothing(load):
    report = load("needs", "need_id,industry\na,???\nb,🜁\nc,5G\n")
    assert counts(report) == (3, 1, 0, 0, 2)
    assert told(report)[0] == (
        "needs.csv, row 2, industry: got '???', expected the name of an industry, such as 光电LED"
    )


def test_an_import_that_fails_leaves_the_former_rejected_rows(load, workspace, monkeypatch):
    load("zones", "zone_id,name\n,甲\n")
    before = workspace.rejected_file.read_bytes()

    def full(*_):
        raise UnavailableError("could not write: No space left on device")

    monkeypatch.setattr(workspace, "commit", full)
    with pytest.raises(UnavailableError):
        load("zones", "zone_id,name\nz,甲\n")
    assert workspace.rejected_file.read_bytes() == before


CHAIN = "chain_id,产业链,node_id,环节,位置,供应环节\n"


def test_a_chain_map_replaces_the_whole_one_in_its_own_order(load, workspace):
    report = load("chains", CHAIN + "c,链,c/b,乙,上游,c/a\nc,链,c/a,甲,下游,\n")
    assert counts(report) == (2, 2, 0, 0, 0)
    columns = "node_id", "position", "supplies"
    assert workspace.read("chains").select(columns).rows() == [
        ("c/b", "upstream", ["c/a"]),
        ("c/a", "downstream", None),
    ]
    report = load("chains", CHAIN + "c,链,c/a,甲,下游,\n")
    assert counts(report) == (1, 0, 1, 1, 0)
    assert workspace.read("chains")["node_id"].to_list() == ["c/a"]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("c,链,c/a,甲,,c/x\n", "node c/a supplies c/x, which is not a node"),
        ("c,链,c/a,甲,,c/b\nc,链,c/b,乙,,c/a\n", "the edges of chain c form a cycle"),
        ("c,链,c/a,甲,,\nc,其他,c/b,乙,,\n", "chain c has two names"),
    ],
)
def test_a_chain_map_that_does_not_hold_together_is_refused(load, workspace, rows, message):
    version = workspace.version("chains")
    with pytest.raises(InputError, match=message) as caught:
        load("chains", CHAIN + rows)
    assert "chains.csv: " in str(caught.value)
    assert workspace.version("chains") == version


LINKS = "投入部门代码,投入部门,产出部门代码,产出部门,直接消耗系数\n"


def test_an_input_output_table_replaces_the_whole_one(load, workspace):
    rows = "006,煤炭,042,焦炭,0.5\n042,焦炭,061,钢,0.25\n"
    assert counts(load("input_output", LINKS + rows)) == (2, 2, 0, 0, 0)
    version = workspace.version("input_output")
    assert counts(load("input_output", LINKS + rows)) == (2, 0, 2, 2, 0)
    assert workspace.version("input_output") == version
    assert counts(load("input_output", LINKS + "1,煤,2,钢,0.1\n")) == (1, 1, 0, 0, 0)
    assert workspace.read("input_output").rows() == [("1", "煤", "2", "钢", 0.1)]


def test_bad_rows_of_an_input_output_table_are_text(load, workspace):
    rows = "1,煤,2,钢,0.1\n2,钢,1,煤,1.5\n3,焦,1,煤,多\n,焦,1,煤,0.1\n1,煤,2,钢,0.2\n4,矿,1,煤,\n"
    report = load("input_output", LINKS + rows)
    assert (report.added, report.rejected) == (1, 5)
    told = [(problem.row, problem.column) for problem in report.problems]
    assert told == [
        (3, "直接消耗系数"),
        (4, "直接消耗系数"),
        (5, "投入部门代码"),
        (6, "投入部门代码, 产出部门代码"),
        (7, "直接消耗系数"),
    ]
    assert "from 0 to 1" in report.problems[0].expected
    with pytest.raises(RejectedRowsError):
        load("input_output", LINKS + rows, strict=True)


def test_the_real_input_output_table_is_read(shared_data, workspace):
    path = shared_data / "reference" / "input_output_2020.csv"
    report = import_table(workspace, "input_output", path)
    assert counts(report) == (12_037, 12_037, 0, 0, 0)


def test_the_shipped_chain_map_can_be_imported_as_it_is_exported(workspace, tmp_path):
    shipped = workspace.read("chains")
    shipped.write_parquet(tmp_path / "chains.parquet")
    report = import_table(workspace, "chains", tmp_path / "chains.parquet")
    assert counts(report)[::4] == (shipped.height, 0)
    assert (
        workspace.read("chains")["supplies"].list.len().sum()
        == shipped["supplies"].list.len().sum()
    )


def test_a_table_survives_the_way_out_and_in(load, workspace, tmp_path):
    load("enterprises", "enterprise_id,name,products,founded,tags\na,甲,灯:0.25;LED,2019,x;y\n")
    table = exported("enterprises", workspace.read("enterprises"))
    table.write_parquet(tmp_path / "enterprises.parquet")
    report = import_table(workspace, "enterprises", tmp_path / "enterprises.parquet")
    assert counts(report) == (1, 0, 1, 1, 0)


def test_a_file_can_be_checked_without_being_imported(workspace, tmp_path):
    path = tmp_path / "needs.csv"
    path.write_text("need_id,industry\nn,食品\nm,\n")
    checked = check_rows(workspace, "needs", path)
    assert checked.good["need_id"].to_list() == ["n"]
    assert checked.problems.rows() == [
        (str(path), 3, "industry", None, "the name of an industry, such as 光电LED")
    ]
    assert not workspace.home.exists()


def test_the_listed_companies(shared_data, workspace):
    folder = shared_data / "listed"
    report = import_table(workspace, "enterprises", folder / "enterprises.csv")
    assert counts(report) == (4586, 4586, 0, 0, 0)
    assert report.warnings == ["columns left out, unknown for enterprises: 上市日期, 市值规模"]
    enterprises = workspace.read("enterprises")
    assert enterprises["products"].null_count() == 754
    shares = enterprises["products"].explode().struct.field("share").drop_nulls()
    assert shares.is_between(0, 1).all()
    report = import_table(workspace, "needs", folder / "needs.csv")
    assert counts(report) == (154, 150, 0, 0, 4)
    empty = {problem.value for problem in report.problems}
    assert ({problem.column for problem in report.problems}, empty) == ({"industry"}, {None})
    report = import_table(workspace, "judgements", folder / "relevance.csv")
    refused = {row["value"] for row in bad_rows(workspace)}
    assert counts(report) == (2705, 2607, 0, 0, 98)
    assert refused == {"SW280102", "SW610103", "SW620501", "SW640401"}


def test_the_outbound_deals(shared_data, workspace):
    folder = shared_data / "outbound"
    assert counts(import_table(workspace, "enterprises", folder / "enterprises.csv"))[::4] == (
        495,
        0,
    )
    assert counts(import_table(workspace, "needs", folder / "needs.csv"))[::4] == (562, 0)
    report = import_table(workspace, "events", folder / "events.csv")
    assert counts(report)[::4] == (1528, 0)
    assert report.warnings == [
        "columns left out, unknown for events: amount_usd_m",
        "amount_usd_m looks like amount: --map amount_usd_m=amount takes it as that",
    ]
    dates = workspace.read("events")["date"]
    assert (dates.min(), dates.max().year) == (date(2005, 1, 1), 2017)


def test_the_pilot_city(shared_data, workspace):
    folder = shared_data / "changzhi"
    assert counts(import_table(workspace, "zones", folder / "zones.csv"))[::4] == (13, 0)
    report = import_table(workspace, "needs", folder / "needs.csv")
    assert counts(report)[::4] == (50, 0)
    assert report.warnings == ["columns left out, unknown for needs: role_basis"]
    needs = workspace.read("needs")
    assert "cz-gaoxin/电子信息" in needs["need_id"]
    assert needs.filter(pl.col("role") == "leading").height == 26


def test_signals_are_found_by_name_kept_once_and_refused_where_they_cannot_be(
    load, workspace, known
):
    text = (
        "企业名称,发布日期,动向类型,内容,来源,联系电话\n"
        "甲,2025-10-20,扩产,新建产线,公司公告,13900000000\n"
        "乙,2025年9月,融资,,,\n"
        "丙,2025-10-20,扩产,,,\n"
        "甲,2025-12-20,扩产,,,\n"
        "甲,2025-10-20,倒闭,,,\n"
        "甲,,上市,,,\n"
    )
    report = load("signals", text)
    assert counts(report) == (6, 2, 0, 0, 4)
    assert [problem.column for problem in report.problems] == [
        *("enterprise_id", "发布日期", "动向类型", "发布日期"),
    ]
    assert counts(load("signals", text)) == (6, 0, 2, 2, 4)
    rows = workspace.read("signals").select("enterprise_id", "date", "kind", "text", "source")
    assert rows.rows() == [
        ("a", date(2025, 10, 20), "expansion", "新建产线", "公司公告"),
        ("b", date(2025, 9, 1), "financing", None, None),
    ]
    again = exported("signals", workspace.read("signals")).write_csv()
    assert counts(load("signals", again)) == (2, 0, 2, 2, 0)
    assert workspace.remove("enterprise", "b") == {"enterprises": 1, "signals": 1}
    (id_,) = workspace.read("signals")["signal_id"]
    assert workspace.remove("signal", id_) == {"signals": 1}


def test_signals_of_joined_enterprises_are_those_of_one(load, workspace, known):
    load("signals", "signal_id,enterprise_id,date,kind\ns,b,2025-10-20,listing\n")
    join(workspace, "a", "b")
    assert workspace.read("signals")["enterprise_id"].to_list() == ["a"]


def test_control_characters_do_not_come_in_with_a_signal(load, workspace, known):
    load("signals", 'enterprise_id,date,kind,text\na,2025-10-20,拿地,"竞得\x1b[31m地块\x07"\n')
    (text,) = workspace.read("signals")["text"]
    assert text == "竞得[31m地块"


def test_codes_get_back_the_zero_that_a_spreadsheet_dropped(load, workspace):
    text = "enterprise_id,name,industry_code\na,甲,2614\nb,乙,111\nc,丙,610\nd,丁,111\n"
    report = load("enterprises", text)
    assert workspace.read("enterprises")["industry_code"].to_list() == [
        *("2614", "0111", "0610", "0111")
    ]
    assert report.warnings == [
        "industry_code: a leading zero that a spreadsheet drops was put back in 3 rows: "
        "111 → 0111, 610 → 0610"
    ]
    report = load("enterprises", "enterprise_id,name,industry_code\ne,戊,111\n")
    assert workspace.read("enterprises")["industry_code"][-1] == "111"
    assert report.warnings == [
        "industry_code: taken as stated, but a spreadsheet may have dropped a leading zero in "
        "1 row: 111 → 0111"
    ]
    # The name beside it tells.
    report = load("enterprises", "enterprise_id,name,industry_code,行业小类\nf,己,111,稻谷种植\n")
    assert (workspace.read("enterprises")["industry_code"][-1], report.warnings) == ("0111", [])
    report = load("needs", "need_id,industry,industry_codes\nn,粮食,2614;111\n")
    assert workspace.read("needs")["industry_codes"].to_list() == [["2614", "0111"]]
    assert "leading zero" in report.warnings[-1]


def test_ids_and_needs_are_as_long_as_requests_may_name_them(load):
    report = load("enterprises", f"enterprise_id,name\n{'x' * 10_000},甲\n{'x' * 200},乙\n")
    assert counts(report) == (2, 1, 0, 0, 1)
    assert told(report) == [
        f"enterprises.csv, row 2, enterprise_id: got '{'x' * 200}… (10,000 characters)', expected "
        "at most 200 characters"
    ]
    names = ["长" * 198, "长" * 199, "长" * 201]
    rows = [f"z,{names[0]},", f"z,{names[1]},", f"z,{names[2]},n", "z,短,n2"]
    report = load("needs", "\n".join(["zone_id,industry,need_id", *rows]))
    assert (report.added, [problem.row for problem in report.problems]) == (2, [3, 4])
    assert {problem.expected for problem in report.problems} == {
        "at most 200 characters together with its zone"
    }


def test_a_line_that_names_the_separator_is_no_header(load):
    for line in ("sep=,", "SEP=,", '"sep=,"'):
        report = load("enterprises", f"{line}\nenterprise_id,name\na,甲\n")
        assert (report.read, report.rejected) == (1, 0)
    report = load("enterprises", "sep=;\nenterprise_id;name\nb;乙,有限公司\n")
    assert (report.added, report.rejected) == (1, 0)
