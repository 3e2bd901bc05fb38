import pytest

from features.errors import InputError
from features.files import delimited
from features.files.delimited import read_delimited
from features.files.source import Source
from features.tables.enterprise_columns import ENTERPRISES

TABLE = "a table as text in UTF-8, UTF-16, GB18030 or Big5"
ROWS = [("1", "甲公司"), ("2", "乙公司")]
TEXT = "企业编号,企业名称\n1,甲公司\n2,乙公司\n"


@pytest.fixture
def read(tmp_path):
    def read(content):
        path = tmp_path / "list.csv"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_delimited(Source(path, str(path)), ENTERPRISES)

    return read


@pytest.fixture
def refusal(read, tmp_path):
    def refusal(content):
        with pytest.raises(InputError) as caught:
            read(content)
        return str(caught.value).replace(f"{tmp_path}/", "")

    return refusal


@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16", "utf-16-le", "utf-16-be"],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_encodings_delimiters_and_line_ends(read, encoding, delimiter, newline):
    text = TEXT.replace(",", delimiter).replace("\n", newline)
    grid = read(text.encode(encoding))
    assert list(grid.headers) == ["企业编号", "企业名称"]
    assert grid.fields.rows() == ROWS


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_file_may_begin_with_much_ascii(read, encoding):
    plain = "".join(f"{i},plain\n" for i in range(20_000))
    grid = read(f"enterprise_id,name\n{plain}x,甲公司\n".encode(encoding))
    assert grid.fields.height == 20_001
    assert grid.fields.row(-1) == ("x", "甲公司")


def test_the_delimiter_is_the_one_that_parts_the_table_s_columns(read):
    grid = read("企业编号;企业名称;备注,说明,其他\n1;甲;a,b,c\n")
    assert list(grid.headers) == ["企业编号", "企业名称", "备注,说明,其他"]
    assert grid.fields.rows() == [("1", "甲", "a,b,c")]


def test_empty_rows_keep_their_place(read):
    grid = read("enterprise_id,name\n1,a\n\n,\n2,b\n\n")
    assert grid.fields.rows()[0] == ("1", "a")
    assert grid.fields.rows()[3] == ("2", "b")
    assert grid.first_row == 2


def test_lines_above_the_headers_are_counted(read):
    grid = read("\n\nenterprise_id,name\n1,a\n")
    assert grid.fields.rows() == [("1", "a")]
    assert grid.first_row == 4


def test_short_rows_are_filled_up(read):
    assert read("enterprise_id,name,city\n1,a\n").fields.rows() == [("1", "a", None)]


def test_rows_with_too_many_fields_are_set_apart(read):
    grid = read("enterprise_id,name\n1,a\n2,b,c,d\n\n3,c,,\n")
    assert grid.surplus == [(3, ["2", "b", "c", "d"])]
    assert grid.fields.rows() == [("1", "a"), (None, None), (None, None), ("3", "c")]


def test_surplus_rows_are_counted_below_empty_lines(read):
    assert read("\nenterprise_id,name\n1,a,x\n").surplus == [(3, ["1", "a", "x"])]


def test_surplus_fields_in_gb18030(read):
    grid = read((TEXT + "3,丙,多\n").encode("gb18030"))
    assert grid.surplus == [(4, ["3", "丙", "多"])]
    assert grid.fields.rows() == [*ROWS, (None, None)]


def test_quotation_marks_within_fields(read):
    grid = read('enterprise_id,name\n1,5" 管\n2,"a ""b"", c"\n3,"x\ny"\n')
    assert grid.fields.rows() == [("1", '5" 管'), ("2", 'a "b", c'), ("3", "x\ny")]


def test_headers_may_be_quoted_and_broken(read):
    grid = read('"enterprise_id","name","a\nb"\n1,x,y\n')
    assert list(grid.headers) == ["enterprise_id", "name", "a\nb"]
    assert grid.fields.rows() == [("1", "x", "y")]


def test_a_file_with_headers_only_has_no_rows(read):
    assert read("enterprise_id,name").fields.rows() == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "list.csv is empty: expected headers and rows"),
        (b"\xef\xbb\xbf\r\n \n", "list.csv is empty: expected headers and rows"),
        (
            b"PK\x03\x04rest",
            "list.csv is an Excel or zip file; name it .xlsx if it is from Excel, .zip if it is "
            f"packed: expected {TABLE}",
        ),
        (
            b"\xd0\xcf\x11\xe0rest",
            f"list.csv is an old Excel or WPS file; name it .xls or .et: expected {TABLE}",
        ),
        (
            b"<html><table>",
            "list.csv is a web page or XML; open it in Excel or WPS and save it as .xlsx: "
            f"expected {TABLE}",
        ),
        (
            'enterprise_id,name\n1,a\n2,"b\n3,c\n',
            'list.csv, line 3: a quotation mark (") is not closed, or is not doubled '
            "within a quoted field",
        ),
        (
            'enterprise_id,name\n1,"a" b\n',
            'list.csv, line 2: a quotation mark (") is not closed, or is not doubled '
            "within a quoted field",
        ),
    ],
)
def test_what_is_no_table_is_refused(refusal, content, message):
    assert refusal(content) == message


