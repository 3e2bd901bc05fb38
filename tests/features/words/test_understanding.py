import pytest

from features.words.compounds import look_up
from features.words.fillers import Fillers, shipped_fillers
from features.words.normal import normal
from features.words.thesaurus import Concept, Thesaurus, shipped_thesaurus
from features.words.understanding import (
    MAX_WORDS,
    OWN_WEIGHT,
    FoundConcept,
    concept_words,
    strongest,
    understand,
)
from features.words.wants import MAX_PARTS, parts_of

THESAURUS = Thesaurus(
    [
        Concept("LED封装", "product", ("灯珠",), ("贴片灯珠", "COB光源"), (), (), "光电"),
        Concept("LED支架", "product", (), ("引线框架",), (), (), "光电"),
        Concept("光电", "sector", ("光电子",), ("激光器", "LED"), (), (), ""),
        Concept("集成电路", "product", ("芯片",), ("晶圆",), (), (), "光电"),
        Concept("党参", "product", (), ("党参片",), (), (), "中药材"),
        Concept("黄芪", "product", (), ("黄芪片",), (), (), "中药材"),
        Concept("中药材", "sector", (), ("药材",), (), (), ""),
        Concept("金属容器", "product", (), ("钢桶",), (), (), ""),
        Concept("玻璃容器", "product", (), ("玻璃瓶",), (), (), ""),
        Concept("仓储和邮政", "sector", (), ("快递",), (), (), ""),
        Concept("运输", "sector", ("物流",), ("货运",), (), (), ""),
        Concept("隔膜", "product", (), ("基膜",), (), (), ""),
        Concept("锂电池", "product", (), ("电芯",), (), (), ""),
    ]
)
FILLERS = Fillers(
    [
        ("想引进", "filler"),
        ("做", "filler"),
        ("企业", "filler"),
        ("项目", "filler"),
        ("的", "filler"),
        ("专精特新", "policy"),
        ("新质生产力", "policy"),
        ("货物进出口", "scope"),
    ]
)


PAIRS = Thesaurus(
    [
        Concept("水泥", "sector", (), ("熟料",), (), (), ""),
        Concept("商品混凝土", "product", ("混凝土",), ("商混",), (), (), ""),
        Concept("锂电池", "product", (), ("电芯",), (), (), ""),
        Concept("电池回收", "product", ("废电池回收",), ("梯次利用",), (), (), ""),
        Concept("工业金属", "sector", (), ("铜箔", "铝锭", "铅锭", "锌锭"), (), (), ""),
        Concept("电解铜箔", "product", (), ("锂电铜箔",), (), (), ""),
        Concept("智能手机", "product", (), ("手机整机",), (), (), ""),
        Concept("手机零部件", "product", ("智能手机零部件",), ("中框",), (), (), ""),
        Concept("焦化", "sector", ("焦化副产品",), ("焦炭",), (), (), ""),
        Concept("赤泥", "product", (), ("赤泥砖",), (), (), ""),
        Concept("聚氨酯", "product", (), ("软泡",), ("异氰酸酯",), (), ""),
        Concept("异氰酸酯", "product", ("MDI",), ("聚合MDI",), (), (), ""),
        Concept("光刻胶原料", "product", (), ("光引发剂",), (), (), ""),
    ]
)


def wanted(text):
    """Return the concepts of a text, the most certain first, by the thesaurus of pairs."""
    return [one.name for one in understand(text, PAIRS, FILLERS).concepts]


def test_names_on_both_sides_of_and_are_two_wants():
    found = understand("水泥和商品混凝土", PAIRS, FILLERS)
    assert set(found.parts) == {"水泥", "商品混凝土"}


def test_a_head_that_includes_its_process_is_not_cut():
    assert wanted("锂电池回收") == ["电池回收"]


def test_a_word_of_a_sector_does_not_stand_for_the_sector():
    assert wanted("铜箔")[0] == "电解铜箔"
    assert "铅锭" not in dict(understand("铜箔", PAIRS, FILLERS).words)


def test_parts_without_a_whole_are_those_of_the_want_before():
    assert set(wanted("智能手机整机及零部件")) == {"智能手机", "手机零部件"}
    assert "零部件" in understand("零部件", PAIRS, FILLERS).parts


