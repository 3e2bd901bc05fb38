from dataclasses import replace
from datetime import date

import pytest

from features import calendar
from features.errors import InputError, NotFoundError
from features.workspace import Workspace
from service.access.keys import Caller
from service.access.zones import ForeignZoneError
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from service.serving.modes import GapNeed, LikeNeed, ModeQuestion, PartnersQuestion
from service.serving.questions import KnownNeed, LeadsQuestion
from tests.pool import NEED_IDS, UNKNOWN, HashedEncoder, frame

OFFICIAL = Caller("k", "official", frozenset({"z1"})).rights


def ids(page):
    return [lead["enterprise"]["enterprise_id"] for lead in page["leads"]]


def test_by_need_it_is_the_list_of_the_need(engine):
    known = KnownNeed(NEED_IDS[0])
    page = ModeQuestion(known, mode="need").answer(engine)
    plain = LeadsQuestion(known).answer(engine)
    assert page["mode"] == "need"
    assert page["leads"] == plain["leads"]


def test_by_missing_node_what_the_zone_lacks_is_looked_for(workspace):
    event = {"event_id": "e", "enterprise_id": "E000", "stage": "established"}
    event |= {"date": date(2025, 1, 1), "zone_id": "z1"}
    workspace.commit({"events": frame("events", [event])})
    engine = load_engine(workspace, HashedEncoder())
    page = ModeQuestion(GapNeed(zone_id="z1", chain_id="光电LED"), mode="gap").answer(engine)
    states = {node["node_id"]: node["state"] for node in page["gaps"]}
    assert states["led/packaging"] != "missing"
    assert page["looked_for"] == [id_ for id_, state in states.items() if state == "missing"]
    assert page["note"] is None
    assert page["need"]["nodes"] == page["looked_for"]
    assert page["need"]["zone"]["zone_id"] == "z1"
    one = ModeQuestion(GapNeed(zone_id="z1", node_id="led/lighting"), mode="gap").answer(engine)
    assert one["looked_for"] == ["led/lighting"]
    assert set(ids(one)[:5]) == {f"E02{at}" for at in range(5)}


def test_a_chain_without_known_enterprises_is_noted(engine):
    page = ModeQuestion(GapNeed(zone_id="z1", chain_id="led"), mode="gap").answer(engine)
    assert {node["state"] for node in page["gaps"]} == {"unknown"}
    assert "无从判断" in page["note"]
    english = ModeQuestion(GapNeed(zone_id="z1", chain_id="led"), spoken="en", mode="gap")
    assert "nothing of this chain" in english.answer(engine)["note"]


@pytest.mark.parametrize(
    "asked",
    [
        {"chain_id": "nowhere"},
        {"node_id": "led/nothing"},
        {"chain_id": "coal", "node_id": "led/chip"},
    ],
    ids=str,
)
def test_unknown_chains_and_nodes_are_refused(engine, asked):
    with pytest.raises(NotFoundError):
        ModeQuestion(GapNeed(zone_id="z1", **asked), mode="gap").answer(engine)


def test_by_likeness_those_come_first_that_make_the_same(engine):
    page = ModeQuestion(LikeNeed(enterprise_id="E030"), mode="similar").answer(engine)
    assert "E030" not in ids(page)
    assert set(ids(page)[:4]) == {f"E03{at}" for at in range(1, 5)}


def test_whom_one_is_like_of_whom_nothing_is_known_cannot_be_text(engine):
    with pytest.raises(InputError) as refused:
        ModeQuestion(LikeNeed(enterprise_id=UNKNOWN), mode="similar").answer(engine)
    assert refused.value.field == "enterprise_id"


def test_around_a_leader_suppliers_and_customers_come_with_their_paths(engine):
    page = PartnersQuestion("E000", "customers", limit=100).answer(engine)
    assert page["mode"] == "leader"
    assert "E000" not in ids(page)
    assert {"E010", "E020"} <= set(ids(page))
    ranks = [lead["strength"] for lead in page["leads"]]
    assert ranks == sorted(ranks, reverse=True)
    assert all(strength > 0 for strength in ranks)
    first = page["leads"][0]
    assert first["side"] == "customers"
    assert first["paths"][0]["text"].startswith("其产品「")
    assert page["enterprise"]["name"] in first["paths"][0]["text"]
    assert not {"E090", UNKNOWN} & set(ids(page))


