"""Files that are damaged, or made to do harm: one clear line, nothing stored, little memory."""

import io
import resource
import struct
import threading
import time
import zipfile

import polars as pl
import pytest
import xlsxwriter

from features.files import reading
from features.workspace import Workspace
from tests.workbooks import _compound, ods, xls, xlsb

ROWS = [["企业名称", "统一社会信用代码"], ["甲有限公司", "91140400MA0000201A"]]


@pytest.fixture
def refusal(run, tmp_path):
    """Import a file that must be refused; return the error line."""

    def refusal(name, content, *options):
        path = tmp_path / name
        path.write_bytes(content)
        begin = time.monotonic()
        ended = run("import", "enterprises", path, *options)
        assert ended.code == 1, ended.out
        assert time.monotonic() - begin < 120
        assert not (tmp_path / "home" / "tables").exists()
        return ended.said.replace(f"{tmp_path}/", "")

    return refusal


def xlsx(rows=ROWS):
    content = io.BytesIO()
    with xlsxwriter.Workbook(content) as book:
        sheet = book.add_worksheet("S")
        for y, row in enumerate(rows):
            sheet.write_row(y, 0, row)
    return content.getvalue()


def changed(content, part, change):
    """Return a workbook with one part changed."""
    old, new = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
    with zipfile.ZipFile(new, "w", zipfile.ZIP_DEFLATED) as archive:
        for one in old.infolist():
            data = old.read(one)
            archive.writestr(one.filename, change(data) if one.filename == part else data)
    return new.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


def test_a_stray_cell_in_the_last_corner(refusal):
    far = (
        b'<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row></sheetData>'
    )
    content = changed(xlsx(), SHEET, lambda data: data.replace(b"</sheetData>", far))
    assert refusal("a.xlsx", content) == (
        "a.xlsx: the sheet S reaches to row 1,048,576 and column 16,384, which is more than "
        "40,000,000 cells: delete the stray cells at its end, or save it as CSV"
    )
    assert "column 16,384" in refusal("a.xlsb", xlsb({"S": ROWS}, far=(1_048_575, 16_383)))
    empty = '<table:table-row table:number-rows-repeated="1048570"/>'
    tail = f'{empty}<table:table-row><table:table-cell table:number-columns-repeated="16383"/>'
    tail += '<table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell>'
    assert "row 1,048,5" in refusal("a.ods", ods({"S": ROWS}, tail=f"{tail}</table:table-row>"))


def test_cells_repeated_without_end(refusal):
    row = (
        '<table:table-row table:number-rows-repeated="1048570"><table:table-cell '
        'table:number-columns-repeated="1000" office:value-type="string"><text:p>x</text:p>'
        "</table:table-cell></table:table-row>"
    )
    assert "more than 40,000,000 cells" in refusal("a.ods", ods({"S": ROWS}, tail=row))


