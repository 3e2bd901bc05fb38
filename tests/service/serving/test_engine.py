import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import orjson
import polars as pl
import pytest

from features import calendar, joining
from features.errors import DamagedError, InputError, NotFoundError, UnavailableError
from features.need import NeedQuery
from features.tables.importing import import_table
from features.workspace import Workspace
from models.fit import score_of
from models.registry import ModelRegistry
from models.retrieval import Exhaustive
from models.two_stage import TwoStage
from service.serving.batch import BATCH_SCHEMA
from service.serving.engine import Engine
from service.serving.filters import Filters
from service.serving.holder import EngineHolder
from service.serving.loading import NoModelError, load_engine
from service.threads import AbandonedError
from tests.pool import (
    EACH,
    FLAGGED,
    NEED_IDS,
    STRUCK,
    SUBJECTS,
    TWINS,
    UNKNOWN,
    HashedEncoder,
    frame,
    products,
    tables,
)

NEED, EVERYBODY = NEED_IDS[0], 10_000
TOTAL = tables()["enterprises"].height - 2  # one is struck off, one stands for its twin too
INCLUDED = ("signed", "local")
ALL = Filters(include=INCLUDED)
"""Nobody is left out."""


def page(engine, need=NEED, filters=None, limit=EVERYBODY, offset=0, language="zh"):
    query = engine.need(need) if isinstance(need, str) else need
    return engine.recommend(query, filters or ALL, limit, offset, language)


def ids(found):
    return [lead["enterprise"]["enterprise_id"] for lead in found["leads"]]


def scores(found):
    return {lead["enterprise"]["enterprise_id"]: lead["raw_score"] for lead in found["leads"]}


def test_a_page_has_the_contract_s_fields(engine):
    found = page(engine, limit=5)
    assert set(found) == {
        *("need", "model_version", "pool_version", "pool_date", "total", "limit", "offset"),
        *("leads", "unknown", "unknown_values", "understood", "left_out", "fit_note"),
    }
    assert set(found["need"]) == {
        *("need_id", "zone", "industry", "role", "basis"),
        *("chain", "sector", "nodes", "keywords", "industry_codes", "region"),
    }
    assert found["need"]["zone"] == {"zone_id": "z0", "name": "长治高新区"}
    assert (found["total"], found["limit"], found["offset"]) == (TOTAL, 5, 0)
    for lead in found["leads"]:
        assert set(lead) == {
            *("rank", "enterprise", "score", "raw_score", "confidence", "probability"),
            *("probability_note", "node", "stage", "seat", "signals", "gates", "reasons", "fit"),
        }
        assert set(lead["enterprise"]) == {
            *("enterprise_id", "name", "short_name", "province", "city", "tags", "flags"),
        }
        assert lead["node"] is None or set(lead["node"]) == {"node_id", "name"}
        for reason in lead["reasons"]:
            assert set(reason) == {"factor", "contribution", "text", "evidence"}
        assert lead["probability"] is None
        assert 0 <= lead["confidence"] <= 1


@pytest.mark.parametrize("need", [*NEED_IDS, NeedQuery("LED灯珠封装"), NeedQuery("食品")], ids=str)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_reasons_sum_up_to_the_raw_score_for_every_lead(engine, need, language):
    found = page(engine, need, language=language)
    assert len(found["leads"]) == TOTAL
    for lead in found["leads"]:
        parts = [reason["contribution"] for reason in lead["reasons"]]
        assert sum(parts) == pytest.approx(lead["raw_score"], abs=1e-6)
        assert parts == sorted(parts, reverse=True)
        assert 0 not in parts
        assert "constant" in [reason["factor"] for reason in lead["reasons"]]
        assert all(reason["text"] for reason in lead["reasons"])
        assert lead["score"] == float(score_of(np.array(lead["raw_score"])))
        assert 0 < lead["score"] < 1


