"""Figures from moves: those of the report, times in pools, funnels, unknown values."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from features.errors import InputError
from service.access.keys import NOBODY, Caller
from service.access.zones import ForeignZoneError
from service.database.connection import Database
from service.projects.figures import figures
from service.projects.requests import COMMAND
from service.projects.survival import kaplan_meier, stay
from service.projects.values import resolve_references

if TYPE_CHECKING:
    from collections.abc import Callable

    from service.projects.projects import Projects

JANUARY = date(2025, 1, 1)


def record(
    projects: Projects, runs: list[tuple[dict[str, object], list[tuple[str, date]]]]
) -> None:
    """Record projects with all of their moves in one transaction."""

    def work(connection: object) -> None:
        for values, (first, *later) in runs:
            found = resolve_references(dict(values), projects.references)
            move = projects._move({"stage": first[0], "date": first[1]}, first[1])
            id_ = projects.insert(connection, found, move, None)
            for stage, day in later:
                row = projects.locked(connection, id_, COMMAND.caller)
                move = projects._move({"stage": stage, "date": day}, day)
                projects.append(connection, row, move, {}, None)

    projects.database.write(work)


def test_the_report_of_the_first_half_year_is_rebuilt(projects: Projects) -> None:
    """551 signed worth 138.789 bn yuan; 360 of them started, planned at 27.8 bn: 65.3 %."""
    runs = []
    for number in range(551):
        signed = JANUARY + timedelta(days=number % 170)
        started = number < 360
        amount = 278 / 360 if started else (1387.89 - 278) / 191
        moves = [("negotiation", JANUARY - timedelta(days=30)), ("signed", signed)]
        if started:
            moves.append(("construction", signed + timedelta(days=10)))
        about = {"project": f"p{number}", "zone_id": "za", "amount": amount}
        runs.append((about, moves))
    # Signed before the half year, or after it: not among them.
    runs.append(({"project": "before", "zone_id": "za"}, [("signed", date(2024, 12, 31))]))
    runs.append(({"project": "after", "zone_id": "za"}, [("signed", date(2025, 7, 1))]))
    record(projects, runs)
    found = figures(projects, NOBODY, since=JANUARY, until=date(2025, 6, 30))
    assert found["signed"] == {"projects": 551, "amount": 1387.89, "amount_unknown": 0}
    assert found["started"] == {"projects": 360, "amount": 278.0, "amount_unknown": 0}
    assert round(found["start_rate"], 3) == 0.653


def test_what_zones_signed_started_and_completed_is_not_one_cohort(projects: Projects) -> None:
    """Of the zones, January to May: 197 signed, 106 started, 54 completed."""
    may, earlier = date(2025, 5, 20), date(2024, 6, 1)
    runs = [({"project": f"s{n}", "zone_id": "za"}, [("signed", may)]) for n in range(197)]
    runs += [
        ({"project": f"c{n}", "zone_id": "zb"}, [("signed", earlier), ("construction", may)])
        for n in range(106)
    ]
    began = [("signed", earlier), ("construction", earlier), ("production", may)]
    runs += [({"project": f"p{n}", "zone_id": "zb"}, began) for n in range(54)]
    record(projects, runs)
    found = figures(projects, NOBODY, since=JANUARY, until=date(2025, 5, 31))
    entered = found["entered"]
    counts = [entered[pool]["projects"] for pool in ("signed", "construction", "production")]
    assert counts == [197, 106, 54]
    assert found["start_rate"] == 0  # of those newly signed none has started
    assert "不是同一批" in found["notes"]["entered"]
    groups = {group["key"]: group for group in found["groups"]}
    assert groups["zb"]["reached"]["production"] == 54
    assert groups["za"]["signed"] == {"projects": 197, "amount": None, "amount_unknown": 197}


def test_kaplan_meier_is_that_of_a_textbook() -> None:
    """The 6-MP arm of Freireich et al. (1963), as in Kaplan–Meier tables of textbooks."""
    days = np.array([6, 6, 6, 6, 7, 9, 10, 10, 11, 13, 16, 17, 19, 20, 22, 23, 25, 32, 32, 34, 35])
    left = np.array([1, 1, 1, 0, 1, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 0, 0, 0, 0], dtype=bool)
    ends, share = kaplan_meier(days, left)
    assert ends.tolist() == [6, 7, 10, 13, 16, 22, 23]
    expected = [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    assert np.allclose(share, expected, atol=5e-4)
    assert stay(days, left)["quartiles"] == [13, 23, None]
    assert stay(days[:0], left[:0])["quartiles"] == [None, None, None]


def test_times_in_pools_and_rests(projects: Projects) -> None:
    day = date(2026, 6, 1)
    moves = [
        ("lead", day),
        ("contacted", day + timedelta(5)),
        ("stalled", day + timedelta(6)),
        ("negotiation", day + timedelta(10)),
        ("lost", day + timedelta(12)),
    ]
    record(projects, [({"project": "a", "zone_id": "za"}, moves)])
    record(projects, [({"project": "b", "zone_id": "za"}, [("lead", day + timedelta(20))])])
    stays = figures(projects, NOBODY)["stays"]
    assert (stays["lead"]["stays"], stays["lead"]["left"], stays["lead"]["still_in"]) == (2, 1, 1)
    assert stays["lead"]["quartiles"][1] == 10
    assert stays["negotiation"]["quartiles"] == [2, 2, 2]
    # As it stood before the loss.
    earlier = figures(projects, NOBODY, until=day + timedelta(11))
    assert (earlier["stays"]["negotiation"]["still_in"], earlier["groups"][0]["ended"]) == (1, 0)


def test_a_jump_reaches_what_lies_between_and_an_entry_does_not(projects: Projects) -> None:
    day = date(2026, 1, 1)
    record(projects, [({"project": "a", "zone_id": "za"}, [("lead", day), ("construction", day)])])
    record(projects, [({"project": "b", "zone_id": "za"}, [("construction", day)])])
    found = figures(projects, NOBODY)
    assert (found["signed"]["projects"], found["started"]["projects"]) == (1, 1)
    assert found["entered"]["construction"]["projects"] == 2


def test_figures_follow_changes_and_retractions(projects: Projects) -> None:
    made = projects.begin({"project": "a", "zone_id": "za", "stage": "signed", "amount": 2})
    assert figures(projects, NOBODY)["signed"]["amount"] == 2
    projects.change(made["project_id"], {"amount": 3})
    moved = projects.move(made["project_id"], {"stage": "construction"})
    found = figures(projects, NOBODY, by="month")
    assert (found["signed"]["amount"], found["start_rate"]) == (3, 1)
    assert [group["key"] for group in found["groups"]] == ["2026-06"]
    projects.take_back(made["project_id"], moved["moves"][-1]["move_id"])
    assert figures(projects, NOBODY)["start_rate"] == 0


def test_groups_say_what_is_unknown(projects: Projects) -> None:
    projects.begin({"project": "a", "zone_id": "za", "unit": "甲局", "need_id": "za/光电LED"})
    projects.begin({"project": "b", "zone_id": "zb", "source": "visit"})
    names = {
        by: [(g["name"], g["projects"]) for g in figures(projects, NOBODY, by=by)["groups"]]
        for by in ("unit", "source", "chain", "zone")
    }
    assert names["unit"] == [("甲局", 1), ("（不详）", 1)]
    assert names["source"] == [("外出拜访", 1), ("（不详）", 1)]
    assert names["chain"] == [("光电LED", 1), ("（不详）", 1)]
    assert names["zone"] == [("甲县经济技术开发区", 1), ("乙县经济技术开发区", 1)]


def test_an_official_sees_the_figures_of_own_zones(projects: Projects) -> None:
    projects.begin({"project": "a", "zone_id": "za", "stage": "signed"})
    projects.begin({"project": "b", "zone_id": "zb", "stage": "signed"})
    own = Caller("k", "official", frozenset({"zb"}))
    found = figures(projects, own)
    assert found["signed"]["projects"] == 1
    assert found["stays"]["signed"]["stays"] == 1
    assert [group["key"] for group in found["groups"]] == ["zb"]
    with pytest.raises(ForeignZoneError):
        figures(projects, own, {"zone_id": "za"})


@pytest.mark.parametrize(
    ("period", "field"),
    [
        ({"until": date(2030, 1, 1)}, "until"),
        ({"since": date(2026, 2, 1), "until": date(2026, 1, 1)}, "since"),
        ({"by": "colour"}, "by"),
    ],
)
def test_wrong_periods_are_refused(projects: Projects, period: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as refused:
        figures(projects, NOBODY, **period)
    assert refused.value.field == field


def test_another_process_sees_the_same(make: Callable[..., Projects]) -> None:
    one, other = make(), make()
    one.begin({"project": "a", "zone_id": "za", "stage": "signed"})
    assert figures(other, NOBODY)["signed"]["projects"] == 1
    other.begin({"project": "b", "zone_id": "za", "stage": "signed"})
    assert figures(one, NOBODY)["signed"]["projects"] == 2
    assert isinstance(one.database, Database)
