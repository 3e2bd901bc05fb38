"""Filters that a zone gives a meaning to, on a real engine over the small pool."""

from __future__ import annotations

import pytest

from service.serving.filters import Filters
from tests.pool import NEED_IDS


def ids(engine, filters, need_id=NEED_IDS[0]):
    page = engine.recommend(engine.need(need_id), filters, 200, 0, "zh")
    return {lead["enterprise"]["enterprise_id"]: lead for lead in page["leads"]}, page


def test_the_stage_is_the_last_one_in_the_zone(engine):
    found, page = ids(engine, Filters(stage=("signed",)))
    assert (found, page["left_out"]) == ({}, {"signed": 1})
    found, _ = ids(engine, Filters(stage=("signed",), include=("signed",)))
    assert set(found) == {"E000"}
    assert found["E000"]["stage"]["stage"] == "signed"
    every, _ = ids(engine, Filters(include=("signed",)))
    fresh, _ = ids(engine, Filters(stage=("none",), include=("signed",)))
    assert set(every) - set(fresh) == {"E000"}
    elsewhere, _ = ids(engine, Filters(stage=("signed",), include=("signed",)), NEED_IDS[1])
    assert elsewhere == {}


@pytest.mark.parametrize(("seat", "lead_seat"), [("city", "city"), ("elsewhere", None)])
def test_seats_are_seen_from_the_zone(engine, seat, lead_seat):
    found, page = ids(engine, Filters(seat=(seat,), include=("local",)))
    assert found
    assert {lead["seat"] for lead in found.values()} == {lead_seat}
    assert {(lead["enterprise"]["city"] == "长治市") for lead in found.values()} == {seat == "city"}
    assert page["unknown"]["seat"] > 0  # whose city nobody knows


def test_facets_count_the_first_of_a_list(engine):
    need = engine.need(NEED_IDS[0])
    first = engine.recommend(need, Filters(), 10, 0, "zh")["leads"]
    places = [lead["enterprise"]["province"] for lead in first]
    counted = engine.facets(need, Filters(), ("province",), "zh", 10)["facets"]["province"]
    assert {row["value"]: row["count"] for row in counted} == {
        name: places.count(name) for name in places if name
    }


def test_facets_count_the_whole_list(engine):
    need = engine.need(NEED_IDS[0])
    _, page = ids(engine, Filters())
    wanted = ("province", "tag", "stage", "seat", "flag", "standing", "industry_code", "node")
    found = engine.facets(need, Filters(), wanted, "zh")["facets"]
    assert tuple(found) == wanted
    assert sum(row["count"] for row in found["standing"]) == page["total"]
    assert found["province"][0] == {"value": "山西省", "name": "山西省", "count": 15}
    assert found["stage"] == [{"value": "none", "name": "无", "count": page["total"]}]
    assert found["flag"][0]["value"] == "none"
    assert found["industry_code"][0]["name"]
    for name in ("province", "tag", "industry_code", "flag", "node"):
        for row in found[name]:
            of_value = engine.recommend(need, Filters(**{name: (row["value"],)}), 1, 0, "zh")
            assert of_value["total"] == row["count"], (name, row)
    assert engine.facets(need, Filters(), ("flag",), "en")["facets"]["flag"][0]["name"] == "none"


def test_a_mistyped_city_is_named(engine):
    _, page = ids(engine, Filters(city=("火星",)))
    assert (page["total"], page["unknown_values"]) == (0, {"city": ["火星"]})
