"""The demo data are complete, consistent, and agree with public data about the companies."""

import csv
import os
import re
from collections import Counter
from pathlib import Path

import pytest

from features.vocabulary import ENDINGS, REGIONS, ROLES, STAGES

ROOT = Path(__file__).parents[2]
DEMO = ROOT / "service" / "demo"
CHAINS = ROOT / "features" / "reference" / "chains.csv"
SHARED = Path(os.environ.get("LIANZHAO_SHARED", ROOT / ".." / "shared" / "data"))

CHAIN_NAMES = {
    "coal-chemical": "现代煤化工",
    "equipment": "装备制造",
    "materials": "新材料",
    "recycling": "资源综合利用",
    "led": "光电LED",
    "pharma": "现代医药",
    "xinchuang": "信创",
    "food": "食品",
    "low-altitude": "低空经济",
    "new-energy": "新能源",
    "nev": "新能源汽车",
    "electronics": "电子信息",
}
LISTED = re.compile(r"\d{6}")

Row = dict[str, str]


def rows(path: Path) -> list[Row]:
    """Rows of a CSV file, every one as wide as its header."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        found = list(reader)
    for number, row in enumerate(found, 2):
        assert None not in row, f"{path.name}, line {number}: more fields than headers"
        assert None not in row.values(), f"{path.name}, line {number}: fewer fields than headers"
    return found


def shared(relative: str) -> list[Row]:
    path = SHARED / relative
    if not path.is_file():
        pytest.skip(f"{path} is missing: set LIANZHAO_SHARED to the folder with the shared data")
    return rows(path)


def parts(cell: str) -> list[str]:
    return cell.split(";") if cell else []


@pytest.fixture(scope="module")
def zones() -> list[Row]:
    return rows(DEMO / "zones.csv")


@pytest.fixture(scope="module")
def needs() -> list[Row]:
    return rows(DEMO / "needs.csv")


@pytest.fixture(scope="module")
def events() -> list[Row]:
    return rows(DEMO / "events.csv")


@pytest.fixture(scope="module")
def enterprises() -> list[Row]:
    return rows(DEMO / "enterprises.csv")


@pytest.fixture(scope="module")
def node_ids() -> set[str]:
    return {row["node_id"] for row in rows(CHAINS)}


def test_ids_are_unique(
    zones: list[Row], needs: list[Row], events: list[Row], enterprises: list[Row]
) -> None:
    keys = {
        "zones": [row["zone_id"] for row in zones],
        "zone names": [row["name"] for row in zones],
        "needs": [f"{row['zone_id']}/{row['industry']}" for row in needs],
        "events": [row["event_id"] for row in events],
        "enterprises": [row["enterprise_id"] for row in enterprises],
        "enterprise names": [row["name"] for row in enterprises],
    }
    assert {name: [k for k, n in Counter(ids).items() if n > 1] for name, ids in keys.items()} == {
        name: [] for name in keys
    }


def test_thirteen_zones_of_the_pilot(zones: list[Row]) -> None:
    assert len(zones) == 13
    assert {(row["city"], row["province"]) for row in zones} == {("长治市", "山西省")}
    assert [row["zone_id"] for row in zones if row["level"] == "national"] == ["cz-gaoxin"]


def test_zones_agree_with_the_pilot(zones: list[Row]) -> None:
    columns = ("zone_id", "name", "county", "level")
    stated = {tuple(row[c] for c in columns) for row in shared("changzhi/zones.csv")}
    assert {tuple(row[c] for c in columns) for row in zones} == stated


def test_assumed_zone_names_are_listed_in_the_readme() -> None:
    readme = (DEMO / "README.md").read_text(encoding="utf-8")
    assumed = [row["name"] for row in shared("changzhi/zones.csv") if "assumed" in row["note"]]
    assert assumed
    assert [name for name in assumed if name not in readme] == []


def test_each_zone_has_two_leading_and_one_to_three_auxiliary_needs(
    zones: list[Row], needs: list[Row]
) -> None:
    assert len(needs) == 50
    assert {row["role"] for row in needs} <= set(ROLES)
    counts = Counter((row["zone_id"], row["role"]) for row in needs)
    assert {row["zone_id"] for row in needs} == {row["zone_id"] for row in zones}
    for zone in zones:
        assert counts[zone["zone_id"], "leading"] == 2, zone["name"]
        assert 1 <= counts[zone["zone_id"], "auxiliary"] <= 3, zone["name"]


def test_needs_are_of_the_twelve_industries_and_say_their_basis(needs: list[Row]) -> None:
    assert {row["industry"] for row in needs} == set(CHAIN_NAMES.values())
    assert [row for row in needs if row["chain"] != row["industry"]] == []
    assert {row["basis"].split()[0] for row in needs} == {"article", "news", "plan", "illustrative"}


def test_needs_agree_with_the_pilot(needs: list[Row]) -> None:
    columns = ("zone_id", "industry", "role", "basis")
    stated = {tuple(row[c] for c in columns) for row in shared("changzhi/needs.csv")}
    assert {tuple(row[c] for c in columns) for row in needs} == stated


def test_nodes_exist_in_the_chain_map(
    needs: list[Row], enterprises: list[Row], node_ids: set[str]
) -> None:
    named = {node for row in [*needs, *enterprises] for node in parts(row["nodes"])}
    assert named - node_ids == set()


def test_nodes_of_a_need_belong_to_its_chain(needs: list[Row]) -> None:
    for row in needs:
        chains = {CHAIN_NAMES[node.split("/")[0]] for node in parts(row["nodes"])}
        assert chains <= {row["chain"]}, row


def test_enterprises_cover_the_twelve_chains(enterprises: list[Row]) -> None:
    counts = Counter(
        chain
        for row in enterprises
        for chain in {node.split("/")[0] for node in parts(row["nodes"])}
    )
    assert set(counts) == set(CHAIN_NAMES)
    assert [chain for chain, count in counts.items() if count < 10] == []


def test_enterprises_cover_the_target_regions(enterprises: list[Row]) -> None:
    counts = {
        name: sum(
            row["province"] in region.provinces or row["city"] in region.cities
            for row in enterprises
        )
        for name, region in REGIONS.items()
    }
    assert {"京津冀", "长三角", "粤港澳大湾区", "成渝"} <= set(counts)
    assert [name for name, count in counts.items() if count < 10] == []


def test_listed_enterprises_state_distinct_products(enterprises: list[Row]) -> None:
    listed = [row for row in enterprises if LISTED.fullmatch(row["enterprise_id"])]
    assert len(listed) >= 200
    for row in listed:
        products = parts(row["products"])
        assert 3 <= len(products) <= 8, row
        assert len(set(products)) == len(products), row
        assert all(product == product.strip() != "" for product in products), row


def test_listed_enterprises_agree_with_public_records(enterprises: list[Row]) -> None:
    columns = {
        "name": "企业名称",
        "short_name": "简称",
        "province": "所属省份",
        "city": "所属城市",
    }
    known = {row["企业编号"]: row for row in shared("listed/enterprises.csv")}
    listed = [row for row in enterprises if LISTED.fullmatch(row["enterprise_id"])]
    assert [row["enterprise_id"] for row in listed if row["enterprise_id"] not in known] == []
    differing = [
        (row["enterprise_id"], column, row[column], known[row["enterprise_id"]][header])
        for row in listed
        for column, header in columns.items()
        if row[column] and known[row["enterprise_id"]][header] not in ("", row[column])
    ]
    assert differing == []
    assert [row for row in listed if not (row["name"] and row["short_name"])] == []


def test_unlisted_enterprises_are_those_of_the_events(
    enterprises: list[Row], events: list[Row]
) -> None:
    unlisted = {row["enterprise_id"] for row in enterprises} - {
        row["enterprise_id"] for row in enterprises if LISTED.fullmatch(row["enterprise_id"])
    }
    assert all(id_.startswith("article-") for id_ in unlisted)
    # Of these three the report does not state the zone, so that there is no event.
    placeless = {"article-gaoke-huaye", "article-anbotaike", "article-xinfushan"}
    assert unlisted - {row["enterprise_id"] for row in events} == placeless


def test_events_refer_to_known_zones_needs_and_enterprises(
    zones: list[Row], needs: list[Row], events: list[Row], enterprises: list[Row]
) -> None:
    assert events
    need_ids = {f"{row['zone_id']}/{row['industry']}" for row in needs}
    assert {row["enterprise_id"] for row in events} <= {row["enterprise_id"] for row in enterprises}
    assert {row["zone_id"] for row in events} <= {row["zone_id"] for row in zones}
    assert {row["need_id"] for row in events if row["need_id"]} <= need_ids
    for row in events:
        assert row["need_id"].split("/")[0] in ("", row["zone_id"]), row


def test_events_say_that_their_day_is_not_known(events: list[Row]) -> None:
    assert {row["stage"] for row in events} <= {*STAGES, *ENDINGS}
    assert {row["date"] for row in events} == {"2025"}
    assert {row["source"] for row in events} == {"newspaper report, autumn 2025"}
    note = "year of the report; the day is not stated"
    assert [row for row in events if not row["note"].endswith(note)] == []
