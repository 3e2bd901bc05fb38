import numpy as np
import pytest

from training import comparison
from training.comparison import MORE_CANDIDATES, against, alone, compare_versions
from training.evaluation import MEASURES
from training.splits import MIN_NEEDS


def judged(values, among=100.0):
    """Return figures need by need, the same for every measure."""
    return {
        f"n{at:02}": dict.fromkeys(MEASURES, value) | {"among": among}
        for at, value in enumerate(values)
    }


def manifest(cold=(), warm=(), among=100.0, **tables):
    return {
        "judged": {"cold": judged(cold, among), "warm": judged(warm, among)},
        "metrics": {"cold": None},
        "splits": {},
        "tables": {"enterprises": "a", "needs": "b"} | tables,
    }


def below(gap, high):
    found = {"mean": gap, "low": gap - 0.1, "high": high, "needs": 12}
    return {"cold": {"gain_over_character_tfidf": {"ndcg@10": found}}}


GOOD, BAD = np.linspace(0.4, 0.8, 12), np.linspace(0.2, 0.6, 12)
UNSURE = GOOD + np.tile([0.1, -0.12], 6)


def test_means_and_the_difference_are_over_needs_in_common():
    one, other = judged([0.5, 0.7, 0.9]), judged([0.6, 0.6])
    found = compare_versions({"cold": one}, {"cold": other})
    assert (found["warm"], found["time"]) == (None, None)
    cold = found["cold"]
    assert cold["needs"] == 2
    for name in MEASURES:
        assert cold[name]["one"] == pytest.approx(0.6)
        assert cold[name]["other"] == pytest.approx(0.6)
        assert cold[name]["difference"]["mean"] == pytest.approx(0)
        assert cold[name]["difference"]["low"] == pytest.approx(-0.1)
        assert cold[name]["difference"]["high"] == pytest.approx(0.1)


@pytest.mark.parametrize("after", [GOOD, GOOD + 0.1, UNSURE])
def test_what_is_not_surely_worse_may_serve(after):
    found = against("v1", manifest(cold=GOOD), manifest(cold=after))
    assert (found.refused, found.not_compared) == (None, None)
    assert found.to_dict()["cold"]["needs"] == len(GOOD)


@pytest.mark.parametrize("kind", ["cold", "warm"])
def test_what_is_surely_worse_in_one_kind_is_refused_whatever_the_other_gains(kind):
    other = "warm" if kind == "cold" else "cold"
    before = manifest(**{kind: GOOD, other: BAD})
    found = against("v1", before, manifest(**{kind: BAD, other: GOOD}))
    held = {"cold": "held-out needs", "warm": "held-out enterprises"}
    assert found.refused == (
        f"NDCG@10 is below that of the active version v1: {held[kind]} -0.200 [-0.200, -0.200] "
        "over 12 needs"
    )


def test_what_has_changed_since_is_named():
    found = against("v1", manifest(cold=GOOD), manifest(cold=BAD, needs="c", judgements="d"))
    assert found.refused.endswith("over 12 needs; changed since then: judgements, needs")


@pytest.mark.parametrize(
    ("times", "compared"), [(MORE_CANDIDATES, True), (2, False), (0.5, True)], ids=str
)
def test_needs_that_became_much_harder_are_not_compared(times, compared):
    found = against("v1", manifest(cold=GOOD), manifest(cold=BAD, among=100.0 * times))
    assert bool(found.not_compared) is not compared
    # The active version was judged: it stays in either case.
    assert ("cannot be compared" in found.refused) is not compared


def gaining(values, gain, among=100.0):
    return manifest(cold=values, among=among) | {"metrics": below(gain, gain + 0.1)}


@pytest.mark.parametrize(("gain", "worse"), [(0.2, False), (0.05, False), (-0.1, True)])
def test_in_a_larger_pool_the_gains_over_the_baseline_are_compared(gain, worse):
    before, after = gaining(GOOD, 0.2), gaining(BAD, gain, among=300.0)
    found = against("v1", before, after)
    assert "the pool has grown" in found.not_compared
    assert bool(found.refused) is worse
    if worse:
        assert "its gain over character TF-IDF is below that of v1: held-out needs" in found.refused


