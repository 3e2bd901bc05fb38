import pytest

from features.words.fillers import shipped_fillers
from features.words.thesaurus import Concept, Thesaurus, shipped_thesaurus
from features.words.understanding import (
    MAX_WORDS,
    OWN_WEIGHT,
    FoundConcept,
    understand,
)
from features.words.wants import MAX_PARTS, parts_of
from tests.features.words.small_thesaurus import (
    FILLERS,
    PAIRS,
    THESAURUS,
    said,
    supply,
    wanted,
)


def test_names_on_both_sides_of_and_are_two_wants():
    found = understand("水泥和商品混凝土", PAIRS, FILLERS)
    assert set(found.parts) == {"水泥", "商品混凝土"}


def test_parts_without_a_whole_are_those_of_the_want_before():
    assert set(wanted("智能手机整机及零部件")) == {"智能手机", "手机零部件"}
    assert "零部件" in understand("零部件", PAIRS, FILLERS).parts


def test_raw_materials_of_a_product_are_what_it_is_made_of():
    found = understand("聚氨酯原材料", PAIRS, FILLERS)
    assert [(one.name, one.sure) for one in found.concepts] == [("异氰酸酯", 1.0), ("聚氨酯", 0.3)]
    assert wanted("光刻胶原料") == ["光刻胶原料"]


def test_what_something_is_made_of_is_a_want_of_its_own():
    assert understand("能把赤泥做成水泥", PAIRS, FILLERS).parts == ("赤泥", "水泥")


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("LED支架、载带", ("led支架", "载带")),
        ("LED支架，载带；盖带", ("led支架", "载带", "盖带")),
        ("LED支架/载带", ("led支架", "载带")),
        ("党参 黄芪", ("党参", "黄芪")),
        ("党参以及黄芪", ("党参", "黄芪")),
        ("党参片和黄芪片", ("党参片", "黄芪片")),
        ("党参或黄芪", ("党参", "黄芪")),
        ("党参、党参", ("党参",)),
        ("、、党参、", ("党参",)),
        ("LED封装", ("led封装",)),
    ],
)
def test_every_part_is_a_want_of_its_own(text, parts):
    assert said(text).parts == parts


def test_what_is_named_as_a_whole_is_not_cut():
    assert said("仓储和邮政").parts == ("仓储和邮政",)
    assert parts_of("仓储和邮政", THESAURUS) == ["仓储和邮政"]


@pytest.mark.parametrize("text", ["灯", "茶", "5", "党"])
def test_one_character_is_a_part_like_any_other(text):
    found = said(text)
    assert found.parts == (text,)
    assert (text, 2.0) in found.words or (text, 1.0) in found.words


def test_of_very_many_parts_the_first_are_taken_and_the_others_text():
    found = said("、".join(f"第{at}种零件" for at in range(200)))
    assert len(found.parts) == MAX_PARTS
    assert found.parts[0] == "第0种零件"
    assert len(found.ignored) == 200 - MAX_PARTS
    assert found.ignored[-1] == "第199种零件"
    assert len(found.words) <= MAX_WORDS


def test_a_particle_at_the_end_is_no_part_of_a_want():
    found = understand("想引进做锂电池隔膜的专精特新企业", shipped_thesaurus(), shipped_fillers())
    assert found.parts == ("锂电池隔膜",)


def test_a_customer_is_no_want_beside_one():
    found = understand("给隔膜厂做LED支架", THESAURUS, FILLERS)
    weights = dict(found.words)
    assert found.parts == ("隔膜", "led支架")
    assert weights["隔膜"] == pytest.approx(0.3 * OWN_WEIGHT["product"])
    assert weights["led支架"] == OWN_WEIGHT["product"]


def test_who_supplies_a_customer_makes_what_it_is_made_of():
    thesaurus = Thesaurus([Concept("锂电池", "product", (), ("电芯",), ("隔膜", "电解液"))])
    weights = dict(understand("给锂电池配套", thesaurus, shipped_fillers()).words)
    assert weights["隔膜"] == weights["电解液"] == 1
    assert weights["电芯"] == pytest.approx(0.3)
    # 给水 is no customer.
    assert understand("给水泵配套", thesaurus, shipped_fillers()).parts == ("给水泵",)


def test_what_a_customer_is_supplied_with_is_the_want():
    assert supply("给电池厂配套的结构件").parts == ("电池结构件",)
    found = supply("为机器人配套的线束")
    assert [(one.name, one.sure) for one in found.concepts] == [("线束", 1.0), ("机器人", 0.3)]
    assert supply("甲醇下游醋酸").concepts[0] == FoundConcept("醋酸", 1.0)
    # What follows has to be an item.
    assert supply("机器人发展规划").parts == ("机器人发展规划",)


