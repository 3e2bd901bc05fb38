"""Files as real exports and notices have them, through the command line."""

import csv
import itertools
import json
import zipfile

import polars as pl
import pytest
import xlsxwriter

from features.workspace import Workspace
from tests.workbooks import ods, xls, xlsb


def test_every_value_of_the_samples_is_right(shared_data, run, tmp_path):
    folder = shared_data / "exports"
    with (folder / "expected.csv").open(encoding="utf-8-sig", newline="") as file:
        expected = list(csv.DictReader(file))
    wrong = []
    for name, rows in itertools.groupby(expected, key=lambda row: row["file"]):
        home, out = tmp_path / name, tmp_path / f"{name}.csv"
        run("--home", home, "import", "enterprises", folder / name)
        assert run("--home", home, "export", "enterprises", out).code == 0
        with out.open(encoding="utf-8", newline="") as file:
            found = {row["enterprise_id"]: row for row in csv.DictReader(file)}
        wrong += [
            (row, found.get(row["enterprise_id"], {}).get(row["field"]))
            for row in rows
            if found.get(row["enterprise_id"], {}).get(row["field"]) != row["value"]
        ]
    assert wrong == []


def test_every_sample_comes_in(shared_data, run, tmp_path):
    paths = sorted((shared_data / "exports").glob("*.*"))
    for path in paths:
        if path.name != "expected.csv":
            ended = run("--home", tmp_path / path.name, "import", "enterprises", path)
            assert ended.code == 0, path.name
            assert "added 0" not in ended.out, path.name


HEADERS = ["企业名称", "统一社会信用代码", "注册资本"]
SHEET = [
    HEADERS,
    ["甲有限公司", "91140400MA0000201A", "5000万元"],
    ["乙有限公司", "91140400MA0000202B", 0.5],
]
AS_TEXT = [[str(cell) for cell in row] for row in SHEET]


def is_right(rows):
    assert {code: (row["name"], row["registered_capital"]) for code, row in rows.items()} == {
        "91140400MA0000201A": ("甲有限公司", "5000"),
        "91140400MA0000202B": ("乙有限公司", "0.5"),
    }


def delimited(rows, delimiter=","):
    return "".join(delimiter.join(row) + "\r\n" for row in rows)


