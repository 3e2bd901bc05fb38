import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from features.kinds import Kinds
from features.need import NeedQuery
from features.relation import Relation
from models.gap import Filling
from models.supply import Link
from service.serving.evidence import Evidence, Mention, find_evidence
from service.serving.interfaces import Language
from service.serving.items import Item, ItemAnswer, distinct
from service.serving.precedents import Chosen, Precedent, chosen_for, precedent_of
from service.serving.reasons import reasons, summary
from service.serving.sentences import FACTORS
from tests.pool import NEED_IDS, UNKNOWN, tables

QUERIES = {row["need_id"]: NeedQuery.from_row(row) for row in tables()["needs"].to_dicts()}
BARE = Evidence("晨星有限公司")
METHODS = ("LightFM", "LSA", "TF-IDF", "用字", "主题", "向量", "相似推及", "factor", "topic model")
PLACEHOLDERS = ("{", "}", "None", "nan", "已选企业", "「」", "“”", "()", "（）")


def row_of(bound, id_):
    return bound.pool.ids.tolist().index(id_)


def evidence(bound, id_, need):
    features = bound.ranker.space.need(need)
    row = tables()["enterprises"].filter(enterprise_id=id_).to_dicts()[0]
    made = {product["name"]: product["share"] for product in row["products"] or ()}
    kinds = Kinds(bound.ranker.space.thesaurus)
    rows, chosen = np.array([row_of(bound, id_)]), chosen_for(bound, features)
    return find_evidence(bound, kinds, features, rows, chosen, [made])[0]


def told(bound, given, language="zh", sign=1):
    parts = sign * np.arange(1.0, len(bound.ranker.blend.factors) + 1)
    return reasons(bound, parts, given, language)


def test_evidence_points_at_product_node_and_one_already_chosen(bound):
    found = evidence(bound, "E000", QUERIES[NEED_IDS[0]])
    assert found.best.text == "LED封装"
    assert found.node.node_id == "led/packaging"
    assert found.fits
    assert found.at_node.text == "LED封装"
    assert found.of_node is Relation.SAME
    assert "LED封装" in dict(found.mention.made)
    assert found.answer.word == "LED封装"
    assert found.answer.wanted
    names = tables()["enterprises"].filter(enterprise_id="E000")["name"].to_list()
    assert found.akin.name not in names
    assert found.akin.ours.text == "LED封装"


def test_the_product_that_comes_nearest_is_named(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).best.text == "老陈醋"
    assert evidence(bound, "E090", NeedQuery("酿造食醋")).best.text == "酿造食醋"


def test_a_need_never_judged_has_nobody_akin(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).akin is None


def test_what_is_unknown_is_not_made_up(bound):
    found = evidence(bound, UNKNOWN, QUERIES[NEED_IDS[0]])
    assert (found.best, found.node, found.fits, found.mention) == (None, None, False, Mention())


def test_chosen_are_those_the_need_s_head_was_fitted_on(bound):
    need = bound.ranker.space.need(QUERIES[NEED_IDS[3]])
    chosen = bound.pool.ids[chosen_for(bound, need).rows].tolist()
    assert chosen == [f"E03{at}" for at in range(5)]


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("sign", [1, -1])
@pytest.mark.parametrize("bare", [True, False])
def test_every_factor_has_a_sentence_without_gaps(bound, language, sign, bare):
    given = BARE if bare else evidence(bound, "E000", QUERIES[NEED_IDS[0]])
    found = told(bound, given, language, sign)
    assert {reason["factor"] for reason in found} == set(FACTORS)
    for reason in found:
        assert "{" not in reason["text"]
        assert "None" not in reason["text"]
        assert None not in reason["evidence"]
        assert all(isinstance(text, str) and text for text in reason["evidence"])
        if reason["factor"] != "constant":
            assert reason["evidence"]


@pytest.mark.parametrize("language", ["zh", "en"])
def test_link_and_gap_are_told_with_their_own_products(bound, language):
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
    found = {reason["factor"]: reason for reason in told(bound, given, language)}
    link, gap = found["supply_link"], found["gap"]
    assert "LED器件" in link["text"]
    assert "乙公司" in link["text"]
    assert link["evidence"] == ["LED器件", "乙公司", f"{frames.name} → {packaging.name}"]
    assert "LED封装" in gap["text"]
    assert "丙公司" in gap["text"]
    assert gap["evidence"] == ["LED封装", packaging.name, "丙公司"]


