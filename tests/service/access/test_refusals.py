from __future__ import annotations

import pytest

from service.access.keys import Key
from service.access.refusals import Refusals
from service.api.problems import Problem
from service.database.audit_log import AuditEntry

UNKNOWN = Problem(401, "unknown-key", "…")
FAST = Problem(429, "too-many-requests", "…")
KEY = Key("k1", b"", "analyst")


@pytest.fixture
def now() -> list[float]:
    return [600.0]


@pytest.fixture
def refusals(now: list[float]) -> Refusals:
    return Refusals(lambda: now[0])


def test_counts_are_written_when_their_minute_is_over(refusals: Refusals, now: list[float]) -> None:
    for address in ("10.0.0.1", "10.0.0.2", "10.0.0.1"):
        refusals.note(UNKNOWN, None, address)
    refusals.note(FAST, KEY, "10.0.0.1")
    now[0] = 659.9
    refusals.note(UNKNOWN, None, "10.0.0.1")
    assert refusals.take() == {}
    now[0] = 660.0
    found = refusals.take()
    assert found.pop(AuditEntry("k1", "analyst", "refused", "too-many-requests", None, 429)) == 1
    assert sorted(found.values()) == [1, 3]
    for entry in found:
        assert entry[:4] == (None, "nobody", "refused", "unknown-key")
    assert refusals.take() == {}


def test_no_address_is_written_and_processes_use_different_names(refusals: Refusals) -> None:
    names = set()
    for counting in (refusals, Refusals()):
        counting.note(UNKNOWN, None, "10.0.0.1")
        (entry,) = counting.take(closing=True)
        assert entry.target is not None
        assert "10.0" not in entry.target
        names.add(entry.target)
    assert len(names) == 2


def test_what_could_not_be_written_is_added_to_what_comes(
    refusals: Refusals, now: list[float]
) -> None:
    refusals.note(FAST, KEY, "a")
    kept = refusals.take(closing=True)
    refusals.note(FAST, KEY, "a")
    refusals.give_back(kept)
    now[0] += 60
    assert list(refusals.take().values()) == [2]


def test_many_sources_are_counted_together(refusals: Refusals) -> None:
    for number in range(1_500):
        refusals.note(UNKNOWN, None, f"10.0.{number // 250}.{number % 250}")
    found = refusals.take(closing=True)
    assert len(found) == 1_001
    assert found[AuditEntry(None, "nobody", "refused", "unknown-key", None, 401)] == 500
