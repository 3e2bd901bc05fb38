"""Leads for many needs as one table."""

import polars as pl
import pytest

from features import calendar
from features.errors import InputError
from service.serving.batch import BATCH_SCHEMA
from service.serving.filters import Filters
from service.serving.lifecycle.loading import load_engine
from tests.pool import (
    NEED_IDS,
    STRUCK,
    TWINS,
    UNKNOWN,
    HashedEncoder,
    frame,
)
from tests.service.serving.pages import (
    EVERYBODY,
    INCLUDED,
    NEED,
    TOTAL,
    ids,
    page,
    with_signal,
)


def test_among_some_candidates_one_is_listed_under_the_id_that_it_has_among_them(engine):
    need = [engine.need(NEED)]
    for chosen, listed in (
        (TWINS[1:], TWINS[1:]),
        (TWINS, TWINS[:1]),
        ((STRUCK, "E001"), ["E001"]),
    ):
        found = engine.batch(need, EVERYBODY, within=engine.within(chosen))
        assert found["enterprise_id"].to_list() == list(listed)
    # Of whom a city talks with under one id, no other id is given out.
    every = set(engine.batch(need, EVERYBODY)["enterprise_id"])
    rows = engine.batch(need, EVERYBODY, within=engine.without([TWINS[1]]))["enterprise_id"]
    assert set(rows) == every - {TWINS[0]}


def test_a_batch_agrees_with_the_pages(engine):
    needs = [engine.need(need) for need in NEED_IDS[:3]]
    told = []
    gone = {}
    found = engine.batch(
        needs,
        4,
        explained=2,
        progress=lambda *done: told.append(done),
        leave_out=lambda need, counts: gone.update({need.need_id: counts}),
    )
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert found.schema == BATCH_SCHEMA
    assert list(found.schema)[:5] == ["need_id", "rank", "enterprise_id", "score", "reasons"]
    assert found["rank"].to_list() == [1, 2, 3, 4] * 3
    assert found["reasons"].is_null().to_list() == [False, False, True, True] * 3
    for need in needs:
        rows = found.filter(pl.col("need_id") == need.need_id)
        leads = page(engine, need, Filters(), limit=4)
        assert gone[need.need_id] == leads["left_out"]
        assert rows["enterprise_id"].to_list() == ids(leads)
        assert rows["score"].to_list() == [lead["score"] for lead in leads["leads"]]


def test_a_batch_takes_the_whole_pool_and_no_reasons_where_asked(engine):
    found = engine.batch([engine.need(NEED)], EVERYBODY, include=INCLUDED, explained=0)
    assert found.height == TOTAL
    assert found["reasons"].null_count() == TOTAL


def test_candidates_within_keep_scores_and_order(engine):
    chosen = ["E001", "E020", "E090", STRUCK, UNKNOWN, "not in the pool"]
    whole = engine.batch([engine.need(NEED)], EVERYBODY)
    some = engine.batch([engine.need(NEED)], EVERYBODY, within=engine.within(chosen))
    expected = whole.filter(pl.col("enterprise_id").is_in(chosen))
    assert some["enterprise_id"].to_list() == expected["enterprise_id"].to_list()
    assert some["score"].to_list() == expected["score"].to_list()
    assert some.height == 4
    assert some["rank"].to_list() == [1, 2, 3, 4]


@pytest.mark.parametrize("chosen", [[], ["not in the pool"]])
def test_without_any_candidate_a_batch_is_empty(engine, chosen):
    found = engine.batch([engine.need(NEED)], 5, within=engine.within(chosen))
    assert found.height == 0
    assert found.schema == BATCH_SCHEMA
    assert engine.batch([], 5).schema == found.schema


def test_a_need_that_nothing_is_known_of_stops_neither_batch_nor_profile(workspace):
    odd = {"need_id": "z0/odd", "zone_id": "z0", "industry": "ωψξ"}
    workspace.commit({"needs": pl.concat([workspace.read("needs"), frame("needs", [odd])])})
    engine = load_engine(workspace, HashedEncoder())
    assert engine.needs_for("E000", 50, "zh")["total"] == len(NEED_IDS)
    needs, refused = [engine.need("z0/odd"), engine.need(NEED)], []
    found = engine.batch(needs, 1, refuse=lambda need, _: refused.append(need.need_id))
    assert refused == ["z0/odd"]
    assert found["need_id"].to_list() == [NEED]
    with pytest.raises(InputError, match="nothing is known of the text"):
        engine.batch(needs, 1)


def test_the_summary_of_a_batch_says_why_now(workspace):
    with_signal(workspace, calendar.today(), text="新建产线")
    engine = load_engine(workspace, HashedEncoder())
    rows = engine.batch([engine.need(NEED)], EVERYBODY, explained=EVERYBODY)
    said = dict(rows.select("enterprise_id", "reasons").iter_rows())
    assert "扩产「新建产线」（来源未注明）" in said["E004"]
    assert "近期动向" not in said["E001"]


def test_a_batch_need_not_be_described(engine):
    needs = [engine.need(need_id) for need_id in NEED_IDS[:2]]
    plain, bare = (engine.batch(needs, 3, explained=0, described=d) for d in (True, False))
    ranked = ["need_id", "rank", "enterprise_id", "score", "model_version", "pool_version"]
    assert bare.schema == plain.schema
    assert bare.select(ranked).equals(plain.select(ranked))
    assert bare.drop(ranked).null_count().row(0) == (6,) * 7
