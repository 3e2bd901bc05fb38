"""Lists with units above the headers, years, several tables in a sheet, and section titles."""

import pytest


def test_a_second_level_of_years_gives_the_latest(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,营业收入（万元）,,员工人数\n,,2022,2023年,2023\nX1,甲,1,2,3\n",
    )
    row = came_out(path)[0]["X1"]
    assert (row["revenue"], row["employees"]) == ("2", "3")


def test_a_second_level_of_units_is_no_row(came_out, listed):
    path = listed(
        "Stkcd,Conme,RegisterCapital,EmployeeNum\n证券代码,公司全称,注册资本,员工人数\n"
        "没有单位,没有单位,元,人\n000001,甲,1940591819.8,7\n",
    )
    rows, report = came_out(path)
    assert (report["read"], rows["000001"]["registered_capital"]) == (1, "194059.18198")
    assert rows["000001"]["employees"] == "7"


@pytest.mark.parametrize(
    ("note", "capital"),
    [
        ("单位：千元、人", "2345.678"),
        ("样例县企业表（金额单位：亿元）", "234567800"),
        ("填报单位：样例局 单位：元", "2.345678"),
        ("单位：万美元", "23456.78"),
        ("单位：元、万元", "23456.78"),
    ],
)
def test_a_unit_above_the_headers(came_out, listed, note, capital):
    path = listed(
        f"{note},,\n统一社会信用代码,企业名称,注册资本\nX1,甲,23456.78\nX2,乙,500万元\n",
    )
    rows, _ = came_out(path)
    assert rows["X1"]["registered_capital"] == capital
    assert rows["X2"]["registered_capital"] == "500"


def test_tables_beside_each_other_are_read_together(came_out, excel):
    header = ["序号", "企业名称", "证书编号"]
    rows, report = came_out(
        excel(
            {
                "S": [
                    ["高新技术企业备案名单"],
                    header * 2,
                    [1, "甲有限公司", "GR1", 3, "丙有限公司", "GR3"],
                    [2, "乙有限公司", "GR2"],
                ]
            }
        )
    )
    assert {row["name"] for row in rows.values()} == {"甲有限公司", "乙有限公司", "丙有限公司"}
    assert report["rejected"] == 0
    assert any("2 tables in one, read together" in said for said in report["warnings"])


BELOW = [
    ["一、示范企业"],
    ["序号", "企业名称", "注册资本（万元）"],
    [1, "甲有限公司", "5"],
    [],
    ["二、单项产品"],
    ["序号", "产品名称", "企业名称", "注册资本（亿元）"],
    [1, "偏光片", "乙有限公司", "6"],
    [2, "石英砂", "", "7"],
]


def test_a_table_below_another_has_its_own_headers(came_out, excel):
    same = [
        [cell.replace("亿", "万") if isinstance(cell, str) else cell for cell in row]
        for row in BELOW
    ]
    rows, report = came_out(excel({"S": same}))
    assert {row["name"]: (row["products"], row["registered_capital"]) for row in rows.values()} == {
        "甲有限公司": ("", "5"),
        "乙有限公司": ("偏光片", "6"),
    }
    assert {bad["row"] for bad in report["problems"]} == {8}


def test_tables_below_each_other_with_different_units_are_refused(run, excel):
    assert "in different units" in run("import", "enterprises", excel({"S": BELOW})).said


def test_section_titles_that_are_places_count_for_the_rows_below(came_out, tmp_path):
    path = tmp_path / "list.csv"
    text = (
        "序号,企业名称,推荐单位\n一、长沙市（2家）,,\n1,甲,市局\n2,乙,市局\n二、湘西州,,\n3,丙,州局\n"
        "三、其他企业,,\n4,丁,省局\n"
    )
    path.write_text(text, encoding="utf-8")
    rows, _ = came_out(path)
    assert {row["name"]: (row["province"], row["city"]) for row in rows.values()} == {
        "甲": ("湖南省", "长沙市"),
        "乙": ("湖南省", "长沙市"),
        "丙": ("湖南省", "湘西土家族苗族自治州"),
        "丁": ("", ""),
    }


