import numpy as np
import pytest
from features.lexicon import Industry, Lexicon

from features.chains import ChainMap, shipped_chain_map
from features.need import NeedQuery
from features.text import (
    CHAIN_WEIGHT,
    LEXICON_WEIGHT,
    NODES_WEIGHT,
    SECTOR_WEIGHT,
    UNKNOWN_SHARE,
    clear,
    core_name,
    full_name_texts,
    name_texts,
    name_words,
    named_industries,
    need_texts,
    product_texts,
    scope_texts,
)
from tests.pool import frame, products

CHAIN_MAP = ChainMap.from_frame(shipped_chain_map())
LEXICON = Lexicon(
    [
        Industry("矿山机器人", ("巡检机器人",), ("巡检机器人", "掘进机器人"), "机器人"),
        Industry("氮肥", (), ("尿素", "合成氨"), "化肥"),
    ]
)
UNKNOWING = Lexicon(())


@pytest.mark.parametrize(
    ("name", "core"),
    [
        ("山西焦煤股份有限公司", "山西焦煤"),
        ("长治高科（集团）有限责任公司", "长治高科"),
        ("华阳集团股份有限公司", "华阳"),
        ("控股集团有限公司", "控股集团有限公司"),
        ("BOE", "BOE"),
    ],
)
def test_a_core_name_has_no_legal_form(name, core):
    assert core_name(name) == core


def test_who_states_no_product_speaks_by_the_words_of_its_name():
    rows = [
        {"enterprise_id": "a", "name": "华光银行股份有限公司"},
        {"enterprise_id": "b", "name": "长江银行", "products": products("存款")},
        {"enterprise_id": "c", "name": "上海港口银行银行集团", "products": []},
        {"enterprise_id": "d", "name": "甲"},
    ]
    said = name_words(frame("enterprises", rows))
    assert said.texts == ["华光", "银行", "上海", "港口"]
    assert said.weights.toarray().tolist() == [[1, 1, 0, 0], [0] * 4, [0, 1, 1, 1], [0] * 4]


def test_what_stands_beside_keeps_its_rows():
    rows = [{"enterprise_id": "a", "name": "港口银行", "products": products("灯")}]
    rows.append({"enterprise_id": "b", "name": "港口银行"})
    table = frame("enterprises", rows)
    both = product_texts(table).beside(name_words(table))
    assert both.texts == ["灯", "港口", "银行"]
    assert both.weights.toarray().tolist() == [[1, 0, 0], [0, 1, 1]]


@pytest.mark.parametrize(
    ("text", "cleared"),
    [("其他电子Ⅱ", "电子"), ("食品及其他", "食品"), ("其他", "其他"), ("LED", "LED")],
)
def test_what_says_nothing_is_left_out_unless_it_is_all(text, cleared):
    assert clear(text) == cleared


def test_products_are_weighted_by_the_root_of_their_share():
    rows = [
        {"enterprise_id": "a", "name": "a", "products": products("灯", "屏", shares=(0.64, 0.0))},
        {"enterprise_id": "b", "name": "b"},
        {"enterprise_id": "c", "name": "c", "products": products("灯", "屏", shares=(0.49,))},
        {"enterprise_id": "d", "name": "d", "products": []},
    ]
    said = product_texts(frame("enterprises", rows))
    assert said.texts == ["灯", "屏"]
    expected = [[0.8, 0.1], [0, 0], [0.7, UNKNOWN_SHARE**0.5], [0, 0]]
    np.testing.assert_allclose(said.weights.toarray(), expected, rtol=1e-6)


def test_products_without_any_stated_share_have_the_same():
    row = {"enterprise_id": "a", "name": "a", "products": products(*"灯屏箱柜")}
    assert product_texts(frame("enterprises", [row])).weights.toarray().tolist() == [[0.5] * 4]


def test_a_product_given_twice_adds_up():
    row = {"enterprise_id": "a", "name": "a", "products": products("灯", "灯", shares=(0.25, 0.25))}
    said = product_texts(frame("enterprises", [row]))
    assert said.texts == ["灯"]
    assert said.weights.toarray() == [[1.0]]


def test_scope_phrases_share_one_weight():
    rows = [
        {"enterprise_id": "a", "name": "a", "business_scope": "焊接；切割, 销售。 "},
        {"enterprise_id": "b", "name": "b"},
        {"enterprise_id": "c", "name": "c", "business_scope": "；，"},
    ]
    said = scope_texts(frame("enterprises", rows))
    assert said.texts == ["焊接", "切割", "销售"]
    np.testing.assert_allclose(said.weights.toarray(), [[1 / 3] * 3, [0] * 3, [0] * 3], rtol=1e-6)


