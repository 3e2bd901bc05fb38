"""Projects by plain functions: moves that are events, versions, rights, references."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Any

import pytest

from features.enterprises import joining
from features.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    UnknownReferenceError,
)
from features.workspace import Workspace
from service.access.keys import NOBODY, Caller
from service.access.zones import ForeignZoneError
from service.database.event_log import EventLog
from service.database.idempotency import ReusedKeyError
from service.projects.moves import ClosedProjectError, kind_of
from service.projects.requests import Asked, VersionConflictError
from service.projects.values import UnusualAmountError

if TYPE_CHECKING:
    from service.projects.projects import Projects

LEAD = {"enterprise_id": "e1", "need_id": "za/光电LED", "date": "2026-01-10"}
OFFICIAL = Caller("k", "official", frozenset({"za"}))
OTHER = Caller("o", "official", frozenset({"zb"}))


def events(projects: Projects) -> list[tuple[Any, ...]]:
    """Return what training reads."""
    workspace = Workspace(projects.rules._folder.parent, EventLog(projects.database))
    rows = workspace.read("events").sort("date", "event_id")
    return rows.select("enterprise_id", "need_id", "zone_id", "stage", "amount").rows()


def test_a_project_out_of_a_lead_is_an_event_and_so_is_every_move(projects: Projects) -> None:
    made = projects.begin(LEAD)
    assert made["enterprise"] == {"enterprise_id": "e1", "name": "第一光电股份有限公司"}
    assert made["zone"] == {"zone_id": "za", "name": "甲县经济技术开发区"}
    assert (made["stage"], made["pool"], made["industry"]) == ("lead", "lead", "光电LED")
    id_ = made["project_id"]
    projects.move(id_, {"stage": "洽谈", "date": "2026-02-01", "due": "2026-03-01"})
    moved = projects.move(id_, {"stage": "signed", "date": "2026-04-01", "amount": "5000万"})
    assert [m["kind"] for m in moved["moves"]] == ["entry", "forward", "forward"]
    assert (moved["amount"], moved["due"], moved["days"], moved["version"]) == (0.5, None, 90, 3)
    about = ("e1", "za/光电LED", "za")
    assert events(projects) == [
        (*about, "lead", None),
        (*about, "negotiation", None),
        (*about, "signed", 0.5),
    ]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        (None, "signed", "entry"),
        ("lead", "contacted", "forward"),
        ("contacted", "lead", "back"),
        ("contacted", "contacted", "again"),
        ("lead", "negotiation", "forward"),
        ("lead", "signed", "jump"),
        ("production", "construction", "back"),
        ("signed", "stalled", "rest"),
        ("stalled", "stalled", "again"),
        ("stalled", "construction", "resume"),
        ("stalled", "lost", "loss"),
        ("signed", "declined", "loss"),
    ],
)
def test_moves_have_kinds(before: str | None, after: str, kind: str) -> None:
    assert kind_of(before, after) == kind


def test_a_project_goes_on_with_the_enterprise_that_its_own_was_joined_into(
    projects: Projects,
) -> None:
    id_ = projects.begin({**LEAD, "enterprise_id": "e2"})["project_id"]
    joining.join(Workspace(projects.rules._folder.parent), "e1", "e2")
    moved = projects.move(id_, {"stage": "洽谈", "date": "2026-02-01"})
    assert moved["enterprise"]["name"] == "第一光电股份有限公司"
    again = projects.begin({**LEAD, "enterprise_id": "e2", "need_id": "zb/光电LED", "code": "7"})
    assert again["enterprise"]["name"] == "第一光电股份有限公司"
    assert {row[0] for row in events(projects)} == {"e1"}


def test_a_loss_needs_a_reason_of_the_list_and_ends_the_project(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    with pytest.raises(InputError, match="reason: is empty"):
        projects.move(id_, {"stage": "lost"})
    with pytest.raises(InputError, match="reason: got 'mood'"):
        projects.move(id_, {"stage": "lost", "reason": "mood"})
    lost = projects.move(id_, {"stage": "lost", "reason": "落户其他城市"})
    assert lost["moves"][-1]["reason"] == "elsewhere"
    with pytest.raises(ClosedProjectError, match="has ended"):
        projects.move(id_, {"stage": "negotiation"})
    back = projects.take_back(id_, lost["moves"][-1]["move_id"])
    assert (back["stage"], back["since"]) == ("lead", "2026-01-10")
    assert projects.move(id_, {"stage": "negotiation"})["stage"] == "negotiation"


def test_a_retracted_event_moves_its_project_back_too(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    moved = projects.move(id_, {"stage": "signed", "date": "2026-02-01"})
    from tests.faults.test_database import ENTRY

    log = EventLog(projects.database)
    about = "za/光电LED", "za"
    log.retract(moved["moves"][-1]["move_id"], *about, ENTRY)
    assert projects.show(id_, NOBODY)["stage"] == "lead"
    log.retract(moved["moves"][0]["move_id"], *about, ENTRY)
    withdrawn = projects.show(id_, NOBODY)
    assert (withdrawn["stage"], withdrawn["pool"]) == ("withdrawn", None)
    assert projects.page({}, NOBODY)["total"] == 0
    assert events(projects) == []


def test_what_was_taken_back_stays_so_when_its_project_gets_another_need(
    projects: Projects,
) -> None:
    made = projects.begin({"enterprise_id": "e1", "zone_id": "za", "date": "2026-01-10"})
    moved = projects.move(made["project_id"], {"stage": "signed", "date": "2026-02-01"})
    projects.take_back(made["project_id"], moved["moves"][-1]["move_id"])
    projects.change(made["project_id"], {"industry": "光电LED"})
    assert events(projects) == [("e1", "za/光电LED", "za", "lead", None)]
    assert len(projects.show(made["project_id"], NOBODY)["moves"]) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"stage": "signed", "date": "2026-01-09"}, "date"),
        ({"stage": "signed", "date": "2026-07-01"}, "date"),
        ({"stage": "signed", "date": "2026-02-01", "due": "2026-01-31"}, "due"),
        ({"stage": "maybe"}, "stage"),
        ({}, "stage"),
        ({"stage": "signed", "amount": "-1"}, "amount"),
        ({"stage": "signed", "amount": 5000}, "amount"),
    ],
)
def test_moves_that_cannot_be_are_refused(
    projects: Projects, body: dict[str, Any], field: str
) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    with pytest.raises(InputError) as refused:
        projects.move(id_, body)
    assert refused.value.field == field
    assert len(projects.show(id_, NOBODY)["moves"]) == 1


def test_an_amount_out_of_all_scale_is_asked_back(projects: Projects) -> None:
    with pytest.raises(UnusualAmountError, match="1000万, or send it again"):
        projects.begin({**LEAD, "amount": 1000})
    assert projects.begin({**LEAD, "amount": 1000, "confirm_amount": True})["amount"] == 1000
    for number in range(19):
        projects.begin({"project": f"p{number}", "amount": 30, "zone_id": "za"})
    # Twenty are known, and 30 is usual: a thousand is not a thousand times as much.
    assert projects.begin({"project": "large", "zone_id": "za", "amount": 1000})["amount"] == 1000


def test_units_are_checked_where_a_list_is_kept(projects: Projects) -> None:
    assert projects.begin({**LEAD, "unit": "任何单位"})["unit"] == "任何单位"
    projects.rules.replace("units", "unit\n甲县招商局\n甲县发改局\n")
    with pytest.raises(InputError, match="甲县招商局"):
        projects.begin({"project": "x", "zone_id": "za", "unit": "甲县招商"})


def test_two_who_change_at_once_do_not_overwrite_each_other(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    projects.change(id_, {"unit": "甲局", "version": 1})
    with pytest.raises(VersionConflictError) as conflict:
        projects.change(id_, {"unit": "乙局", "version": 1})
    more = conflict.value.more
    assert more["current"]["unit"] == "甲局"  # type: ignore[index]
    assert more["wanted"] == {"unit": "乙局", "version": 1}
    with pytest.raises(VersionConflictError):
        projects.move(id_, {"stage": "signed", "version": 1})
    assert projects.show(id_, NOBODY)["stage"] == "lead"


def test_of_many_at_once_one_wins(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    came: list[str] = []

    def change(unit: str) -> None:
        try:
            projects.change(id_, {"unit": unit, "version": 1})
            came.append(unit)
        except VersionConflictError:
            pass

    threads = [threading.Thread(target=change, args=[f"u{number}"]) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = projects.show(id_, NOBODY)
    assert [found["unit"]] == came
    assert found["version"] == 2


def test_a_key_does_a_thing_once(projects: Projects) -> None:
    asked = Asked(OFFICIAL, "once")
    first, again = (projects.begin(LEAD, asked) for _ in range(2))
    assert first == again
    with pytest.raises(ReusedKeyError):
        projects.begin({**LEAD, "unit": "x"}, asked)
    for _ in range(2):
        moved = projects.move(first["project_id"], {"stage": "signed"}, Asked(OFFICIAL, "m"))
    assert len(moved["moves"]) == 2
    assert projects.page({}, NOBODY)["total"] == 1


def test_the_same_project_is_begun_once(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    with pytest.raises(ConflictError) as conflict:
        projects.begin(LEAD)
    assert conflict.value.more == {"project_id": id_}
    projects.begin({**LEAD, "project": "二期"})


def test_an_official_sees_no_project_of_another_zone(projects: Projects) -> None:
    id_ = projects.begin(LEAD, Asked(OFFICIAL))["project_id"]
    unknown = "0" * 16
    for call in (
        lambda i: projects.show(i, OTHER),
        lambda i: projects.change(i, {"unit": "x"}, Asked(OTHER)),
        lambda i: projects.move(i, {"stage": "signed"}, Asked(OTHER)),
        lambda i: projects.take_back(i, "m", Asked(OTHER)),
    ):
        said = []
        for one in (id_, unknown):
            with pytest.raises(NotFoundError) as refused:
                call(one)
            said.append(refused.value.message.replace(one, ""))
        assert said[0] == said[1]
    assert projects.page({}, OTHER)["total"] == 0
    assert all(pool["projects"] == 0 for pool in projects.board({}, OTHER)["pools"])
    with pytest.raises(ForeignZoneError):
        projects.page({"zone_id": "za"}, OTHER)
    with pytest.raises(ForeignZoneError):
        projects.begin(LEAD, Asked(OTHER))
    # Equal but for the zone: it says nothing of the one in the other zone.
    assert (
        projects.begin({**LEAD, "need_id": "zb/光电LED"}, Asked(OTHER))["zone"]["zone_id"] == "zb"
    )
    with pytest.raises(ForbiddenError):
        projects.page({}, Caller("f", "front-end"))


def test_a_project_of_an_unknown_name_is_learnt_from_once_it_is_known(projects: Projects) -> None:
    made = projects.begin({"enterprise": "无名光电有限公司", "zone_id": "za", "stage": "signed"})
    assert made["flags"] == ["enterprise-unknown"]
    assert events(projects) == []
    known = projects.change(made["project_id"], {"enterprise_id": "e1", "industry": "光电LED"})
    assert (known["need_id"], known["flags"]) == ("za/光电LED", [])
    assert events(projects) == [("e1", "za/光电LED", "za", "signed", None)]


@pytest.mark.parametrize(
    "body",
    [{"enterprise_id": "nobody"}, {"need_id": "nothing"}, {"zone_id": "nowhere", "project": "x"}],
)
def test_unknown_references_are_refused(projects: Projects, body: dict[str, Any]) -> None:
    with pytest.raises(UnknownReferenceError):
        projects.begin(body)


def test_names_and_places_are_found_where_they_are_unique(projects: Projects) -> None:
    found = projects.begin({"enterprise": "第一光电", "place": "甲县", "industry": "光电LED"})
    assert found["enterprise"]["enterprise_id"] == "e1"
    assert (found["zone"]["zone_id"], found["need_id"]) == ("za", "za/光电LED")
    assert projects.references.place("乙县经开区") == "zb"
    assert projects.references.place("长治市") is None
    nobody = projects.begin({"enterprise": "(not named)", "project": "x", "zone_id": "za"})
    assert nobody["enterprise"] == {"enterprise_id": None, "name": None}


def test_an_enterprise_struck_off_flags_its_project(projects: Projects) -> None:
    made = projects.begin({"enterprise_id": "e2", "zone_id": "za", "stage": "negotiation"})
    assert made["flags"] == ["struck-off"]
    assert projects.page({}, NOBODY)["total"] == 1


def test_a_removed_enterprise_leaves_its_projects(projects: Projects) -> None:
    id_ = projects.begin(LEAD)["project_id"]
    home = projects.rules._folder.parent
    Workspace(home, EventLog(projects.database)).remove("enterprise", "e1")
    left = projects.show(id_, NOBODY)
    assert left["enterprise"] == {"enterprise_id": None, "name": "第一光电股份有限公司"}
    assert len(left["moves"]) == 1
    assert events(projects) == []


def test_pools_are_summed_and_say_what_is_unknown(projects: Projects) -> None:
    projects.begin({**LEAD, "amount": 2, "due": "2026-02-01"})
    projects.begin({"project": "a", "zone_id": "zb", "stage": "contacted"})
    projects.begin({"project": "b", "zone_id": "zb", "stage": "signed", "amount": 1.5})
    board = projects.board({}, NOBODY)
    assert board["date"] == "2026-06-30"
    lead, _, signed, *_ = board["pools"]
    assert (lead["projects"], lead["amount"], lead["amount_unknown"], lead["late"]) == (2, 2, 1, 1)
    assert [p["project"] for p in signed["list"]] == ["b"]
    assert projects.page({"late": True}, NOBODY)["total"] == 1
    assert projects.page({"late": False}, NOBODY)["total"] == 2
    assert projects.page({"pool": "signed"}, NOBODY)["total"] == 1
    assert projects.page({"q": "光电"}, NOBODY)["total"] == 1
    assert projects.page({"q": "%"}, NOBODY)["total"] == 0
    page = projects.page({}, NOBODY, limit=1, offset=2)
    assert (page["total"], len(page["projects"])) == (3, 1)
    with pytest.raises(InputError, match="pool"):
        projects.page({"pool": "x"}, NOBODY)


def test_wrong_rules_are_refused_and_the_ones_before_stay(projects: Projects) -> None:
    before = projects.rules.rows("energy")
    with pytest.raises(InputError, match="row 3: code"):
        projects.rules.replace("energy", "code,gloss\n311,炼铁\n9999,无\n")
    assert projects.rules.rows("energy") == before != []
    assert projects.rules.replace("energy", "\ufeffcode,gloss\n311,炼铁\n") == 1
    assert projects.rules.rows("energy") == [{"code": "311", "gloss": "炼铁", "basis": ""}]
    with pytest.raises(NotFoundError, match="no table of rules"):
        projects.rules.rows("nothing")
