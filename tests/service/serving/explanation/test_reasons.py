from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from features.words.relation import Relation
from models.factors.gap import Filling
from models.factors.supply import Link
from service.serving.explanation.evidence import Evidence, Mention
from service.serving.explanation.items import Item, ItemAnswer
from service.serving.explanation.precedents import Precedent
from service.serving.explanation.reasons import reasons
from service.serving.interfaces import Language
from tests.service.serving.explanation.explaining import BARE, explained, sentence


@pytest.mark.parametrize("language", ["zh", "en"])
def test_link_and_gap_are_explained_by_their_own_products(bound, language):
    node = bound.ranker.space.chain_map.node
    packaging, frames = node("led/packaging"), node("led/leadframe")
    given = replace(
        BARE,
        name="甲公司",
        main=(Item("灯"),),
        link=Link(False, packaging, frames, "乙公司", "city", "LED器件"),
        traded=Item("LED器件"),
        filling=Filling(0, "weak", (("丙公司", "established"),), False),
        gap_node=packaging,
        filled=Item("LED封装"),
    )
    found = {reason["factor"]: reason for reason in explained(bound, given, language)}
    link, gap = found["supply_link"], found["gap"]
    assert "LED器件" in link["text"]
    assert "乙公司" in link["text"]
    assert link["evidence"] == ["LED器件", "乙公司", f"{frames.name} → {packaging.name}"]
    assert "LED封装" in gap["text"]
    assert "丙公司" in gap["text"]
    assert gap["evidence"] == ["LED封装", packaging.name, "丙公司"]


def test_braces_in_a_name_are_kept(bound):
    odd = replace(BARE, name="{x}公司{0}", akin=Precedent("{akin}"))
    assert any("{x}公司{0}" in reason["text"] for reason in explained(bound, odd))


def test_contributions_are_passed_on_unrounded_and_zero_ones_left_out(bound):
    parts = np.zeros(len(bound.ranker.blend.factors))
    parts[0], parts[-1] = 1 / 3, -2 / 3
    found = reasons(bound, parts, BARE, "zh")
    assert [(r["factor"], r["contribution"]) for r in found] == [
        ("item_words", 1 / 3),
        ("constant", -2 / 3),
    ]
    assert found[1]["evidence"] == []


@pytest.mark.parametrize("language", ["zh", "en"])
def test_counts_of_deals_are_a_field_and_in_the_text(language: Language) -> None:
    deals = {"deals": 3, "industry": 2, "zone": 1, "area": 0, "last": 2025}
    evidence = replace(BARE, name="甲", deals=deals)
    factors = ("node_match", "track_record", "place_affinity", "constant")
    blend = SimpleNamespace(factors=factors)
    bound = SimpleNamespace(ranker=SimpleNamespace(blend=blend))
    parts = np.array([3.0, 2.0, 1.0, 0.5])
    told = reasons(bound, parts, evidence, language)  # type: ignore[arg-type]
    untold = reasons(bound, parts, replace(evidence, deals={}), language)  # type: ignore[arg-type]
    assert [reason.get("deals") for reason in told] == [None, deals, deals, None]
    for reason, bare in zip(told[1:3], untold[1:3], strict=True):
        assert "2025" in reason["text"]
        assert reason["text"].startswith(bare["text"])
        assert not any(character.isdigit() for character in bare["text"])
    assert not any("deals" in reason for reason in untold)


def test_an_item_of_the_scope_is_quoted_as_such(bound):
    answer = ItemAnswer(Item("老陈醋", of_scope=True), "香醋", Relation.NEAR, wanted=False)
    zh, en = (
        sentence(bound, "item_words", language, answer=answer)["text"] for language in ("zh", "en")
    )
    assert zh == "经营范围中的「老陈醋」与该领域的「香醋」相关"
    assert en == "“老陈醋” in its business scope is related to “香醋”"


