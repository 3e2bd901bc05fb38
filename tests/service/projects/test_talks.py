"""First talk: one zone of a city holds an enterprise; others learn that it is held, not by whom."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from features.errors import ForbiddenError, InputError, NotFoundError
from service.access.keys import NOBODY, Caller
from service.projects.requests import Asked
from service.projects.talks import (
    HeldElsewhereError,
    Said,
    Talk,
    held_in,
    holder,
    order_talk,
    settled_in,
    talk_of,
)

if TYPE_CHECKING:
    from service.projects.projects import Projects

A = Caller("a", "official", frozenset({"za"}))
B = Caller("b", "official", frozenset({"zb"}))
DAY = date(2026, 1, 1)


def said(after: int, zone: str | None, stage: str | None) -> Said:
    return Said(DAY + timedelta(after), stage is None, zone, stage)


@pytest.mark.parametrize(
    ("run", "today", "held"),
    [
        ([(0, "a", "lead")], 1, None),
        ([(0, "a", "contacted"), (1, "b", "negotiation")], 2, ("a", 90)),
        ([(0, "a", "contacted"), (60, "a", "negotiation")], 100, ("a", 150)),
        ([(0, "a", "contacted")], 90, ("a", 90)),
        ([(0, "a", "contacted")], 91, None),
        ([(0, "a", "contacted"), (100, "b", "contacted")], 101, ("b", 190)),
        ([(0, "a", "contacted"), (5, "a", "lost"), (6, "b", "contacted")], 7, ("b", 96)),
        ([(0, "a", "contacted"), (5, "b", "lost")], 7, ("a", 90)),
        ([(0, "a", "contacted"), (5, "b", None)], 6, ("b", 95)),
        ([(0, "a", "contacted"), (5, None, None)], 6, None),
        ([(0, "a", "contacted"), (5, "b", None), (6, "a", "signed")], 7, ("b", 95)),
        ([(9, "a", "contacted")], 8, None),
    ],
)
def test_who_holds(run: list[Any], today: int, held: tuple[str, int] | None) -> None:
    found = holder([said(*one) for one in reversed(run)], 90, DAY + timedelta(today))
    assert found == (held and Talk(held[0], DAY + timedelta(held[1])))


def test_another_zone_learns_that_it_is_held_and_not_by_whom(projects: Projects) -> None:
    about = {"enterprise_id": "e1", "stage": "contacted", "date": "2026-06-01"}
    projects.begin({**about, "zone_id": "za"}, Asked(A))
    state = {
        name: talk_of(projects, "e1", "长治", caller)
        for name, caller in (("a", A), ("b", B), ("city", NOBODY))
    }
    assert state["a"] == {"state": "ours", "zone_id": "za", "until": "2026-08-30"}
    assert state["b"] == {"state": "elsewhere", "zone_id": None, "until": None}
    assert state["city"] == {"state": "held", "zone_id": "za", "until": "2026-08-30"}
    with pytest.raises(HeldElsewhereError) as refused:
        projects.begin({**about, "zone_id": "zb"}, Asked(B))
    assert "za" not in refused.value.message
    lead = projects.begin({"enterprise_id": "e1", "zone_id": "zb"}, Asked(B))["project_id"]
    with pytest.raises(HeldElsewhereError):
        projects.move(lead, {"stage": "negotiation"}, Asked(B))
    projects.move(lead, {"stage": "negotiation"})  # the city may
    assert held_in(projects, "长治市", NOBODY) == {"e1": "za"}


def test_the_city_gives_talks_to_another_zone(projects: Projects) -> None:
    projects.begin({"enterprise_id": "e1", "stage": "contacted", "zone_id": "za"}, Asked(A))
    lead = projects.begin({"enterprise_id": "e1", "zone_id": "zb"}, Asked(B))["project_id"]
    with pytest.raises(ForbiddenError):
        order_talk(projects, "e1", "长治", "zb", Asked(B))
    assert order_talk(projects, "e1", "长治", "zb")["zone_id"] == "zb"
    assert projects.move(lead, {"stage": "negotiation"}, Asked(B))["stage"] == "negotiation"
    assert talk_of(projects, "e1", "长治", A)["state"] == "elsewhere"
    assert order_talk(projects, "e1", "长治市", None)["state"] == "free"
    with pytest.raises(InputError, match="zone_id"):
        order_talk(projects, "e1", "长治", "nowhere")
    with pytest.raises(NotFoundError):
        order_talk(projects, "nobody", "长治", "za")


def test_a_retracted_talk_holds_nothing(projects: Projects) -> None:
    made = projects.begin({"enterprise_id": "e1", "stage": "contacted", "zone_id": "za"}, Asked(A))
    move_id = projects.show(made["project_id"], A)["moves"][0]["move_id"]
    projects.take_back(made["project_id"], move_id, Asked(A))
    assert held_in(projects, "长治", NOBODY) == {}


def test_who_has_signed_is_settled(projects: Projects) -> None:
    made = projects.begin({"enterprise_id": "e1", "stage": "signed", "zone_id": "za"})
    assert settled_in(projects, "长治", NOBODY) == {"e1"}
    projects.move(made["project_id"], {"stage": "lost", "reason": "terms"})
    assert settled_in(projects, "长治", NOBODY) == set()
