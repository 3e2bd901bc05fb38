import numpy as np
import pytest

from features.industry.chains import Chain, ChainMap, Node, shipped_chain_map
from features.industry.nodes import NamedNodes, fit_nodes, lexical_fit, named_bits, target_nodes
from features.need import NeedQuery
from features.texts.text import product_texts
from tests.pool import frame, products


def node(name, *keywords, chain="led"):
    return Node(f"{chain}/{name}", name, None, chain, None, keywords, (), ())


PACKAGING, LIGHTING, COKING = (
    node("封装", "LED封装", "COB光源"),
    node("照明", "LED灯具"),
    node("炼焦", "焦炭", chain="coal"),
)
SMALL = ChainMap(
    [Chain("led", "光电LED", None, (PACKAGING, LIGHTING)), Chain("coal", "煤焦", None, (COKING,))]
)


@pytest.mark.parametrize(
    ("need", "found"),
    [
        (NeedQuery("照明", nodes=("照明", "led/封装", "无此环节")), [LIGHTING, PACKAGING]),
        (NeedQuery("光电LED", nodes=("无此环节",)), [PACKAGING, LIGHTING]),
        (NeedQuery("led"), [PACKAGING, LIGHTING]),
        (NeedQuery("灯具", chain="煤焦"), [COKING]),
        (NeedQuery("光电LED", chain="煤焦"), [PACKAGING, LIGHTING]),
        (NeedQuery("灯具", chain="其他"), []),
    ],
)
def test_a_need_is_after_nodes_named_else_after_its_chain(need, found):
    assert target_nodes(need, SMALL) == found


def test_shipped_chains_are_found_by_what_officials_call_them():
    chain_map = ChainMap.from_frame(shipped_chain_map())
    found = target_nodes(NeedQuery("光电产业"), chain_map)
    assert {each.chain_id for each in found} == {"led"}


def test_lexical_fit_by_hand():
    texts = ["LED封装", "led封装设备", "cob", "焦炭", "焦", "奶粉"]
    expected = [
        [1, 0, 0],
        [(5 / 7) ** 0.25, 0, 0],
        [(3 / 5) ** 2, 0, 0],
        [0, 0, 1],
        [0, 0, 0],
        [0, 0, 0],
    ]
    found = lexical_fit(texts, [PACKAGING, LIGHTING, COKING])
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_text_that_holds_a_keyword_counts_it_above_being_a_part():
    found = lexical_fit(["封装"], [node("LED封装"), node("封装")])
    np.testing.assert_allclose(found, [[(2 / 5) ** 2, 1]], rtol=1e-6)


def fit_of(rows):
    table = frame("enterprises", [{"name": "a", **row} for row in rows])
    said = product_texts(table)
    # Meaning: every product looks along its own axis, every node along the axis of none.
    vectors = np.eye(max(len(said.texts), 4), dtype=np.float32)
    nodes = np.zeros((3, len(vectors)), dtype=np.float32)
    fit = fit_nodes(said, vectors[: len(said.texts)], table["nodes"].to_list(), SMALL, nodes)
    return fit, said


def test_the_best_product_stands_for_the_enterprise_a_side_product_less():
    fit, said = fit_of(
        [
            {"enterprise_id": "a", "products": products("焦炭", "LED封装", shares=(0.64, 0.16))},
            {"enterprise_id": "b", "products": products("奶粉")},
        ]
    )
    assert fit.node_ids == ("led/封装", "led/照明", "coal/炼焦")
    side = 0.6 * (0.6 + 0.4 * 0.5)
    np.testing.assert_allclose(fit.fit, [[side, 0, 0.6], [0, 0, 0]], rtol=1e-6)
    assert [said.text(0, place) for place in fit.product[0, [0, 2]]] == ["LED封装", "焦炭"]


def test_nothing_known_is_unknown_and_a_stated_node_is_whole():
    fit, said = fit_of(
        [
            {"enterprise_id": "a"},
            {"enterprise_id": "b", "nodes": ["照明", "无此环节"]},
            {"enterprise_id": "c", "nodes": ["led/照明"], "products": products("LED封装")},
            {"enterprise_id": "d", "nodes": ["无此环节"]},
        ]
    )
    assert np.isnan(fit.fit[[0, 3]]).all()
    np.testing.assert_allclose(fit.fit[1:3], [[0, 1, 0], [0.6, 1, 0]], rtol=1e-6)
    assert (fit.product[[0, 1, 3]] == -1).all()
    assert said.text(2, fit.product[2, 0]) == "LED封装"
    assert said.text(0, fit.product[0, 0]) is None


def test_meaning_counts_where_words_are_not_shared():
    table = frame("enterprises", [{"enterprise_id": "a", "name": "a", "products": products("灯")}])
    one = np.array([[1, 0]], dtype=np.float32)
    nodes = np.array([[0.6, 0.8], [-1, 0], [0, 1]], dtype=np.float32)
    fit = fit_nodes(product_texts(table), one, [None], SMALL, nodes)
    np.testing.assert_allclose(fit.fit, [[0.6, 0, 0]], rtol=1e-6)


def test_who_is_named_at_a_node_is_kept_as_bits():
    fit = np.full((10, 3), np.nan, dtype=np.float32)
    fit[[0, 9], 0], fit[[0, 4], 1] = (0.45, 0.9), (0.44, 0.7)
    named = NamedNodes(("a", "b", "c"), named_bits(fit), len(fit))
    assert named.bits.shape == (3, 2)
    assert np.flatnonzero(named.at(["a"])).tolist() == [0, 9]
    assert np.flatnonzero(named.at(["a", "b", "unheard of"])).tolist() == [0, 4, 9]
    assert not named.at(["c"]).any()
    assert np.flatnonzero(named.anywhere()).tolist() == [0, 4, 9]
    assert named.anywhere().shape == (10,)
