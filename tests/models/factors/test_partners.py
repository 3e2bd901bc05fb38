from datetime import date

import numpy as np
import polars as pl
import pytest

from features.industry.chains import ChainMap
from features.space.space import FeatureSpace
from models.factors.partners import OF_A_NODE, OF_A_SECTOR, LinkPath, TradePath, partners
from tests.pool import frame, products, tables

MADE = {
    "frames": ("LED支架", "EMC支架"),
    "leader": ("LED封装",),
    "screens": ("LED显示屏",),
    "vinegar": ("老陈醋",),
    "unknown": (),
}


@pytest.fixture
def space(fitted):
    return fitted.ranker.space


@pytest.fixture
def pool(space):
    rows = [
        {"enterprise_id": id_, "name": f"{id_}有限公司", "products": products(*made) or None}
        for id_, made in MADE.items()
    ]
    return space.pool(frame("enterprises", rows))


def found(pool, space, *, supplies, of="leader"):
    row = pool.ids.tolist().index(of)
    return partners(pool, space, row, MADE[of], supplies=supplies)


def strengths(found):
    return dict(zip(found.pool.ids.tolist(), found.strengths.tolist(), strict=True))


def test_suppliers_and_customers_are_distinguished(pool, space):
    suppliers = strengths(found(pool, space, supplies=True))
    customers = strengths(found(pool, space, supplies=False))
    assert suppliers["frames"] > 0.9 > suppliers["screens"]
    assert customers["screens"] > 0.9
    assert customers["frames"] == 0
    for side in (suppliers, customers):
        assert side["vinegar"] == side["unknown"] == side["leader"] == 0


def test_a_path_says_what_it_rests_on(pool, space):
    side = found(pool, space, supplies=True)
    link, trade = sorted(
        side.paths(pool.ids.tolist().index("frames")), key=lambda path: type(path).__name__
    )
    assert isinstance(link, LinkPath)
    assert (link.theirs.node_id, link.ours.node_id) == ("led/leadframe", "led/packaging")
    assert link.product in MADE["frames"]
    assert link.own_product == "LED封装"
    assert isinstance(trade, TradePath)
    assert (trade.trade.other, trade.trade.concept) == ("LED支架", "LED封装")
    together = 1 - (1 - link.strength) * (1 - trade.strength)
    assert side.strengths[pool.ids.tolist().index("frames")] == pytest.approx(together, abs=1e-6)


def test_of_whom_nothing_is_known_there_are_no_partners(pool, space):
    for supplies in (True, False):
        side = found(pool, space, supplies=supplies, of="unknown")
        assert not side.strengths.any()
        assert side.paths(0) == []


def test_an_input_output_table_is_asked_beside_the_chain_map(store):
    rows = [("1", "老陈醋", "2", "LED封装", 0.3), ("2", "LED封装", "3", "石油", 0.3)]
    rows += [("3", "石油", "1", "老陈醋", 0.3)]
    schema = frame("input_output", []).schema
    table = pl.DataFrame(rows, schema=schema, orient="row")
    chain_map = ChainMap.from_frame(tables()["chains"])
    space = FeatureSpace(store, chain_map, input_output=table)
    space.fit(tables()["enterprises"], today=date(2026, 1, 1))
    enterprises = [
        {"enterprise_id": id_, "name": f"{id_}有限公司", "products": products(*made) or None}
        for id_, made in MADE.items()
    ]
    pool = space.pool(frame("enterprises", enterprises))
    side = found(pool, space, supplies=True)
    (path,) = side.paths(pool.ids.tolist().index("vinegar"))
    assert path.by_sectors
    assert 0 < path.strength <= OF_A_SECTOR < OF_A_NODE
    assert strengths(side)["frames"] > strengths(side)["vinegar"]


def test_rows_are_those_of_the_pool(pool, space):
    side = found(pool, space, supplies=True)
    assert side.strengths.shape == (len(pool),)
    assert np.all((side.strengths >= 0) & (side.strengths < 1))
