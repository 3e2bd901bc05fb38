"""The assignment is exact: as a solver of integer programs finds it, in random cases."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy.optimize import LinearConstraint, linear_sum_assignment, milp

from service.projects.sharing import Candidates, deepest, share_out


def candidates(scores: np.ndarray, depth: int | None = None) -> Candidates:
    """Return the candidates of a matrix of scores, needs × enterprises, in plain order."""
    order = np.argsort(-scores, axis=1, kind="stable")[:, :depth]
    m, width = order.shape
    needs = np.repeat(np.arange(m), width)
    return Candidates(
        needs, order.ravel(), scores[needs, order.ravel()], np.tile(np.arange(width), m)
    )


def matrix(found: Candidates, chosen: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    x = np.zeros(shape, dtype=bool)
    x[found.needs[chosen], found.enterprises[chosen]] = True
    return x


def best(scores: np.ndarray, zones: list[int], k: int, most: int) -> float:
    """Return the largest sum by branch and bound."""
    m, n = scores.shape
    rows, low, high = [], [], []

    def add(pairs: list[tuple[int, int]], least: float, greatest: float) -> None:
        row = np.zeros((m, n))
        for pair in pairs:
            row[pair] = 1
        rows.append(row.ravel())
        low.append(least)
        high.append(greatest)

    for j in range(m):
        add([(j, i) for i in range(n)], k, k)
    for i in range(n):
        add([(j, i) for j in range(m)], 0, most)
        for z in set(zones):
            add([(j, i) for j in range(m) if zones[j] == z], 0, 1)
    limits = LinearConstraint(np.array(rows), low, high)
    solved = milp(-scores.ravel(), constraints=limits, integrality=np.ones(m * n), bounds=(0, 1))
    return float(-solved.fun)


@pytest.mark.parametrize("seed", range(12))
def test_it_is_the_best_there_is(seed: int) -> None:
    random = np.random.default_rng(seed)
    m, n, k = int(random.integers(2, 6)), 14, 2
    zones = random.integers(0, 3, m).tolist()
    # Much alike, as scores of the same industry are: everybody wants the same.
    scores = np.round(random.random(n) * 0.8 + 0.2 * random.random((m, n)), 3)
    for most in (1, 2):
        if m * k > n * most:
            continue
        found = candidates(scores, deepest(k, most, zones))
        chosen = share_out(found, zones, k, most)
        x = matrix(found, chosen, (m, n))
        assert (x.sum(axis=1) == k).all()
        for i, z in itertools.product(range(n), set(zones)):
            assert x[[j for j in range(m) if zones[j] == z], i].sum() <= 1
        assert x.sum(axis=0).max() <= most
        assert found.scores[chosen].sum() == pytest.approx(best(scores, zones, k, most))


def test_with_one_zone_each_it_is_the_assignment_problem() -> None:
    scores = np.random.default_rng(0).random((6, 40))
    found = candidates(scores)
    chosen = share_out(found, list(range(6)), 3, 1)
    rows, columns = linear_sum_assignment(-np.repeat(scores, 3, axis=0))
    assert found.scores[chosen].sum() == pytest.approx(
        np.repeat(scores, 3, axis=0)[rows, columns].sum()
    )


def test_without_any_conflict_it_is_the_plain_lists() -> None:
    scores = np.random.default_rng(1).random((3, 30))
    found = candidates(scores)
    chosen = share_out(found, [0, 1, 2], 5, 3)
    assert (found.ranks[chosen] < 5).all()
    assert chosen.sum() == 15


def test_where_there_are_too_few_lists_are_as_full_as_they_can_be() -> None:
    scores = np.array([[0.9, 0.8, 0.7], [0.9, 0.8, 0.7]])
    found = candidates(scores)
    chosen = share_out(found, [0, 1], 2, 1)
    assert chosen.sum() == 3
    nothing = Candidates(*(np.array([], dtype=d) for d in (int, int, float, int)))
    assert share_out(nothing, [0, 1], 2, 1).sum() == 0
