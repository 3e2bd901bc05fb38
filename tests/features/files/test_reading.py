import datetime

import polars as pl
import pytest
import xlsxwriter

from features.errors import InputError
from features.files import reading
from features.files.reading import read_rows
from features.tables.catalogue import ZONES
from features.tables.enterprise_columns import ENTERPRISES
from features.tables.schema import ROW

FILES = (
    "a file named .csv, .tsv, .txt, .xlsx, .xls, .xlsm, .xlsb, .ods, .et or .parquet, or a .zip "
    "of one"
)


@pytest.fixture
def excel(tmp_path):
    """Write sheets of rows; a date is written as Excel does, a None leaves the cell empty."""

    def write(**sheets):
        path = tmp_path / "list.xlsx"
        with xlsxwriter.Workbook(path) as workbook:
            day = workbook.add_format({"num_format": "yyyy/m/d"})
            for name, rows in sheets.items():
                sheet = workbook.add_worksheet(name)
                for y, row in enumerate(rows):
                    for x, cell in enumerate(row):
                        if isinstance(cell, datetime.date):
                            sheet.write_datetime(y, x, cell, day)
                        elif cell is not None:
                            sheet.write(y, x, cell)
        return path

    return write


def fields(rows):
    return rows.fields.rows()


def test_excel(excel):
    header = ["企业编号", "企业名称", "成立日期", "注册资本"]
    path = excel(
        企业=[
            header,
            [91140400, "甲", datetime.datetime(2019, 3, 1), 5000],
            ["002069", "乙", 43525, 0.1 + 0.2],
            [None, None, None, None],
            ["3", "丙", datetime.datetime(2019, 3, 1, 10, 5), "5000万"],
        ]
    )
    rows = read_rows(path, ENTERPRISES)
    assert rows.names == header
    assert fields(rows) == [
        (2, "91140400", "甲", "2019-03-01", "5000"),
        (3, "002069", "乙", "43525", "0.3"),
        (5, "3", "丙", "2019-03-01 10:05:00", "5000万"),
    ]
    assert rows.warnings == []


def test_a_title_above_the_headers_is_left_out(excel):
    path = excel(a=[["开发区名单"], [None], ["开发区编号", "开发区名称"], ["z", "甲"]])
    rows = read_rows(path, ZONES)
    assert fields(rows) == [(4, "z", "甲")]
    assert rows.warnings == ["the headers were found in row 3; the rows above are left out"]


def test_other_sheets_are_named(excel):
    path = excel(一=[["zone_id", "name"], ["z", "甲"]], 二=[["x"]], 三=[])
    rows = read_rows(path, ZONES)
    assert rows.warnings == [
        "only the sheet 一 was read; there is also: 二, 三 (--sheet NAME or --sheet all)"
    ]


def test_parquet(tmp_path):
    path = tmp_path / "list.parquet"
    pl.DataFrame(
        {
            "enterprise_id": [1, 2],
            "name": pl.Series(["甲", "乙"], dtype=pl.Categorical),
            "founded": [datetime.date(2019, 3, 1), None],
            "registered_capital": [5000.0, 0.5],
            "tags": [["a", "b"], None],
            "products": [[{"name": "灯", "share": 0.5}, {"name": "LED", "share": None}], []],
        }
    ).write_parquet(path)
    assert fields(read_rows(path, ENTERPRISES)) == [
        (2, "1", "甲", "2019-03-01", "5000", "a;b", "灯:0.5;LED"),
        (3, "2", "乙", None, "0.5", None, ""),
    ]


def test_equal_headers_are_made_unique(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("zone_id,name,x,x,,row number\n1,2,3,4,5,6\n")
    rows = read_rows(path, ZONES)
    assert rows.names == [
        "zone_id",
        "name",
        "x",
        "x (column 4)",
        "column 5",
        "row number (column 6)",
    ]
    assert fields(rows) == [(2, "1", "2", "3", "4", "5", "6")]
    assert rows.warnings == ["columns left out, unknown for zones: x, x, row number"]


def test_raw_fields_by_canonical_name(tmp_path):
    path = tmp_path / "list.csv"
    path.write_text("开发区编号,name\nz,甲\n")
    rows = read_rows(path, ZONES)
    assert rows.raw("zone_id").to_list() == ["z"]
    assert rows.raw("city") is None


def test_no_rows_is_worth_a_warning(tmp_path):
    path = tmp_path / "list.CSV"
    path.write_text("zone_id,name\n,\n\n")
    rows = read_rows(path, ZONES)
    assert rows.fields.height == 0
    assert rows.fields.columns == [ROW, "zone_id", "name"]
    assert rows.warnings == [f"{path} has headers and no rows"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.csv", None, "a.csv does not exist"),
        ("a.xlsx", None, "a.xlsx does not exist"),
        ("a.doc", b"x", f"a.doc ends in .doc: expected {FILES}"),
        ("a", b"x", f"a ends in nothing: expected {FILES}"),
        ("a.csv", b"", "a.csv is empty: expected headers and rows"),
        ("a.xlsx", b"", "a.xlsx is empty: expected headers and rows"),
        ("a.parquet", b"", "a.parquet is empty: expected headers and rows"),
    ],
)
def test_what_is_no_file_of_a_table_is_refused(tmp_path, name, content, message):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_rows(path, ZONES)
    assert str(caught.value) == f"{tmp_path}/{message}"


