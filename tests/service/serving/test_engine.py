import shutil
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.enterprises import joining
from features.errors import NotFoundError
from features.imports.importing import import_table
from features.need import NeedQuery
from features.workspace import Workspace
from models.retrieval.retrieval import Exhaustive
from models.retrieval.two_stage import TwoStage
from models.scoring.fit import score_of
from service.serving.engine import Engine
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
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
    tables,
)
from tests.service.serving.pages import (
    EVERYBODY,
    INCLUDED,
    NEED,
    TOTAL,
    ids,
    page,
    scores,
)


def test_a_page_has_the_contract_s_fields(engine):
    found = page(engine, limit=5)
    assert set(found) == {
        *("need", "model_version", "pool_version", "pool_date", "total", "limit", "offset"),
        *("leads", "unknown", "unknown_values", "understood", "left_out", "fit_note"),
        *("facets", "partial"),
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


def test_the_node_is_named_in_the_caller_s_language(engine):
    zh, en = (page(engine, limit=1, language=language)["leads"][0] for language in ("zh", "en"))
    assert zh["node"] == {"node_id": "led/packaging", "name": "封装"}
    assert en["node"] == {"node_id": "led/packaging", "name": "LED packaging"}
    assert zh["probability_note"] != en["probability_note"]
    assert zh["raw_score"] == en["raw_score"]


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
            leads = page(engine, suited["need"]["need_id"], Filters())["leads"]
            lead = next((x for x in leads if x["enterprise"]["enterprise_id"] == id_), None)
            if lead is None:  # it is there already, and would have this rank
                everybody = page(engine, suited["need"]["need_id"])["leads"]
                lead = next(x for x in everybody if x["enterprise"]["enterprise_id"] == id_)
                before = [x for x in leads if x["raw_score"] > lead["raw_score"]]
                lead = {**lead, "rank": len(before) + 1}
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
    assert len(engine.writer.chosen) == 1


def test_work_that_nobody_waits_for_ends_between_two_leads(engine, monkeypatch):
    asked = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 3:
            raise AbandonedError

    monkeypatch.setattr("service.serving.explanation.leads.check_wanted", check)
    with pytest.raises(AbandonedError):
        page(engine, NeedQuery("LED"), limit=200)
    assert len(asked) == 3


def test_a_large_pool_is_ranked_in_two_stages_with_the_same_answers(
    trained_home, engine, monkeypatch, tmp_path
):
    monkeypatch.setattr("models.retrieval.retrieval.EXACT", 10)
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