@pytest.mark.parametrize("ending", [".csv", ".txt", ".tsv"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_text_files(came_out, tmp_path, ending, delimiter, encoding):
    path = tmp_path / f"list{ending}"
    path.write_bytes(delimited(AS_TEXT, delimiter).encode(encoding))
    is_right(came_out(path)[0])


@pytest.mark.parametrize(
    ("ending", "content"),
    [
        (".xls", xls({"S": SHEET})),
        (".et", xls({"S": SHEET})),
        (".xlsb", xlsb({"S": SHEET})),
        (".ods", ods({"S": SHEET})),
    ],
)
def test_workbooks(came_out, tmp_path, ending, content):
    path = tmp_path / f"list{ending}"
    path.write_bytes(content)
    is_right(came_out(path)[0])


@pytest.mark.parametrize("ending", [".xlsx", ".xlsm", ".et"])
def test_workbooks_of_today(came_out, excel, tmp_path, ending):
    path = excel({"S": SHEET})
    is_right(came_out(path.rename(tmp_path / f"list{ending}"))[0])


@pytest.mark.parametrize("name", ["企业名单.csv", "甲/企业名单.xls", "list.xlsx", "list.parquet"])
def test_a_zip_of_one(came_out, excel, tmp_path, name):
    table = pl.DataFrame(AS_TEXT[1:], schema=AS_TEXT[0], orient="row")
    content = {
        ".csv": lambda: delimited(AS_TEXT).encode("gb18030"),
        ".xls": lambda: xls({"S": SHEET}),
        ".xlsx": lambda: excel({"S": SHEET}).read_bytes(),
        ".parquet": lambda: (table.write_parquet(tmp_path / "t"), (tmp_path / "t").read_bytes())[1],
    }[name[name.index(".") :]]()
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(name, content)
        archive.writestr(f"__MACOSX/._{name}", b"x")
        archive.writestr("说明.docx", b"x")
    is_right(came_out(path)[0])


def test_a_zip_of_two_is_refused_by_their_names(run, tmp_path):
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("甲.csv", "id,name")
        archive.writestr("乙.csv", "id,name")
    assert "must hold one table, got 甲.csv, 乙.csv" in run("import", "enterprises", path).said


TITLED = [
    ["附件1", None, None, None],
    ["样例区2025年度企业名单", None, None, None],
    ["单位：万元", None, None, None],
    ["序号", *HEADERS],
    [1, *SHEET[1]],
    ["一、装备制造", None, None, None],
    ["序号", *HEADERS],
    [2, *SHEET[2]],
    ["小计", 2, None, None],
    ["合计：2家", None, None, "5000.5"],
    [None, None, None, None],
    ["注：本名单排名不分先后。", None, None, None],
    ["制表人：某某", None, "审核人：某某", None],
]


def test_titles_notes_totals_and_repeated_headers_in_a_sheet(came_out, excel):
    rows, report = came_out(excel({"S": TITLED}))
    is_right(rows)
    assert "headers repeated in row 7, left out" in report["warnings"]


def test_titles_notes_totals_and_repeated_headers_in_a_text_file(came_out, tmp_path):
    path = tmp_path / "list.csv"
    texts = [["" if cell is None else str(cell) for cell in row] for row in TITLED]
    path.write_bytes(delimited(texts).encode("gb18030"))
    rows, report = came_out(path)
    is_right(rows)
    assert report["read"] == 2


def test_headers_in_two_levels_with_merged_cells(came_out, excel):
    path = excel(
        {
            "S": [
                ["序号", "企业信息", None, "资本", None],
                [None, "企业名称", "统一社会信用代码", "注册资本（亿元）", "币种"],
                [1, "甲有限公司", "91140400MA0000201A", 0.5, "人民币"],
                [2, "乙有限公司", "91140400MA0000202B", 0.00005, "人民币"],
            ]
        },
        merged=[(0, 0, 1, 0, "序号"), (0, 1, 0, 2, "企业信息"), (0, 3, 0, 4, "资本")],
    )
    is_right(came_out(path)[0])


def test_a_merged_cell_counts_for_every_row_that_it_spans(came_out, excel):
    path = excel(
        {"S": [["所属区县", *HEADERS], [None, *SHEET[1]], [None, *SHEET[2]]]},
        merged=[(1, 0, 2, 0, "潞州区")],
    )
    rows, _ = came_out(path)
    is_right(rows)
    assert {row["district"] for row in rows.values()} == {"潞州区"}


def test_a_sheet_may_begin_with_empty_rows_and_columns(came_out, excel):
    path = excel({"S": [[], [], *([None, None, *row] for row in SHEET)]})
    rows, report = came_out(path)
    is_right(rows)
    assert report["warnings"][0] == "the headers were found in row 3; the rows above are left out"


SHEETS = {
    "填表说明": [["请如实填写企业名称"], ["共两张表"]],
    "甲区": SHEET[:2],
    "乙区": [["统一社会信用代码", "企业名称", "注册资本(元)"], [SHEET[2][1], SHEET[2][0], 5000]],
}


def test_of_several_sheets_the_first_with_the_table_is_read(came_out, excel):
    rows, report = came_out(excel(SHEETS))
    assert list(rows) == ["91140400MA0000201A"]
    assert report["warnings"][0] == (
        "only the sheet 甲区 was read; there is also: 填表说明, 乙区 (--sheet NAME or --sheet all)"
    )


def test_a_sheet_that_explains_the_columns_is_not_the_table(came_out, excel):
    explained = [
        ["字段", "含义"],
        ["企业名称", "全称"],
        ["统一社会信用代码", "18位"],
        ["注册资本", "万元"],
    ]
    rows, _ = came_out(excel({"填表说明": explained, "数据": SHEET}))
    is_right(rows)


def test_headers_in_two_levels_may_hold_digits_and_groups(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,经营情况,,,地址,\n,,2024年营业收入（万元）,从业人员（人）,利税,省,市\n"
        "X1,甲,1234.5,88,12,山西,长治\n",
    )
    row = came_out(path)[0]["X1"]
    assert (row["revenue"], row["employees"], row["status"]) == ("1234.5", "88", "")
    assert (row["province"], row["city"]) == ("山西省", "长治市")


def test_a_column_may_say_the_currency_of_another(came_out, listed):
    path = listed(
        "uniscid,entname,regcap,regcapcur\nX1,甲,100,人民币\nX2,乙,100,美元\nX3,丙,100,\n"
        "X4,丁,100万美元,美元\nX5,戊,100万元,欧元\n",
    )
    rows, _ = came_out(path)
    assert [row["registered_capital"] for row in rows.values()] == ["100", "", "100", "", ""]
    rows, _ = came_out(path, "--rate", "USD=7", "--rate", "EUR=8")
    assert [row["registered_capital"] for row in rows.values()] == [
        "100",
        "700",
        "100",
        "700",
        "800",
    ]


def test_a_readme_beside_a_packed_table_is_passed_over(came_out, tmp_path):
    path = tmp_path / "list.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("导出/名单.csv", delimited(AS_TEXT))
        archive.writestr("导出/下载说明.txt", "请查收")
    is_right(came_out(path)[0])


def test_a_sheet_by_its_name(came_out, excel):
    assert list(came_out(excel(SHEETS), "--sheet", "乙区")[0]) == ["91140400MA0000202B"]


def test_all_sheets(came_out, excel, run):
    units = {
        **SHEETS,
        "乙区": [HEADERS, SHEET[2]],
        "丙区": [HEADERS, [None, "91140400MA0000203C", 1]],
    }
    path = excel(units)
    rows, report = came_out(path, "--sheet", "all")
    is_right(rows)
    assert report["problems"][0]["file"] == f"{path} [丙区]"
    assert report["problems"][0]["row"] == 2
    ended = run("import", "enterprises", excel(SHEETS), "--sheet", "all")
    assert "the sheets have registered_capital in different units" in ended.said


def test_a_sheet_that_is_not_there_is_wrong_usage(run, excel):
    ended = run("import", "enterprises", excel(SHEETS), "--sheet", "丁区")
    assert ended.code == 2
    assert "has no sheet '丁区': it has 填表说明, 甲区, 乙区" in ended.said


def test_a_hidden_sheet_is_not_taken_before_others(came_out, tmp_path):
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        hidden, shown = book.add_worksheet("旧"), book.add_worksheet("新")
        for y, row in enumerate(SHEET):
            hidden.write_row(y, 0, row)
            shown.write_row(
                y, 0, [f"新{cell}" if y and not x else cell for x, cell in enumerate(row)]
            )
        hidden.hide()
        shown.activate()
    rows, _ = came_out(path)
    assert [row["name"] for row in rows.values()] == ["新甲有限公司", "新乙有限公司"]


def test_formulas_are_read_by_their_values_and_errors_are_unknown(came_out, tmp_path):
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, [*HEADERS, "参保人数"])
        sheet.write_row(1, 0, ["甲有限公司", "91140400MA0000201A"])
        sheet.write_formula(1, 2, "=2500*2", None, 5000)
        sheet.write_formula(1, 3, "=1/0", None, "#DIV/0!")
        sheet.write_row(2, 0, ["乙有限公司", "91140400MA0000202B", 0.5, "#N/A"])
    rows, report = came_out(path)
    is_right(rows)
    assert report["unread_values"] == 0


def test_dates_and_numbers_of_a_workbook(came_out, tmp_path):
    path = tmp_path / "list.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        day = book.add_format({"num_format": "yyyy/m/d"})
        moment = book.add_format({"num_format": "yyyy/m/d h:mm"})
        sheet.write_row(0, 0, ["企业名称", "统一社会信用代码", "成立日期", "参保人数"])
        for y, (when, style) in enumerate(
            [(43525, day), (43525.5, moment), (43525, None), (2019, None), (201903, None)], start=1
        ):
            sheet.write_row(y, 0, [f"甲{y}", f"X{y}"])
            sheet.write_number(y, 2, when, style)
            sheet.write_number(y, 3, 120)
    rows, _ = came_out(path)
    assert [row["founded"] for row in rows.values()] == [
        *("2019-03-01", "2019-03-01", "2019-03-01", "2019", "2019-03")
    ]
    assert {row["employees"] for row in rows.values()} == {"120"}


def test_a_round_trip_changes_nothing(run, home, tmp_path):
    for table in ("enterprises", "zones", "needs", "judgements", "events", "chains"):
        path = tmp_path / "first.csv"
        run("export", table, path)
        run("import", table, path)  # a code that no import would have stored is normalised
        for ending in (".csv", ".parquet", ".xlsx"):
            path = tmp_path / f"{table}{ending}"
            assert run("export", table, path).code == 0
            before = Workspace(home).version(table)
            report = json.loads(run("import", table, path, "--json").out)
            assert (report["unchanged"], table, ending) == (report["read"], table, ending)
            assert (report["rejected"], report["unread"]) == (0, [])
            assert Workspace(home).version(table) == before or table == "chains"


def test_what_an_export_of_enterprises_says(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,省份,城市,行业,主营产品,企业标签,成立日期,注册资本,登记状态,曾用名\n"
        "X1,甲,山西,长治,光电子器件制造,灯:0.5;LED,高新、链主,2019年3月,1.2亿,存续,旧甲；老甲\n",
    )
    rows, _ = came_out(path)
    assert {name: value for name, value in rows["X1"].items() if value} == {
        "enterprise_id": "X1",
        "name": "甲",
        "province": "山西省",
        "city": "长治市",
        "industry_code": "3976",
        "products": "灯:0.5;LED",
        "tags": "高新;链主",
        "founded": "2019-03",
        "registered_capital": "12000",
        "status": "存续",
        "standing": "active",
        "former_names": "旧甲;老甲",
    }


def test_a_dry_run_shows_what_columns_were_taken_for_and_three_rows(run, listed):
    path = listed(
        "公司名称,注册资本（亿元）,注册地址,颜色,联系电话\n"
        + "".join(f"甲{row},1,江苏省无锡市一号路,红,1\n" for row in range(5)),
    )
    ended = run("import", "enterprises", path, "--dry-run")
    assert "公司名称 → name" in ended.out
    assert "注册资本（亿元） → registered_capital (100,000,000 yuan)" in ended.out
    assert "注册地址 → address, to fill others" in ended.out
    assert ended.out.count(" as read: ") == 3
    assert "name: 甲0; province: 江苏省; city: 无锡市; registered_capital: 10000.0" in ended.out
    assert "颜色" in ended.err
    assert "columns of personal data, never stored: 联系电话" in ended.err


def test_personal_data_are_not_stored_even_for_bad_rows(run, tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("企业名称,编号,统一社会信用代码,法定代表人,电话\n,1,X,张某某,13900000000\n")
    run("import", "enterprises", path)
    kept = "".join(p.read_text("utf-8") for p in (tmp_path / "home").rglob("*.csv"))
    assert "X" in kept
    assert "13900000000" not in kept
    assert "张某某" not in kept


@pytest.mark.parametrize("said", [["--map", "甲方=name", "--map", "代号=enterprise_id"], None])
def test_headers_may_be_mapped(came_out, tmp_path, said):
    path, mapping = tmp_path / "list.csv", tmp_path / "map.txt"
    path.write_text("甲方,代号\n甲有限公司,X1\n", encoding="utf-8")
    mapping.write_text("# 表头=字段\n甲方=name\n代号=enterprise_id\n", encoding="utf-8")
    rows, _ = came_out(path, *(said or ["--map", mapping]))
    assert rows["X1"]["name"] == "甲有限公司"


@pytest.mark.parametrize("said", ["甲方", "name=", "=name", "甲=firm"])
def test_a_mapping_that_says_nothing_is_wrong_usage(run, listed, said):
    path = listed("甲,id\n甲有限公司,X1\n")
    assert run("import", "enterprises", path, "--map", said).code == 2


def test_a_rate_makes_foreign_capital_known(came_out, listed, run):
    path = listed("id,name,注册资本\nX1,甲,500万美元\nX2,乙,5万欧元\n")
    rows, report = came_out(path, "--rate", "USD=7.1")
    assert [row["registered_capital"] for row in rows.values()] == ["3550", ""]
    assert report["unread_values"] == 1
    assert run("import", "enterprises", path, "--rate", "USD").code == 2
