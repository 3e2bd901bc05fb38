"""The state of the engines in service and spare, without loading any."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

from service.serving.lifecycle.in_service import InService
from service.serving.lifecycle.marks import Mark, TablesMark

TABLES, OTHER_TABLES = TablesMark((1, 1), "", 0), TablesMark((2, 2), "", 0)
MARK, LATER = Mark(TABLES, (1, 1)), Mark(TABLES, (2, 2))


def engine(version: str) -> Any:
    return SimpleNamespace(model_version=version)


def test_the_engine_of_the_version_before_becomes_the_spare():
    state, first, second = InService(), engine("a"), engine("b")
    state.serve(first, MARK)
    assert (state.engine, state.spare) == (first, None)
    state.serve(second, LATER)
    assert (state.engine, state.mark, state.spare) == (second, LATER, (first, TABLES))


def test_the_same_version_on_other_tables_is_no_spare():
    state = InService()
    state.serve(engine("a"), MARK)
    state.serve(engine("a"), LATER)
    assert state.spare is None


def test_what_was_in_service_in_spite_of_a_failure_is_no_spare():
    state = InService()
    state.serve(engine("a"), MARK)
    state.stay(LATER, "b is damaged")
    assert (state.mark, state.failure) == (LATER, "b is damaged")
    state.serve(engine("c"), MARK)
    assert (state.spare, state.failure) == (None, None)


def test_a_spare_serves_the_tables_that_it_is_bound_to_alone():
    state, spare = InService(), engine("b")
    state.serve(engine("a"), MARK)
    state.keep(spare, TABLES)
    assert state.spare_for(TABLES) is state.spare_for(TABLES, "b") is spare
    assert state.spare_for(TABLES, "c") is state.spare_for(OTHER_TABLES) is None
    assert state.holds("a", OTHER_TABLES)
    assert state.holds("b", TABLES)
    assert not state.holds("b", OTHER_TABLES)


def test_the_version_in_service_is_not_kept_as_a_spare_too():
    state = InService()
    state.serve(engine("a"), MARK)
    state.keep(engine("a"), TABLES)
    assert state.spare is None


def test_a_third_version_takes_the_place_of_the_spare():
    state, first, spare = InService(), engine("a"), engine("b")
    state.serve(first, MARK)
    state.keep(spare, TABLES)
    assert state.former("b") is spare
    assert state.former("a") is first
    assert state.spare is not None
    assert state.former("c") is first
    assert state.spare is None
