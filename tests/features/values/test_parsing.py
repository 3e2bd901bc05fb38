from datetime import date

import polars as pl
import pytest

from features.files.reading import read_rows
from features.tables.catalogue import TABLES
from features.tables.schema import SCHEMAS, flag
from features.values.cleaning import cleaned, distinct
from features.values.parsing import parsed, with_defaults

TODAY = date(2025, 11, 23)


@pytest.fixture
def parse(tmp_path):
    """Parse texts of one column; a wrong one comes back as "wrong"."""

    def parse(table, column, texts, header=None):
        path = tmp_path / "list.parquet"
        needed = {c.name: ["x"] * len(texts) for c in TABLES[table].columns if c.required}
        needed |= dict.fromkeys(TABLES[table].either, ["x"] * len(texts))
        needed.pop(column, None)
        texts = pl.Series(texts, dtype=pl.String)
        pl.DataFrame({**needed, header or column: texts}).write_parquet(path)
        frame = parsed(read_rows(path, TABLES[table]), TABLES[table], TODAY)
        assert frame.schema[column] == SCHEMAS[table].create_empty().schema[column]
        values, wrong = frame[column].to_list(), frame[flag(column)].to_list()
        return ["wrong" if w else v for v, w in zip(values, wrong, strict=True)]

    return parse


GRADED = "need_id,enterprise_id,grade\nn,e,2\nn,f,\n"

DATES = {
    "2019/3/1": date(2019, 3, 1),
    "2019-03-01": date(2019, 3, 1),
    "2019.3.1": date(2019, 3, 1),
    "20190301": date(2019, 3, 1),
    "2019年3月1日": date(2019, 3, 1),
    "2019 年 3 月 1 日": date(2019, 3, 1),
    "2019-03-01 10:22:33": date(2019, 3, 1),
    "2019-03-01T00:00:00Z": date(2019, 3, 1),
    "43525": date(2019, 3, 1),
    "43525.5": date(2019, 3, 1),
    "2019年3月": date(2019, 3, 1),
    "2019-03": date(2019, 3, 1),
    "201903": date(2019, 3, 1),
    "2019": date(2019, 1, 1),
    "2019年": date(2019, 1, 1),
    "2019.0": date(2019, 1, 1),
    "２０１９": date(2019, 1, 1),
    "1582": date(1582, 1, 1),
    "2026-12-31": date(2026, 12, 31),
    "2020-02-29": date(2020, 2, 29),
    "2019-02-29": "wrong",
    "2019-02-30": "wrong",
    "2019-13-01": "wrong",
    "2027": "wrong",
    "2099-01-01": "wrong",
    "03/01/2019": date(2019, 3, 1),
    "1900-01-01": "wrong",
    "0000-00-00": "wrong",
    "2019-03-01x": "wrong",
    "2019-": "wrong",
    "去年": "wrong",
    "-5": "wrong",
    "": None,
    "-": None,
    "无": None,
}


def test_how_far_a_date_is_known(tmp_path):
    path = tmp_path / "list.csv"
    texts = {"2019": "year", "2019年3月": "month", "2019-03-01": "day", "": None, "?": None}
    rows = "".join(f"{text},x,y\n" for text in texts)
    path.write_text(f"founded,enterprise_id,name\n{rows}", encoding="utf-8")
    table = TABLES["enterprises"]
    frame = parsed(read_rows(path, table), table, TODAY)
    assert frame["founded_precision"].to_list() == list(texts.values())


def test_dates(parse):
    assert dict(zip(DATES, parse("enterprises", "founded", list(DATES)), strict=True)) == DATES


MONEY = {
    "5000": 5000.0,
    "5000万": 5000.0,
    "5000万元": 5000.0,
    "1.2亿": 12000.0,
    "1.2亿元人民币": 12000.0,
    "人民币5,000万元整": 5000.0,
    "￥5000万": 5000.0,
    "¥ 3,000": 3000.0,
    "3，000": 3000.0,
    "500000元": 50.0,
    "２千万": 2000.0,
    "1e3": 1000.0,
    "0": 0.0,
    "5000.0": 5000.0,
    "100美元": "wrong",
    "5000万美元": "wrong",
    "USD 100": "wrong",
    "约5000万": 5000.0,
    "500(万元(人民币))": 500.0,
    "1e999": "wrong",
    "五千万": 5000.0,
    "壹仟万元整": 1000.0,
    "多": "wrong",
    None: None,
    "--": None,
    "N/A": None,
    "null": None,
    "未知": None,
}


