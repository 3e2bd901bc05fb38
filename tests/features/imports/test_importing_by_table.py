from datetime import date

import pytest

from features.enterprises.joining import join
from features.storage.exporting import exported
from tests.features.imports.reports import counts, problems


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
    assert problems(report) == [
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
    assert problems(report) == [
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
    assert problems(report) == [
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
    assert problems(report)[0] == (
        "needs.csv, row 2, industry: got '???', expected the name of an industry, such as 光电LED"
    )


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
