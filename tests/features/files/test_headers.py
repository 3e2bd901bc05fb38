import pytest

from features.errors import InputError, UsageError
from features.files.headers import matched, recognised
from features.tables.catalogue import EVENTS, JUDGEMENTS, NEEDS, TABLES
from features.tables.enterprise_columns import ENTERPRISES


def match(table, *headers):
    return matched(table, headers, "list.csv")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_every_chinese_and_english_header_is_known(table):
    for column in table.readable:
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
        ("Registered Capital (RMB 10k)", 1e4),
        ("registered capital (CNY million)", 1e6),
    ],
)
def test_a_unit_in_a_header_is_read(header, yuan):
    headers = match(ENTERPRISES, "enterprise_id", "name", header)
    assert headers.positions["registered_capital"] == 2
    assert headers.units == {"registered_capital": yuan}


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("企业（单位）名称", "name"),
        ("企业名称/单位名称", "name"),
        ('="企业名称"', "name"),
        ("企业经营状态", "status"),
        ("公司成立日期", "founded"),
        ("工商注册地址", "address"),
        ("注册（登记）地", "region"),
        ("主要产品/服务", "products"),
        ("注册资本（人民币）", "registered_capital"),
        ("Date of Incorporation", "founded"),
    ],
)
def test_a_header_may_say_more_than_it_must(header, column):
    found = matched(ENTERPRISES, ["id", "全称", header], "list.csv", mapping={"全称": "name"})
    assert header in (*found.given.values(), *found.doubles)
    assert column in found.given


@pytest.mark.parametrize(
    "header", ["企业类型", "公司性质", "代表人姓名", "注册资本/实缴资本(万美元)"]
)
def test_what_only_sounds_like_a_column_is_left_out_and_not_suggested(header):
    found = match(ENTERPRISES, "id", "name", header)
    assert set(found.given) == {"enterprise_id", "name"}
    assert not found.suggested


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
            ["统一社会信用代码", "城市"],
            "list.csv: the enterprises table needs the columns name (企业名称); "
            "the file has: 统一社会信用代码, 城市",
        ),
        (
            ENTERPRISES,
            [" "],
            "list.csv: the enterprises table needs the columns enterprise_id (统一社会信用代码), "
            "name (企业名称); the file has: none",
        ),
        (
            ENTERPRISES,
            ["id", "企业的名称"],
            "list.csv: the enterprises table needs the columns name (企业名称); the file has: "
            "id, 企业的名称; 企业的名称 looks like 企业名称 (--map 企业的名称=name)",
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
    ],
)
def test_headers_that_do_not_make_the_table_are_refused(table, headers, message):
    with pytest.raises(InputError) as caught:
        match(table, *headers)
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        (["企业编号", "统一社会信用代码", "name"], 1),
        (["证券代码", "名称", "统一社会信用代码"], 2),
        (["id", "name", "credit_code"], 2),
        (["统一社会信用代码", "注册号", "name"], 0),
    ],
)
def test_of_two_columns_that_mean_the_same_the_better_one_is_taken(headers, taken):
    found = match(ENTERPRISES, *headers)
    assert found.positions["enterprise_id"] == taken
    assert list(found.doubles.values()) == [headers[taken]]


def test_a_column_without_values_is_the_worse_one():
    headers = ["enterprise_id", "name", "登记状态", "经营状态"]
    assert matched(ENTERPRISES, headers, "a", empty={3}).positions["status"] == 2
    assert matched(ENTERPRISES, headers, "a", empty={2}).positions["status"] == 3


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("公司名称", "name"),
        ("企業名稱", "name"),
        ("單位名稱", "name"),
        ("1.企业名称", "name"),
        ("（必填）企业名称", "name"),
        ("企业名称（盖章）", "name"),
        ("companyName", "name"),
        ("company_name", "name"),
        ("ENTNAME", "name"),
        ("登記狀態", "status"),
        ("company_status", "status"),
        ("registration_time", "founded"),
        ("business_scope", "business_scope"),
        ("company_address", "address"),
        ("所属地区", "region"),
        ("国标行业小类", "industry_class"),
        ("2024年度营业收入（万元）", "revenue"),
        ("2024年末从业人员数", "employees"),
        ("注册资本/万元", "registered_capital"),
        ("注册资本万元", "registered_capital"),
        ("曾用名", "former_names"),
        ("企业规模", "size"),
    ],
)
def test_headers_of_real_exports(header, column):
    headers = ["id", header] if column == "name" else ["id", "企业名称", header]
    assert match(ENTERPRISES, *headers).positions[column] == len(headers) - 1


@pytest.mark.parametrize(
    "header",
    [
        "法定代表人",
        "法人",
        "有效手机号",
        "更多电话",
        "邮箱",
        "legal_person",
        "Email",
        "聯繫人",
        "phone",
    ],
)
def test_personal_data_are_never_read(header):
    found = match(ENTERPRISES, "id", "name", header)
    assert found.personal == [header]
    assert found.unknown == []


def test_an_unknown_header_that_looks_like_a_known_one_is_suggested():
    found = match(ENTERPRISES, "id", "name", "注册资本总数", "颜色")
    assert found.suggested == {"注册资本总数": ("注册资本", "registered_capital")}


