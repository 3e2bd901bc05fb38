"""The replay of tasks over hosts that `make bench ARGS=plan` extrapolates with."""

import numpy as np
import pytest

from tests.benchmarks.replay import Cluster, replay, straggling


@pytest.mark.parametrize(("hosts", "workers", "rounds"), [(1, 1, 24), (2, 3, 4), (5, 5, 1)])
def test_equal_tasks_without_failures_take_their_rounds(hosts, workers, rounds):
    found = replay(np.full(24, 2.0), Cluster(hosts, workers))
    assert found.seconds == 2.0 * rounds
    assert (found.begun, found.lost_hosts) == (24, 0)
    assert found.busy == pytest.approx(24 / (hosts * workers * rounds))


def test_a_host_that_fails_costs_time_and_no_task():
    costs, calm = np.full(400, 60.0), Cluster(4, 2)
    found = replay(costs, calm._replace(failures=2.0), seed=1)
    assert found.lost_hosts > 0
    assert found.begun > len(costs)
    assert found.seconds > replay(costs, calm).seconds
    assert found == replay(costs, calm._replace(failures=2.0), seed=1)
    assert found != replay(costs, calm._replace(failures=2.0), seed=2)


def test_a_single_host_that_fails_goes_on_when_it_is_back():
    found = replay(np.full(100, 60.0), Cluster(1, 1, failures=1.0, back=600.0), seed=0)
    assert found.lost_hosts > 0
    assert found.seconds >= 100 * 60 + found.lost_hosts * 600


def test_stragglers_keep_the_mean_and_have_a_tail():
    found = straggling(100_000, 10.0, np.random.default_rng(0))
    assert found.mean() == pytest.approx(10.3, rel=0.01)
    assert 0.005 < (found > 25).mean() < 0.015