def test_section_titles_do_not_change_places_that_are_stated(came_out, listed):
    path = listed("序号,企业名称,所属城市\n一、长沙市,,\n1,甲,太原\n2,乙,\n")
    rows, _ = came_out(path)
    assert {row["name"]: row["city"] for row in rows.values()} == {"甲": "太原市", "乙": ""}


def test_a_group_above_merged_headers(came_out, excel):
    path = excel(
        {
            "S": [
                [
                    "序号",
                    "企业名称",
                    "统一社会信用代码",
                    "从业人员（人）",
                    None,
                    "指标（万元）",
                    None,
                ],
                [None, None, None, "总数", "其中：研发人员", "营业收入", "税金"],
                [1, "甲有限公司", "X1", 100, 20, 5000, 300],
            ]
        },
        merged=[
            *(
                (0, at, 1, at, text)
                for at, text in enumerate(("序号", "企业名称", "统一社会信用代码"))
            ),
            (0, 3, 0, 4, "从业人员（人）"),
        ],
    )
    row = came_out(path)[0]["X1"]
    assert (row["employees"], row["revenue"]) == ("100", "5000")


def test_a_column_may_say_the_unit_of_another(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,注册资本,注册资本单位\nX1,甲,500,万元\nX2,乙,5000000,元\n"
        "X3,丙,50,万美元\nX4,丁,5亿,万元\nX5,戊,7,\n",
    )
    rows, _ = came_out(path)
    assert [row["registered_capital"] for row in rows.values()] == ["500", "500", "", "50000", "7"]


def test_former_names_in_their_forms(came_out, tmp_path):
    path = tmp_path / "list.csv"
    forms = [
        "甲有限公司（2015-01-01至2018-01-01）、乙厂",
        "1.甲有限公司 2.乙厂",
        "甲有限公司 乙厂",
        "无曾用名",
    ]
    lines = [f"X{at},名{at},{form}" for at, form in enumerate(forms)]
    path.write_text("\n".join(["统一社会信用代码,企业名称,曾用名", *lines]), encoding="utf-8")
    rows, _ = came_out(path)
    names = [row["former_names"] for row in rows.values()]
    assert names == ["甲有限公司;乙厂"] * 3 + [""]


def test_an_abbreviation_of_a_province_gives_way_to_the_address(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,省份,注册地址\nX1,甲,ZJ,浙江省温州市一号\nX2,乙,ZJ,\n",
    )
    rows, _ = came_out(path)
    assert (rows["X1"]["province"], rows["X1"]["city"]) == ("浙江省", "温州市")
    assert rows["X2"]["province"] == "ZJ"


def test_years_with_units_in_a_second_level(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,营业收入,\n,,2023年（亿元）,2024年（亿元）\nX1,甲,1,2\n",
    )
    assert came_out(path)[0]["X1"]["revenue"] == "20000"


def test_tables_beside_each_other_may_have_a_gap(came_out, listed):
    path = listed("序号,企业名称,,序号,企业名称\n1,甲,,2,乙\n")
    rows, _ = came_out(path)
    assert {row["name"] for row in rows.values()} == {"甲", "乙"}


def test_a_section_title_below_the_headers_is_no_second_level(came_out, listed):
    path = listed("序号,企业名称\n（一）太原市,\n1,甲\n（二）省直,\n2,乙\n")
    rows, _ = came_out(path)
    assert {row["name"]: row["city"] for row in rows.values()} == {"甲": "太原市", "乙": ""}


def test_a_header_may_count_people_by_the_thousand(came_out, listed):
    path = listed(
        "统一社会信用代码,企业名称,员工数（万人）\nX1,甲,20.7\nX2,乙,1\nX3,丙,500人\nX4,丁,-\n",
    )
    rows, report = came_out(path)
    assert [row["employees"] for row in rows.values()] == ["207000", "10000", "500", ""]
    assert report["columns"]["员工数（万人）"] == "employees (10,000 people)"
    mapped, _ = came_out(path, "--map", "员工数（万人）=employees")
    assert mapped == rows