def test_pages_of_partners_follow_each_other(engine):
    whole = PartnersQuestion("E000", limit=100).answer(engine)
    parts = [PartnersQuestion("E000", limit=3, offset=at).answer(engine) for at in (0, 3)]
    assert [lead for part in parts for lead in part["leads"]] == whole["leads"][:6]
    assert parts[0]["total"] == whole["total"]


def test_partners_that_are_in_the_city_or_fail_a_filter_are_left_out(engine):
    everybody = PartnersQuestion("E000", limit=100).answer(engine)
    some = PartnersQuestion("E000", filters=Filters(province=("浙江",)), limit=100).answer(engine)
    places = {lead["enterprise"]["province"] for lead in some["leads"]}
    assert places == {"浙江省"}
    assert 0 < some["total"] < everybody["total"]
    here = PartnersQuestion("E000", zone_id="z0", limit=100).answer(engine)
    assert all(lead["seat"] is None for lead in here["leads"])
    assert here["left_out"]["local"] > 0


def test_of_equal_partners_those_come_first_that_signals_speak_for(workspace):
    before = PartnersQuestion("E000", "customers", limit=100).answer(
        load_engine(workspace, HashedEncoder())
    )
    strengths = {lead["enterprise"]["enterprise_id"]: lead["strength"] for lead in before["leads"]}
    best = max(strengths.values())
    last = [id_ for id_, strength in strengths.items() if round(strength, 6) == round(best, 6)][-1]
    row = {"signal_id": "s", "enterprise_id": last, "date": calendar.today(), "kind": "expansion"}
    workspace.commit({"signals": frame("signals", [row])})
    after = PartnersQuestion("E000", "customers", limit=100).answer(
        load_engine(workspace, HashedEncoder())
    )
    assert ids(after)[0] == last
    assert after["leads"][0]["signals"][0]["kind"] == "expansion"


def test_a_leader_without_known_products_is_noted(engine):
    page = PartnersQuestion(UNKNOWN).answer(engine)
    assert page["leads"] == []
    assert "无从推断" in page["note"]


def test_zones_of_others_are_refused(engine):
    for asked in (
        PartnersQuestion("E000", zone_id="z0", rights=OFFICIAL),
        ModeQuestion(GapNeed(zone_id="z0", chain_id="led"), rights=OFFICIAL, mode="gap"),
        ModeQuestion(LikeNeed(zone_id="z0", enterprise_id="E000"), rights=OFFICIAL),
    ):
        with pytest.raises(ForeignZoneError):
            asked.answer(engine)
    assert PartnersQuestion("E000", zone_id="z1", rights=OFFICIAL).answer(engine)["total"]
    like = ModeQuestion(LikeNeed(enterprise_id="E000"), rights=OFFICIAL, mode="similar")
    assert like.answer(engine)["total"]


def test_each_question_has_a_key_of_its_own():
    questions = [
        ModeQuestion(GapNeed(zone_id="z", chain_id="led"), mode="gap"),
        ModeQuestion(GapNeed(zone_id="z", node_id="led"), mode="gap"),
        ModeQuestion(LikeNeed(enterprise_id="led"), mode="similar"),
        ModeQuestion(KnownNeed("led"), mode="need"),
        LeadsQuestion(KnownNeed("led")),
        *(PartnersQuestion("led", side) for side in ("both", "suppliers", "customers")),
        PartnersQuestion("led", zone_id="z"),
        PartnersQuestion("led", spoken="en"),
        PartnersQuestion("led", rights=OFFICIAL),
    ]
    assert len({question.key for question in questions}) == len(questions)
    assert replace(questions[0], rights=OFFICIAL).key != questions[0].key


def test_a_large_pool_answers_alike(trained_home, engine, tmp_path, monkeypatch):
    import shutil

    monkeypatch.setattr("models.retrieval.retrieval.EXACT", 10)
    home = shutil.copytree(trained_home, tmp_path / "home")
    shutil.rmtree(home / "prepared", ignore_errors=True)
    large = load_engine(Workspace(home), HashedEncoder())
    one, other = (PartnersQuestion("E000", limit=100).answer(each) for each in (engine, large))
    assert set(ids(one)) == set(ids(other))