def test_a_name_that_no_file_can_have_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be read: File name too long"):
        read_rows(tmp_path / f"{'a' * 300}.csv", ZONES)


@pytest.mark.parametrize("name", ["a.csv", "a"])
def test_a_folder_is_refused(tmp_path, name):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match=r"is a folder: expected a file named \.csv"):
        read_rows(tmp_path / name, ZONES)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("a.xlsx", "is not an Excel file, or is damaged"),
        ("a.parquet", "is not a Parquet file, or is"),
    ],
)
@pytest.mark.parametrize("content", [b"zone_id,name\n", b"PK\x03\x04", b"PAR1 and PAR1"])
def test_a_file_that_is_not_what_its_name_says_is_refused(tmp_path, name, message, content):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_rows(path, ZONES)
    assert "\n" not in str(caught.value)


def test_a_workbook_cut_short_is_refused(excel):
    path = excel(a=[["zone_id", "name"], ["z", "甲"]])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="is not an Excel file, or is damaged"):
        read_rows(path, ZONES)


def test_an_empty_sheet_is_refused(excel):
    with pytest.raises(InputError, match="the sheet a is empty"):
        read_rows(excel(a=[]), ZONES)


LARGE = (
    "企业名录\n"
    "统一社会信用代码,企业名称,备用,企业简介,经营范围,法定代表人,官网,纳税人识别号,注册资本\n"
    "c1,甲,x,简,,王某,w1,t1,5000\n"
    ",,,,,,,,\n"
    "c2,乙,,简,,,w2,t2,many\n"
    "一、电子,,,,,,,,\n"
    "c3,丙,,简,,,w3,t3,1\n"
    ",,,,,,w4,,\n"
    "合计,3,,,,,,,\n"
)


@pytest.mark.parametrize("scope", ["", "生产"])
def test_of_a_large_file_what_means_something_is_kept_and_the_rest_read_again(
    tmp_path, scope, monkeypatch
):
    monkeypatch.setattr(reading, "_SMALL", 0)
    path = tmp_path / "list.csv"
    text = LARGE.replace("c3,丙,,简,,", f"c3,丙,,简,{scope},")
    path.write_text(text, encoding="utf-8")
    whole, lean = (read_rows(path, ENTERPRISES, lean=lean) for lean in (False, True))
    assert lean.headers == whole.headers
    assert lean.names == whole.names
    assert lean.warnings == whole.warnings
    assert lean.headers.given["business_scope"] == ("经营范围" if scope else "企业简介")
    kept = lean.fields.columns
    assert {"统一社会信用代码", "企业名称", "备用", "注册资本"} < set(kept)
    assert not {"官网", "法定代表人", "纳税人识别号"} & set(kept)
    assert lean.fields.equals(whole.fields.select(kept))
    assert lean.whole(lean.fields[ROW]).equals(whole.fields)
    before = lean.raw("registered_capital").to_list()
    lean.forget("registered_capital")
    assert "注册资本" not in lean.fields.columns
    assert lean.raw("registered_capital").to_list() == before == ["5000", "many", "1"]
    path.write_text(text.replace("c1", "c9"), encoding="utf-8")
    with pytest.raises(InputError, match="has changed while it was read"):
        lean.raw("registered_capital")


def test_a_column_with_its_first_value_far_below_counts_as_filled(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "_SMALL", 0)
    path = tmp_path / "list.csv"
    rows = [f"c{n},甲{n},简介,{'生产' if n == 1500 else ''}" for n in range(1600)]
    header = "统一社会信用代码,企业名称,企业简介,经营范围"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    for lean in (False, True):
        rows = read_rows(path, ENTERPRISES, lean=lean)
        assert rows.headers.given["business_scope"] == "经营范围"
        assert rows.raw("business_scope").drop_nulls().to_list() == ["生产"]