@pytest.mark.parametrize(("gain", "worse"), [(0.2, False), (0.05, False), (-0.1, True)])
def test_in_a_far_smaller_pool_needs_are_easier_and_the_gains_are_compared(gain, worse):
    before, after = gaining(BAD, 0.2), gaining(GOOD, gain, among=40.0)
    found = against("v1", before, after)
    assert "the pool has become smaller" in found.not_compared
    assert bool(found.refused) is worse
    before["metrics"]["cold"] = None
    assert "cannot be compared" in against("v1", before, after).refused


@pytest.mark.parametrize(("gone", "shown"), [("cold", "held-out needs"), ("warm", "enterprises")])
def test_a_kind_of_which_the_labels_have_vanished_is_not_made_up_for_by_another(gone, shown):
    before, after = (manifest(cold=GOOD, warm=GOOD) for _ in range(2))
    for facts in (before, after):
        facts["judged"]["time"], facts["splits"]["time"] = judged(GOOD), "a"
    assert against("v1", before, after).refused is None
    after["judged"][gone] = judged(GOOD[:3])
    found = against("v1", before, after)
    assert "cannot be compared with the active version v1, which was evaluated" in found.refused
    assert shown in found.not_compared
    after["judged"]["cold"] = after["judged"]["warm"] = {}
    assert "cannot be compared" in against("v1", before, after).refused


@pytest.mark.parametrize("after", [(), GOOD[:5], GOOD[:10]], ids=len)
def test_a_version_that_was_judged_stays_where_labels_have_vanished(after):
    before = manifest(cold=np.linspace(0.4, 0.8, 24))
    found = against("v1", before, manifest(cold=after))
    assert "cannot be compared with the active version v1, which was evaluated" in found.refused
    assert found.version == "v1"


@pytest.mark.parametrize(("part", "compared"), [(1.0, True), (0.5, True), (0.4, False)])
def test_needs_of_which_far_fewer_are_to_be_found_are_another_question(part, compared):
    before, after = manifest(cold=GOOD), manifest(cold=GOOD + 0.1)
    for facts, relevant in ((before, 50.0), (after, 50.0 * part)):
        for need in facts["judged"]["cold"].values():
            need["relevant"] = relevant
    found = against("v1", before, after)
    assert (found.refused is None) is compared


@pytest.mark.parametrize("same", [True, False])
def test_later_deals_are_compared_where_the_same_ones_were_held_out(same):
    before, after = manifest(cold=GOOD), manifest(cold=GOOD)
    for facts, values, split in ((before, GOOD, "a"), (after, BAD, "a" if same else "b")):
        facts["judged"]["time"] = judged(values)
        facts["splits"]["time"] = split
    found = against("v1", before, after)
    assert bool(found.refused) is same
    assert (found.differences["time"] is not None) is same
    if same:
        assert "later deals -0.200" in found.refused


def test_too_few_needs_are_no_comparison():
    few = MIN_NEEDS - 1
    found = against("v1", manifest(cold=GOOD[:few]), manifest(cold=BAD))
    assert found.refused is None
    assert found.version == "v1"
    assert "too few needs" in found.not_compared


def test_a_version_without_figures_need_by_need_is_not_compared():
    before = manifest(cold=GOOD)
    del before["judged"]
    found = against("v1", before, manifest(cold=BAD))
    assert (found.refused, found.not_compared) == (None, "it has no figures per need")
    before["metrics"] = below(0.1, 0.2)
    assert "which was evaluated: it has no figures" in against("v1", before, manifest()).refused


def test_where_nothing_can_be_compared_the_baseline_decides():
    assert alone({"cold": None}).refused is None
    assert alone(below(-0.05, 0.01)).refused is None
    assert "that of character TF-IDF: held-out needs -0.2" in alone(below(-0.2, -0.1)).refused
    worse = manifest(cold=BAD) | {"metrics": below(-0.2, -0.1)}
    assert "character TF-IDF" in against("v1", manifest(), worse).refused
    assert against("v1", manifest(cold=BAD), worse).refused is None


def test_tables_are_compared_by_their_contents():
    one, other = manifest(), manifest(needs="c", events="d")
    assert comparison.changed_tables(one, other) == ["events", "needs"]
    assert comparison.changed_tables(one, one) == []
