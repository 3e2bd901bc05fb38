"""A replay of tasks over hosts, with stragglers and failing hosts; nothing is computed."""

import heapq
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Cluster(NamedTuple):
    """Hosts on which tasks are done.

    Attributes
    ----------
    hosts, workers : int
        How many there are, and how many tasks each does at once.
    failures : float
        Of a host in an hour, on average.
    noticed, back : float
        Seconds until the tasks of a lost host are begun again, and until it works again.
    """

    hosts: int
    workers: int
    failures: float = 0.0
    noticed: float = 30.0
    back: float = 600.0


class Replayed(NamedTuple):
    """What came of it.

    Attributes
    ----------
    seconds : float
        Until the last task was done.
    begun : int
        Tasks that were begun, those that were lost included.
    lost_hosts : int
    busy : float
        Share of the workers' time that was spent on tasks that were done.
    """

    seconds: float
    begun: int
    lost_hosts: int
    busy: float


def straggling(count: int, seconds: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Return costs of tasks around a mean: log-normal (σ 0.25), one in a hundred 4 × as long.

    Parameters
    ----------
    count : int
    seconds : float
        The mean of the log-normal part.
    random : Generator
    """
    spread = 0.25
    found = seconds * random.lognormal(-(spread**2) / 2, spread, count)
    found[random.random(count) < 0.01] *= 4
    return found


def replay(costs: NDArray[np.float64], cluster: Cluster, seed: int = 0) -> Replayed:
    """Do tasks in their order, each by the worker that is free first.

    A host that fails loses what its workers are at; these tasks go to the end of the queue once
    that is noticed.
    """
    random = np.random.default_rng(seed)
    fails = [_next(cluster, random, 0.0) for _ in range(cluster.hosts)]
    free = [(0.0, host) for host in range(cluster.hosts) for _ in range(cluster.workers)]
    heapq.heapify(free)
    waiting = [(0.0, at) for at in range(len(costs))]  # from when on, and which
    heapq.heapify(waiting)
    end, begun, lost = 0.0, 0, set()
    while waiting:
        (ready, task), (at, host) = heapq.heappop(waiting), heapq.heappop(free)
        start = max(ready, at)
        if start >= fails[host] + cluster.back:  # it works again
            fails[host] = _next(cluster, random, start)
        if start >= fails[host]:
            heapq.heappush(waiting, (ready, task))
            heapq.heappush(free, (fails[host] + cluster.back, host))
            continue
        begun += 1
        done = start + float(costs[task])
        if done <= fails[host]:
            end = max(end, done)
            heapq.heappush(free, (done, host))
            continue
        lost.add((host, fails[host]))
        heapq.heappush(waiting, (fails[host] + cluster.noticed, task))
        heapq.heappush(free, (fails[host] + cluster.back, host))
    return Replayed(end, begun, len(lost), float(costs.sum()) / max(end, 1e-9) / len(free))


def _next(cluster: Cluster, random: np.random.Generator, now: float) -> float:
    """Return when a host fails next."""
    if not cluster.failures:
        return float("inf")
    return now + float(random.exponential(3600 / cluster.failures))