def test_fillers_are_removed_up_to_a_name():
    assert wanted("焦化副产品加工项目") == ["焦化"]


def test_parts_of_a_whole_have_several_names():
    assert wanted("智能手机设备零配件") == ["手机零部件"]


def test_raw_materials_of_a_product_are_what_it_is_made_of():
    found = understand("聚氨酯原材料", PAIRS, FILLERS)
    assert [(one.name, one.sure) for one in found.concepts] == [("异氰酸酯", 1.0), ("聚氨酯", 0.3)]
    assert wanted("光刻胶原料") == ["光刻胶原料"]


def test_fillers_of_one_length_are_removed_in_one_order():
    ways = [
        Fillers([(word, "filler") for word in order])
        for order in (("甲乙", "乙丙"), ("乙丙", "甲乙"))
    ]
    assert len({fillers.strip("甲乙丙", PAIRS) for fillers in ways}) == 1


def test_what_something_is_made_of_is_a_want_of_its_own():
    assert understand("能把赤泥做成水泥", PAIRS, FILLERS).parts == ("赤泥", "水泥")


def said(text):
    return understand(text, THESAURUS, FILLERS)


def concepts(text):
    return {concept.name: concept.sure for concept in said(text).concepts}


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("LED封装", ["ＬＥＤ封裝", "led封装", " LED封装 ", "LED封裝", "ｌｅｄ封装"]),
        ("集成电路", ["集成電路", "集成电路Ⅱ"][:1]),
        ("LED支架、载带", ["ＬＥＤ支架、载带", "LED支架,載帶", "led支架；载带", "LED支架/载带"]),
    ],
)
def test_width_case_and_script_give_the_same_understanding(one, others):
    assert [said(other) for other in others] == [said(one)] * len(others)


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


def test_what_says_nothing_is_left_out_and_text():
    found = said("想引进做LED封装的企业")
    assert found.parts == ("led封装",)
    assert found.ignored == ("想引进", "企业")
    assert found.words == said("LED封装").words
    assert found.notes == ()


@pytest.mark.parametrize(
    "text", ["想引进企业项目", "企业", "项目、企业", "新质生产力", "专精特新企业"]
)
def test_fillers_or_policy_words_alone_name_no_product(text):
    found = said(text)
    assert found.notes == ("nothing_of_a_product",)
    assert found.concepts == ()
    assert found.parts == (normal(text),)
    assert found.words == ((normal(text), 1.0),)
    assert found.ignored


@pytest.mark.parametrize("text", ["专精特新LED封装", "LED封装专精特新企业", "LED专精特新"])
def test_a_policy_word_is_left_out_wherever_it_stands(text):
    found = said(text)
    assert "专精特新" in found.ignored
    assert not any("专精特新" in word for word, _ in found.words)
    assert found.notes == ()


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


def test_a_concept_that_the_text_names_is_sure():
    for text in ("LED封装", "灯珠", "LED封装产业", "led 封装"):
        assert concepts(text) == {"LED封装": 1.0}
    assert said("灯珠").concepts == (FoundConcept("LED封装", 1.0, "thesaurus"),)


def test_what_is_done_with_a_concept_makes_it_a_little_less_sure():
    assert concepts("党参种植") == {"党参": 0.95}
    assert concepts("黄芪种植加工") == {"黄芪": 0.95}


def test_names_that_stand_side_by_side_are_all_meant():
    assert concepts("党参黄芪种植") == {"党参": 0.9, "黄芪": 0.9}


def test_the_head_of_a_compound_decides():
    text = "某地某种锂电池用某型隔膜"
    sure = {THESAURUS.concepts[at].name: value for at, value in look_up(text, THESAURUS).items()}
    assert sure["隔膜"] == pytest.approx(0.35 + 0.6 * len("隔膜") / len(text))
    assert sure["隔膜"] > sure["锂电池"]


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("算力中心液冷", "机房温控与液冷"),  # a name at the beginning is a modifier
        ("废旧锂电池回收", "电池回收"),  # what is done with it may be the business
        ("彩电整机", "彩电"),
        ("国产操作系统", "操作系统"),
        ("積體電路", "集成电路"),
    ],
)
def test_head_process_and_modifier_decide_what_is_meant(text, concept):
    assert understand(text, shipped_thesaurus(), shipped_fillers()).concepts[0].name == concept


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


