import numpy as np
import pytest

from models.scoring.blend import Blend, content_share
from models.scoring.scale import Standardised

BLEND = Blend(
    names=("a", "b"),
    content=np.array([2.0, 1.0]),
    cold=np.array([1.0, 0.25, 4.0]),
    warm=np.array([2.0, 3.0, 0.5, 8.0]),
)
NOTHING = np.zeros(2)


def z(**stated):
    """Return z-scores of two enterprises, 0 where nothing is stated."""
    silent = {
        "content": np.zeros((2, 2)),
        "head": NOTHING,
        "hybrid": NOTHING,
        "history": np.zeros((2, 2)),
        "signals": NOTHING,
    }
    return Standardised(**silent | {name: np.array(own) for name, own in stated.items()})


ALL = z(
    content=[[-1.0, 1.0], [0.0, 0.0]],
    head=[-1.0, 1.0],
    hybrid=[-1.0, 1.0],
    history=[[0.25, -0.25], [0.75, -0.75]],
    signals=[0.5, 0.0],
)


@pytest.mark.parametrize(("chosen", "share"), [(0, 1), (1, 1), (4, 0.6), (36, 0.2), (10_000, 0.2)])
def test_content_counts_less_the_more_was_chosen(chosen, share):
    assert content_share(chosen) == pytest.approx(share)


def test_the_rows_of_contributions_are_named():
    learnt = ("need_head", "hybrid", "track_record", "place_affinity")
    assert BLEND.factors == ("a", "b", *learnt, "signals", "constant")


def test_contributions_to_a_cold_need_by_hand():
    found = BLEND.contributions(ALL, 2.0, 7.0, 0)
    expected = [
        *[[-1, 1], [0, 0]],  # 2 · z / spread
        [0, 0],
        [-0.25, 0.25],
        *[[1, -1], [3, -3]],
        [0.5, 0],
        [7, 7],
    ]
    np.testing.assert_allclose(found, expected)


def test_contributions_to_a_warm_need_by_hand():
    found = BLEND.contributions(ALL, 2.0, -1.0, 4)
    expected = [
        *[[-1.2, 1.2], [0, 0]],  # content counts 2 · 0.6
        [-3, 3],
        [-0.5, 0.5],
        *[[2, -2], [6, -6]],
        [0.5, 0],
        [-1, -1],
    ]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("chosen", [0, 1])
def test_what_says_nothing_adds_nothing(chosen):
    found = BLEND.contributions(z(), 0.0, 0.25, chosen)
    assert found[:-1].any() == 0
    assert found[-1].tolist() == [0.25, 0.25]


def test_a_factor_without_weight_adds_nothing():
    blend = Blend(("a", "b"), np.array([0.0, 1.0]), BLEND.cold, BLEND.warm)
    assert not blend.contributions(ALL, 1.0, 0.0, 0)[0].any()


@pytest.mark.parametrize("chosen", [0, 9])
def test_contributions_add_up_to_the_weighted_sum_that_the_weights_are_learnt_on(chosen):
    generator = np.random.default_rng(0)
    content, history = generator.standard_normal((2, 2, 50))
    head, hybrid = generator.standard_normal((2, 50))
    scores = Standardised(content, head, hybrid, history, np.zeros(50))
    found = BLEND.contributions(scores, 3.0, 0.0, chosen).sum(axis=0)
    if chosen:
        expected = BLEND.warm @ BLEND.warm_terms(scores, 3.0, chosen)
    else:
        expected = np.array([*BLEND.content, *BLEND.cold[1:]]) @ BLEND.cold_terms(scores, 3.0)
    np.testing.assert_allclose(found, expected)


def test_saved_weights_come_back():
    restored = Blend.restore(BLEND.arrays())
    assert restored.names == BLEND.names
    for name in ("content", "cold", "warm"):
        np.testing.assert_array_equal(getattr(restored, name), getattr(BLEND, name))