def test_a_mapping_says_what_headers_mean():
    mapping = {"甲": "name", "乙(亿元)": "registered_capital", "城市": ""}
    found = matched(ENTERPRISES, ["id", "甲", "乙（亿元）", "城市"], "a", mapping=mapping)
    assert found.positions == {"enterprise_id": 0, "name": 1, "registered_capital": 2}
    assert found.units == {"registered_capital": 1e8}
    assert found.unknown == []


@pytest.mark.parametrize(
    ("mapping", "message"),
    [
        ({"丙": "name"}, "the file has no column '丙': it has id, name"),
        ({"id": "firm"}, "the enterprises table has no column 'firm': expected one of"),
    ],
)
def test_a_mapping_of_what_is_not_there_is_refused(mapping, message):
    with pytest.raises(UsageError, match=message):
        matched(ENTERPRISES, ["id", "name"], "a", mapping=mapping)


@pytest.mark.parametrize(
    ("header", "column"),
    [
        *(("所在县（区）", "district"), ("所属县市区", "district"), ("所属市州", "city")),
        *(("省份地区", "region"), ("所属省市县", "region"), ("行政区域", "region")),
        *(("链主企业名称", "name"), ("目标企业", "name"), ("上市公司名称", "name")),
        *(
            ("regstate_cn", "status"),
            ("2024年1-12月营业收入（万元）", "revenue"),
            ("投资方", "name"),
            ("营业总收入(万元)\n2024-12-31", "revenue"),
            ("注册资本金额", "registered_capital"),
        ),
        *(("注册资本(金)(万元)", "registered_capital"), ("营业收入2024", "revenue")),
        *(("营业收入（2024年，万元）", "revenue"), ("僱員人數", "employees")),
        *(("Name of Enterprise", "name"), ("No. of Employees", "employees")),
        *(("Principal Activities", "business_scope"), ("regcapcur", "currency")),
        *(("City\nLatin Alphabet", "city"), ("BvD ID number", "enterprise_id")),
        *(("Number of employees\nLast avail. yr", "employees"), ("行政区划代码", "region")),
        *(("Headquarters Location", "region"), ("纳税人状态", "status")),
    ],
)
def test_a_header_that_no_catalogue_lists_is_read_by_its_form(header, column):
    headers = ["id", header] if column == "name" else ["id", "企业名称", header]
    assert match(ENTERPRISES, *headers).positions[column] == len(headers) - 1


@pytest.mark.parametrize(
    "header",
    ["母公司名称", "推荐单位名称", "所属街道", "产区", "合作企业", "PC", "CM", "MD", "p"],
)
def test_what_is_of_another_or_of_no_place_is_left_out(header):
    assert set(match(ENTERPRISES, "id", "企业名称", header).given) == {"enterprise_id", "name"}


def test_a_plain_name_comes_before_that_of_a_certain_kind_of_enterprise():
    assert match(ENTERPRISES, "链主企业", "企业名称").positions["name"] == 1


@pytest.mark.parametrize(
    ("header", "yuan"),
    [
        ("Registered Capital (million)", 1e6),
        ("Registered Capital (10,000 RMB)", 1e4),
        ("注册资本(金)（元）", 1),
        ("营业收入（2024年，亿元）", 1e8),
    ],
)
def test_units_beside_other_words_are_read(header, yuan):
    (unit,) = match(ENTERPRISES, "id", "企业名称", header).units.values()
    assert unit == yuan


@pytest.mark.parametrize(
    ("header", "column", "yuan"),
    [
        ("营业总收入\n[报告期] 2023年报\n[报表类型] 合并报表\n[单位] 亿元", "revenue", 1e8),
        ("注册资本\n[单位] 元", "registered_capital", 1),
        ("员工总数\n[交易日期] 最新", "employees", None),
        ("注册资本[万元]", "registered_capital", 1e4),
        ("员工数（万人）", "employees", 1e4),
        ("员工数（人）", "employees", None),
    ],
)
def test_qualifiers_of_a_header_are_left_out_and_the_unit_is_read(header, column, yuan):
    found = matched(ENTERPRISES, ["企业名称", header], "a.xlsx")
    assert found.positions[column] == 1
    assert found.units.get(column) == yuan


@pytest.mark.parametrize(
    ("headers", "taken"),
    [
        (["2021年营业收入", "2023年营业收入", "2022年营业收入"], "2023年营业收入"),
        (["2023年营业收入", "营业收入"], "营业收入"),
    ],
)
def test_of_several_years_the_latest_is_taken(headers, taken):
    found = matched(ENTERPRISES, ["企业名称", *headers], "a.xlsx")
    assert found.given["revenue"] == taken


def test_a_unit_above_the_headers_counts_for_amounts_whose_header_names_none():
    headers = ["企业名称", "注册资本", "营业收入（亿元）", "员工人数"]
    found = matched(ENTERPRISES, headers, "a.xlsx", unit=1e3)
    assert found.units == {"registered_capital": 1e3, "revenue": 1e8}