SUPPLY = Thesaurus(
    [
        Concept("电池", "product", (), ("电芯",), ("结构件",), (), "能源"),
        Concept("电池结构件", "product", (), ("电池壳",), (), (), "电池"),
        Concept("结构件", "product", (), ("钢构件",), (), (), "能源"),
        Concept("线束", "product", (), ("端子",), (), (), "汽车"),
        Concept("机器人", "product", (), ("机械臂",), ("减速器",), (), "能源"),
        Concept("甲醇", "product", (), ("粗甲醇",), (), ("醋酸",), "能源"),
        Concept("醋酸", "product", (), ("冰醋酸",), (), (), "能源"),
        Concept("甲醛", "product", (), ("福尔马林",), ("甲醇",), (), "能源"),
        Concept("胶水", "product", (), ("白胶",), ("树脂", "甲醇"), (), "能源"),
        Concept("碳酸锂", "product", (), ("电池级碳酸锂",), (), (), "甲类"),
        Concept("氢氧化锂", "product", (), ("单水氢氧化锂",), (), (), "乙类"),
        Concept("硅钢", "product", (), ("取向硅钢",), (), ("变压器",), "电力"),
        Concept("变压器", "product", (), ("干式变压器",), (), (), "电力"),
        Concept("电力", "sector", (), ("电网",), (), (), ""),
        Concept("开关柜", "product", (), ("环网柜",), (), (), "电力"),
        Concept("电力开关柜箱", "product", (), ("箱体",), (), (), "开关柜"),
        Concept("再制造", "product", (), ("修复",), (), (), ""),
    ]
)


def supply(text):
    return understand(text, SUPPLY, shipped_fillers())


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


@pytest.mark.parametrize(
    ("text", "surest"),
    [
        ("碳酸锂氢氧化锂", {"碳酸锂", "氢氧化锂"}),  # products with the same end
        ("变压器开关柜", {"变压器", "开关柜"}),  # few steps apart
        ("变压器硅钢", {"硅钢"}),  # goes into it
        ("甲醇线束", {"线束"}),  # far apart
        ("电力开关柜", {"开关柜"}),  # the broader one before it is a modifier
    ],
)
def test_close_concepts_side_by_side_are_all_meant(text, surest):
    found = supply(text).concepts
    assert {one.name for one in found if one.sure == found[0].sure} == surest


def test_another_modifier_is_no_likeness():
    own = Thesaurus(
        [
            Concept("钠电正极材料", "product", ("钠离子电池正极材料",), ("层状氧化物",)),
            Concept("正极材料", "product", (), ("磷酸铁锂",)),
        ]
    )
    assert understand("锂电池正极材料", own, FILLERS).concepts[0].name == "正极材料"
    assert understand("离子电池正极材料", own, FILLERS).concepts[0].name == "钠电正极材料"


def test_machines_for_something_have_several_names():
    own = Thesaurus(
        [
            Concept("木工机械", "product", (), ("封边机",)),
            Concept("化工装备", "product", ("化工设备",), ("塔器",)),
            Concept("锂电设备", "product", (), ("涂布机",)),
        ]
    )
    for text, name in (("木工设备", "木工机械"), ("锂电生产设备", "锂电设备")):
        found = understand(text, own, FILLERS)
        assert found.parts == (normal(text),)  # 生产 is not a verb here
        assert found.concepts == (FoundConcept(name, 1.0),)


def test_an_activity_is_not_cut_by_its_end():
    assert supply("机器人再制造").concepts[0].name == "再制造"
    assert supply("甲醇及深加工").parts == ("甲醇",)


def test_letters_of_a_latin_word_are_no_likeness():
    own = Thesaurus([Concept("平台", "product", ("PaaS",), ("低代码",))])
    assert understand("aaa", own, FILLERS).concepts == ()
    assert [c.name for c in understand("PaaS云", own, FILLERS).concepts] == ["平台"]