@pytest.mark.parametrize("need", NEED_IDS)
def test_ranks_have_no_ties_and_equal_scores_are_ordered_by_id(engine, need):
    leads = page(engine, need)["leads"]
    assert [lead["rank"] for lead in leads] == list(range(1, TOTAL + 1))
    order = [(-lead["raw_score"], lead["enterprise"]["enterprise_id"]) for lead in leads]
    assert order == sorted(order)


def test_of_one_name_one_is_listed(engine):
    found = ids(page(engine))
    assert TWINS[0] in found
    assert TWINS[1] not in found
    assert engine.enterprise(TWINS[1])["struck_off"] is False
    rows = engine.batch([engine.need(NEED)], EVERYBODY)["enterprise_id"]
    assert TWINS[1] not in rows


def test_among_some_candidates_one_is_listed_under_the_id_that_it_has_among_them(engine):
    need = [engine.need(NEED)]
    for chosen, listed in (
        (TWINS[1:], TWINS[1:]),
        (TWINS, TWINS[:1]),
        ((STRUCK, "E001"), ["E001"]),
    ):
        found = engine.batch(need, EVERYBODY, within=engine.within(chosen))
        assert found["enterprise_id"].to_list() == list(listed)
    # Of whom a city talks with under one id, no other id is given out.
    every = set(engine.batch(need, EVERYBODY)["enterprise_id"])
    rows = engine.batch(need, EVERYBODY, within=engine.without([TWINS[1]]))["enterprise_id"]
    assert set(rows) == every - {TWINS[0]}


def test_an_id_that_was_joined_into_another_names_that_enterprise(workspace):
    joining.join(workspace, *TWINS)
    engine = load_engine(workspace, HashedEncoder())
    assert engine.enterprise(TWINS[1]) == engine.enterprise(TWINS[0])
    lead = engine.lead(engine.need(NEED), TWINS[1], "zh")["lead"]
    assert lead["enterprise"]["enterprise_id"] == TWINS[0]
    joining.undo(workspace, TWINS[1])
    engine = load_engine(workspace, HashedEncoder())
    assert engine.enterprise(TWINS[1])["enterprise_id"] == TWINS[1]


def test_who_signed_or_was_judged_under_another_id_is_no_new_lead(workspace):
    known = tables()
    event = known["events"].row(0, named=True)
    event |= {"event_id": "twin", "enterprise_id": TWINS[1], "need_id": NEED, "stage": "signed"}
    known["events"] = frame("events", [*known["events"].to_dicts(), event]).sort("event_id")
    judged = {"need_id": NEED_IDS[1], "enterprise_id": TWINS[1], "grade": 0, "source": None}
    known["judgements"] = pl.concat([known["judgements"], frame("judgements", [judged])])
    before = load_engine(workspace, HashedEncoder())
    workspace.commit({name: known[name] for name in ("events", "judgements")})
    after = load_engine(workspace, HashedEncoder())
    for need, why in ((NEED, "signed"), (NEED_IDS[1], "unfit")):
        pages = [page(each, need, Filters()) for each in (before, after)]
        counts = [found["left_out"].get(why, 0) for found in pages]
        assert counts[1] == counts[0] + 1
        assert [TWINS[0] in ids(found) for found in pages] == [True, False]


@pytest.fixture
def apart(engine, trained_home):
    """Return an engine for which the twins are two enterprises."""
    residents = engine.prepared.residents
    nobody = np.zeros_like(residents.repeated)
    ready = replace(engine.prepared, residents=replace(residents, repeated=nobody))
    known = {name: Workspace(trained_home).read(name) for name in ("zones", "needs", "events")}
    return Engine(ready, known, model_version="m", pool_version="p", pool_date=None)


def test_equal_profiles_have_equal_scores_and_the_lower_id_comes_first(apart):
    leads = {lead["enterprise"]["enterprise_id"]: lead for lead in page(apart)["leads"]}
    one, other = (leads[id_] for id_ in TWINS)
    assert one["raw_score"] == other["raw_score"]
    assert other["rank"] == one["rank"] + 1


