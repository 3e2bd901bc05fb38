"""An illustrative city: synthetic enterprises, zones and needs, labelled so."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from features.industry.chains import shipped_chain_map
from features.tables.schema import SCHEMAS
from training.data import TrainingData

if TYPE_CHECKING:
    from collections.abc import Sequence

SYNTHETIC = "synthetic"
_CITIES = (
    *("山西省/长治市", "山西省/太原市", "河南省/郑州市", "江苏省/苏州市", "广东省/深圳市"),
    *("四川省/成都市", "陕西省/西安市", "山东省/青岛市", "湖北省/武汉市", "浙江省/杭州市"),
)
_ZONES = ("山西省/长治市", "江苏省/苏州市", "四川省/成都市")
_CHAINS = 8


def synthetic_city(seed: int = 0, size: int = 320) -> TrainingData:
    """Return an illustrative pool, three zones and 24 needs, all synthetic.

    Every enterprise has products of one node of the shipped chain map; every zone has some.
    """
    generator = np.random.default_rng(seed)
    nodes = shipped_chain_map()
    chains = nodes["chain_id"].unique(maintain_order=True).head(_CHAINS).to_list()
    nodes = nodes.filter(pl.col("chain_id").is_in(chains))
    enterprises, needs = [], []
    for number in range(size):
        node = nodes.row(int(generator.integers(nodes.height)), named=True)
        province, city = _CITIES[int(generator.integers(len(_CITIES)))].split("/")
        made = generator.permutation(node["keywords"])[:2].tolist()
        enterprises.append(
            {
                "enterprise_id": f"SYNTHETIC-{number:04}",
                "name": f"模拟企业{number:04}",
                "province": province,
                "city": city,
                "products": [{"name": name, "share": None} for name in made],
                "employees": int(10 ** generator.uniform(1.3, 3.7)),
                "tags": [SYNTHETIC],
            }
        )
    places = [place.split("/") for place in _ZONES]
    zones = [
        {"zone_id": f"synthetic-{at}", "name": f"模拟开发区{at}", "province": p, "city": c}
        for at, (p, c) in enumerate(places)
    ]
    names = dict(nodes.select("chain_id", "chain").rows())
    needs = [
        {
            "need_id": f"{zone['zone_id']}/{names[chain]}",
            "zone_id": zone["zone_id"],
            "industry": names[chain],
            "basis": SYNTHETIC,
        }
        for zone in zones
        for chain in chains
    ]
    return TrainingData(
        enterprises=frame("enterprises", enterprises),
        zones=frame("zones", zones),
        needs=frame("needs", needs),
        judgements=frame("judgements", []),
        events=frame("events", []),
        chains=shipped_chain_map(),
    )


def frame(table: str, rows: Sequence[dict[str, Any]]) -> pl.DataFrame:
    """Return rows in the schema of the workspace; missing values are null."""
    schema = SCHEMAS[table].create_empty().schema
    return pl.DataFrame([{name: row.get(name) for name in schema} for row in rows], schema=schema)
