from dataclasses import replace

import numpy as np
import pytest
from scipy import optimize

from training import weights as module
from training.cases import ScoredCase
from training.weights import learn_weights

PRIOR = np.array([1.0, 0.5])


def cases(count, telling, candidates=30, seed=0):
    """Return cases in which one factor tells the relevant ones apart and the other is noise."""
    generator = np.random.default_rng(seed)
    relevant = np.zeros(candidates, dtype=bool)
    relevant[:3] = True
    found = []
    for need in range(count):
        parts = generator.standard_normal((2, candidates))
        parts[telling, :3] += 3
        case = ScoredCase(
            need, need % 5, parts, np.zeros(candidates), relevant, "", np.empty(0, "U"), 0
        )
        found.append(case)
    return found


def test_without_cases_the_prior_is_returned_not_shared():
    found = learn_weights([], PRIOR)
    assert found.tolist() == PRIOR.tolist()
    found[0] = 9
    assert PRIOR[0] == 1


@pytest.mark.parametrize("telling", [0, 1])
def test_informative_factors_get_more_weight_than_noise(telling):
    found = learn_weights(cases(200, telling), PRIOR)
    assert found[telling] > PRIOR[telling]
    assert found[1 - telling] < PRIOR[1 - telling]
    assert found.min() >= 0


def test_weights_are_never_negative():
    misleading = [replace(case, parts=case.parts * [[1], [-1]]) for case in cases(300, 1)]
    assert learn_weights(misleading, PRIOR)[1] == 0


def test_few_cases_leave_the_prior_nearly_as_it_is():
    few, many = (learn_weights(cases(n, 1), PRIOR) for n in (1, 200))
    assert abs(few - PRIOR).max() < 0.1
    assert abs(few - PRIOR).max() < abs(many - PRIOR).max()


def test_the_same_cases_give_the_same_weights():
    np.testing.assert_array_equal(
        learn_weights(cases(20, 1), PRIOR), learn_weights(cases(20, 1), PRIOR)
    )


def test_only_the_hardest_candidates_count(monkeypatch):
    monkeypatch.setattr(module, "_CANDIDATES", 2)
    case = cases(1, 0, candidates=6)[0]
    case.parts[:] = [[0, 0, 0, 5, 9, 7], [0] * 6]
    columns, relevant = module._hardest(case, PRIOR)
    assert relevant == 3
    assert columns[0].tolist() == [0, 0, 0, 9, 7]


def test_the_slopes_are_those_of_the_loss(monkeypatch):
    seen = []
    minimize = optimize.minimize

    def watched(function, start, **options):
        seen.append((function, np.asarray(start, dtype=float)))
        return minimize(function, start, **options)

    monkeypatch.setattr(optimize, "minimize", watched)
    learn_weights(cases(5, 1), PRIOR)
    assert len(seen) == 2
    for function, start in seen:
        point = start + 0.3
        error = optimize.check_grad(
            lambda x, f=function: f(x)[0], lambda x, f=function: f(x)[1], point
        )
        assert error < 1e-4