def test_braces_in_a_name_are_told_as_they_are(bound):
    odd = replace(BARE, name="{x}公司{0}", akin=Precedent("{akin}"))
    assert any("{x}公司{0}" in reason["text"] for reason in told(bound, odd))


def test_contributions_are_passed_on_unrounded_and_zero_ones_left_out(bound):
    parts = np.zeros(len(bound.ranker.blend.factors))
    parts[0], parts[-1] = 1 / 3, -2 / 3
    found = reasons(bound, parts, BARE, "zh")
    assert [(r["factor"], r["contribution"]) for r in found] == [
        ("item_words", 1 / 3),
        ("constant", -2 / 3),
    ]
    assert found[1]["evidence"] == []


def test_a_summary_joins_what_speaks_for_a_lead_what_points_at_it_first():
    said = [
        {"factor": "hybrid", "contribution": 2.0, "text": "甲"},
        {"factor": "constant", "contribution": 1.5, "text": "乙"},
        {"factor": "node_match", "contribution": 1.0, "text": "丙"},
        {"factor": "text_words", "contribution": 0.5, "text": "丁"},
        {"factor": "proximity", "contribution": -0.5, "text": "戊"},
    ]
    assert summary(said, "；") == "丙；丁；甲"
    assert summary(said, "; ", 1) == "丙"
    assert summary(said[-1:], "；") == ""


def test_a_summary_has_room_for_a_reason_that_speaks_of_the_zone():
    said = [
        {"factor": "text_words", "contribution": 4.0, "text": "甲"},
        {"factor": "node_match", "contribution": 3.0, "text": "乙"},
        {"factor": "topic_words", "contribution": 2.0, "text": "丙"},
        {"factor": "gap", "contribution": 0.2, "text": "丁"},
        {"factor": "supply_link", "contribution": 0.1, "text": "戊"},
    ]
    assert summary(said, "；") == "甲；乙；丁"
    assert summary(said, "；", 1) == "甲"
    assert summary(said[:3], "；") == "甲；乙；丙"
    assert summary([said[3], *said[:3]], "；") == "丁；甲；乙"
    said[3]["contribution"] = said[4]["contribution"] = -0.1
    assert summary(said, "；") == "甲；乙；丙"


def test_a_summary_names_an_item_once_for_its_words_and_its_kind():
    said = [
        {"factor": "item_words", "contribution": 3.0, "text": "甲", "evidence": ["灯珠", "LED"]},
        {"factor": "item_kinds", "contribution": 2.0, "text": "乙", "evidence": ["灯珠", "照明"]},
        {"factor": "node_match", "contribution": 1.0, "text": "丙", "evidence": ["灯珠"]},
    ]
    assert summary(said, "；") == "甲；丙"
    said[1]["evidence"] = ["灯带", "照明"]
    assert summary(said, "；") == "甲；乙；丙"
    said[0]["contribution"] = -3.0
    said[1]["evidence"] = ["灯珠", "照明"]
    assert summary(said, "；") == "乙；丙"


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


LANGUAGES = pytest.mark.parametrize("language", ["zh", "en"])


def every_sentence(bound, need, language):
    """Yield who it is, and each sentence for and against it, of all the pool."""
    features = bound.ranker.space.need(need)
    kinds = Kinds(bound.ranker.space.thesaurus)
    chosen = chosen_for(bound, features)
    rows = {row["enterprise_id"]: row for row in tables()["enterprises"].to_dicts()}
    for at, id_ in enumerate(bound.pool.ids.tolist()):
        made = {product["name"]: product["share"] for product in rows[id_]["products"] or ()}
        (given,) = find_evidence(bound, kinds, features, np.array([at]), chosen, [made])
        for sign in (1, -1):
            for reason in told(bound, given, language, sign):
                yield rows[id_], made, reason


NEEDS = [
    QUERIES[NEED_IDS[0]],
    QUERIES[NEED_IDS[9]],
    NeedQuery("LED灯珠、植物照明"),
    NeedQuery("老陈醋"),
    NeedQuery("航天发动机"),
]


