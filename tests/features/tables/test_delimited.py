import pytest

from features.catalogue import ENTERPRISES
from features.errors import InputError
from features.tables.delimited import read_delimited
from features.tables.source import Source

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


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
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
            TEXT.encode("utf-16"),
            "list.csv is UTF-16 text; save it as CSV UTF-8: "
            "expected a CSV file in UTF-8 or GB18030",
        ),
        (TEXT.encode("utf-16-le"), "list.csv is no text: expected a CSV file in UTF-8 or GB18030"),
        (
            b"PK\x03\x04rest",
            "list.csv is an Excel or zip file; name it .xlsx if it is from Excel: "
            "expected a CSV file in UTF-8 or GB18030",
        ),
        (
            b"\xd0\xcf\x11\xe0rest",
            "list.csv is an old Excel file; save it as .xlsx: "
            "expected a CSV file in UTF-8 or GB18030",
        ),
        (
            TEXT.encode() + b"3,\xff\n",
            "list.csv, line 4: the bytes are no UTF-8 text; save the file as CSV UTF-8",
        ),
        (
            b"enterprise_id,name\n1,a\n2,\xff\n",
            "list.csv, line 3: the bytes are no UTF-8 or GB18030 text; save the file as CSV UTF-8",
        ),
        (
            'enterprise_id,name\n1,a\n2,"b\n3,c\n',
            'list.csv, line 3: a quotation mark (") is not closed, or stands undoubled '
            "within a quoted field",
        ),
        (
            'enterprise_id,name\n1,"a" b\n',
            'list.csv, line 2: a quotation mark (") is not closed, or stands undoubled '
            "within a quoted field",
        ),
    ],
)
def test_what_is_no_table_is_refused(refusal, content, message):
    assert refusal(content) == message


def test_bytes_of_any_value_are_no_table(refusal):
    assert refusal(bytes(range(256)) * 64).startswith("list.csv is no text")
