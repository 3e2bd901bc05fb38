import polars as pl
import pytest

from training.desk import maps, pool_plots
from training.desk.theme import Note

pytest.importorskip("altair")


def title(chart):
    return chart.to_dict()["title"]


def test_unknown_columns_are_counted_in_the_title():
    found = pl.DataFrame({"gloss": ["名称", "城市"], "known": [3, 0], "unknown": [0, 3]})
    assert title(pool_plots.unknown_bars(found, "企业"))["text"] == (
        "3家企业的资料有2项，其中1项全部未知"
    )


def test_unknown_places_are_counted():
    found = pl.DataFrame({"place": ["广东省", None], "enterprises": [2, 1]})
    said = title(pool_plots.place_bars(found, "省份"))
    assert said["text"] == "广东省的企业最多，有2家"
    assert said["subtitle"] == "按所在省份；共3家企业，其中1家所在省份未知"
    assert isinstance(pool_plots.place_bars(found.tail(1), "省份"), Note)


def test_nodes_without_an_enterprise_are_counted():
    cover = pl.DataFrame({"chain_id": ["led"] * 2, "chain": ["光电LED"] * 2, "enterprises": [0, 3]})
    assert title(pool_plots.cover_bars(cover))["text"] == (
        "招商图谱的2个环节中，1个在企业库里找不到企业"
    )


def test_gaps_are_listed_and_unknown_is_not_missing():
    gaps = pl.DataFrame(
        {
            "zone": ["东区", "西区"],
            "chain": ["光电LED"] * 2,
            "node": ["封装"] * 2,
            "at": [1, 1],
            "state": ["missing", None],
            "present": [0.0, None],
        }
    )
    assert title(pool_plots.gap_bars(gaps))["text"] == "2个开发区所需的2个环节，1个看得出强弱"
    chart = pool_plots.gap_grid(gaps, "光电LED").to_dict()
    assert chart["title"]["subtitle"].startswith("只按已导入的企业与进展判断；1个开发区")
    rows = next(iter(chart["datasets"].values()))
    assert [row["shown"] for row in rows] == ["尚未见（补链）", "该链在本区情况未知"]
    assert pool_plots.gap_grid(gaps, "食品") == "没有开发区以「食品」为需求，无图可画。"
    assert pool_plots.gap_grid(gaps, "") == "没有可细看的产业链。"
    assert isinstance(pool_plots.gap_bars(gaps.clear()), Note)


def test_the_map_has_every_province_and_the_islands_of_the_south():
    provinces, lines = maps.outlines()
    assert len(provinces) == 34
    assert {"台湾省", "海南省", "香港特别行政区"} <= {p["properties"]["name"] for p in provinces}
    hainan = next(p for p in provinces if p["properties"]["name"] == "海南省")
    south = min(y for part in hainan["geometry"]["coordinates"] for _, y in part[0])
    assert south < 4
    assert len(hainan["geometry"]["coordinates"]) > 300
    assert len(lines) == 8


def test_the_map_counts_enterprises_of_unknown_provinces():
    places = pl.DataFrame({"place": ["山西", None], "enterprises": [2, 1]})
    zones = pl.DataFrame({"zone": ["东区"], "lon": [113.0], "lat": [36.2]})
    said = title(maps.province_map(places, zones))
    assert said["text"] == "3家企业来自1个省级地区"
    assert said["subtitle"][0].startswith("1家省份未知")


def test_a_zone_without_coordinates_lies_in_the_middle_of_its_place(bound):
    zones = pl.DataFrame(
        {
            "name": ["甲", "乙", "丙"],
            "province": ["山西省", None, None],
            "city": ["长治市", None, None],
            "county": [None, None, None],
            "lon": [None, 100.0, None],
            "lat": [None, 30.0, None],
        },
        schema_overrides={"county": pl.String},
    )
    found = maps.located(zones, bound.ranker.space.gazetteer_)
    assert found["zone"].to_list() == ["甲", "乙"]
    assert found.row(0)[1] == pytest.approx(113, abs=0.5)
    assert found.row(1) == ("乙", 100.0, 30.0)
