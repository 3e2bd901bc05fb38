"""Gates: three states, each with its source; an offer's words with their rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from features.errors import InputError, NotFoundError
from features.industry.industry_codes import name_of, normalise
from service.access.keys import NOBODY, Caller
from service.access.zones import ForeignZoneError
from service.projects.gates import gates_of, gates_of_project
from service.projects.lists import listed
from service.projects.offers import check_offer
from service.projects.tasks import add_task, change_task

if TYPE_CHECKING:
    from service.projects.projects import Projects


def states(found: list[dict[str, Any]]) -> dict[str, str]:
    return {gate["gate"]: gate["state"] for gate in found}


def test_what_is_unknown_never_passes(projects: Projects) -> None:
    found = gates_of(projects, "e1", "za", NOBODY)
    assert set(states(found).values()) == {"unknown"}
    assert all(gate["text"] and gate["source"] for gate in found)
    unnamed = projects.begin({"project": "x", "zone_id": "za"})["project_id"]
    assert set(states(gates_of_project(projects, unnamed, NOBODY)).values()) == {"unknown"}


def test_credit_standing_and_energy_are_read_from_the_profile(projects: Projects) -> None:
    assert states(gates_of(projects, "e2", "za", NOBODY))["standing"] == "fail"
    found = gates_of(projects, "e3", "za", NOBODY)
    assert states(found) == {
        "credit": "pass",
        "standing": "pass",
        "energy": "fail",
        "exclusions": "unknown",
    }
    assert "炼铁" in found[2]["text"]
    assert found[0]["date"]


@pytest.mark.parametrize(
    ("rules", "state"),
    [
        ("code,gloss\n3110,炼铁\n", "fail"),
        ("code,gloss\nC31,黑色\n", "fail"),
        ("code,gloss\n32,有色\n", "pass"),
    ],
)
def test_the_energy_table_can_be_edited(projects: Projects, rules: str, state: str) -> None:
    projects.rules.replace("energy", rules)
    assert states(gates_of(projects, "e3", "za", NOBODY))["energy"] == state


def test_a_zone_excludes_what_it_says(projects: Projects) -> None:
    projects.rules.replace("exclusions", "zone_id,code,word,gloss\nza,,炼铁,钢铁\nzb,26,,化工\n")
    assert states(gates_of(projects, "e3", "za", NOBODY))["exclusions"] == "fail"
    assert states(gates_of(projects, "e3", "zb", NOBODY))["exclusions"] == "pass"
    assert states(gates_of(projects, "e1", "zb", NOBODY))["exclusions"] == "unknown"
    assert states(gates_of(projects, "e1", "za", NOBODY))["exclusions"] == "pass"
    official = Caller("b", "official", frozenset({"zb"}))
    with pytest.raises(ForeignZoneError):
        gates_of(projects, "e3", "za", official)
    with pytest.raises(NotFoundError):
        gates_of(projects, "nobody", "zb", official)


def test_amounts_over_a_threshold_are_filed(projects: Projects) -> None:
    id_ = projects.begin({"project": "x", "zone_id": "za", "amount": 0.5})["project_id"]

    def filing() -> dict[str, Any]:
        return gates_of_project(projects, id_, NOBODY)[-1]

    assert filing()["state"] == "pass"
    projects.change(id_, {"amount": 12})
    assert (filing()["state"], "市级" in filing()["text"]) == ("fail", True)
    task = add_task(projects, id_, {"title": "报备", "kind": "filing"})
    assert filing()["state"] == "fail"
    change_task(projects, id_, task["task_id"], {"state": "done"})
    assert (filing()["state"], filing()["date"]) == ("pass", "2026-06-30")
    projects.rules.replace("thresholds", "amount,level\n20,city\n")
    other = projects.begin({"project": "y", "zone_id": "za", "amount": 12})["project_id"]
    assert gates_of_project(projects, other, NOBODY)[-1]["state"] == "pass"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("企业投产后前三年给予税收返还，并享受零 地价。", ["税收返还", "零地价"]),
        ("给予落户奖励；电价优惠", ["落户奖励", "电价优惠"]),
        ("注册地迁入并纳入本地统计的给予即征即退", ["注册地迁入", "本地统计", "即征即退"]),
        ("提供标准化厂房，协助办理手续。", []),
    ],
)
def test_promises_are_named_with_their_rule(
    projects: Projects, text: str, words: list[str]
) -> None:
    found = check_offer(text, projects.rules)
    assert [finding["word"] for finding in found["findings"]] == words
    assert all("公平竞争审查条例" in finding["rule"] for finding in found["findings"])
    assert found["clear"] == (not words)
    assert len(found["checklist"]) == 5


def test_rules_not_checked_by_the_office_are_marked(projects: Projects) -> None:
    energy = gates_of(projects, "e3", "za", NOBODY)[2]
    assert energy["source"] == "两高行业（随软件提供，待本单位核对）"
    assert "待本单位核对" in check_offer("零地价", projects.rules)["source"]
    projects.rules.replace("energy", projects.rules.text("energy"))
    energy = gates_of(projects, "e3", "za", NOBODY)[2]
    assert energy["source"] == "两高行业（本单位维护）"


def test_every_kind_of_the_energy_table_is_a_code_of_the_standard(projects: Projects) -> None:
    for row in projects.rules.rows("energy"):
        assert normalise(row["code"]) == row["code"]
        stated = name_of(row["code"])
        assert row["gloss"].startswith(stated)


@pytest.mark.parametrize(
    ("gates", "found"),
    [
        (["energy:fail"], "iron"),
        (["energy:pass"], "steady"),
        (["energy:unknown"], "light nobody ended"),
        (["energy"], "steady"),
        (["两高：不通过"], "iron"),
        (["standing:fail", "energy:unknown"], "ended"),
        (["energy:fail", "energy:pass"], "iron steady"),
        (["credit:pass", "credit:fail", "credit:unknown"], "iron steady light nobody ended"),
        (["exclusions:fail"], "iron"),
        (["exclusions:pass"], "light ended"),
        (["exclusions:unknown"], "nobody steady"),
        (["filing:fail"], "iron"),
        (["filing:pass"], "light steady"),
        (["filing:unknown"], "nobody ended"),
    ],
)
def test_projects_are_found_by_the_states_of_their_gates(
    projects: Projects, gates: list[str], found: str
) -> None:
    projects.rules.replace("exclusions", "zone_id,code,word,gloss\nza,,炼铁,钢铁\n")
    begun = {
        "light": {"enterprise_id": "e1", "zone_id": "za", "amount": 0.5},
        "ended": {"enterprise_id": "e2", "zone_id": "za"},
        "iron": {"enterprise_id": "e3", "zone_id": "za", "amount": 12},
        "steady": {"enterprise_id": "e4", "zone_id": "zb", "amount": 12},
        "nobody": {"zone_id": "za"},
    }
    ids = {}
    for name, body in begun.items():
        ids[projects.begin({"project": name, **body})["project_id"]] = name
    steady = next(id_ for id_, name in ids.items() if name == "steady")
    task = add_task(projects, steady, {"title": "报备", "kind": "filing"})
    change_task(projects, steady, task["task_id"], {"state": "done"})
    page = projects.page({"gate": gates}, NOBODY)
    assert {ids[one["project_id"]] for one in page["projects"]} == set(found.split())
    assert page["total"] == sum(pool["projects"] for pool in page["pools"])
    for one in page["projects"]:  # each as its own gates say
        own = states(gates_of_project(projects, one["project_id"], NOBODY))
        assert all(own[gate] == state for gate, state in one["gates"].items())
    board = projects.board({"gate": gates}, NOBODY)
    assert sum(len(pool["list"]) for pool in board["pools"]) == page["total"]
    assert listed(projects, {"gate": gates}, NOBODY).height == page["total"]


@pytest.mark.parametrize("wrong", ["virtue", "credit:maybe", ":fail"])
def test_a_gate_that_there_is_not_is_refused(projects: Projects, wrong: str) -> None:
    with pytest.raises(InputError, match="gate: got") as refused:
        projects.page({"gate": [wrong]}, NOBODY)
    assert refused.value.field == "gate"
