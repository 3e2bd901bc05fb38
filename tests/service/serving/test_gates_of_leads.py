import numpy as np
import pytest

from features.vocabulary import GATES
from features.workspace import Workspace
from service.projects.rules import SHIPPED, Rules
from service.serving import masks
from service.serving.filters import Filters
from service.serving.gates import Gates
from service.serving.lifecycle.loading import load_engine
from service.serving.modes import PartnersQuestion
from service.serving.questions import KnownNeed, LeadsQuestion
from tests.pool import FLAGGED, NEED_IDS, HashedEncoder, frame, tables

EXCLUSIONS = "zone_id,code,word,gloss\nz0,,灯珠,照明\nz0,C36,,汽车\n*,2614,,甲醇\n"
STATUSES = ("存续", "注销", "筹建", None)
NAMES = {masks.PASS: "pass", masks.FAIL: "fail", masks.UNKNOWN: "unknown"}


@pytest.fixture
def told(workspace):
    """Return a workspace with credit and standing of many enterprises, and exclusions of zones."""
    rows = tables()["enterprises"].to_dicts()
    for at, row in enumerate(rows):
        row["status"] = row["status"] or STATUSES[at % 4]
        row["credit"] = row["credit"] or ("良好", None, "失信被执行人")[at % 3]
        if at % 5 == 0:
            row["industry_code"] = None
    workspace.commit({"enterprises": frame("enterprises", rows)})
    Rules(workspace.home).replace("exclusions", EXCLUSIONS)
    return workspace


@pytest.fixture
def engine(told):
    return load_engine(told, HashedEncoder())


def page(engine, need=NEED_IDS[0], **filters):
    asked = Filters(include=("signed", "local"), **filters)
    return LeadsQuestion(KnownNeed(need), asked, limit=200).answer(engine)


def states(lead):
    return {gate["gate"]: gate["state"] for gate in lead["gates"]}


@pytest.mark.parametrize("zone_id", ["z0", "z1", None])
def test_masks_say_what_every_single_verdict_says(engine, zone_id):
    rows = range(len(engine.bound.pool))
    profiles = [engine.prepared.profiles.row(row) for row in rows]
    single = [states({"gates": engine.gates.of(one, zone_id)}) for one in profiles]
    for gate in GATES:
        found = engine.gates.states([gate], zone_id)
        assert [NAMES[state] for state in found.tolist()] == [own[gate] for own in single]
    assert len({own[gate] for own in single for gate in GATES}) == 3


def test_all_gates_together_are_as_weak_as_the_weakest(engine):
    each = [engine.gates.states([gate], "z0") for gate in GATES]
    failed = np.any([own == masks.FAIL for own in each], axis=0)
    unknown = np.any([own == masks.UNKNOWN for own in each], axis=0)
    expected = np.where(failed, masks.FAIL, np.where(unknown, masks.UNKNOWN, masks.PASS))
    np.testing.assert_array_equal(engine.gates.states(list(GATES), "z0"), expected)


def test_leads_show_their_gates_and_are_filtered_by_them(engine):
    everybody = page(engine)
    for lead in everybody["leads"]:
        assert set(states(lead)) == set(GATES)
        assert all(gate["source"] for gate in lead["gates"])
    for wanted in (("credit",), ("credit", "standing"), tuple(GATES)):
        found = page(engine, gate=wanted)
        expected = [
            lead["enterprise"]["enterprise_id"]
            for lead in everybody["leads"]
            if all(states(lead)[gate] == "pass" for gate in wanted)
        ]
        assert [lead["enterprise"]["enterprise_id"] for lead in found["leads"]] == expected
        unknown = [
            lead
            for lead in everybody["leads"]
            if "fail" not in (own := [states(lead)[gate] for gate in wanted]) and "unknown" in own
        ]
        assert found["unknown"].get("gate", 0) == len(unknown)
    assert 0 < page(engine, gate=("credit",))["total"] < everybody["total"]
    assert FLAGGED not in str(page(engine, gate=("credit",))["leads"])


def test_a_zone_s_own_exclusions_are_those_of_its_list(engine):
    here, there = page(engine, NEED_IDS[0]), page(engine, NEED_IDS[1])
    lamps = [lead for lead in here["leads"] if states(lead)["exclusions"] == "fail"]
    assert any("照明" in gate["text"] for lead in lamps for gate in lead["gates"])
    own = {lead["enterprise"]["enterprise_id"]: states(lead) for lead in there["leads"]}
    lamp = lamps[0]["enterprise"]["enterprise_id"]
    assert own[lamp]["exclusions"] != "fail"


def test_rules_that_change_are_noticed_at_once(told):
    from service.serving.lifecycle.holder import EngineHolder
    from service.serving.lifecycle.loader import EngineLoader

    holder = EngineHolder(EngineLoader(told, HashedEncoder()))
    before = holder.current()
    assert page(before, gate=("energy",))["total"]
    Rules(told.home).replace("energy", "code,gloss\nC,制造业\n")
    after = holder.current()
    assert after.pool_version != before.pool_version
    kept = page(after, gate=("energy",))["leads"]
    assert all(states(lead)["energy"] == "pass" for lead in kept)
    assert len(kept) < page(before)["total"]


def test_without_rules_of_an_office_no_exclusion_passes(trained_home):
    engine = load_engine(Workspace(trained_home), HashedEncoder())
    gates = Gates(SHIPPED, engine.prepared.profiles, engine.bound.pool.products, None)
    assert set(gates.states(["exclusions"], "z0").tolist()) == {masks.UNKNOWN}
    assert page(engine, gate=("exclusions",))["total"] == 0


def test_partners_show_and_are_filtered_by_gates(engine):
    asked = PartnersQuestion("E000", limit=100, zone_id="z1")
    leads = asked.answer(engine)["leads"]
    assert all(set(states(lead)) == set(GATES) for lead in leads)
    passing = PartnersQuestion("E000", limit=100, zone_id="z1", filters=Filters(gate=("credit",)))
    found = passing.answer(engine)["leads"]
    assert [lead["enterprise"] for lead in found] == [
        lead["enterprise"] for lead in leads if states(lead)["credit"] == "pass"
    ]


def test_a_status_that_does_not_say_is_unknown(engine):
    rows = {
        row["enterprise_id"]: row["status"]
        for row in (engine.prepared.profiles.row(at) for at in range(len(engine.bound.pool)))
    }
    for at, id_ in enumerate(engine.bound.pool.ids.tolist()):
        standing = states({"gates": engine.gates.of(engine.prepared.profiles.row(at), None)})[
            "standing"
        ]
        expected = {"存续": "pass", "注销": "fail", "已注销": "fail"}.get(rows[id_], "unknown")
        assert standing == expected
