import re
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from features.need import NeedQuery
from models.gap import Filling
from models.supply import Link
from service.serving.interfaces import Language
from service.serving.reasons import (
    Evidence,
    chosen_rows,
    find_evidence,
    reasons,
    summary,
)
from service.serving.sentences import FACTORS
from tests.pool import NEED_IDS, UNKNOWN, tables

QUERIES = {row["need_id"]: NeedQuery.from_row(row) for row in tables()["needs"].to_dicts()}
BARE = Evidence(
    "晨星有限公司",
    product=None,
    of_scope=False,
    answered=None,
    wanted=False,
    shared=(),
    node=None,
    fits=False,
    akin=None,
)
METHODS = ("LightFM", "LSA", "TF-IDF", "用字", "主题", "向量", "相似推及", "factor", "topic model")
PLACEHOLDERS = ("{", "}", "None", "nan", "已选企业", "「」", "“”", "()", "（）")


def row_of(bound, id_):
    return bound.pool.ids.tolist().index(id_)


def evidence(bound, id_, need):
    features = bound.ranker.space.need(need)
    chosen = chosen_rows(bound, features)
    return find_evidence(bound, features, row_of(bound, id_), chosen)


def told(bound, given, language="zh", sign=1):
    parts = sign * np.arange(1.0, len(bound.ranker.blend.factors) + 1)
    return reasons(bound, parts, given, language)


def test_evidence_points_at_product_node_and_one_already_chosen(bound):
    found = evidence(bound, "E000", QUERIES[NEED_IDS[0]])
    assert found.product == "LED封装"
    assert found.node.node_id == "led/packaging"
    assert found.fits
    assert "封装" in found.shared
    assert found.answered == "led封装"
    assert found.wanted
    names = tables()["enterprises"].filter(enterprise_id="E000")["name"].to_list()
    assert found.akin
    assert found.akin not in names


def test_the_product_that_comes_nearest_is_named(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).product == "老陈醋"
    assert evidence(bound, "E090", NeedQuery("酿造食醋")).product == "酿造食醋"


def test_a_need_never_judged_has_nobody_akin(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).akin is None


def test_what_is_unknown_is_not_made_up(bound):
    found = evidence(bound, UNKNOWN, QUERIES[NEED_IDS[0]])
    assert (found.product, found.node, found.fits, found.shared) == (None, None, False, ())


def test_chosen_are_those_the_need_s_head_was_fitted_on(bound):
    need = bound.ranker.space.need(QUERIES[NEED_IDS[3]])
    chosen = bound.pool.ids[chosen_rows(bound, need)].tolist()
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
        product="灯",
        link=Link(False, packaging, frames, "乙公司", "city", "LED器件"),
        filling=Filling(0, "weak", (("丙公司", "established"),), False),
        gap_node=packaging,
        filled="LED封装",
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
    odd = replace(BARE, name="{x}公司{0}", akin="{akin}")
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
    chosen = chosen_rows(bound, features)
    rows = {row["enterprise_id"]: row for row in tables()["enterprises"].to_dicts()}
    for at, id_ in enumerate(bound.pool.ids.tolist()):
        made = [product["name"] for product in rows[id_]["products"] or ()]
        given = find_evidence(bound, features, at, chosen, made)
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
    business = {"zh": "主营产品「", "en": "its product"}[language]
    for need in NEEDS:
        for row, _, reason in every_sentence(bound, need, language):
            if row["enterprise_id"] == UNKNOWN:
                assert business not in reason["text"]
                assert "经营范围中" not in reason["text"]
                assert "in its business scope" not in reason["text"]


def test_who_is_known_by_its_scope_is_quoted_from_it(bound):
    given = replace(BARE, product="老陈醋", of_scope=True, answered="香醋")
    zh, en = (
        next(r["text"] for r in told(bound, given, language) if r["factor"] == "item_words")
        for language in ("zh", "en")
    )
    assert zh == "经营范围中的「老陈醋」对应所需的「香醋」"
    assert en == "“老陈醋” in its business scope answers “香醋”"


@pytest.mark.parametrize(
    ("product", "answered", "wanted", "chinese"),
    [
        ("老陈醋", None, False, "主营产品「老陈醋」与需求有部分关联"),
        ("老陈醋", "老陈醋", True, "主营产品「老陈醋」正是需求所指"),
        ("老陈醋", "老陈醋", False, "主营产品「老陈醋」是所需产业的典型产品"),
        ("老陈醋", "食醋", False, "主营产品「老陈醋」对应所需的「食醋」"),
    ],
)
def test_what_answers_the_need_is_told_with_the_word_that_it_answers(
    bound, product, answered, wanted, chinese
):
    given = replace(BARE, product=product, answered=answered, wanted=wanted)
    found = {reason["factor"]: reason for reason in told(bound, given)}
    assert found["item_words"]["text"] == chinese
    assert found["item_words"]["evidence"] == list(dict.fromkeys(filter(None, [product, answered])))


def test_for_each_want_of_a_phrase_the_product_that_answers_it(bound):
    need = NeedQuery("植物照明、老陈醋")
    assert evidence(bound, "E090", need).answered == "老陈醋"
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
    assert evidence(bound, lamps, need).answered == "植物照明"


def test_what_answers_nothing_is_not_said_to(bound):
    assert evidence(bound, "E100", NeedQuery("航天发动机")).answered is None
