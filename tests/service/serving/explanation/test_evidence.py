from types import SimpleNamespace

import numpy as np

from features.need import NeedQuery
from features.words.relation import Relation
from features.words.understanding import Understood
from service.serving.explanation.evidence import Mention, _mention
from service.serving.explanation.items import Item, ItemAnswer, ItemAnswers
from tests.pool import NEED_IDS, UNKNOWN, tables
from tests.service.serving.explanation.explaining import QUERIES, evidence, row_of


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


def test_a_need_without_chosen_enterprises_has_no_precedent(bound):
    assert evidence(bound, "E090", NeedQuery("老陈醋")).akin is None


def test_unknown_evidence_is_not_invented(bound):
    found = evidence(bound, UNKNOWN, QUERIES[NEED_IDS[0]])
    assert (found.best, found.node, found.fits, found.mention) == (None, None, False, Mention())


def test_what_is_of_a_kind_that_is_wanted_is_found_by_the_thesaurus(bound):
    found = evidence(bound, "E090", NeedQuery("调味品")).answer
    assert found is not None
    assert found.relation >= Relation.KIND


def test_each_part_of_a_phrase_has_its_matching_product(bound):
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


def test_an_enterprise_without_a_match_has_no_answer(bound):
    assert evidence(bound, "E100", NeedQuery("航天发动机")).answer is None


def mentioned(parts, *items):
    """Return the words of which items are mentioned, each with whether it is related."""
    words = tuple((item.text[-4:], 1.0) for item, _ in items)
    wants = SimpleNamespace(general=frozenset(), pieces=())
    need = SimpleNamespace(understood=Understood(parts, (), words), wants=wants)
    found = tuple(
        ItemAnswer(item, item.text, Relation.SAME, wanted=False) if related else None
        for item, related in items
    )
    answered = ItemAnswers(found, np.ones(len(items)))
    return _mention(need, answered, [item for item, _ in items], "甲").made


def test_items_that_are_not_related_are_not_mentioned():
    made = mentioned(("新能源",), (Item("脱硝的催化剂"), False), (Item("光伏组件"), True))
    assert made == (("光伏组件", None),)


def test_side_lines_are_mentioned_only_where_the_need_names_them():
    sales, wind = (Item("电力销售", share=0.1), True), (Item("风力发电", share=0.03), True)
    assert mentioned(("新能源",), sales, wind) == (("电力销售", 0.1),)
    assert mentioned(("风力发电",), sales, wind) == (("电力销售", 0.1), ("风力发电", 0.03))