def test_amounts_in_ten_thousands(parse):
    parsed = parse("enterprises", "registered_capital", list(MONEY))
    assert dict(zip(MONEY, parsed, strict=True)) == MONEY


@pytest.mark.parametrize(
    ("header", "values"),
    [
        ("注册资本(元)", [0.5, 5000.0, 12000.0]),
        ("注册资本(万元)", [5000.0, 5000.0, 12000.0]),
        ("注册资本(亿元)", [5e7, 5000.0, 12000.0]),
    ],
)
def test_a_bare_amount_is_in_the_unit_of_the_header(parse, header, values):
    texts = ["5000", "5000万", "1.2亿"]
    assert parse("enterprises", "registered_capital", texts, header) == values


def test_amounts_in_hundred_millions(parse):
    assert parse("events", "amount", ["1.2", "1.2亿", "5000万", "3亿元"]) == [1.2, 1.2, 0.5, 3.0]
    assert parse("events", "amount", ["5000", "1亿"], "金额（万元）") == [0.5, 1.0]


def test_counts(parse):
    texts = ["1,200人", "1200", "1200.0", "0", "-5", "12.5", "50-99人", "9" * 30, "不详", None]
    assert parse("enterprises", "employees", texts) == [
        *(1200, 1200, 1200, 0, "wrong"),
        *("wrong", 74, "wrong", None, None),
    ]


def test_grades(parse):
    texts = ["", "0", "3.0", "x", "4", "-1"]
    assert parse("judgements", "grade", texts) == [None, 0, 3, "wrong", "wrong", "wrong"]
    assert parse("judgements", "source", ["a"]) == ["a"]


def test_an_empty_grade_and_none_at_all_are_one(tmp_path):
    for text, grades in (("need_id,enterprise_id\nn,e\n", [1]), (GRADED, [2, 1])):
        path = tmp_path / "list.csv"
        path.write_text(text)
        table = TABLES["judgements"]
        frame = with_defaults(table, parsed(read_rows(path, table), table, TODAY))
        assert frame["grade"].to_list() == grades


def test_numbers(parse):
    texts = ["113.12", "113.12°", "-7", "1e2", "", "东经113", "inf", "nan", "181"]
    assert parse("zones", "lon", texts) == [
        *(113.12, 113.12, -7, 100, None),
        *("wrong", "wrong", None, "wrong"),
    ]


def test_stages_and_roles(parse):
    texts = ["签约", " Signed ", "签约库", "对接", "已落地", "流失", "established", "signing"]
    assert parse("events", "stage", texts) == [
        *("signed", "signed", "signed", "contacted"),
        *("established", "lost", "established", "wrong"),
    ]
    roles = ["主导", "主导产业", "LEADING", "辅助", "辅助产业", "auxiliary", "", "其他"]
    assert parse("needs", "role", roles) == [
        *("leading", "leading", "leading"),
        *("auxiliary", "auxiliary", "auxiliary", None, "wrong"),
    ]


PRODUCTS = {
    "LED:0.5;灯": [("LED", 0.5), ("灯", None)],
    "LED：50%；灯：20％；": [("LED", 0.5), ("灯", 0.2)],
    " LED : 0.5 ;; 灯 ": [("LED", 0.5), ("灯", None)],
    "批:发:0.3": [("批:发", 0.3)],
    "CPU：GPU": [("CPU：GPU", None)],
    "LED:": [("LED", None)],
    "LED:nan;灯:-": [("LED", None), ("灯", None)],
    "a:1;b:1;c:.25": [("a", 1.0), ("b", 1.0), ("c", 0.25)],
    "a:0;b:1e-3": [("a", 0.0), ("b", 0.001)],
    "多行\n产品:0.1": [("多行", None), ("产品", 0.1)],
    "3.5寸盘": [("3.5寸盘", None)],
    "a:-0.1": "wrong",
    "a:1.5": "wrong",
    "a:0.5;b:120%": "wrong",
    "型号:2025": "wrong",
    "a:inf": "wrong",
    ":0.5": "wrong",
    "": None,
    ";": None,
    "无": None,
    None: None,
}


def test_products(parse):
    expected = [
        [{"name": name, "share": share} for name, share in products]
        if isinstance(products, list)
        else products
        for products in PRODUCTS.values()
    ]
    values = parse("enterprises", "products", list(PRODUCTS))
    assert dict(zip(PRODUCTS, values, strict=True)) == dict(zip(PRODUCTS, expected, strict=True))


def test_lists(parse):
    assert parse("enterprises", "tags", ["高新、上市;高新； 链主", "a,b，c|d", ";", "-", None]) == [
        ["高新", "上市", "链主"],
        ["a", "b", "c", "d"],
        None,
        None,
        None,
    ]
    assert parse("needs", "nodes", ["封装、测试;芯片"]) == [["封装、测试", "芯片"]]


