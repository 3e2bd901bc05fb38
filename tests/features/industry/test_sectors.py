import csv
from importlib.resources import files

import numpy as np
import polars as pl
import pytest

from features.industry.chains import Chain, ChainMap, Node
from features.industry.industry_codes import normalise
from features.industry.nodes import fit_nodes
from features.industry.sectors import fit_sectors
from features.texts.text import product_texts
from tests.pool import frame, products

REFERENCE = list(
    csv.DictReader(
        (files("features") / "reference" / "sectors.csv").read_text(encoding="utf-8").splitlines()
    )
)


def node(node_id, *keywords, codes=()):
    return Node(node_id, node_id, None, "c", None, keywords, codes, ())


NODES = ChainMap([Chain("c", "链", None, (node("封装", codes=("3975", "3976", "3871")),))])
SECTORS = ChainMap(
    [
        Chain(
            "io",
            "部门",
            None,
            (
                node("电子", "LED灯珠", codes=("397",)),
                node("照明", "灯具", codes=("387",)),
                node("乳品", "奶粉", codes=("144",)),
            ),
        )
    ]
)


def fit(rows, codes=None):
    table = frame("enterprises", [{"name": "a", **row} for row in rows])
    said = product_texts(table)
    # Meaning: every product looks along its own axis, every node and sector along the axis of none.
    vectors = np.eye(max(len(said.texts), 4), dtype=np.float32)
    nowhere = np.zeros((3, len(vectors)), dtype=np.float32)
    own = vectors[: len(said.texts)]
    stands = fit_nodes(said, own, table["nodes"].to_list(), NODES, nowhere[:1])
    codes = codes or [()] * len(rows)
    return fit_sectors(said, own, codes, stands, NODES, SECTORS, nowhere), said.texts


def test_every_code_of_the_reference_is_known_and_stands_in_one_sector():
    codes = [code for row in REFERENCE for code in row["industry_codes"].split(";")]
    assert all(normalise(code) == code for code in codes)
    assert len(set(codes)) == len(codes)
    assert len({row["sector"] for row in REFERENCE}) == len(REFERENCE) == 153
    assert all(row["keywords"] for row in REFERENCE)


def test_the_reference_names_the_sectors_of_the_table(shared_data):
    table = pl.read_csv(shared_data / "reference" / "input_output_2020.csv")
    assert set(table["input"]) | set(table["output"]) == {row["sector"] for row in REFERENCE}


def test_a_product_speaks_for_its_best_sector_only():
    found, texts = fit([{"enterprise_id": "a", "products": products("LED灯珠灯具")}])
    assert found.node_ids == ("电子", "照明", "乳品")
    np.testing.assert_allclose(found.fit, [[0.6 * (5 / 7) ** 0.25, 0, 0]], rtol=1e-6)
    assert [texts[at] for at in found.product[0, [0]]] == ["LED灯珠灯具"]


def test_a_node_speaks_for_the_sectors_of_its_codes_in_proportion():
    found, _ = fit([{"enterprise_id": "a", "nodes": ["封装"]}])
    np.testing.assert_allclose(found.fit[0, :2], [2 / 3, 1 / 3], rtol=1e-6)
    assert (found.product == -1).all()


@pytest.mark.parametrize("known", [{}, {"products": products("奶粉")}])
def test_the_enterprise_s_own_code_speaks_wholly(known):
    found, _ = fit([{"enterprise_id": "a", **known}], [("C", "39", "397", "3975")])
    assert found.fit[0, 0] == 1
    assert found.fit[0, 2] == pytest.approx(0.6 if known else 0)


def test_nothing_known_is_unknown():
    found, _ = fit([{"enterprise_id": "a"}], [("C", "14")])
    assert np.isnan(found.fit).all()