def test_a_word_counts_by_how_sure_its_concept_is():
    words = dict(said("党参种植").words)
    assert words["党参种植"] == OWN_WEIGHT["product"]
    assert words["党参"] == pytest.approx(0.95)
    assert words["党参片"] == pytest.approx(0.95)


def test_concepts_that_are_all_meant_share_what_their_words_count():
    words = dict(said("党参黄芪").words)
    assert words["党参片"] == words["黄芪片"] == pytest.approx(0.9 / 1.8)


def test_a_sector_s_name_counts_less_than_a_product_s():
    assert dict(said("光电子").words)["光电子"] == OWN_WEIGHT["sector"]
    assert dict(said("灯珠").words)["灯珠"] == OWN_WEIGHT["product"]


def test_a_short_part_of_several_has_lost_its_context():
    assert concepts("运输") == {"运输": 1.0}
    assert concepts("党参、运输")["运输"] == 0.5


def test_later_words_of_a_concept_count_less():
    many = Thesaurus([Concept("甲乙", "sector", (), tuple(f"词{at}" for at in range(20)))])
    weights = [weight for _, weight in concept_words(many, 0)]
    assert weights == [1.0] * 13 + [0.6] * 8


def test_words_are_those_that_count_most_equal_ones_by_name():
    found = strongest({f"词{at:03}": 1.0 for at in range(100)} | {"重": 2.0})
    assert len(found) == MAX_WORDS
    assert found[:2] == (("重", 2.0), ("词000", 1.0))


def test_what_nothing_is_known_of_is_looked_for_as_it_is_written():
    found = said("量子纠缠")
    assert found.concepts == ()
    assert found.words == (("量子纠缠", OWN_WEIGHT["product"]),)


# With what the project ships.


@pytest.fixture(scope="module")
def shipped():
    return lambda text: understand(text, shipped_thesaurus(), shipped_fillers())


@pytest.mark.parametrize(
    "variants",
    [
        ("LED封装", "ＬＥＤ封裝", "led封装"),
        ("5G", "５Ｇ", "5g"),
        ("集成电路", "集成電路"),
    ],
)
def test_needs_as_they_are_typed_are_one_need(shipped, variants):
    assert len({shipped(text) for text in variants}) == 1


@pytest.mark.parametrize(
    "text",
    ["新质生产力", "世界500强", "招商引资", "专精特新企业", "想引进企业项目", "高新技术企业"],
)
def test_policy_alone_is_known_as_such(shipped, text):
    assert shipped(text).notes == ("nothing_of_a_product",)


@pytest.mark.parametrize("text", ["aaa", "123", "x"])
def test_what_means_nothing_is_taken_for_nothing(shipped, text):
    assert max((concept.sure for concept in shipped(text).concepts), default=0) < 0.3


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("LED支架、载带", "LED支架"),
        ("想引进做锂电池隔膜的企业", "电池隔膜"),
        ("废旧锂电池回收", "电池回收"),
        ("煤层气装备", "煤层气装备"),
        ("光伏组件边框", "光伏边框"),
        ("党参黄芪种植加工", "党参"),
    ],
)
def test_the_surest_concept_is_the_one_that_is_meant(shipped, text, concept):
    first = shipped(text).concepts[0]
    assert first.name == concept
    assert first.sure >= 0.7


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("风电与核电设备", ("风电设备", "核电设备")),
        ("铜和铝型材", ("铜材", "铝型材")),
        ("小米和荞麦", ("小米", "荞麦")),
        ("陶瓷和玻璃瓶", ("陶瓷", "玻璃瓶")),
        ("金属与玻璃容器", ("金属与玻璃容器",)),  # is named as a whole
    ],
)
def test_parts_share_the_head_that_only_the_last_one_has(shipped, text, parts):
    assert shipped(text).parts == parts


def test_the_longest_need_is_understood_in_bounded_words(shipped):
    for text in ("零件" * 2_000, "、".join(["某种零件加工"] * 500), "a" * 5_000):
        found = shipped(text)
        assert len(found.words) <= MAX_WORDS
        assert len(found.parts) <= MAX_PARTS


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
