"""Dated deals on the small pool: every enterprise keeps to its subject, and old partners return."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any

from tests.pool import NEED_IDS, SUBJECTS, frame, need_rows, training_data

if TYPE_CHECKING:
    from training.data import TrainingData

SINCE = date(2022, 1, 1)
ZONES = 5


def deal(number: int, at: int, year: int, **more: Any) -> dict[str, Any]:
    return {
        "event_id": f"{number}/{at}/{year}",
        "need_id": NEED_IDS[number],
        "enterprise_id": f"E{number:02}{at}",
        "stage": "signed",
        "date": date(year, 3, 1),
        **more,
    }


def deals() -> list[dict[str, Any]]:
    """Return deals of every subject: before `SINCE` four enterprises, the last two of them twice.

    After it these two come again, and a newcomer.
    """
    found = []
    for number in range(len(SUBJECTS)):
        found += [deal(number, at, 2016 + at) for at in range(4)]
        found += [deal(number, at, 2021) for at in (2, 3)]
        found += [deal(number, at, 2023) for at in (2, 3, 4)]
    return found


def trading_data(**changed: Any) -> TrainingData:
    """Return the small pool with deals instead of judgements, over five zones.

    Needs of one subject stand in two zones each, so that a pair can be hidden whose enterprise
    and whose need are known from others.
    """
    needs = [
        {**row, "need_id": f"{row['need_id']}{twin}", "zone_id": f"z{(at + 2 * twin) % ZONES}"}
        for at, row in enumerate(need_rows())
        for twin in (0, 1)
    ]
    events = [
        {**row, "need_id": f"{row['need_id']}{twin}", "event_id": f"{row['event_id']}/{twin}"}
        for row in deals()
        for twin in (0, 1)
    ]
    data = training_data()
    return replace(
        data,
        **{
            "needs": frame("needs", needs),
            "judgements": data.judgements.clear(),
            "events": frame("events", events),
            **changed,
        },
    )