@pytest.mark.parametrize(
    ("item", "word", "relation", "wanted", "chinese"),
    [
        ("老陈醋", "老陈醋", Relation.SAME, True, "主营产品「老陈醋」正是需求所指"),
        ("老陈醋", "老陈醋", Relation.SAME, False, "主营产品「老陈醋」是所需产业的典型产品"),
        ("背光LED", "LED", Relation.KIND, True, "主营产品「背光LED」属于所需的「LED」"),
        ("原煤", "原煤", Relation.NEAR, False, "主营产品「原煤」与该领域相关"),
        ("煤炭", "焦煤", Relation.BROADER, True, "主营产品「煤炭」可能包括所需的「焦煤」"),
        (
            "软件解决方案",
            "银行IT解决方案",
            Relation.AKIN,
            False,
            "主营产品「软件解决方案」与该领域的「银行IT解决方案」同类",
        ),
        (
            "工程机械齿轮",
            "工程机械",
            Relation.NEAR,
            False,
            "主营产品「工程机械齿轮」与该领域的「工程机械」相关",
        ),
    ],
)
def test_a_matching_product_is_shown_with_the_word_it_matches(
    bound, item, word, relation, wanted, chinese
):
    answer = ItemAnswer(Item(item), word, relation, wanted=wanted)
    found = sentence(bound, "item_words", answer=answer)
    assert found["text"] == chinese
    assert found["evidence"] == list(dict.fromkeys([item, word]))


def test_a_missing_match_is_stated(bound):
    vinegar = (Item("老陈醋"),)
    for factor in ("item_words", "text_words", "topic_words"):
        none = sentence(bound, factor, main=vinegar, aim="LED")["text"]
        assert none == "未能确认与「LED」直接对应的产品，主要经营「老陈醋」"
    near = sentence(bound, "item_words", main=vinegar, aim="LED", near=Item("灯座"))["text"]
    assert near == (
        "未能确认与「LED」直接对应的产品，较接近的是主营产品「灯座」，主要经营「老陈醋」"
    )


def test_words_in_the_name_are_shown_if_only_the_name_is_known(bound):
    named = Mention(named=("医药",))
    text = sentence(bound, "item_words", mention=named, aim="医药流通")["text"]
    assert text == "主营产品未知，企业名称中有「医药」"
    text = sentence(bound, "item_words", aim="医药流通")["text"]
    assert text == "主营产品未知，企业名称未直接提及「医药流通」，有待核实"


def test_a_fitting_node_is_shown_if_no_product_matches(bound):
    granules = Item("板蓝根颗粒")
    given = {
        "main": (granules,),
        "node": SimpleNamespace(name="中成药", name_en=""),
        "fits": True,
        "of_chain": True,
        "at_node": granules,
        "of_node": Relation.KIND,
    }
    text = sentence(bound, "item_words", **given)["text"]
    assert text == "主营产品「板蓝根颗粒」属于「中成药」环节"


def test_a_side_product_is_not_called_a_main_one(bound):
    cap = Item("瓶盖", share=0.034, chief=False)
    answer = ItemAnswer(cap, "瓶盖", Relation.SAME, wanted=False)
    text = sentence(bound, "item_words", answer=answer)["text"]
    assert text == "产品「瓶盖」（占收入3.4%）是所需产业的典型产品"
    trace = answer._replace(item=cap._replace(share=0.0))
    text = sentence(bound, "item_words", answer=trace)["text"]
    assert text == "产品「瓶盖」（占收入<0.1%）是所需产业的典型产品"
    mainly = (Item("灌装机", share=0.9),)
    text = sentence(bound, "item_words", answer=answer, main=mainly)["text"]
    assert text == "产品「瓶盖」（占收入3.4%，主营「灌装机」）是所需产业的典型产品"


@pytest.mark.parametrize(
    ("mention", "chinese"),
    [
        (
            Mention(made=(("LED封装", 0.4), ("灯珠", 0.02))),
            "产品与经营内容中有「LED封装」、「灯珠」（占收入2%）",
        ),
        (
            Mention(within=((Item("压缩机铸件"), "压缩机"),)),
            "主营产品「压缩机铸件」涉及「压缩机」",
        ),
        (Mention(named=("新材料",)), "企业名称中有「新材料」"),
    ],
)
def test_words_are_shown_with_their_place(bound, mention, chinese):
    given = {"main": (Item("压缩机铸件"),), "mention": mention}
    assert sentence(bound, "text_words", **given)["text"] == chinese


