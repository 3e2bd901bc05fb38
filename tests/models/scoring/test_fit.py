from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from features.need import NeedQuery
from features.words.understanding import NO_PRODUCT
from models.scoring import fit
from models.scoring.fit import SHIPPED, FitModel, constant, fit_evidence, score_of
from tests.pool import NEED_IDS, SUBJECTS

TINY = FitModel((2.0, 0.0, 0.0, 0.0, 1.0), -1.0, strong=0.6, partial=0.4)


@pytest.fixture(scope="module")
def led(bound):
    return bound.ranker.space.need(NeedQuery("LED封装"))


def test_a_probability_is_the_logistic_function_of_the_weighted_evidence():
    evidence = np.array([[0.5, 9, 9, 9, 0], [0, 0, 0, 0, 0], [1, 0, 0, 0, 1]], dtype=np.float32)
    expected = [0.5, 1 / (1 + np.exp(1)), 1 / (1 + np.exp(-2))]
    np.testing.assert_allclose(TINY.probabilities(evidence), expected)


@pytest.mark.parametrize(
    ("probability", "level"),
    [
        (0.0, "weak"),
        (0.39, "weak"),
        (0.4, "partial"),
        (0.59, "partial"),
        (0.6, "strong"),
        (1.0, "strong"),
    ],
)
def test_levels_begin_where_the_model_says(probability, level):
    assert TINY.levels(np.array([probability])) == [level]


def test_the_shipped_model_counts_all_evidence_for_an_enterprise():
    assert len(SHIPPED.weights) == len(fit.EVIDENCE)
    assert min(SHIPPED.weights) > 0
    assert 0 < SHIPPED.partial < SHIPPED.strong < 1
    none, all_of_it = SHIPPED.probabilities(np.outer([0.0, 1.0], np.ones(len(fit.EVIDENCE))))
    assert SHIPPED.levels(np.array([none, all_of_it])) == ["weak", "strong"]


def pool_of(weights, grams, text, topics):
    """Return a pool of which fit reads items, text and topics alone."""
    items = SimpleNamespace(weights=sparse.csr_array(np.float32(weights)))
    return SimpleNamespace(
        products=items,
        product_grams=sparse.csr_array(np.float32(grams)),
        product_kinds=sparse.csr_array(np.float32([[1, 0], [0, 0.5], [0, 1]])),
        views={"text": sparse.csr_array(np.float32(text)), "topics": np.float32(topics)},
    )


def need_of(weights, grams, text, topics):
    views = {
        "items": sparse.csr_array(np.float32(grams)),
        "text": sparse.csr_array(text),
        "topics": np.float32(topics),
    }
    named = SimpleNamespace(notes=())
    kinds = np.float32([1, 0.2])
    return SimpleNamespace(weights=np.float32(weights), views=views, understood=named, kinds=kinds)


NOTHING = "公司制造"
"""Fillers alone, whose characters stand in profiles."""


def test_nothing_fits_a_need_that_names_no_product(bound):
    need = bound.ranker.space.need(NeedQuery(NOTHING))
    assert need.understood.notes == (NO_PRODUCT,)
    rows = np.arange(len(bound.pool))
    assert not fit_evidence(need, bound.pool, rows).any()
    raw = bound.contributions(need).sum(axis=0)
    assert score_of(np.sort(raw)[::-1][:10]).mean() < 0.3


def test_evidence_by_hand():
    # Two words, the first counting three times the second; the second is half said by one item.
    need = need_of([3, 1], [[1, 0], [0, 1]], np.float32([[1, 0], [0, 1]]), [[1, 0], [0, 1]])
    pool = pool_of(
        [[4, 0, 0], [1, 0, 3], [0, 0, 0]],
        [[1, 0], [0, 0], [0, 0.5]],
        [[0.5, 0], [0, 0.8], [0, 0]],
        [[0.8, 0.6], [-1, 0], [0, 0]],
    )
    found = fit_evidence(need, pool, np.arange(3))
    expected = [
        [1, 0.75, 1, 0.5, 0.375, 0.75 * 0.8 + 0.25 * 0.6, 0, 1, 1],
        # What is against it is not for it.
        [1, 0.75 + 0.25 * 0.25, (1 + 3 * 0.25) / 4, 0.8, 0.2, 0, 0, 1, (1 + 3 * 0.2) / 4],
        [0, 0, 0, 0, 0, 0, 1, 0, 0],
    ]
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_evidence_of_some_is_what_they_have_among_all(bound, led):
    rows = np.array([40, 3, 61])
    whole = fit_evidence(led, bound.pool, np.arange(len(bound.pool)))
    np.testing.assert_array_equal(fit_evidence(led, bound.pool, rows), whole[rows])
    assert fit_evidence(led, bound.pool, rows[:0]).shape == (0, len(fit.EVIDENCE))


def test_evidence_lies_between_zero_and_one(bound):
    for industry in SUBJECTS:
        need = bound.ranker.space.need(NeedQuery(industry))
        found = fit_evidence(need, bound.pool, np.arange(len(bound.pool)))
        assert found.min() >= 0
        assert found.max() <= 1 + 1e-6


def test_who_makes_it_fits_and_who_makes_something_else_does_not(bound, led):
    levels = SHIPPED.levels(
        SHIPPED.probabilities(fit_evidence(led, bound.pool, np.arange(len(bound.pool))))
    )
    of = dict(zip(bound.pool.ids.tolist(), levels, strict=True))
    assert of["E000"] == "strong"
    assert {of[f"E10{at}"] for at in range(5)} == {"weak"}


@pytest.mark.parametrize(
    "need",
    [NeedQuery("LED封装", need_id=NEED_IDS[0]), NeedQuery("乳制品"), NeedQuery("航天发动机")],
)
def test_the_constant_makes_the_first_ten_s_mean_score_their_mean_probability(bound, need):
    features = bound.ranker.space.need(need)
    raw = bound.contributions(features).sum(axis=0)
    first = np.argsort(-raw, kind="stable")[: fit.JUDGED]
    likely = SHIPPED.probabilities(fit_evidence(features, bound.pool, first)).mean()
    # The mean raw score is the one whose score this is.
    assert score_of(raw[first].mean()) == pytest.approx(likely, abs=1e-9)


def test_the_constant_changes_no_order_and_is_the_same_for_all(bound, led):
    parts = bound.contributions(led)
    assert np.ptp(parts[-1]) == 0
    shifted = parts[:-1].sum(axis=0)
    assert parts[-1, 0] == pytest.approx(constant(led, bound.pool, shifted))
    np.testing.assert_allclose(constant(led, bound.pool, shifted + 5), parts[-1, 0] - 5, atol=1e-9)


def test_a_list_in_which_nothing_fits_begins_low(bound, led):
    none = bound.ranker.space.need(NeedQuery("航天发动机"))
    scores = [score_of(bound.contributions(need).sum(axis=0)).max() for need in (led, none)]
    assert scores[1] < 0.5 < scores[0]


def test_nobody_has_no_constant(bound, led):
    nobody = bound.pool.take(np.arange(0))
    assert constant(led, nobody, np.zeros(0)) == 0


def test_a_score_is_a_monotone_map_into_zero_to_one():
    raw = np.linspace(-60, 60, 1001)
    scores = score_of(raw)
    assert score_of(np.array(0.0)) == 0.5
    assert score_of(np.array(fit.SCORE_SPREAD)) == pytest.approx(1 / (1 + np.exp(-1)))
    assert np.all(np.diff(scores) > 0)
    assert scores.min() > 0
    assert scores.max() < 1
