import numpy as np
import pytest

from features.need import NeedQuery
from models.scoring.fit import EVIDENCE, FitModel
from tests.conftest import TODAY
from tests.pool import NEED_IDS, SUBJECTS, training_data
from training import fit_levels
from training.fit_levels import Pairs, gather, learn_levels, level_figures, out_of_fold
from training.fitting import fit


def made(evidence, grades, needs):
    size = len(grades)
    return Pairs(
        np.asarray(evidence, dtype=np.float32),
        np.asarray(grades),
        np.asarray(needs),
        np.full(size, "pool"),
    )


@pytest.fixture(scope="module")
def separable():
    """Return pairs of ten needs in which the first kind of evidence tells the grade."""
    generator = np.random.default_rng(0)
    evidence = generator.random((200, len(EVIDENCE)))
    grades = np.where(evidence[:, 0] > 0.5, 2, 0)
    return made(evidence, grades, [f"n{at % 10}" for at in range(200)])


def test_an_informative_feature_gets_the_weight(separable):
    weights, intercept = learn_levels(separable)
    assert weights[0] > 4 * max(map(abs, weights[1:]))
    assert intercept < 0


def test_out_of_fold_is_learnt_without_any_pair_of_the_need(separable):
    """The grades of one need turned round move the probabilities of all others, not its own."""
    own = separable.needs == "n3"
    turned = separable._replace(grades=np.where(own, 2 - separable.grades, separable.grades))
    one, other = out_of_fold(separable), out_of_fold(turned)
    np.testing.assert_allclose(one[own], other[own])
    assert not np.allclose(one[~own], other[~own])


def test_drawn_pairs_count_little_and_in_no_level(separable):
    drawn = separable._replace(grades=np.where(separable.grades > 0, 2, -1))
    assert learn_levels(drawn)[1] > learn_levels(separable)[1]
    model = FitModel((1.0,) * len(EVIDENCE), 0.0, strong=0.8, partial=0.2)
    probabilities = np.where(drawn.grades > 0, 0.9, 0.1)
    assert level_figures(drawn, probabilities, model) == {
        "strong": (int((drawn.grades > 0).sum()), 1.0),
        "weak": (0, pytest.approx(np.nan, nan_ok=True)),
    }


def test_a_level_is_how_many_pairs_and_the_share_of_them_that_fits():
    pairs = made(np.zeros((4, len(EVIDENCE))), [2, 1, 0, 0], ["a"] * 4)
    model = FitModel((1.0,) * len(EVIDENCE), 0.0, strong=0.8, partial=0.2)
    assert level_figures(pairs, np.array([0.9, 0.5, 0.9, 0.1]), model) == {
        "strong": (2, 0.5),
        "partial": (1, 1.0),
        "weak": (1, 0.0),
    }


def test_graded_pairs_of_the_pool_and_drawn_ones_from_far_down_are_gathered(store, monkeypatch):
    monkeypatch.setattr(fit_levels, "BEYOND", 20)
    monkeypatch.setattr(fit_levels, "DRAWN", 7)
    data = training_data()
    untold = {name: getattr(data, name).clear() for name in ("needs", "judgements", "events")}
    fitted = fit(training_data(**untold), store, today=TODAY)
    need = fitted.ranker.space.need(NeedQuery(next(iter(SUBJECTS)), need_id=NEED_IDS[0]))
    bound = fitted.ranker.bind(fitted.pool)
    grades = {NEED_IDS[0]: {"E000": 2, "E091": 0, "gone": 2}}
    found = gather(bound, [need], grades, "small")
    assert found.grades.tolist() == [2, 0, *[-1] * 7]
    assert set(found.needs) == {NEED_IDS[0]}
    assert set(found.pools) == {"small"}
    assert found.evidence[0, 0] > 0.5 > found.evidence[1:, 0].max()
    again = gather(bound, [need], grades, "small")
    np.testing.assert_array_equal(found.evidence, again.evidence)