@pytest.mark.parametrize(
    ("item", "relation", "fits", "chinese"),
    [
        ("LED灯珠", Relation.KIND, True, "主营产品「LED灯珠」属于「LED封装」环节"),
        ("封装胶", Relation.NEAR, True, "主营产品「封装胶」与「LED封装」环节相关"),
        ("荧光粉", Relation.NONE, True, "主营产品「荧光粉」可能与「LED封装」环节有关"),
        ("荧光粉", Relation.NONE, False, "主营产品「荧光粉」可能与「LED封装」环节有关"),
        ("LED封装", Relation.SAME, True, "主营产品「LED封装」正是产业链的一个环节"),
    ],
)
def test_a_node_is_claimed_only_for_an_item_that_is_of_it(bound, item, relation, fits, chinese):
    node = SimpleNamespace(name="LED封装", name_en="")
    given = {"node": node, "fits": fits, "at_node": Item(item), "of_node": relation}
    assert sentence(bound, "node_match", **given)["text"] == chinese


def test_a_precedent_is_named_with_the_common_product(bound):
    same = Precedent("乙公司", Item("灯珠"), "灯珠")
    assert (
        sentence(bound, "need_head", akin=same)["text"]
        == "主营产品「灯珠」也是此前为本需求选定的「乙公司」的产品"
    )
    alike = Precedent("乙公司", Item("LED灯珠"), "贴片灯珠")
    found = sentence(bound, "need_head", akin=alike)
    assert found["text"] == "主营产品「LED灯珠」与此前为本需求选定的「乙公司」的「贴片灯珠」相近"
    assert found["evidence"] == ["LED灯珠", "乙公司", "贴片灯珠"]


def test_a_precedent_without_a_common_product_is_named_with_its_own(bound):
    alone = Precedent("乙公司", theirs="灯带")
    text = sentence(bound, "need_head", akin=alone, main=(Item("灯珠"),))["text"]
    assert text == (
        "主要经营「灯珠」；此前为本需求选定的企业中，与其最接近的是「乙公司」（主营「灯带」）"
    )
    named = Mention(named=("LED",))
    text = sentence(bound, "need_head", akin=Precedent("乙公司"), mention=named)["text"]
    assert text == (
        "主营产品未知，企业名称中有「LED」；此前为本需求选定的企业中，与其最接近的是「乙公司」，有待核实"
    )
    text = sentence(bound, "need_head", akin=Precedent("乙公司"))["text"]
    assert text == "主营产品未知；此前为本需求选定的企业中，与其最接近的是「乙公司」，有待核实"


def test_a_field_is_shown_with_the_nearest_items(bound):
    given = {"aim": "LED", "main": (Item("醋"),), "related": (Item("灯珠"), Item("背光"))}
    assert (
        sentence(bound, "topic_words", **given)["text"]
        == "其「灯珠」、「背光」等业务与「LED」领域相近"
    )
    assert (
        sentence(bound, "topic_words", **given, is_direct=True)["text"]
        == "其「灯珠」、「背光」等业务属于「LED」领域"
    )


def test_a_name_with_the_wanted_product_is_shown(bound):
    bank = Evidence("某农村商业银行股份有限公司", named_as="农村商业银行", aim="农商行")
    texts = {reason["factor"]: reason["text"] for reason in explained(bound, bank)}
    assert texts["topic_words"] == "企业名称中即有「农村商业银行」"


def test_a_related_side_line_is_shown_with_its_share(bound):
    related = (Item("聚氨酯系列", share=0.022, chief=False),)
    told = sentence(bound, "topic_words", "zh", related=related, is_direct=True, aim="聚氨酯")
    assert told["text"] == "其「聚氨酯系列」（占收入2.2%）等业务属于「聚氨酯」领域"