def test_parts_without_a_concept_are_sought_with_the_whole():
    found = supply("机器人零部件")
    weights = dict(found.words)
    assert found.parts == ("机器人零部件",)
    assert (found.concepts[0].name, found.concepts[0].sure) == ("机器人", 0.6)
    assert weights["机器人零部件"] > weights["机器人配件"] > weights["机械臂"]
    assert supply("电池零部件和线束").parts == ("电池零部件", "线束")


def test_downstream_of_a_material_is_what_it_goes_into_and_what_is_made_of_it():
    found = supply("甲醇下游")
    assert [one.name for one in found.concepts] == ["醋酸", "甲醛", "甲醇"]
    assert dict(found.words)["醋酸"] == 1 > dict(found.words)["粗甲醇"]
    assert [one.name for one in supply("甲醇").concepts] == ["甲醇"]
    # A product that has the material as a second input is left out; a sector stands for itself.
    assert "胶水" not in [one.name for one in found.concepts]
    assert [(one.name, one.sure) for one in supply("电力下游").concepts] == [("电力", 1.0)]
    assert of_foods("苹果下游") == {"苹果制品": 1.0}


def test_upstream_of_a_product_is_what_it_is_made_of():
    assert dict(supply("机器人上游").words)["减速器"] == 1
    assert supply("为电池厂提供结构件").parts == ("电池结构件",)


def test_an_activity_is_not_cut_by_its_end():
    assert supply("机器人再制造").concepts[0].name == "再制造"
    assert supply("甲醇及深加工").parts == ("甲醇",)


FOODS = Thesaurus(
    [
        Concept("苹果", "product", ("苹果种植",), ("鲜苹果",), (), (), "水果"),
        Concept("苹果制品", "product", ("苹果加工",), ("苹果汁",), (), (), "食品"),
        Concept("小米", "product", (), ("谷子",), (), (), "粮食"),
        Concept("白酒", "product", (), ("基酒",), ("高粱",), (), "酒类"),
        Concept("啤酒", "product", (), ("精酿",), (), (), "软饮"),
        Concept("酒瓶", "product", (), ("玻璃酒瓶",), (), (), "包装"),
        Concept("酵母", "product", (), ("干酵母",), (), (), "食品"),
        Concept("酵母抽提物", "product", (), ("酵母浸粉",), (), (), "食品"),
        Concept("西服", "product", (), ("西装",), (), (), "男装"),
        Concept("童装", "product", (), ("童裤",), (), (), "服装"),
        Concept("袜子", "product", (), ("丝袜",), (), (), "服装"),
        Concept("男装", "product", (), ("男裤",), (), (), "服装"),
        Concept("服装", "sector", (), ("成衣",), (), (), ""),
        Concept("服装代工", "product", ("服装加工",), ("贴牌",), (), (), "服装"),
        Concept("集成电路", "product", ("ICS",), ("晶圆",), (), (), ""),
    ]
)


def of_foods(text):
    found = understand(text, FOODS, shipped_fillers())
    return {one.name: one.sure for one in found.concepts}


def test_what_is_supplied_to_a_customer_is_wanted_more_than_what_the_customer_makes():
    found = of_foods("引进给白酒配套的酒瓶企业")
    assert found["酒瓶"] == 1.0
    assert found["白酒"] < 0.5


def test_supplies_of_what_is_named_alone_are_wanted_too():
    assert "高粱" in dict(understand("白酒配套", FOODS, shipped_fillers()).words)
    assert "高粱" not in dict(understand("白酒", FOODS, shipped_fillers()).words)
    # Here 配套 belongs to the last item of a list, whose inputs are not wanted.
    assert "高粱" not in dict(understand("酒瓶、白酒配套", FOODS, shipped_fillers()).words)


def test_a_crop_that_is_processed_is_what_is_made_of_it():
    assert of_foods("苹果精深加工") == {"苹果制品": 1.0}
    assert of_foods("苹果") == {"苹果": 1.0}
    assert of_foods("服装深加工") == {"服装": 1.0}
    assert of_foods("小米精深加工") == {"小米": 1.0}
    assert understand("苹果精深加工", FOODS, shipped_fillers()).parts == ("苹果",)


def test_the_same_product_twice_is_not_joined_to_one():
    assert set(of_foods("酵母及酵母抽提物")) == {"酵母", "酵母抽提物"}


def test_names_with_one_head_and_three_of_one_kind_are_a_list():
    assert of_foods("白酒啤酒") == {"白酒": 0.9, "啤酒": 0.9}
    assert of_foods("西服童装袜子") == {"西服": 0.9, "童装": 0.9, "袜子": 0.9}
    assert of_foods("西服袜子") == {"西服": 0.9, "袜子": 0.9}  # one step further apart
    two = of_foods("白酒酒瓶")
    assert two["酒瓶"] > two["白酒"]


def test_a_name_is_not_found_within_a_latin_word():
    assert FOODS.within("gics酒瓶")[0].concepts == FOODS.find("酒瓶")
    assert [one.start for one in FOODS.within("用ics酒瓶")] == [1, 4]
