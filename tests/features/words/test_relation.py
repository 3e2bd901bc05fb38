import pytest

from features.words.relation import Relation, in_common, relation, same_head, spelt


@pytest.mark.parametrize(
    ("item", "word", "expected"),
    [
        ("ＬＥＤ封装", "led封装", Relation.SAME),
        ("汽车销售", "汽车", Relation.SAME),
        ("整车系列产品", "整车", Relation.SAME),
        ("房屋建设施工", "房屋建设", Relation.SAME),
        ("背光LED器件", "led器件", Relation.KIND),
        ("改性工程塑料", "改性塑料", Relation.KIND),
        ("畜禽及水产品养殖", "水产养殖", Relation.KIND),
        ("工程机械齿轮", "工程机械", Relation.NEAR),
        ("正极材料", "锂电正极材料", Relation.NEAR),
        ("淀粉", "钛白粉", Relation.NONE),
        ("食品级液体二氧化碳", "食品", Relation.INPUT),
        ("非金属矿", "金属矿", Relation.NONE),
        ("光伏用玻璃", "光伏", Relation.INPUT),
    ],
)
def test_the_head_of_a_compound_decides(item, word, expected):
    assert relation(item, word) is expected


@pytest.mark.parametrize(
    ("item", "word", "alike"),
    [
        ("软件解决方案", "银行it解决方案", True),
        ("正极材料", "锂电正极材料", True),
        ("蛋白粉", "钛白粉", False),
        ("齿轮", "车轮", False),
    ],
)
def test_heads_are_the_same_from_three_characters_or_a_whole_item(item, word, alike):
    assert same_head(item, word) is alike


@pytest.mark.parametrize(
    ("item", "word", "common"),
    [
        ("蛋白粉", "钛白粉", []),
        ("液压机", "液压支架", []),
        ("小型逆变器", "逆变器件", ["逆变器"]),
        ("二氧化硫", "二氧化钛", ["二氧化"]),
    ],
)
def test_two_characters_within_are_a_coincidence(item, word, common):
    assert in_common(item, word) == common


@pytest.mark.parametrize(
    ("word", "items", "expected"),
    [
        ("led封装", (), "LED封装"),
        ("mini led", (), "Mini LED"),
        ("mosfet", (), "mosfet"),
        ("mosfet", ("功率MOSFET",), "MOSFET"),
        ("老陈醋", (), "老陈醋"),
    ],
)
def test_words_are_spelt_as_items_spell_them_or_as_abbreviations(word, items, expected):
    assert spelt(word, items) == expected
