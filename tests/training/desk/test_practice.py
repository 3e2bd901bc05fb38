import polars as pl
import pytest

from features.errors import InputError
from features.industry.chains import ChainMap, shipped_chain_map
from tests.pool import frame
from training.desk.practice import practice_tables

CHAINS = ChainMap.from_frame(shipped_chain_map())


def stated(**of: int) -> pl.DataFrame:
    """Return a number of enterprises for each node of the LED chain."""
    return frame(
        "enterprises",
        [
            {"enterprise_id": f"{node}{at}", "name": "甲", "nodes": [f"led/{node}"]}
            for node, count in of.items()
            for at in range(count)
        ],
    )


def test_a_node_with_enterprises_enough_becomes_a_need():
    found = practice_tables(stated(packaging=5, display=4), CHAINS, 9)
    need = found["needs"].row(0, named=True)
    assert found["needs"].height == 1
    assert (need["need_id"], need["industry"], need["chain"], need["basis"]) == (
        "practice/led/packaging",
        CHAINS.node("led/packaging").name,
        "光电LED",
        "illustrative",
    )
    assert found["judgements"]["enterprise_id"].to_list() == [f"packaging{at}" for at in range(5)]
    assert set(found["judgements"]["grade"]) == {1}


def test_no_ranker_sees_its_answer():
    enterprises = practice_tables(stated(packaging=5), CHAINS, 9)["enterprises"]
    assert enterprises.height == 5
    assert enterprises["nodes"].null_count() == 5


def test_the_needs_with_the_most_enterprises_are_kept():
    found = practice_tables(stated(packaging=5, display=7), CHAINS, 1)
    assert found["needs"]["need_id"].to_list() == ["practice/led/display"]
    assert found["judgements"].height == 7


def test_too_few_stated_nodes_are_reported():
    with pytest.raises(InputError, match="no node has 5 enterprises"):
        practice_tables(stated(packaging=4), CHAINS, 9)
