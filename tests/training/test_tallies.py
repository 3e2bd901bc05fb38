from dataclasses import replace

import numpy as np
import pytest

from features.need import NeedQuery
from training.tallies import FigureTally, figures, paired, ranked
from training.tasks import EvaluationQuestion

IDS = np.array([f"e{at:02}" for at in range(30)], dtype=np.str_)


def question(relevant, *, need="n", zone="z", known=range(30), newcomers=0, warm=True, among=30):
    def mask(rows):
        return np.isin(np.arange(30), list(rows))

    return EvaluationQuestion(
        need_id=need,
        fold=0,
        query=NeedQuery("LED", need_id=need, zone_id=zone),
        zone={},
        row={},
        candidates=mask(range(among)),
        relevant=mask(relevant),
        known=mask(known),
        newcomers=newcomers,
        warm=warm,
    )


def first(*rows):
    """Return scores that place these rows first."""
    scores = np.zeros(30)
    for place, row in enumerate(rows):
        scores[row] = 30 - place
    return scores


def tally(protocol, *judged):
    found = FigureTally(protocol)
    for fold, own, scores in judged:
        found.add(replace(own, fold=fold), IDS, scores)
    return found


def test_candidates_alone_are_ranked_and_ties_go_by_id():
    assert ranked(first(25, 3), question([1], among=5)).tolist() == [3, 0, 1, 2, 4]


def test_a_need_is_the_mean_of_its_tasks():
    found = tally(
        "cold-enterprise", (0, question([1, 2]), first(1, 2)), (1, question([28, 29]), first(1))
    )
    assert found.needs("ndcg@10") == {"n": 0.5}
    assert found.summary()["all"]["ndcg@10"]["needs"] == 1


def test_needs_with_one_relevant_candidate_are_left_out():
    found = tally("cold-need", (0, question([1], need="a"), first(1)))
    assert found.needs("ndcg@10") == {}
    assert found.summary()["all"]["ndcg@10"] is None


def test_warm_and_cold_are_kept_apart():
    found = tally(
        "time",
        (0, question([1, 2], need="a"), first(1, 2)),
        (0, question([1, 2], need="b", warm=False), first(5, 6)),
    )
    means = {part: own["precision@10"]["mean"] for part, own in found.summary().items()}
    # Ties go by id: with 5 and 6 first, 1 and 2 still are among the first ten.
    assert means == {"all": pytest.approx(0.2), "warm": 0.2, "cold": 0.2}
    assert found.needs("mrr", "warm") == {"a": 1.0}
    assert found.needs("mrr", "cold") == {"b": 0.25}


def test_newcomers_are_misses_in_one_figure_and_left_out_of_the_other():
    own = question([1, 2], known=[1], newcomers=1)
    found = tally("time", (0, own, first(1, *range(10, 20), 2)))
    assert found.needs("recall@10") == {"n": pytest.approx(1 / 3)}
    assert found.needs("recall@10_known") == {"n": 1.0}
    assert found.needs("recall@50") == {"n": 1.0}


def test_a_need_of_newcomers_alone_counts_only_where_they_are_misses():
    found = tally("time", (0, question([], newcomers=2), first(1)))
    assert found.needs("recall@10") == {"n": 0.0}
    assert found.needs("recall@10_known") == {}


def test_events_are_judged_by_known_investors_and_the_others_by_ndcg():
    assert figures("time")[0].name == "recall@10_known"
    assert figures("cold-need")[0].name == "ndcg@10"
    assert "recall@10" not in {figure.name for figure in figures("cold-enterprise")}


def test_lists_are_judged_by_coverage_exposure_and_overlap():
    same = first(*range(20))
    found = tally(
        "leave-zone-out",
        (0, question([1], need="a", zone="x"), same),
        (0, question([1], need="b", zone="y"), same),
        (0, question([1], need="c", zone="w"), first(*range(10, 30))),
        (1, question([1], need="d", zone="v"), same),
    ).spread()
    assert found["coverage@20"] == 1
    # x and y are alike; each has ten of w's twenty; v was asked for in another task.
    assert found["overlap@20"] == pytest.approx((1 + 0.5 + 0.5) / 3)
    assert (found["lists"], found["pairs_of_zones"], found["candidates"]) == (4, 3, 30)
    assert found["gini@20"] == pytest.approx(0.25)


def test_without_two_zones_of_one_industry_there_is_no_overlap():
    found = tally("cold-need", (0, question([1, 2], zone=None), first(1)))
    assert found.spread()["overlap@20"] is None


def test_differences_are_paired_over_needs():
    one = tally(
        "cold-need",
        (0, question([1, 2], need="a"), first(1, 2)),
        (0, question([28, 29], need="b"), first(28, 29)),
    )
    other = tally(
        "cold-need",
        (0, question([1, 2], need="a"), first(1, 2)),
        (0, question([28, 29], need="b"), first(5)),
    )
    gap = paired(one, other)
    assert gap["all"]["ndcg@10"]["mean"] == 0.5
    assert gap["cold"]["ndcg@10"] is None
    assert gap["all"]["ndcg@10"]["low"] == 0


def test_grades_are_gains_and_who_is_unjudged_is_counted():
    graded = replace(
        question([1, 2]),
        gains=np.where(np.arange(30) == 1, 3.0, np.arange(30) == 2).astype(np.float32),
        judged=np.arange(30) < 5,
    )
    found = tally("phrases", (0, graded, first(2, 1)))
    assert found.needs("ndcg@10")["n"] == pytest.approx((1 + 3 / np.log2(3)) / (3 + 1 / np.log2(3)))
    # 2 and 1, then ties by id: 0, 3, 4 and five whom nobody judged.
    assert found.needs("unjudged@10") == {"n": 0.5}
    assert "unjudged@10" not in {figure.name for figure in figures("prose")}


def test_cold_needs_are_judged_over_everybody_besides():
    some = replace(question([1, 2], among=5), anywhere=np.isin(np.arange(30), [1, 2, 29]))
    found = tally("cold-need", (0, some, first(*range(10, 20), 1, 2)))
    assert found.needs("ndcg@10") == {"n": 1.0}
    assert found.needs("ndcg@10_whole_pool") == {"n": 0.0}
    assert found.needs("recall@50_whole_pool") == {"n": 1.0}


def test_time_is_the_mean_of_its_cuts():
    hit, miss = first(1, 2), first(*range(10, 20))
    found = tally(
        "time",
        (0, question([1], need="a"), hit),
        (1, question([1], need="a"), miss),
        (1, question([1], need="b"), miss),
        (1, question([1], need="c"), miss),
    )
    assert found.summary()["all"]["recall@10_known"]["mean"] == 0.5
    assert found.cut(0)["recall@10_known"]["mean"] == 1
    assert found.cut(1)["recall@10_known"]["needs"] == 3
    assert paired(found, found)["all"]["recall@10_known"]["mean"] == 0
