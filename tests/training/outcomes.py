"""Closed leads on the small pool, enough to calibrate on: own subjects sign, few others do."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from tests.pool import EACH, NEED_IDS, SUBJECTS, frame, training_data

if TYPE_CHECKING:
    from training.data import TrainingData

CLOSED, WON = 240, 60


def outcome_rows() -> list[dict[str, Any]]:
    """Return 20 closed leads of every need: of 5 own 4 signed, of 15 others one."""
    rows = []
    for need, need_id in enumerate(NEED_IDS):
        others = [
            f"E{(need + 1 + step) % len(SUBJECTS):02}{at}"
            for step in range(3)
            for at in range(EACH)
        ]
        for at, id_ in enumerate([*(f"E{need:02}{own}" for own in range(EACH)), *others]):
            won = at in {0, 1, 2, 3, 12}
            rows.append(
                {
                    "event_id": f"{need_id}/{id_}",
                    "need_id": need_id,
                    "enterprise_id": id_,
                    "stage": "signed" if won else "declined" if at % 2 else "lost",
                    "date": date(2025, 3, 1 + at),
                }
            )
    return rows


def closed_data(count: int = CLOSED) -> TrainingData:
    """Return the small pool with its first `count` closed leads and without judgements."""
    data = training_data()
    events = frame("events", outcome_rows()[:count])
    return training_data(judgements=data.judgements.clear(), events=events)