def test_the_right_enterprises_come_first(engine):
    for number, need in enumerate(NEED_IDS):
        expected = {f"E{number:02}{at}" for at in range(EACH)}
        assert set(ids(page(engine, need, limit=EACH))) == expected


def test_the_same_bytes_at_every_call_and_after_every_load(engine, trained_home):
    again = load_engine(Workspace(trained_home), HashedEncoder())
    for need in (*NEED_IDS, NeedQuery("红外LED")):
        answers = {orjson.dumps(page(each, need)) for each in (engine, engine, again)}
        assert len(answers) == 1


def test_threads_get_the_same_answers(trained_home):
    engine = load_engine(Workspace(trained_home), HashedEncoder())
    wanted = NEED_IDS * 4
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda need: orjson.dumps(page(engine, need)), wanted))
    assert found == [orjson.dumps(page(engine, need)) for need in wanted]


def test_pages_are_parts_of_one_list(engine):
    whole = page(engine)["leads"]
    parts = [page(engine, limit=7, offset=at)["leads"] for at in range(0, TOTAL + 7, 7)]
    assert [lead for part in parts for lead in part] == whole
    assert page(engine, offset=TOTAL)["leads"] == []


FILTERS = [
    Filters(province=("山西省",), include=INCLUDED),
    Filters(city=("深圳",), include=INCLUDED),
    Filters(region=("长三角",), include=INCLUDED),
    Filters(tag=("高新技术企业",), include=INCLUDED),
    Filters(node=("led/packaging",), include=INCLUDED),
    Filters(exclude=("E000", "E001"), include=INCLUDED),
    Filters(min_capital=3000, include=INCLUDED),
    Filters(province=("山西省",), min_capital=3000, exclude=("E090",), include=INCLUDED),
]


@pytest.mark.parametrize("filters", FILTERS, ids=str)
def test_filters_change_neither_scores_nor_order(engine, filters):
    whole, some = page(engine), page(engine, filters=filters)
    kept = set(ids(some))
    assert 0 < len(kept) == some["total"] < TOTAL
    assert ids(some) == [id_ for id_ in ids(whole) if id_ in kept]
    assert scores(some) == {id_: raw for id_, raw in scores(whole).items() if id_ in kept}


def test_what_a_filter_cannot_know_is_left_out_and_counted(engine):
    found = page(engine, filters=Filters(province=("广东省",), include=INCLUDED))
    assert UNKNOWN not in ids(found)
    assert found["unknown"] == {"province": 1}


@pytest.mark.parametrize("need", NEED_IDS)
def test_struck_off_is_never_listed(engine, need):
    found = page(engine, need)
    assert STRUCK not in ids(found)
    assert FLAGGED in ids(found)


def test_warning_signs_are_flags(engine):
    lead = next(
        lead for lead in page(engine)["leads"] if lead["enterprise"]["enterprise_id"] == FLAGGED
    )
    assert lead["enterprise"]["flags"] == ["special-treatment", "bad-credit"]


def test_the_node_is_told_in_the_caller_s_language(engine):
    zh, en = (page(engine, limit=1, language=language)["leads"][0] for language in ("zh", "en"))
    assert zh["node"] == {"node_id": "led/packaging", "name": "封装"}
    assert en["node"] == {"node_id": "led/packaging", "name": "LED packaging"}
    assert zh["probability_note"] != en["probability_note"]
    assert zh["raw_score"] == en["raw_score"]