@LANGUAGES
@pytest.mark.parametrize("need", NEEDS, ids=lambda need: need.industry)
def test_a_sentence_names_a_thing_once_and_no_method_and_no_placeholder(bound, need, language):
    quoted = re.compile("「([^」]*)」|“([^”]*)”")
    for _, made, reason in every_sentence(bound, need, language):
        text = reason["text"]
        named = ["".join(pair) for pair in quoted.findall(text)]
        assert len(named) == len(set(named)), text
        assert all(text.count(f"「{own}」") + text.count(f"“{own}”") <= 1 for own in made), text
        assert not [word for word in (*METHODS, *PLACEHOLDERS) if word in text], text


@LANGUAGES
def test_a_product_that_is_named_is_the_enterprise_s_own(bound, language):
    opening = {"zh": "主营产品「", "en": "its product “"}[language]
    closing = {"zh": "」", "en": "”"}[language]
    for need in NEEDS:
        for row, made, reason in every_sentence(bound, need, language):
            _, found, rest = reason["text"].partition(opening)
            if found:
                assert rest.partition(closing)[0] in made, (row["enterprise_id"], reason["text"])


@LANGUAGES
def test_of_an_enterprise_known_by_its_name_alone_no_business_is_text(bound, language):
    business = {"zh": "主营产品「", "en": "its product “"}[language]
    for need in NEEDS:
        for row, _, reason in every_sentence(bound, need, language):
            if row["enterprise_id"] == UNKNOWN:
                assert business not in reason["text"]
                assert "经营范围中" not in reason["text"]
                assert "in its business scope" not in reason["text"]


def sentence(bound, factor, language="zh", **given):
    found = told(bound, replace(BARE, **given), language)
    return next(reason for reason in found if reason["factor"] == factor)


def test_who_is_known_by_its_scope_is_quoted_from_it(bound):
    answer = ItemAnswer(Item("老陈醋", of_scope=True), "香醋", Relation.NEAR, wanted=False)
    zh, en = (
        sentence(bound, "item_words", language, answer=answer)["text"] for language in ("zh", "en")
    )
    assert zh == "经营范围中的「老陈醋」与该领域的「香醋」相关"
    assert en == "“老陈醋” in its business scope has to do with “香醋”"


