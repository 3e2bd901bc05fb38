from datetime import date

import pytest

from features.errors import InputError, RejectedRowsError, UsageError
from features.imports.importing import check_rows, import_table
from features.imports.report import Options
from features.storage.exporting import exported
from tests.features.imports.reports import counts, problems


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


def test_the_first_good_row_of_an_id_is_kept(load, workspace):
    text = "enterprise_id,name\na,\na,乙\na,丙\n"
    report = load("enterprises", text)
    assert counts(report) == (3, 1, 0, 0, 2)
    assert problems(report)[1] == (
        "enterprises.csv, row 4, enterprise_id: got 'a', "
        "expected each enterprise_id once; row 3 has it already"
    )
    assert workspace.read("enterprises")["name"].to_list() == ["乙"]


def test_an_import_of_no_rows_has_not_failed(load):
    report = load("enterprises", "enterprise_id,name\n")
    assert counts(report) == (0, 0, 0, 0, 0)
    assert not report.failed
    assert report.warnings == [f"{report.file} has headers and no rows"]


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


def test_ids_and_needs_are_as_long_as_requests_may_name_them(load):
    report = load("enterprises", f"enterprise_id,name\n{'x' * 10_000},甲\n{'x' * 200},乙\n")
    assert counts(report) == (2, 1, 0, 0, 1)
    assert problems(report) == [
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