@pytest.mark.parametrize("name", ["a.xlsx", "a.zip"])
def test_a_zip_bomb(refusal, name):
    huge = io.BytesIO()
    with zipfile.ZipFile(huge, "w", zipfile.ZIP_DEFLATED) as archive:
        inside = SHEET if name.endswith("xlsx") else "a.csv"
        with archive.open(inside, "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b" " * (1 << 20))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    said = refusal(name, huge.getvalue())
    assert "would come to 314,572,800 bytes out of" in said
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 200_000


def test_a_part_that_is_larger_than_the_archive_says(refusal):
    content = changed(xlsx(), SHEET, lambda data: data + b" " * 50_000_000)
    at = content.index(SHEET.encode(), content.index(b"PK\x01\x02"))
    head = content.rindex(b"PK\x01\x02", 0, at)
    forged = content[: head + 24] + struct.pack("<I", 1000) + content[head + 28 :]
    assert "a.xlsx is damaged" in refusal("a.xlsx", forged)


def test_a_name_without_end(refusal):
    content = b"enterprise_id,name\nx," + b"a" * 300_000_000 + b"\n"
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "has a line of over 4,194,304 bytes" in refusal("a.csv", content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_name_of_lines_without_end(refusal):
    content = b'enterprise_id,name\nx,"' + b"a\n" * 50_000_000 + b'"\n'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert "has a field of over 4,194,304 bytes" in refusal("a.csv", content)
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000


def test_a_name_longer_than_any_is_a_bad_row(run, tmp_path):
    path = tmp_path / "a.csv"
    path.write_text(f"enterprise_id,name\nx,{'a' * 200_000}\ny,乙\n", encoding="utf-8")
    ended = run("import", "enterprises", path)
    assert "added 1, replaced 0 (0 unchanged), rejected 1" in ended.out


@pytest.mark.parametrize("part", [SHEET, "xl/sharedStrings.xml"])
def test_a_cell_of_fifty_megabytes(refusal, part):
    content = changed(xlsx(), part, lambda data: data.replace(b"</", b"x" * 50_000_000 + b"</", 1))
    assert "a.xlsx: a cell in it has over 1,048,576 bytes" in refusal("a.xlsx", content)


def test_records_in_a_column_of_a_parquet_file(refusal, tmp_path):
    frame = pl.DataFrame({"enterprise_id": ["x"], "name": [{"a": 1}]})
    frame.write_parquet(tmp_path / "x")
    said = refusal("a.parquet", (tmp_path / "x").read_bytes())
    assert said.startswith("a.parquet: the column name holds Struct")


def test_a_parquet_file_without_columns(refusal, tmp_path):
    pl.DataFrame().write_parquet(tmp_path / "x")
    said = refusal("a.parquet", (tmp_path / "x").read_bytes())
    assert said.startswith("a.parquet")
    assert "name" in said


def test_a_parquet_file_of_rows_without_end(refusal, tmp_path):
    rows = pl.DataFrame({"enterprise_id": pl.repeat("x", 20_000_001, eager=True)})
    rows.with_columns(name=pl.lit("a")).write_parquet(tmp_path / "x")
    said = refusal("a.parquet", (tmp_path / "x").read_bytes())
    assert said == "a.parquet has 20,000,001 rows: at most 20,000,000 are read"


@pytest.mark.parametrize("ending", ["csv", "xlsx", "parquet"])
def test_ten_thousand_columns(refusal, tmp_path, ending):
    headers = ["企业名称", "统一社会信用代码", *(f"列{at}" for at in range(10_000))]
    if ending == "csv":
        content = ",".join(headers).encode() + b"\nx,y\n"
    elif ending == "xlsx":
        content = xlsx([headers])
    else:
        pl.DataFrame({header: ["x"] for header in headers}).write_parquet(tmp_path / "x")
        content = (tmp_path / "x").read_bytes()
    assert "columns: a table has at most 2,000" in refusal(f"a.{ending}", content)


def test_a_password_on_a_workbook(refusal):
    # What Excel writes then is a compound file with a part of that name.
    content = _compound("EncryptedPackage".encode("ascii"), b"x" * 5000)
    assert "a.xlsx is locked by a password: save it without one" in refusal("a.xlsx", content)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.xlsx", xlsx([]), "a.xlsx: the sheet S is empty"),
        ("a.xls", xls({"S": []}), "a.xls: the sheet S is empty"),
        ("a.ods", ods({"S": [], "T": []}), "a.ods: all of S, T is empty"),
        ("a.xls", b"<html><table><tr><td>x</td></tr></table></html>", "a.xls is a web page or XML"),
        ("a.xls", "企业名称,统一社会信用代码\n".encode(), "a.xls is not an Excel file"),
        ("a.xlsx", b"%PDF-1.7", "a.xlsx is a PDF file"),
        ("a.csv", xlsx(), "a.csv is an Excel or zip file"),
        ("a.csv", xls({"S": ROWS}), "a.csv is an old Excel or WPS file"),
        ("a.zip", b"PK\x03\x04", "a.zip is not a zip archive"),
        ("a.zip", xlsx(), "a.zip must hold one table"),
        ("a.parquet", b"PAR1xxxxPAR1", "a.parquet is not a Parquet file"),
        ("a.ods", xlsx()[:-100], "a.ods is not an Excel file, or is damaged"),
        ("a.xlsb", xlsb({"S": ROWS})[:300], "a.xlsb is not an Excel file, or is damaged"),
        ("a.csv", bytes(range(256)) * 64, "a.csv is no text"),
        ("a.txt", b"\x1f\x8b\x08", "a.txt is a gzip file"),
    ],
)
def test_a_file_that_is_not_what_its_name_says(refusal, name, content, message):
    assert refusal(name, content).startswith(message)


def test_a_file_that_changes_while_it_is_read(run, tmp_path, monkeypatch):
    path = tmp_path / "a.csv"
    path.write_text("enterprise_id,name\nx,甲\n", encoding="utf-8")
    read = reading._READERS[".csv"]

    def slowly(*arguments):
        found = read(*arguments)
        with path.open("a") as file:
            file.write("y,more\n")
        return found

    monkeypatch.setitem(reading._READERS, ".csv", slowly)
    assert "has changed while it was read" in run("import", "enterprises", path).said
    assert Workspace(tmp_path / "home").read("enterprises").is_empty()


def test_macros_are_not_run(run, tmp_path):
    path = tmp_path / "a.xlsm"
    with zipfile.ZipFile(io.BytesIO(xlsx())) as old, zipfile.ZipFile(path, "w") as new:
        for one in old.infolist():
            new.writestr(one.filename, old.read(one))
        new.writestr("xl/vbaProject.bin", xls({"S": []}))
    threads = threading.active_count()
    assert "added 1" in run("import", "enterprises", path).out
    assert threading.active_count() == threads


SPOILED = "a spreadsheet has turned it into a number"


@pytest.mark.parametrize("code", ["9.13203E+17", "9.1E17", "9.13203205804e+17"])
def test_a_code_that_a_spreadsheet_has_spoiled_is_refused_by_name(run, tmp_path, code):
    path = tmp_path / "a.csv"
    path.write_text(f"统一社会信用代码,企业名称\n{code},甲\n91140400MA0000201A,乙\n", "utf-8")
    ended = run("import", "enterprises", path)
    assert "rejected 1" in ended.out
    assert SPOILED in ended.err
    assert code in ended.err
