import numpy as np
import polars as pl
import pytest

from features.need import NeedQuery
from training.desk import leads
from training.desk.theme import Note

FACTORS = ("text_words", "gap", "constant")
NAMES = {"text_words": "经营内容", "gap": "补链强链", "constant": "基准"}


def lead(rank: int, id_: str, *parts: float) -> dict:
    told = [
        {"factor": f, "contribution": p, "text": f"{f} of {id_}", "evidence": ["产品"]}
        for f, p in zip(FACTORS, parts, strict=True)
        if p
    ]
    return {
        "rank": rank,
        "enterprise": {"enterprise_id": id_, "name": f"{id_}公司"},
        "raw_score": sum(parts),
        "reasons": told,
    }


def page(zone: str, *own: dict) -> dict:
    return {"need": {"zone": {"zone_id": zone, "name": zone}}, "leads": list(own)}


ONE = page("东区", lead(1, "a", 3.0, 0.5, -1.0), lead(2, "b", 1.0, 0.0, -1.0))
OTHER = page("西区", lead(1, "c", 4.0, 0.0, -1.0), lead(2, "a", 3.0, -0.5, -1.0))


def test_the_contributions_of_a_lead_sum_to_its_score():
    found = leads.contributions(ONE, NAMES)
    sums = found.group_by("enterprise", maintain_order=True).agg(pl.col("contribution").sum())
    assert sums["contribution"].to_list() == [2.5, 0.0]
    assert found["raw_score"].to_list() == [2.5, 2.5, 2.5, 0.0, 0.0]
    assert found["gloss"][0] == "经营内容"


def test_evidence_leaves_the_constant_out():
    found = leads.evidence(ONE, NAMES)
    assert found["gloss"].to_list() == ["经营内容", "补链强链", "经营内容"]
    assert found["text"].to_list() == ["text_words of a", "gap of a", "text_words of b"]
    assert found["evidence"].to_list() == [["产品"]] * 3


def test_without_a_factor_a_lead_moves_among_those_who_may_be_listed():
    parts = np.array([[3.0, 2.0, 9.0, 1.0], [1.0, 0.0, 0.0, -2.0], [-1.0, -1.0, -1.0, -1.0]])
    listed = np.array([True, True, False, True])
    found = leads.without_factor(parts, FACTORS, listed, [0, 3])
    assert found.rows() == [
        (0, "text_words", 1, 2, -1),
        (0, "gap", 1, 1, 0),
        (3, "text_words", 3, 3, 0),
        (3, "gap", 3, 3, 0),
    ]


def test_equal_scores_are_ordered_by_row():
    raw, listed = np.array([2.0, 2.0, 1.0]), np.ones(3, dtype=bool)
    assert [leads.rank_of(raw, listed, row, 2.0) for row in (0, 1, 2)] == [1, 2, 3]


def test_two_lists_side_by_side_name_what_they_differ_in_most():
    assert leads.side_by_side(ONE, OTHER).rows() == [
        ("a公司", 1, 2, "gap", -1.0),
        ("b公司", 2, None, None, None),
        ("c公司", None, 1, None, None),
    ]
    told = leads.compared([ONE, OTHER], NAMES)
    assert told.caption == "两份名单各2家，其中1家相同"
    assert told.rows[0] == ["a公司", 1, 2, "补链强链", "-1.000"]
    assert told.rows[1] == ["b公司", 2, "榜外", "", ""]


def test_the_same_industry_is_looked_for_in_another_zone():
    needs = [
        {"need_id": id_, "industry": industry, "zone": zone and {"zone_id": zone}}
        for id_, industry, zone in [
            ("a", "LED", "z0"),
            ("b", "食品", "z1"),
            ("c", "LED", None),
            ("d", "LED", "z1"),
        ]
    ]
    need = NeedQuery("LED", zone_id="z0", need_id="a")
    assert leads.same_industry(needs, need) == ["a", "d"]
    assert leads.same_industry(needs[:3], need) == ["a"]
    assert isinstance(leads.compared([ONE], NAMES), Note)


def test_the_plots_say_what_they_show():
    pytest.importorskip("altair")
    found = leads.contributions(ONE, NAMES)
    assert leads.contribution_bars(found, "东区/LED").to_dict()["title"]["text"] == (
        "「东区/LED」的前2条线索，各因素相加就是得分"
    )
    parts = np.array([[3.0, 2.0], [1.0, 0.0], [-1.0, -1.0]])
    moves = leads.without_factor(parts, FACTORS, np.ones(2, dtype=bool), [0])
    chart = leads.moves_bars(moves.with_columns(gloss="factor"), "a公司", 2).to_dict()
    assert chart["title"]["text"] == "若无「text_words」，a公司将从第1名降到第2名"
    assert isinstance(leads.moves_bars(moves.clear(), "a公司", 2), Note)