def test_texts_are_cleaned(parse):
    texts = [
        " 甲 公司\u3000",
        "a\x00b\x07",
        "上\t下\r\n左",
        "\ufeffx\u200b",
        " ",
        "无",
        "NULL",
        "None",
    ]
    assert parse("enterprises", "short_name", texts) == [
        *("甲 公司", "ab", "上 下 左", "x"),
        *(None, None, None, None),
    ]


@pytest.mark.parametrize(
    "word",
    [
        *("", " ", "-", "--", "NULL", "null", "N/A", "无", "未知", "None", "NaN"),
        *("－", "？", "*", "…", "空", "不适用", "待核实", "未统计", "TBD", "n.a."),
    ],
)
def test_words_for_the_unknown(word):
    assert cleaned(pl.Series("x", [word])).to_list() == [None]


@pytest.mark.parametrize(
    "mark",
    [*"\u200e\u200f\u202a\u202e\u2066\u2069\u00ad\u2060\u200b\u200d\ufeff\u061c", "\x00", "\x9f"],
)
def test_marks_that_are_not_seen_stay_in_no_id_name_list_or_product(parse, mark):
    assert parse("enterprises", "enterprise_id", [f"{mark}E{mark}1{mark}"]) == ["E1"]
    assert parse("enterprises", "name", [f"样例{mark}有限公司"]) == ["样例有限公司"]
    assert parse("enterprises", "tags", [f"专精{mark}特新;{mark}"]) == [["专精特新"]]
    assert parse("enterprises", "products", [f"隔{mark}膜:{mark}0.5"]) == [
        [{"name": "隔膜", "share": 0.5}]
    ]
    assert parse("events", "enterprise_id", [f"E{mark}1"]) == ["E1"]


def test_an_id_is_as_long_as_requests_may_name_it(parse):
    for column in ("enterprise_id", "name"):
        long, longer = "长" * 200, "长" * 201
        last = "wrong" if column == "enterprise_id" else longer
        assert parse("enterprises", column, [long, longer]) == [long, last]


@pytest.mark.parametrize(
    "text",
    ["隔膜：０.５", "隔膜：０．５", "隔膜:５０％", "隔膜∶50 %", "隔膜：百分之50", "隔膜：\u3000.5"],
)
def test_shares_in_any_width_are_shares(parse, text):
    assert parse("enterprises", "products", [text]) == [[{"name": "隔膜", "share": 0.5}]]


def test_what_nobody_can_have_is_wrong(parse):
    assert parse(
        "enterprises", "registered_capital", ["1e308万元", "1e10", "1e11", "99999999999", "100万亿"]
    ) == ["wrong", 1e10, "wrong", "wrong", 1e10]
    assert parse("enterprises", "revenue", ["-1e9", "-1e11", "1e300"]) == [-1e9, "wrong", "wrong"]
    assert parse("events", "amount", ["1e6", "1e7", "1e308"]) == [1e6, "wrong", "wrong"]
    assert parse("enterprises", "employees", ["10000000", "10000001", "99999999999", "9" * 30]) == [
        10_000_000,
        *["wrong"] * 3,
    ]


def test_repeated_texts_are_read_once_and_the_same(parse):
    texts = [" 甲\t乙 ", "-", None, "存续\ufffd", "在业"] * 4_000
    assert distinct(pl.Series(texts)) is not None
    assert distinct(pl.Series([str(at) for at in range(20_000)])) is None
    assert parse("enterprises", "status", texts) == ["甲 乙", None, None, "wrong", "在业"] * 4_000


def test_what_a_spreadsheet_puts_around_texts_is_taken_off(parse):
    assert cleaned(pl.Series(['="甲"', "'甲", "'甲'", "=1+1"])).to_list() == [
        "甲",
        "甲",
        "'甲'",
        "=1+1",
    ]
    assert parse("enterprises", "founded", ['="2019-03-01"', "'2019"]) == [
        date(2019, 3, 1),
        date(2019, 1, 1),
    ]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("封装、支架", ["封装", "支架"]),
        ("封装（支架、载带）、盖带", ["封装（支架、载带）、盖带"]),
        ("灯、具;光源", ["灯、具", "光源"]),
        ("灯、具:0.5", ["灯、具"]),
    ],
)
def test_products_may_be_parted_as_in_a_sentence(parse, text, names):
    found = parse("enterprises", "products", [text])[0]
    assert [product["name"] for product in found] == names
