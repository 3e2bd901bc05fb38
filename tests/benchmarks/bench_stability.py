"""Stability of lists over ten seeds, ten renamings of all enterprises, and one renamed enterprise.

A list is the first twenty of everybody for a need, trained anew each time; how many of them two
lists share is a mean over needs. An id is only a name, and a seed only decides what is drawn.
"""

from dataclasses import replace

import numpy as np
import polars as pl

from features.encoder import EncodingStore, encoder_named
from features.need import NeedQuery
from features.workspace import Workspace
from tests.benchmarks.listed import ENCODINGS, Listed
from tests.benchmarks.report import progress, report
from training.data import TrainingData
from training.fitting import fit
from training.publishing import read_tables

FIRST, TIMES = 20, 10
AT_LEAST = 19
_NAMED = ("enterprises", "judgements", "events")


def run(listed: Listed) -> None:
    workspace = Workspace(listed.workspace)
    data, _, changed = read_tables(workspace)
    lists = Lists(data, EncodingStore(workspace.home / ENCODINGS, encoder_named(None)), changed)
    measure(lists)


def measure(lists: "Lists") -> None:
    """Report how many of the first twenty agree."""
    base, seeds = lists.of(), [lists.of(seed=seed) for seed in range(1, TIMES)]
    report_shared("stability.seeds", [base, *seeds])
    report_shared("stability.renamings", [base, *(lists.of(names=n) for n in renamings(lists.ids))])
    judged = set(lists.data.judgements["enterprise_id"])
    one = next(id_ for id_ in lists.ids if id_ not in judged)
    names = {id_: "ZZZ" if id_ == one else id_ for id_ in lists.ids}
    report_shared("stability.one_renamed", [base, lists.of(names=names)], at_least=FIRST)


def renamings(ids: list[str]) -> list[dict[str, str]]:
    """Return names for all ids, in other orders."""
    found = []
    for number in range(1, TIMES):
        order = np.random.default_rng(number).permutation(len(ids)).tolist()
        found.append({id_: f"R{place:07}" for id_, place in zip(ids, order, strict=True)})
    return found


class Lists:
    """Trains on tables and lists the first enterprises for each of their needs.

    Parameters
    ----------
    data : TrainingData
    store : EncodingStore
    today : date
    """

    def __init__(self, data: TrainingData, store: EncodingStore, today: object) -> None:
        self.data, self.store, self.today = data, store, today
        self.ids = data.enterprises["enterprise_id"].sort().to_list()
        self.needs = [NeedQuery.from_row(row) for row in data.needs.iter_rows(named=True)]

    def of(self, *, seed: int = 0, names: dict[str, str] | None = None) -> list[set[str]]:
        """Return the first of every need, by the ids that enterprises have in the data."""
        progress(f"stability: seed {seed}, {'renamed' if names else 'as they are'}")
        data = self.data
        if names:
            under = {
                name: getattr(data, name).with_columns(pl.col("enterprise_id").replace(names))
                for name in _NAMED
            }
            data = replace(data, **under)
        back = {name: id_ for id_, name in (names or {}).items()}
        fitted = fit(data, self.store, today=self.today, seed=seed)
        bound = fitted.ranker.bind(fitted.pool)
        found = []
        for need in self.needs:
            raw = bound.contributions(fitted.ranker.space.need(need)).sum(axis=0)
            first = fitted.pool.ids[np.argsort(-raw, kind="stable")[:FIRST]].tolist()
            found.append({back.get(id_, id_) for id_ in first})
        return found


def report_shared(name: str, lists: list[list[set[str]]], at_least: float = AT_LEAST) -> None:
    """Report how many of the first twenty two lists of one need share, the mean and the least."""
    pairs = [
        len(one & other)
        for at, own in enumerate(lists)
        for another in lists[:at]
        for one, other in zip(own, another, strict=True)
    ]
    report(
        name,
        float(np.mean(pairs)),
        f"of the first {FIRST}, mean over needs and pairs of trainings",
        target=f">= {at_least}",
        least=int(min(pairs)),
        trainings=len(lists),
    )
