import pytest

from features.errors import InputError
from features.tables.headers import matched, recognised
from features.vocabulary import ENTERPRISES, EVENTS, JUDGEMENTS, NEEDS, TABLES


def match(table, *headers):
    return matched(table, headers, "list.csv")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_chinese_and_english_header_is_known(table):
    for column in table.columns:
        for header in (column.name, *column.headers.split()):
            assert recognised(table, [header]) == 1, header


@pytest.mark.parametrize(
    "header",
    [
        "enterprise_id",
        "Enterprise ID",
        " ENTERPRISE_ID ",
        "\ufeff企业编号",
        "企业 编号",
        "企业编号*",
        "统一社会信用代码",
        "企业编号（必填）",
        "企业编号：",
        "企业\n编号",
    ],
)
def test_headers_are_matched_whatever_their_form(header):
    assert match(ENTERPRISES, header, "企业名称").positions == {"enterprise_id": 0, "name": 1}


@pytest.mark.parametrize(
    ("header", "yuan"),
    [
        ("注册资本(元)", 1),
        ("注册资本（万元）", 1e4),
        ("注册资本(亿元)", 1e8),
        ("注册资本(单位:万元)", 1e4),
        ("registered_capital (万元人民币)", 1e4),
    ],
)
def test_a_unit_in_a_header_is_read(header, yuan):
    headers = match(ENTERPRISES, "enterprise_id", "name", header)
    assert headers.positions["registered_capital"] == 2
    assert headers.units == {"registered_capital": yuan}


def test_a_currency_other_than_rmb_is_left_out():
    headers = match(ENTERPRISES, "enterprise_id", "name", "注册资本(万美元)")
    assert headers.unknown == ["注册资本(万美元)"]
    assert "registered_capital" not in headers.positions


def test_unknown_headers_are_named_and_blank_ones_are_not():
    assert match(JUDGEMENTS, "need_id", " ", "enterprise_id", " 市值 ").unknown == ["市值"]


def test_the_file_s_own_headers_are_kept_for_messages():
    assert match(JUDGEMENTS, "需求编号 ", "企业编号").given == {
        "need_id": "需求编号",
        "enterprise_id": "企业编号",
    }


@pytest.mark.parametrize(
    ("table", "headers", "message"),
    [
        (
            ENTERPRISES,
            ["企业名称", "城市"],
            "list.csv: the enterprises table needs the columns enterprise_id (企业编号); "
            "the file has: 企业名称, 城市",
        ),
        (
            ENTERPRISES,
            [" "],
            "list.csv: the enterprises table needs the columns enterprise_id (企业编号), "
            "name (企业名称); the file has: none",
        ),
        (
            NEEDS,
            ["产业"],
            "list.csv: the needs table needs the columns need_id (需求编号) or "
            "zone_id (开发区编号); the file has: 产业",
        ),
        (
            EVENTS,
            ["event_id", "enterprise_id", "date", "zone_id"],
            "list.csv: the events table needs the columns stage (阶段); "
            "the file has: event_id, enterprise_id, date, zone_id",
        ),
        (
            ENTERPRISES,
            ["企业编号", "统一社会信用代码", "name"],
            "list.csv: two columns mean enterprise_id (企业编号): 企业编号 and 统一社会信用代码; "
            "leave one of them",
        ),
        (
            ENTERPRISES,
            ["enterprise_id", "name", "name"],
            "list.csv: two columns mean name (企业名称): name and name; leave one of them",
        ),
    ],
)
def test_headers_that_do_not_make_the_table_are_refused(table, headers, message):
    with pytest.raises(InputError) as caught:
        match(table, *headers)
    assert str(caught.value) == message
