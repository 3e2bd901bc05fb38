from features.words.thesaurus import Concept, Thesaurus, shipped_thesaurus
from features.words.trade import concepts_of, trades

OWN = Thesaurus(
    [
        Concept("封装", "product", ("LED封装",), ("贴片LED",), ("芯片", "支架"), ("显示屏",)),
        Concept("支架", "product", ("引线框架",), ("EMC支架",), ("铜带",), ()),
        Concept("荧光粉", "product", (), ("稀土荧光粉",), (), ("LED封装",)),
        Concept("背光", "product", (), (), ("封装",), ()),
        Concept("光电", "sector", (), ("激光器",), (), ("封装",)),
    ]
)


def others(products, **side):
    return {trade.other: trade for trade in trades(OWN, products, **side)}


def test_inputs_are_what_it_is_made_of_and_what_says_that_it_goes_into_it():
    found = others(["LED封装"], inputs=True)
    assert set(found) == {"芯片", "支架", "荧光粉", "光电"}
    assert found["支架"].words == ("支架", "引线框架", "emc支架")
    assert found["支架"].product == "LED封装"
    assert found["支架"].concept == "封装"
    assert found["芯片"].words == ("芯片",)  # no concept of its own


def test_uses_are_the_other_way_round():
    assert set(others(["LED封装"], inputs=False)) == {"显示屏", "背光"}


def test_the_words_of_a_whole_sector_are_left_out():
    assert others(["LED封装"], inputs=True)["光电"].words == ("光电",)


def test_what_the_enterprise_makes_itself_is_no_input():
    found = others(["LED封装", "引线框架"], inputs=True)
    assert "引线框架" not in found["支架"].words


def test_a_product_is_what_its_end_names():
    names = [OWN.concepts[at].name for at in concepts_of(OWN, "车用大功率LED封装")]
    assert names == ["封装"]
    assert concepts_of(OWN, "LED封装设备用轴承") == ()
    assert trades(OWN, ["轴承"], inputs=True) == []


def test_the_shipped_thesaurus_knows_what_led_packaging_takes():
    found = {trade.other for trade in trades(shipped_thesaurus(), ["LED封装"], inputs=True)}
    assert {"LED芯片", "LED支架", "荧光粉"} <= found