@pytest.mark.parametrize(
    ("item", "word", "relation", "wanted", "chinese"),
    [
        ("老陈醋", "老陈醋", Relation.SAME, True, "主营产品「老陈醋」正是需求所指"),
        ("老陈醋", "老陈醋", Relation.SAME, False, "主营产品「老陈醋」是所需产业的典型产品"),
        ("背光LED", "LED", Relation.KIND, True, "主营产品「背光LED」属于所需的「LED」"),
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
def test_what_answers_the_need_is_told_with_the_word_that_it_answers(
    bound, item, word, relation, wanted, chinese
):
    answer = ItemAnswer(Item(item), word, relation, wanted=wanted)
    found = sentence(bound, "item_words", answer=answer)
    assert found["text"] == chinese
    assert found["evidence"] == list(dict.fromkeys([item, word]))


def test_where_nothing_answers_it_is_told_so(bound):
    vinegar = (Item("老陈醋"),)
    for factor in ("item_words", "text_words", "topic_words"):
        none = sentence(bound, factor, main=vinegar, aim="LED")["text"]
        assert none == "未能确认与「LED」直接对应的产品，主要经营「老陈醋」"
    near = sentence(bound, "item_words", main=vinegar, aim="LED", near=Item("灯座"))["text"]
    assert near == (
        "未能确认与「LED」直接对应的产品，较接近的是主营产品「灯座」，主要经营「老陈醋」"
    )


def test_of_who_is_known_by_a_name_it_is_told_what_the_name_holds(bound):
    named = Mention(named=("医药",))
    text = sentence(bound, "item_words", mention=named, aim="医药流通")["text"]
    assert text == "主营产品未知，企业名称中有「医药」"
    text = sentence(bound, "item_words", aim="医药流通")["text"]
    assert text == "主营产品未知，企业名称未直接提及「医药流通」，有待核实"


def test_where_nothing_answers_but_a_node_is_fitted_the_node_is_told(bound):
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
def test_words_are_told_with_where_they_stand(bound, mention, chinese):
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


def test_one_chosen_before_is_named_with_what_both_make(bound):
    same = Precedent("乙公司", Item("灯珠"), "灯珠")
    assert (
        sentence(bound, "need_head", akin=same)["text"]
        == "主营产品「灯珠」也是此前为本需求选定的「乙公司」的产品"
    )
    alike = Precedent("乙公司", Item("LED灯珠"), "贴片灯珠")
    found = sentence(bound, "need_head", akin=alike)
    assert found["text"] == "主营产品「LED灯珠」与此前为本需求选定的「乙公司」的「贴片灯珠」相近"
    assert found["evidence"] == ["LED灯珠", "乙公司", "贴片灯珠"]


def test_who_makes_nothing_that_one_chosen_makes_is_told_with_what_that_one_makes(bound):
    alone = Precedent("乙公司", theirs="灯带")
    text = sentence(bound, "need_head", akin=alone, main=(Item("灯珠"),))["text"]
    assert text == (
        "主要经营「灯珠」；此前为本需求选定的企业中，与其最接近的是「乙公司」（主营「灯带」）"
    )
    text = sentence(bound, "need_head", akin=Precedent("乙公司"))["text"]
    assert text == "主营产品未知；此前为本需求选定的企业中，与其最接近的是「乙公司」，有待核实"


def test_a_field_is_told_with_the_items_that_come_near_it(bound):
    given = {"aim": "LED", "main": (Item("醋"),), "related": (Item("灯珠"), Item("背光"))}
    assert (
        sentence(bound, "topic_words", **given)["text"]
        == "其「灯珠」、「背光」等业务与「LED」领域相近"
    )


def test_a_name_that_says_what_is_wanted_is_told(bound):
    bank = Evidence("某农村商业银行股份有限公司", named_as="农村商业银行", aim="农商行")
    texts = {reason["factor"]: reason["text"] for reason in told(bound, bank)}
    assert texts["topic_words"] == "企业名称中即有「农村商业银行」"


def test_one_that_only_holds_the_other_s_letters_is_no_likeness():
    texts, pool = (
        ("溶剂类色浆", "溶剂"),
        SimpleNamespace(
            names=["甲", "乙"],
            products=SimpleNamespace(
                texts=("溶剂类色浆", "溶剂"), weights=sparse.csr_array(np.eye(2, dtype=np.float32))
            ),
            views={"meaning": np.eye(2, dtype=np.float32)},
        ),
    )
    chosen = Chosen(np.array([1]), np.array([1]), np.array([0]), sparse.csr_array((1, 1)))
    likeness = sparse.csr_array(np.array([[0.9]], dtype=np.float32))
    found = precedent_of(pool, chosen, 0, likeness, [Item(texts[0])], np.array([0.9]))
    assert found == Precedent("乙", theirs="溶剂")


def test_items_that_say_the_same_are_told_once():
    texts = ("物业管理业务", "保安", "物业管理服务", "保安服务公司")
    items = [Item(text) for text in texts]
    assert [item.text for item in distinct(items, 3)] == ["物业管理业务", "保安"]
    short = [Item(text) for text in ("畜牧养殖", "禽畜养殖", "动力煤", "炼焦煤", "焦炭")]
    assert [item.text for item in distinct(short, 3)] == ["畜牧养殖", "动力煤", "炼焦煤"]


def test_what_is_of_a_kind_that_is_wanted_is_found_by_the_thesaurus(bound):
    found = evidence(bound, "E090", NeedQuery("调味品")).answer
    assert found is not None
    assert found.relation >= Relation.KIND


def test_for_each_want_of_a_phrase_the_product_that_answers_it(bound):
    need = NeedQuery("植物照明、老陈醋")
    assert evidence(bound, "E090", need).answer.word == "老陈醋"
    lamps = next(
        id_
        for id_ in bound.pool.ids
        if id_.startswith("E02")
        and "植物照明"
        in [
            bound.pool.products.texts[at]
            for at in bound.pool.products.weights[[row_of(bound, id_)]].indices
        ]
    )
    assert evidence(bound, lamps, need).answer.word == "植物照明"


def test_what_answers_nothing_is_not_said_to(bound):
    assert evidence(bound, "E100", NeedQuery("航天发动机")).answer is None
