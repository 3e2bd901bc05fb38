"""What a zone's events and seat, and signals, do to a list."""

from datetime import date, timedelta

import polars as pl
import pytest

from features import calendar
from features.need import NeedQuery
from service.serving.lifecycle.holder import EngineHolder
from service.serving.lifecycle.loader import EngineLoader
from service.serving.lifecycle.loading import load_engine
from tests.pool import (
    EACH,
    UNKNOWN,
    HashedEncoder,
)
from tests.service.serving.pages import (
    ids,
    lead_of,
    page,
    scores,
    told,
    with_event,
    with_signal,
)


def test_two_zones_get_one_list_where_nothing_is_known_and_two_where_something_is(workspace):
    far, other = (NeedQuery("光电LED", zone_id=zone) for zone in ("far", "other"))
    before = load_engine(workspace, HashedEncoder())
    assert page(before, far)["leads"] == page(before, other)["leads"]
    with_event(workspace)
    engine = load_engine(workspace, HashedEncoder())
    assert page(engine, other)["leads"] == page(before, other)["leads"]
    assert ids(page(engine, far)) != ids(page(engine, other))
    leads = page(engine, far)
    supplier = told(lead_of(leads, "E011"), "supply_link")
    assert "采购本区已有的「深圳甲方LED封装股份有限公司」（封装）" in supplier["text"]
    assert supplier["evidence"][1:] == ["深圳甲方LED封装股份有限公司", "封装 → 显示屏与背光"]
    gap = told(lead_of(leads, "E001"), "gap")
    assert "强链：本区「封装」环节尚弱（本区已有的「深圳甲方LED封装股份有限公司」）" in gap["text"]
    english = page(engine, far, language="en")
    assert "“LED packaging” is weak in the zone" in told(lead_of(english, "E001"), "gap")["text"]
    unknown = lead_of(leads, UNKNOWN)
    assert told(unknown, "supply_link") is told(unknown, "gap") is None


def test_a_lead_that_declined_is_marked_and_counts_as_absent(workspace):
    with_event(workspace, "declined")
    found = page(load_engine(workspace, HashedEncoder()), NeedQuery("光电LED", zone_id="far"))
    assert lead_of(found, "E000")["stage"]["stage"] == "declined"
    assert all(told(lead, "gap") is None for lead in found["leads"])


def test_a_seat_in_the_zone_s_city_is_marked(engine):
    leads = page(engine)["leads"]
    seated = {lead["enterprise"]["enterprise_id"] for lead in leads if lead["seat"] == "city"}
    assert seated == {f"E{number}{at}" for number in ("03", "11") for at in range(EACH)}
    assert all(lead["seat"] is None for lead in page(engine, NeedQuery("LED封装"))["leads"])


def test_what_is_unknown_of_a_zone_lowers_confidence_and_no_score(engine):
    somewhere, nowhere, free = (
        page(engine, NeedQuery("LED封装", zone_id=zone)) for zone in ("z0", "nowhere", None)
    )
    assert scores(nowhere) == scores(free)
    known, unknown, unasked = (
        lead_of(each, "E000")["confidence"] for each in (somewhere, nowhere, free)
    )
    assert known == unasked == pytest.approx(unknown / 0.8, abs=0.01)
    assert known > unknown


def test_an_input_output_table_takes_the_place_of_the_chain_map_s_edges(workspace):
    rows = [("1", "煤制甲醇", "2", "乳制品", 0.3), ("3", "食醋", "1", "煤制甲醇", 0.3)]
    rows += [("2", "乳制品", "3", "食醋", 0.3)]
    schema = workspace.read("input_output").schema
    with_event(workspace, enterprise_id="E100")
    holder = EngineHolder(EngineLoader(workspace, HashedEncoder()))
    asked = NeedQuery("甲醇", zone_id="far")
    assert told(lead_of(page(holder.current(), asked), "E030"), "supply_link")["contribution"] < 0
    workspace.commit({"input_output": pl.DataFrame(rows, schema=schema, orient="row")})
    link = told(lead_of(page(holder.current(), asked), "E030"), "supply_link")
    assert link["contribution"] > 0
    assert link["evidence"][2] == "煤制甲醇 → 乳制品"
    workspace.remove("table", "input_output")
    assert told(lead_of(page(holder.current(), asked), "E030"), "supply_link")["contribution"] < 0


def test_a_signal_says_why_now_and_moves_its_enterprise_up(workspace, engine):
    before = page(engine)
    with_signal(workspace, calendar.today(), text="新建产线", source="公司公告")
    after = page(load_engine(workspace, HashedEncoder()))
    assert ids(after).index("E004") <= ids(before).index("E004")
    (lead, former) = (lead_of(found, "E004") for found in (after, before))
    reason = told(lead, "signals")
    assert reason["contribution"] > 0
    assert reason["text"] == f"近期动向：{calendar.today()} 扩产「新建产线」（公司公告）"
    assert reason["evidence"] == ["新建产线", "公司公告"]
    assert lead["signals"][0]["name"] == "扩产"
    assert former["signals"] == []
    others = [one for one in after["leads"] if one["enterprise"]["enterprise_id"] != "E004"]
    assert all("signals" not in [r["factor"] for r in one["reasons"]] for one in others)
    assert sum(r["contribution"] for r in lead["reasons"]) == pytest.approx(lead["raw_score"])


def test_a_signal_fades_from_day_to_day(workspace, monkeypatch):
    day = date(2026, 1, 1)
    with_signal(workspace, day)
    parts, versions = [], []
    for later in (0, 240, 480, 4_800):
        monkeypatch.setattr("features.calendar.today", lambda later=later: day + timedelta(later))
        engine = load_engine(workspace, HashedEncoder())
        found = [r for r in lead_of(page(engine), "E004")["reasons"] if r["factor"] == "signals"]
        parts.append(found[0]["contribution"] if found else 0.0)
        versions.append(engine.pool_version)
    assert parts[:3] == pytest.approx([parts[0], parts[0] / 2, parts[0] / 4])
    assert parts[3] == 0
    assert len(set(versions)) == 4