def test_a_long_scope_is_read_to_its_thirtieth_phrase():
    row = {"enterprise_id": "a", "name": "a", "business_scope": ";".join(map(str, range(99)))}
    assert scope_texts(frame("enterprises", [row])).texts == [str(n) for n in range(30)]


def test_a_name_is_core_and_short_name():
    rows = [
        {"enterprise_id": "a", "name": "山西焦煤股份有限公司", "short_name": "焦煤"},
        {"enterprise_id": "b", "name": "晨星有限公司"},
    ]
    said = name_texts(frame("enterprises", rows))
    assert said.texts == ["山西焦煤 焦煤", "晨星"]
    assert said.weights.toarray().tolist() == [[1, 0], [0, 1]]


@pytest.mark.parametrize("read", [product_texts, scope_texts, name_texts])
def test_no_enterprise_says_nothing(read):
    said = read(frame("enterprises", []))
    assert said.texts == []
    assert said.weights.shape == (0, 0)


def test_scaling_multiplies_the_weights_alone():
    said = name_texts(frame("enterprises", [{"enterprise_id": "a", "name": "灯"}]))
    assert said.scaled(1) is said
    assert said.scaled(0.5).weights.toarray() == [[0.5]]
    assert said.scaled(0.5).texts == ["灯"]


def test_a_full_name_is_as_it_is_written():
    rows = [
        {"enterprise_id": "a", "name": "山西焦煤股份有限公司", "short_name": "焦煤"},
        {"enterprise_id": "b", "name": "晨星有限公司"},
        {"enterprise_id": "c", "name": "晨星有限公司"},
    ]
    said = full_name_texts(frame("enterprises", rows))
    assert said.texts == ["山西焦煤股份有限公司", "晨星有限公司"]
    assert said.weights.toarray().tolist() == [[1, 0], [0, 1], [0, 1]]


def test_a_need_says_its_own_words_first():
    need = NeedQuery(
        "矿山机器人",
        chain="高端制造",
        sector="其他专用设备",
        keywords=("巡检", " 巡检 "),
        nodes=("led/packaging", "地下运输"),
    )
    parts = need_texts(need, CHAIN_MAP, LEXICON)
    node = CHAIN_MAP.node("led/packaging")
    weights = [1.0, NODES_WEIGHT, LEXICON_WEIGHT, SECTOR_WEIGHT, CHAIN_WEIGHT]
    assert [weight for weight, _ in parts] == weights
    assert [texts for _, texts in parts] == [
        ["矿山机器人", "巡检", "地下运输"],
        [node.name, *node.keywords],
        ["巡检机器人", "掘进机器人"],
        ["专用设备"],
        ["高端制造"],
    ]


def test_a_chain_or_sector_that_repeats_the_industry_adds_nothing():
    need = NeedQuery("矿山机器人", chain="矿山机器人", sector="矿山机器人")
    assert need_texts(need, CHAIN_MAP, UNKNOWING) == [(1.0, ["矿山机器人"])]


def test_the_industry_of_a_chain_brings_the_words_of_its_nodes():
    parts = need_texts(NeedQuery("光电LED"), CHAIN_MAP, UNKNOWING)
    assert parts[0] == (1.0, ["光电LED"])
    assert parts[1][0] == NODES_WEIGHT
    assert {"封装", "LED封装", "载带"} <= set(parts[1][1])
    assert len(parts) == 2


@pytest.mark.parametrize(
    ("need", "numbers"),
    [
        (NeedQuery("氮肥制造业"), [1]),
        (NeedQuery("巡检机器人", keywords=("氮肥", "矿山机器人")), [0, 1]),
        (NeedQuery("尿素", sector="氮肥", chain="氮肥"), []),
        (NeedQuery("化工", nodes=("氮肥",)), []),
    ],
)
def test_industry_and_keywords_may_name_industries_of_the_lexicon(need, numbers):
    assert named_industries(need, LEXICON) == numbers


def test_typical_products_of_all_industries_named_are_said_once():
    need = NeedQuery("氮肥", keywords=("矿山机器人", "氮肥行业"))
    parts = need_texts(need, CHAIN_MAP, LEXICON)
    assert parts[1:] == [(LEXICON_WEIGHT, ["尿素", "合成氨", "巡检机器人", "掘进机器人"])]
