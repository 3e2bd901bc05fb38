import polars as pl
import pytest

from features.need import NeedQuery
from features.presence import Presence
from features.residents import Residents
from tests.pool import frame, tables
from training.desk import pool


@pytest.fixture(scope="module")
def presence(bound):
    space, own = bound.ranker.space, {name: tables()[name] for name in ("events", "zones", "needs")}
    residents = Residents.of(tables()["enterprises"])
    return Presence(space, bound.pool, residents, **own)


def test_every_table_is_counted_and_what_was_not_imported_has_no_date(workspace):
    found = {row["table"]: row for row in pool.holdings(workspace).iter_rows(named=True)}
    assert found["enterprises"]["rows"] == tables()["enterprises"].height
    assert found["zones"]["gloss"] == "开发区"
    assert found["input_output"]["rows"] == 0
    assert found["input_output"]["imported_at"] is None


def test_an_empty_list_is_as_unknown_as_nothing():
    rows = [
        {"enterprise_id": "a", "name": "甲", "tags": []},
        {"enterprise_id": "b", "name": "乙", "tags": ["链主"], "city": "长治市"},
    ]
    found = pool.unknowns("enterprises", frame("enterprises", rows))
    known = {row["column"]: (row["known"], row["unknown"]) for row in found.iter_rows(named=True)}
    assert known["name"] == (2, 0)
    assert known["tags"] == (1, 1)
    assert known["employees"] == (0, 2)
    assert found["column"][0] == "enterprise_id"


def test_enterprises_are_counted_by_place_the_unknown_last():
    rows = [{"enterprise_id": str(n), "name": "甲", "city": c} for n, c in enumerate("乙乙甲")]
    rows += [{"enterprise_id": f"x{n}", "name": "甲"} for n in range(3)]
    found = pool.places(frame("enterprises", rows), "city")
    assert dict(found.iter_rows()) == {"乙": 2, "甲": 1, None: 3}
    assert pool.places(frame("enterprises", rows[:4]), "city")["place"].to_list() == [
        "乙",
        "甲",
        None,
    ]


def test_nodes_are_counted_by_who_would_be_named_there(bound):
    cover = pool.node_cover(bound.pool, bound.ranker.space.chain_map)
    assert cover.height == len(bound.ranker.space.chain_map.nodes)
    packaging = cover.row(by_predicate=pl.col("node_id") == "led/packaging", named=True)
    assert packaging["enterprises"] >= 5
    assert cover.filter(pl.col("chain_id") == "led")["at"].to_list() == list(
        range(1, cover.filter(pl.col("chain_id") == "led").height + 1)
    )


def test_a_zone_of_whose_chain_nothing_is_known_is_unknown_not_empty(bound, presence):
    chain_map = bound.ranker.space.chain_map
    needs = [
        NeedQuery("光电LED", zone_id="z0", need_id="z0/光电LED"),
        NeedQuery("光电LED", zone_id="z1", need_id="z1/光电LED"),
        NeedQuery("光电LED", need_id="nowhere"),
    ]
    found = pool.gaps(needs, tables()["zones"], presence, chain_map)
    assert set(found["need_id"]) == {"z0/光电LED", "z1/光电LED"}
    here = found.filter(pl.col("zone_id") == "z0")
    assert dict(here.select("node_id", "state").iter_rows())["led/packaging"] == "weak"
    assert here["state"].null_count() == 0
    there = found.filter(pl.col("zone_id") == "z1")
    assert there["state"].null_count() == there.height
    assert there["present"].null_count() == there.height
    assert there["zone"][0] == "襄垣开发区"


def test_the_chain_of_which_most_is_known_comes_first():
    rows = {"chain": ["甲", "甲", "乙", "乙"], "zone_id": ["a", "a", "a", "b"]}
    unknown = pl.DataFrame({**rows, "state": [None] * 4}, schema_overrides={"state": pl.String})
    assert pool.foremost_chain(unknown) == "乙"
    known = unknown.with_columns(state=pl.Series(["weak", None, None, None]))
    assert pool.foremost_chain(known) == "甲"
    assert pool.foremost_chain(known.clear()) == ""
