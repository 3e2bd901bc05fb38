import numpy as np
import polars as pl
import pytest

from features.industry.chains import Chain, ChainMap, Node, shipped_chain_map
from features.industry.sectors import sectors_of
from features.industry.supply_graph import supply_graph
from features.tables.schema import SCHEMAS


def node(node_id, *supplies):
    return Node(node_id, node_id, None, node_id[0], None, (), (), supplies)


SMALL = ChainMap(
    [
        Chain("a", "甲", None, (node("a1", "a2", "b1"), node("a2", "b1"))),
        Chain("b", "乙", None, (node("b1"), node("b2"))),
    ]
)


def table(*rows):
    """Return an input–output table of rows (bought, buyer, coefficient)."""
    return pl.DataFrame(
        [(i, f"部门{i}", o, f"部门{o}", c) for i, o, c in rows],
        schema=SCHEMAS["input_output"].create_empty().schema,
        orient="row",
    )


def test_edges_of_the_chain_map_are_links_across_chains_too():
    graph = supply_graph(SMALL)
    ends = zip(graph.suppliers.tolist(), graph.buyers.tolist(), strict=True)
    assert set(ends) == {(0, 1), (0, 2), (1, 2)}
    assert graph.strengths.tolist() == [1, 1, 1]
    assert not graph.by_sectors
    assert graph.stations is SMALL


def test_an_empty_table_leaves_the_chain_map_s_edges():
    assert supply_graph(SMALL, table()).stations is SMALL


def test_pulls_by_hand_in_both_directions():
    present = np.array([[0, 0.5, 0.25, 0], [0.8, 0, 0, 0]], dtype=np.float32)
    supplying, buying = supply_graph(SMALL).pulls(present)
    np.testing.assert_allclose(supplying, [[0.5, 0.25, 0, 0], [0, 0, 0, 0]])
    np.testing.assert_allclose(buying, [[0, 0, 0.5, 0], [0, 0.8, 0.8, 0]])


def test_the_other_ends_of_a_station_s_links():
    graph = supply_graph(SMALL)
    assert graph.linked(0, supplies=True)[0].tolist() == [1, 2]
    assert graph.linked(2, supplies=False)[0].tolist() == [0, 1]
    assert graph.linked(3, supplies=True)[0].tolist() == []


def test_a_map_without_edges_pulls_nowhere():
    graph = supply_graph(ChainMap([Chain("b", "乙", None, (node("b1"),))]))
    assert not graph.pulls(np.ones((3, 1), dtype=np.float32)).any()


def test_the_shipped_map_has_links_across_chains():
    graph = supply_graph(ChainMap.from_frame(shipped_chain_map()))
    chain = [each.chain_id for each in graph.stations.nodes]
    pairs = zip(graph.suppliers.tolist(), graph.buyers.tolist(), strict=True)
    across = [pair for pair in pairs if chain[pair[0]] != chain[pair[1]]]
    assert len(across) > 50


def test_a_link_is_the_share_of_purchases_above_the_usual_one():
    # Everybody buys of sector 9 alike; 1 buys 60 % of the rest of 2, and 3 buys some of 1.
    graph = supply_graph(
        SMALL,
        table(
            ("9", "1", 0.1),
            ("2", "1", 0.06),
            ("1", "1", 0.04),
            ("9", "2", 0.3),
            ("2", "2", 0.3),
            ("9", "3", 0.2),
            ("3", "3", 0.17),
            ("1", "3", 0.03),
        ),
    )
    assert graph.by_sectors
    ids = [each.node_id for each in graph.stations.nodes]
    assert ids == ["1", "2", "3", "9"]
    found = {
        (ids[one], ids[other]): strength
        for one, other, strength in zip(
            graph.suppliers, graph.buyers, graph.strengths.tolist(), strict=True
        )
    }
    # Shares: 9 is half of all purchases everywhere. Of 1, 2 is 0.3 (on average 0.8 / 3); of 3, 1 is
    # 0.075 (on average 0.275 / 3, which is more).
    assert found == {("2", "1"): pytest.approx((0.3 - 0.8 / 3) / 0.1, rel=1e-5)}


def test_a_tenth_of_purchases_above_the_usual_share_is_a_whole_link():
    buyers = [str(number) for number in range(9)]
    rows = [("x", buyer, 0.05) for buyer in buyers] + [("y", buyer, 0.05) for buyer in buyers]
    graph = supply_graph(SMALL, table(*rows[:8], ("x", "8", 0.09), *rows[9:17], ("y", "8", 0.01)))
    # 8 buys 90 % of x where the others buy half, and 10 % of y.
    ids = [each.node_id for each in graph.stations.nodes]
    assert [ids[at] for at in graph.suppliers] == ["x", *["y"] * 8]
    assert graph.strengths[0] == 1
    assert ids[graph.buyers[0]] == "8"
    np.testing.assert_allclose(graph.strengths[1:], (0.5 - 4.1 / 9) / 0.1, rtol=1e-5)


def test_sectors_are_in_the_order_of_codes_with_the_words_of_their_names():
    found = sectors_of(
        pl.DataFrame(
            [("2", "电子元器件", "1", "合金、钢丝和其他线缆", 0.1)],
            schema=SCHEMAS["input_output"].create_empty().schema,
            orient="row",
        )
    )
    first, second = found.nodes
    assert (first.node_id, first.name) == ("1", "合金、钢丝和其他线缆")
    assert first.keywords == ("合金", "钢丝", "线缆")
    assert first.industry_codes == ()
    assert "LED封装" in second.keywords
    assert second.industry_codes == ("397", "398")


def test_real_links_are_those_that_one_knows(shared_data):
    path = shared_data / "reference" / "input_output_2020.csv"
    codes = {"input_code": pl.String, "output_code": pl.String}
    graph = supply_graph(SMALL, pl.read_csv(path, schema_overrides=codes))
    names = [each.name for each in graph.stations.nodes]
    assert len(names) == 153
    found = {
        (names[one], names[other]): strength
        for one, other, strength in zip(
            graph.suppliers, graph.buyers, graph.strengths.tolist(), strict=True
        )
    }
    assert found["黑色金属矿采选产品", "钢"] == 1
    assert found["煤炭开采和洗选产品", "煤炭加工品"] == 1
    assert found["汽车零部件及配件", "汽车整车"] == 1
    assert found["电子元器件", "计算机"] == 1
    assert ("货币金融和其他金融服务", "钢") not in found
    assert ("电子元器件", "电子元器件") not in found
