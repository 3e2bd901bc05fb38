import csv
import os
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from features.errors import InputError, NotFoundError
from features.industry.chains import ALIASES, SCHEMA, ChainMap, Node, shipped_chain_map
from features.industry.industry_codes import normalise
from features.vocabulary import POSITIONS

SHARED = Path(os.environ.get("LIANZHAO_SHARED", "../shared/data"))


def row(node_id: str, supplies: str = "", **others: object) -> dict[str, object]:
    chain_id, word = node_id.split("/")
    return {
        "chain_id": chain_id,
        "chain": f"{chain_id}链",
        "chain_en": f"Chain {chain_id}",
        "node_id": node_id,
        "node": f"{word}环节",
        "node_en": f"Node {word}",
        "position": "upstream",
        "keywords": [word],
        "industry_codes": ["3975"],
        "supplies": supplies.split(),
        **others,
    }


def table(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=SCHEMA)


@pytest.fixture
def small() -> ChainMap:
    return ChainMap.from_frame(
        table(
            row("led/chip", "led/packaging", industry_codes=["C3975", "3975", "3562"]),
            row("steel/strip", "led/frame"),
            row("led/frame", "led/packaging"),
            row("led/packaging", "steel/strip", keywords=None, position=None, node_en=None),
        )
    )


@pytest.fixture(scope="module")
def shipped() -> ChainMap:
    return ChainMap.from_frame(shipped_chain_map())


def ids(nodes: tuple[Node, ...]) -> list[str]:
    return [node.node_id for node in nodes]


def test_chains_are_ordered_by_first_row_and_nodes_within_them(small: ChainMap) -> None:
    assert [chain.chain_id for chain in small.chains] == ["led", "steel"]
    assert ids(small.nodes) == ["led/chip", "led/frame", "led/packaging", "steel/strip"]


def test_a_node_holds_its_row_with_codes_in_one_form(small: ChainMap) -> None:
    assert small.node("led/chip") == Node(
        node_id="led/chip",
        name="chip环节",
        name_en="Node chip",
        chain_id="led",
        position="upstream",
        keywords=("chip",),
        industry_codes=("3975", "3562"),
        supplies=("led/packaging",),
    )


def test_empty_fields_are_unknown(small: ChainMap) -> None:
    node = small.node("led/packaging")
    assert (node.keywords, node.position, node.name_en) == ((), None, None)


def test_suppliers_and_customers_follow_the_edges(small: ChainMap) -> None:
    assert ids(small.suppliers("led/packaging")) == ["led/chip", "led/frame"]
    assert ids(small.customers("led/packaging")) == ["steel/strip"]
    assert small.suppliers("led/chip") == ()


def test_the_frame_comes_back(small: ChainMap) -> None:
    again = ChainMap.from_frame(small.to_frame())
    assert again.chains == small.chains
    assert small.to_frame().schema == SCHEMA


def test_an_empty_table_is_an_empty_map() -> None:
    chain_map = ChainMap.from_frame(table())
    assert chain_map.chains == ()
    assert_frame_equal(chain_map.to_frame(), table())


@pytest.mark.parametrize("text", ["led", " led链 ", "LED链", "chain LED"])
def test_a_chain_is_found_by_id_and_names(small: ChainMap, text: str) -> None:
    assert small.find(text) == small.chain("led")


def test_a_chain_is_found_by_an_alias_of_its_id(small: ChainMap) -> None:
    assert small.find("半导体光电") == small.chain("led")
    assert small.find("生物医药") is None


@pytest.mark.parametrize("text", ["led/chip", " chip环节", "node chip"])
def test_a_node_is_found_by_id_and_names(small: ChainMap, text: str) -> None:
    assert small.find_node(text) == small.node("led/chip")


def test_a_part_of_a_name_finds_nothing(small: ChainMap) -> None:
    assert small.find("le") is None
    assert small.find_node("chip") is None


def test_an_unknown_id_is_not_found(small: ChainMap) -> None:
    with pytest.raises(NotFoundError, match="no chain gold"):
        small.chain("gold")
    with pytest.raises(NotFoundError, match="no node gold/mine"):
        small.suppliers("gold/mine")


def test_a_chain_without_a_name_is_known_by_its_id() -> None:
    chain = ChainMap.from_frame(table(row("a/x", chain=None))).chain("a")
    assert chain.name == "a"


def test_a_name_given_on_one_row_holds_for_the_chain() -> None:
    chain = ChainMap.from_frame(table(row("a/x", chain_en=None), row("a/y"))).chain("a")
    assert chain.name_en == "Chain a"


