"""An id is only a name: what is learnt stays the same when enterprises are called otherwise."""

import numpy as np
import polars as pl
import pytest

from features.need import NeedQuery
from tests.conftest import TODAY
from tests.pool import NEED_IDS, SUBJECTS, training_data
from training.fitting import fit


def renamed(data, names):
    def under(frame):
        return frame.with_columns(pl.col("enterprise_id").replace_strict(names))

    changed = {name: under(getattr(data, name)) for name in ("enterprises", "judgements", "events")}
    return training_data(**changed)


def scores(found, names=None):
    bound = found.ranker.bind(found.pool)
    ids = [names[id_] if names else id_ for id_ in found.pool.ids.tolist()]
    needs = [NeedQuery(name, need_id=id_) for name, id_ in zip(SUBJECTS, NEED_IDS, strict=True)]
    rows = [bound.contributions(found.ranker.space.need(need)).sum(axis=0) for need in needs]
    return {
        (row, id_): value
        for row, own in enumerate(rows)
        for id_, value in zip(ids, own.tolist(), strict=True)
    }


@pytest.mark.parametrize("seed", [0, 1])
def test_renaming_all_enterprises_leaves_all_scores(fitted, store, seed):
    data = training_data()
    ids = data.enterprises["enterprise_id"].to_list()
    order = np.random.default_rng(seed).permutation(len(ids))
    names = {id_: f"N{place:04}" for id_, place in zip(ids, order.tolist(), strict=True)}
    back = {name: id_ for id_, name in names.items()}
    found = scores(fit(renamed(data, names), store, today=TODAY), back)
    expected = scores(fitted)
    assert found.keys() == expected.keys()
    gaps = [abs(found[pair] - expected[pair]) for pair in expected]
    assert max(gaps) < 1e-3