def test_a_batch_agrees_with_the_pages(engine):
    needs = [engine.need(need) for need in NEED_IDS[:3]]
    told = []
    gone = {}
    found = engine.batch(
        needs,
        4,
        explained=2,
        progress=lambda *done: told.append(done),
        leave_out=lambda need, counts: gone.update({need.need_id: counts}),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert found.schema == BATCH_SCHEMA
    assert list(found.schema)[:5] == ["need_id", "rank", "enterprise_id", "score", "reasons"]
    assert found["rank"].to_list() == [1, 2, 3, 4] * 3
    assert found["reasons"].is_null().to_list() == [False, False, True, True] * 3
    for need in needs:
        rows = found.filter(pl.col("need_id") == need.need_id)
        leads = page(engine, need, Filters(), limit=4)
        assert gone[need.need_id] == leads["left_out"]
        assert rows["enterprise_id"].to_list() == ids(leads)
        assert rows["score"].to_list() == [lead["score"] for lead in leads["leads"]]


def test_a_batch_takes_the_whole_pool_and_no_reasons_where_asked(engine):
    found = engine.batch([engine.need(NEED)], EVERYBODY, include=INCLUDED, explained=0)
    assert found.height == TOTAL
    assert found["reasons"].null_count() == TOTAL


def test_candidates_within_keep_scores_and_order(engine):
    chosen = ["E001", "E020", "E090", STRUCK, UNKNOWN, "not in the pool"]
    whole = engine.batch([engine.need(NEED)], EVERYBODY)
    some = engine.batch([engine.need(NEED)], EVERYBODY, within=engine.within(chosen))
    expected = whole.filter(pl.col("enterprise_id").is_in(chosen))
    assert some["enterprise_id"].to_list() == expected["enterprise_id"].to_list()
    assert some["score"].to_list() == expected["score"].to_list()
    assert some.height == 4
    assert some["rank"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize("chosen", [[], ["not in the pool"]])
def test_without_any_candidate_a_batch_is_empty(engine, chosen):
    found = engine.batch([engine.need(NEED)], 5, within=engine.within(chosen))
    assert found.height == 0
    assert found.schema == BATCH_SCHEMA
    assert engine.batch([], 5).schema == found.schema


def test_what_was_learnt_for_a_known_need_id_is_used(engine):
    known = engine.need(NEED)
    one = page(engine, known, limit=1)["leads"][0]
    other = page(engine, replace(known, need_id="elsewhere"), limit=1)["leads"][0]
    assert "need_head" in {reason["factor"] for reason in one["reasons"]}
    assert "need_head" not in {reason["factor"] for reason in other["reasons"]}


def test_needs_for_an_enterprise_are_its_ranks_in_their_lists(engine):
    for id_ in ("E000", "E093", UNKNOWN, TWINS[0]):
        found = engine.needs_for(id_, 50, "zh")
        assert found["total"] == len(found["needs"]) == len(NEED_IDS)
        ranks = [need["rank"] for need in found["needs"]]
        assert ranks == sorted(ranks)
        for suited in found["needs"]:
            leads = page(engine, suited["need"]["need_id"])["leads"]
            lead = next(x for x in leads if x["enterprise"]["enterprise_id"] == id_)
            assert suited["rank"] == lead["rank"]
            assert suited["raw_score"] == lead["raw_score"]
            assert suited["reasons"] == lead["reasons"]
    assert engine.needs_for("E093", 1, "zh")["needs"][0]["need"]["industry"] == "食醋酿造"


def test_an_unknown_enterprise_has_no_needs(engine):
    with pytest.raises(NotFoundError, match="no enterprise 'nobody'"):
        engine.needs_for("nobody", 5, "zh")


def test_needs_kept_are_bounded_by_what_they_weigh(trained_home, monkeypatch):
    engine = load_engine(Workspace(trained_home), HashedEncoder())
    for industry in SUBJECTS:
        page(engine, NeedQuery(industry), limit=1)
    assert len(engine.need_cache.entries) == len(SUBJECTS)
    light = engine.need_cache.entries.weight // len(SUBJECTS)
    monkeypatch.setattr(engine.need_cache.entries, "max_bytes", 3 * light)
    for number in range(20):
        page(engine, NeedQuery("LED", keywords=("芯片" * 100,) * (1 + number)), limit=1)
        assert engine.need_cache.entries.weight <= 3 * light


def test_zones_that_nobody_knows_are_not_kept(trained_home):
    engine = load_engine(Workspace(trained_home), HashedEncoder())
    presence = engine._presence
    for number in range(9):
        page(engine, NeedQuery("LED", zone_id=f"nowhere {number}"), limit=1)
    assert presence._known == presence._seated == {}
    assert len(engine.writer.aims) == 1


def test_work_that_nobody_waits_for_ends_between_two_leads(engine, monkeypatch):
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise AbandonedError

    monkeypatch.setattr("service.serving.leads.check_wanted", check)
    with pytest.raises(AbandonedError):
        page(engine, NeedQuery("LED"), limit=200)
    assert len(asked) == 3


def test_without_a_model_the_engine_says_what_to_do(tmp_path):
    with pytest.raises(NoModelError, match="lianzhao train"):
        load_engine(Workspace(tmp_path / "new"), HashedEncoder())


def test_a_model_made_with_another_encoder_is_not_served(workspace):
    other = HashedEncoder()
    other.id = "other"
    with pytest.raises(UnavailableError, match="made with the sentence encoder hashed-1") as caught:
        load_engine(workspace, other)
    assert (caught.value.got, caught.value.expected) == ("other", "hashed-1")


def test_a_model_made_for_other_tables_is_not_served(workspace, monkeypatch):
    monkeypatch.setattr("models.loading.schema_hash", lambda: "another")
    with pytest.raises(UnavailableError, match=r"made with the table schema .*here it is another"):
        load_engine(workspace, HashedEncoder())


def test_a_damaged_model_is_not_served_and_the_file_named(workspace):
    registry = ModelRegistry(workspace)
    path = registry.path(registry.active()) / "blend.content.npy"
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(DamagedError, match=r"blend\.content\.npy"):
        load_engine(workspace, HashedEncoder())


def test_what_was_removed_is_gone_at_once_and_what_is_new_is_ranked(workspace):
    holder = EngineHolder(workspace, HashedEncoder())
    engine = holder.current()
    assert "E000" in ids(page(engine))
    assert holder.ready()
    assert holder.current() is engine

    workspace.remove("enterprise", "E000")
    assert not holder.ready()
    assert "E000" not in ids(page(holder.current()))
    assert page(holder.current())["pool_version"] != engine.pool_version

    new = {"enterprise_id": "N1", "name": "新光有限公司", "products": products("LED封装")}
    old = workspace.read("enterprises")
    workspace.commit({"enterprises": pl.concat([old, frame("enterprises", [new])])})
    assert "N1" in ids(page(holder.current(), limit=10))

    workspace.remove("need", NEED)
    with pytest.raises(NotFoundError):
        holder.current().need(NEED)


def test_a_pool_may_lose_everybody(workspace):
    workspace.commit({"enterprises": workspace.read("enterprises").clear()})
    engine = load_engine(workspace, HashedEncoder())
    found = page(engine)
    assert (found["total"], found["leads"]) == (0, [])
    assert engine.batch([engine.need(NEED)], 5).height == 0


def test_the_order_of_imported_rows_changes_no_score(workspace, engine):
    shuffled = workspace.read("enterprises").sample(fraction=1, shuffle=True, seed=1)
    workspace.commit({"enterprises": shuffled})
    other = load_engine(workspace, HashedEncoder())
    assert page(other)["leads"] == page(engine)["leads"]


def test_another_version_is_served_once_it_is_active(workspace):
    holder = EngineHolder(workspace, HashedEncoder())
    first = holder.current().model_version
    registry = ModelRegistry(workspace)
    copy = registry.folder / "copy"
    copy.mkdir()
    for path in registry.path(first).iterdir():
        (copy / path.name).write_bytes(path.read_bytes())
    registry.activate("copy")
    assert holder.current().model_version == "copy"
    registry.rollback()
    assert holder.current().model_version == first


def test_a_version_is_loaded_before_it_is_active(workspace):
    registry = ModelRegistry(workspace)
    first = registry.active_folder()
    shutil.copytree(first, registry.folder / "copy")
    ahead = load_engine(workspace, HashedEncoder(), version="copy")
    assert (ahead.model_version, registry.active()) == ("copy", first.name)
    with pytest.raises(NotFoundError, match="no model version 'v9'"):
        load_engine(workspace, HashedEncoder(), version="v9")


def test_a_need_that_nothing_is_known_of_stops_neither_batch_nor_profile(workspace):
    odd = {"need_id": "z0/odd", "zone_id": "z0", "industry": "ωψξ"}
    workspace.commit({"needs": pl.concat([workspace.read("needs"), frame("needs", [odd])])})
    engine = load_engine(workspace, HashedEncoder())
    assert engine.needs_for("E000", 50, "zh")["total"] == len(NEED_IDS)
    needs, refused = [engine.need("z0/odd"), engine.need(NEED)], []
    found = engine.batch(needs, 1, refuse=lambda need, _: refused.append(need.need_id))
    assert refused == ["z0/odd"]
    assert found["need_id"].to_list() == [NEED]
    with pytest.raises(InputError, match="nothing is known of the text"):
        engine.batch(needs, 1)


def with_event(workspace, stage="established", enterprise_id="E000", zone_id="far"):
    told = {"event_id": "new", "enterprise_id": enterprise_id, "zone_id": zone_id, "stage": stage}
    event = frame("events", [told | {"date": date(2025, 3, 1)}])
    workspace.commit({"events": pl.concat([workspace.read("events"), event])})


def told(lead, factor):
    return next((each for each in lead["reasons"] if each["factor"] == factor), None)


def lead_of(found, enterprise_id):
    leads = found["leads"]
    return next(lead for lead in leads if lead["enterprise"]["enterprise_id"] == enterprise_id)


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


def test_an_event_is_seen_at_once_and_gone_at_once_without_reading_the_profiles_again(workspace):
    holder = EngineHolder(workspace, HashedEncoder())
    first = holder.current()
    asked = NeedQuery("光电LED", zone_id="far")
    before = page(first, asked)
    with_event(workspace, "signed")
    assert not holder.ready()
    second = holder.current()
    assert second.bound is first.bound
    after = page(second, asked)
    assert after["pool_version"] != before["pool_version"]
    assert scores(after) != scores(before)
    lead = lead_of(after, "E000")
    assert lead["stage"] == {
        "stage": "signed",
        "name": "签约",
        "date": "2025-03-01",
        "need_id": None,
    }
    assert lead_of(page(second, asked, language="en"), "E000")["stage"]["name"] == "signed"
    assert lead_of(before, "E000")["stage"] is None

    workspace.remove("event", "new")
    assert page(holder.current(), asked) == before


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
    holder = EngineHolder(workspace, HashedEncoder())
    asked = NeedQuery("甲醇", zone_id="far")
    assert told(lead_of(page(holder.current(), asked), "E030"), "supply_link")["contribution"] < 0
    workspace.commit({"input_output": pl.DataFrame(rows, schema=schema, orient="row")})
    link = told(lead_of(page(holder.current(), asked), "E030"), "supply_link")
    assert link["contribution"] > 0
    assert link["evidence"][2] == "煤制甲醇 → 乳制品"
    workspace.remove("table", "input_output")
    assert told(lead_of(page(holder.current(), asked), "E030"), "supply_link")["contribution"] < 0


def test_a_large_pool_is_ranked_in_two_stages_with_the_same_answers(
    trained_home, engine, monkeypatch, tmp_path
):
    monkeypatch.setattr("models.retrieval.EXACT", 10)
    home = shutil.copytree(trained_home, tmp_path / "home")
    shutil.rmtree(home / "prepared", ignore_errors=True)
    large = load_engine(Workspace(home), HashedEncoder())
    assert isinstance(engine.retriever, Exhaustive)
    assert isinstance(large.retriever, TwoStage)
    for filters in (None, *FILTERS[:2]):
        found, expected = (page(each, filters=filters, limit=EACH) for each in (large, engine))
        assert found["total"] == expected["total"]
        if filters is None:  # near ones may change places
            assert set(ids(found)) == set(ids(expected))
        for lead in found["leads"]:
            parts = [reason["contribution"] for reason in lead["reasons"]]
            assert sum(parts) == pytest.approx(lead["raw_score"], abs=1e-6)
    best = page(large, limit=1)["leads"][0]["enterprise"]["enterprise_id"]
    suited = large.needs_for(best, 1, "zh")["needs"][0]
    assert (suited["need"]["need_id"], suited["rank"]) == (NEED, 1)
    batch = large.batch([large.need(NEED)], EACH, include=INCLUDED)
    assert batch["enterprise_id"].to_list() == ids(page(large, limit=EACH))


def with_signal(workspace, day, **more):
    row = {"signal_id": "s", "enterprise_id": "E004", "date": day, "kind": "expansion", **more}
    workspace.commit({"signals": frame("signals", [row])})


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


def test_the_summary_of_a_batch_says_why_now(workspace):
    with_signal(workspace, calendar.today(), text="新建产线")
    engine = load_engine(workspace, HashedEncoder())
    rows = engine.batch([engine.need(NEED)], EVERYBODY, explained=EVERYBODY)
    said = dict(rows.select("enterprise_id", "reasons").iter_rows())
    assert "扩产「新建产线」（来源未注明）" in said["E004"]
    assert "近期动向" not in said["E001"]


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


def test_the_day_does_not_change_answers_without_signals(workspace, monkeypatch):
    versions = set()
    for day in (date(2026, 1, 1), date(2026, 1, 2)):
        monkeypatch.setattr("features.calendar.today", lambda day=day: day)
        versions.add(load_engine(workspace, HashedEncoder()).pool_version)
    assert len(versions) == 1


def test_a_new_day_brings_a_new_engine(workspace, monkeypatch):
    day = date(2026, 1, 1)
    with_signal(workspace, day)
    monkeypatch.setattr("features.calendar.today", lambda: day)
    holder = EngineHolder(workspace, HashedEncoder())
    first = holder.current()
    assert holder.current() is first
    monkeypatch.setattr("features.calendar.today", lambda: day + timedelta(1))
    assert holder.current().pool_version != first.pool_version


def test_a_batch_need_not_be_described(engine):
    needs = [engine.need(need_id) for need_id in NEED_IDS[:2]]
    plain, bare = (engine.batch(needs, 3, explained=0, described=d) for d in (True, False))
    ranked = ["need_id", "rank", "enterprise_id", "score", "model_version", "pool_version"]
    assert bare.schema == plain.schema
    assert bare.select(ranked).equals(plain.select(ranked))
    assert bare.drop(ranked).null_count().row(0) == (6,) * 7


def test_who_was_judged_unfit_is_not_in_the_list_of_that_need(workspace, tmp_path):
    def load(table, text):
        path = tmp_path / f"{table}.csv"
        path.write_text(text, encoding="utf-8")
        import_table(workspace, table, path)
        return load_engine(workspace, HashedEncoder())

    def listed(engine, need_id, *include):
        filters = Filters(include=include)
        page = engine.recommend(engine.need(need_id), filters, 200, 0, "zh")
        return [lead["enterprise"]["enterprise_id"] for lead in page["leads"]], page["left_out"]

    one, other = NEED_IDS[:2]
    before, left_out = listed(load_engine(workspace, HashedEncoder()), one)
    unfit, signed, next_one = before[:3]
    of_another, _ = listed(load_engine(workspace, HashedEncoder()), other)
    judged = f"need_id,enterprise_id,grade\n{one},{unfit},0\n{one},{signed},0\n"
    load(
        "events", f"event_id,enterprise_id,stage,date,need_id\nv,{signed},signed,2020-01-01,{one}\n"
    )
    engine = load("judgements", judged)
    after, counts = listed(engine, one)
    assert unfit not in after
    assert after[0] == next_one
    # Who signed suits, whatever was judged.
    assert counts == {**left_out, "signed": left_out.get("signed", 0) + 1, "unfit": 1}
    assert listed(engine, one, "unfit")[0][:2] == [unfit, next_one]
    assert set(listed(engine, one, "signed")[0]) >= {signed}
    assert set(of_another) == set(listed(engine, other)[0])
