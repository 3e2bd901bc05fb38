from types import SimpleNamespace

import numpy as np
import pytest

from features.words.kinds import Kinds
from features.words.relation import Relation
from features.words.thesaurus import Concept, Thesaurus
from features.words.understanding import FoundConcept, Understood
from service.serving.explanation.items import Item, _by_letters, answers, distinct, main_items

KINDS = Kinds(
    Thesaurus(
        [
            Concept("金属", "sector", (), ()),
            Concept("铝", "sector", (), ("铝锭",), broader="金属"),
            Concept("电解铝", "product", (), (), broader="铝"),
            Concept("铝材", "product", (), (), broader="铝"),
            Concept("铜材", "product", (), (), broader="金属"),
        ]
    )
)


class Need:
    words = (("铝", 2.0), ("铝锭", 1.0), ("铝用阳极", 0.3))
    understood = Understood(("铝",), (FoundConcept("铝", 1.0),), words)
    wants = KINDS.wants(understood)
    weights = np.array([2.0, 1.0, 0.3], dtype=np.float32)


def answered(*items, matches=None):
    matches = np.zeros((len(items), 3), dtype=np.float32) if matches is None else matches
    strengths = np.array([item.share or 0.05 for item in items], dtype=np.float32) ** 0.5
    tied = np.ones(len(items), dtype=bool)
    return answers(Need(), matches, strengths, items, tied, KINDS)


def test_of_two_kinds_of_what_is_wanted_the_main_product_is_named():
    found = answered(Item("铝材", share=0.001), Item("电解铝", share=0.9))
    assert found.best.item.text == "电解铝"
    assert found.best.wanted


def test_a_product_with_a_share_comes_before_an_item_of_the_scope():
    found = answered(Item("铝材", of_scope=True), Item("电解铝", share=0.9))
    assert found.best.item.text == "电解铝"


@pytest.mark.parametrize("trade", ["铝材贸易", "铝材仓储", "电解铝设备维修"])
def test_trade_in_a_product_is_not_making_it(trade):
    found = answered(Item(trade))
    assert found.best is None or found.best.relation <= Relation.NEAR


def test_small_side_products_that_are_no_kind_are_not_listed():
    found = answered(Item("铜材", share=0.01), Item("铝材贸易", share=0.9))
    assert [own.item.text for own in found.ranked()] == ["铝材贸易"]


def test_where_something_wanted_is_made_nothing_else_is_listed():
    found = answered(Item("铜材", share=0.6), Item("电解铝", share=0.3))
    assert [own.item.text for own in found.ranked()] == ["电解铝"]
    found = answered(Item("铜材", share=0.6), Item("铝材贸易", share=0.3))
    assert {own.item.text for own in found.ranked()} == {"铜材", "铝材贸易"}


def test_what_is_neither_a_main_product_nor_akin_is_not_listed():
    assert answered(Item("铜材", chief=False)).ranked() == []


def test_a_product_of_the_chain_is_related_and_not_typical():
    matches = np.array([[0, 0, 1]], dtype=np.float32)
    found = answered(Item("铝用阳极"), matches=matches).best
    assert (found.relation, found.word, found.wanted) == (Relation.NEAR, "铝用阳极", False)


def test_of_a_kind_comes_before_what_is_close_by_the_thesaurus_alone():
    found = answered(Item("金属", share=0.9), Item("铝锭", share=0.1))
    assert found.best_kind is found.kind
    assert found.kind.relation is Relation.BROADER
    found = answered(Item("铜材", share=0.9), Item("铝材", share=0.1))
    assert found.best_kind.item.text == "铝材"


@pytest.mark.parametrize(("item", "akin"), [("火力发电", False), ("动力发电", True)])
def test_what_ends_alike_is_akin_unless_both_are_concepts_of_their_own(item, akin):
    kinds = Kinds(
        Thesaurus([Concept("火力发电", "sector", (), ()), Concept("水力发电", "sector", (), ())])
    )
    found = _by_letters(item, "水力发电", 0.4, kinds)
    assert (found.relation is Relation.AKIN) == akin


def test_equivalent_items_are_listed_once():
    texts = ("物业管理业务", "保安", "物业管理服务", "保安服务公司")
    items = [Item(text) for text in texts]
    assert [item.text for item in distinct(items, 3)] == ["物业管理业务", "保安"]
    short = [Item(text) for text in ("畜牧养殖", "禽畜养殖", "动力煤", "炼焦煤", "焦炭")]
    assert [item.text for item in distinct(short, 3)] == ["畜牧养殖", "动力煤", "炼焦煤"]
    transport = [Item(text) for text in ("旅客运输", "货运运输")]
    assert distinct(transport, 3) == tuple(transport)


def test_main_products_are_those_with_large_shares_if_any_is_known():
    coal, trade = Item("洗末煤", share=0.6), Item("批发零售汽车", chief=False)
    assert main_items([trade, coal], 2) == (coal,)
    assert main_items([trade], 2) == (trade,)


def test_a_main_product_comes_before_an_activity_of_the_same_kind():
    kinds = Kinds(Thesaurus([Concept("变频器", "product", (), ())]))
    need = SimpleNamespace(
        understood=Understood(("工控设备",), (), (("变频器", 1.0),)),
        wants=kinds.wants(Understood(("工控设备",), (), ())),
        weights=np.ones(1, dtype=np.float32),
    )
    items = [Item("制造高压变频器", chief=False), Item("变频器类", share=0.9)]
    matches = np.array([[0.6], [0.9]], dtype=np.float32)
    found = answers(need, matches, np.ones(2), items, np.ones(2, dtype=bool), kinds)
    assert found.best.item.text == "变频器类"