@pytest.mark.parametrize(
    ("rows", "field", "message"),
    [
        ([row("a/x", industry_codes=["3975", "9999"])], "industry_codes", "node a/x .* 9999"),
        ([row("a/x", "a/y")], "supplies", "node a/x supplies a/y, which is not a node"),
        ([row("a/x"), row("a/x")], "node_id", "node a/x is there twice"),
        (
            [row("a/x"), row("a/y", chain="b链")],
            "chain",
            "chain a has two names: a链 on node a/x, b链 on node a/y",
        ),
        ([row("a/x", "a/x")], "supplies", "a cycle: a/x → a/x"),
        (
            [row("a/w", "a/x"), row("a/x", "a/y"), row("a/y", "a/z"), row("a/z", "a/x")],
            "supplies",
            "chain a form a cycle: ",
        ),
    ],
)
def test_a_wrong_table_is_refused(rows: list[dict[str, object]], field: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        ChainMap.from_frame(table(*rows))
    assert caught.value.field == field


def test_a_cycle_is_named_in_the_direction_of_supply() -> None:
    rows = [row("a/x", "a/y"), row("a/y", "a/z"), row("a/z", "a/x")]
    with pytest.raises(InputError) as caught:
        ChainMap.from_frame(table(*rows))
    assert caught.value.got in (
        "a/x → a/y → a/z → a/x",
        "a/y → a/z → a/x → a/y",
        "a/z → a/x → a/y → a/z",
    )


def test_a_cycle_across_chains_is_allowed() -> None:
    chain_map = ChainMap.from_frame(table(row("a/x", "b/y"), row("b/y", "a/x")))
    assert ids(chain_map.customers("a/x")) == ids(chain_map.suppliers("a/x")) == ["b/y"]


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="no column position, supplies"):
        ChainMap.from_frame(table().drop("position", "supplies"))


def test_the_shipped_table_has_the_canonical_schema() -> None:
    frame = shipped_chain_map()
    assert frame.schema == SCHEMA
    assert_frame_equal(ChainMap.from_frame(frame).to_frame(), frame)


def test_a_list_that_is_not_stated_is_null_as_in_a_table_that_was_imported() -> None:
    sizes = shipped_chain_map().select(pl.col(pl.List(pl.String)).list.len())
    assert min(sizes.min().row(0)) > 0
    assert sizes["supplies"].null_count() > 0


def test_the_shipped_chains_are_the_industries_of_the_pilot(shipped: ChainMap) -> None:
    path = SHARED / "changzhi" / "needs.csv"
    if not path.exists():
        pytest.skip(f"{path} is not there: set LIANZHAO_SHARED to the folder of shared data")
    with path.open(encoding="utf-8-sig", newline="") as file:
        industries = {need["industry"] for need in csv.DictReader(file)}
    assert len(shipped.chains) == 12
    assert {chain.name for chain in shipped.chains} == industries


def test_every_shipped_chain_has_eight_nodes_with_six_keywords(shipped: ChainMap) -> None:
    assert all(len(chain.nodes) >= 8 for chain in shipped.chains)
    assert all(len(node.keywords) >= 6 for node in shipped.nodes)


def test_every_shipped_node_has_codes_of_the_standard_and_names(shipped: ChainMap) -> None:
    for node in shipped.nodes:
        assert node.industry_codes, node.node_id
        assert [normalise(code) for code in node.industry_codes] == list(node.industry_codes)
        assert node.name_en, node.node_id
        assert node.position in POSITIONS


def test_every_shipped_node_name_is_of_one_node(shipped: ChainMap) -> None:
    for node in shipped.nodes:
        assert shipped.find_node(node.name) == node
        assert node.name_en is not None
        assert shipped.find_node(node.name_en) == node


def test_shipped_nodes_supply_later_nodes_and_other_chains(shipped: ChainMap) -> None:
    order = {node.node_id: at for at, node in enumerate(shipped.nodes)}
    across = 0
    for node in shipped.nodes:
        for customer in shipped.customers(node.node_id):
            if customer.chain_id != node.chain_id:
                across += 1
            else:
                assert order[node.node_id] < order[customer.node_id]
    assert across >= 15


def test_no_shipped_node_stands_alone(shipped: ChainMap) -> None:
    alone = [n.node_id for n in shipped.nodes if not (n.supplies or shipped.suppliers(n.node_id))]
    assert alone == []


def test_every_alias_leads_to_a_shipped_chain(shipped: ChainMap) -> None:
    for alias, chain_id in ALIASES.items():
        assert shipped.find(alias) == shipped.chain(chain_id), alias