def test_bytes_of_any_value_are_no_table(refusal):
    assert refusal(bytes(range(256)) * 64).startswith("list.csv is no text")


def test_a_broken_byte_costs_one_value(read):
    grid = read(TEXT.encode() + b"3,\xff\n")
    assert grid.fields.rows() == [*ROWS, ("3", "\ufffd")]
    assert grid.warnings == ("read as UTF-8; 1 place is not valid UTF-8: values there are unknown",)
    assert read(b"enterprise_id,name\n1,a\n2,\xff\n").fields.rows() == [("1", "a"), ("2", "\ufffd")]


def test_big5_with_english_headers(read):
    text = "enterprise_id,name\n1,樣例日有限公司\n2,臺灣樣例積體電路股份有限公司\n"
    grid = read(text.encode("big5"))
    assert grid.fields.rows()[0] == ("1", "樣例日有限公司")


@pytest.mark.parametrize(
    ("text", "codec", "name"),
    [
        ("1,トヨタ自動車株式会社\n2,ソニーグループ\n", "shift_jis", "Shift_JIS (Japanese)"),
        ("1,トヨタ自動車株式会社\n2,ソニーグループ\n", "euc_jp", "EUC-JP (Japanese)"),
        ("1,삼성전자주식회사\n2,현대자동차\n", "euc_kr", "EUC-KR (Korean)"),
        ("1,Société Générale\n2,Müller AG, Köln\n", "cp1252", "Windows-1252 (Western European)"),
        ("1,Газпром\n2,Лукойл\n", "cp1251", "Windows-1251 (Cyrillic)"),
    ],
)
def test_text_of_another_language_is_refused_by_name(refusal, text, codec, name):
    said = refusal(f"enterprise_id,name\n{text}".encode(codec))
    assert said == f"list.csv is more likely {name} than Chinese text: save it as UTF-8"


def test_titles_above_the_headers_are_left_out(read):
    grid = read("样例区2025年度名单,,\n\n序号,企业编号,企业名称\n1,9,甲\n")
    assert list(grid.headers) == ["序号", "企业编号", "企业名称"]
    assert grid.fields.rows() == [("1", "9", "甲")]
    assert grid.first_row == 4
    assert grid.warnings == ("the headers were found in row 3; the rows above are left out",)


def test_headers_in_two_levels(read):
    grid = read(
        "企业信息,,经营情况,\n企业编号,企业名称,注册资本,\n,,金额（亿元）,币种\n1,甲,2,元\n"
    )
    assert list(grid.headers)[:3] == ["企业编号", "企业名称", "注册资本（亿元）"]
    assert grid.fields.rows() == [("1", "甲", "2", "元")]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("a,b\n1," + "甲" * 2_000_000, "has a line of over 4,194,304 bytes"),
        ("enterprise_id,name" + ",x" * 10_000 + "\n1,a\n", "has 10,002 columns"),
    ],
)
def test_what_is_larger_than_any_table_is_refused(refusal, content, message):
    assert message in refusal(content)


def test_a_quotation_mark_far_above_plain_rows_is_no_open_field(read):
    rows = "".join(f"{at},甲\n" for at in range(500_000))
    assert read(f'id,name\n"x,",乙"丙\n{rows}').fields.height == 500_001


def test_a_closed_field_far_above_is_counted_once(read, monkeypatch):
    counted = []
    is_quoted = delimited._is_quoted
    monkeypatch.setattr(
        delimited, "_is_quoted", lambda path, end: counted.append(end) or is_quoted(path, end)
    )
    rows = "".join(f"{at},甲\n" for at in range(900_000))
    assert read(f'id,name\n"x,",乙\n{rows}').fields.height == 900_001
    assert len(counted) == 1


def test_a_field_of_doubled_marks_without_end_is_refused(refusal):
    assert "has a field of over 4,194,304 bytes" in refusal(
        b'enterprise_id,name\nx,"' + b'a""\n' * 2_000_000 + b'"\n'
    )
