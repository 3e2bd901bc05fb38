"""Models do not depend on ids: renaming enterprises does not change what is learnt."""

import numpy as np
import polars as pl
import pytest

from features.need import NeedQuery
from tests.conftest import TODAY
from tests.pool import NEED_IDS, SUBJECTS, frame, training_data
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


def test_renaming_one_enterprise_that_nobody_judged_moves_nothing(fitted, store):
    ids = training_data().enterprises["enterprise_id"].to_list()
    for name in ("A", "ZZ"):  # before and after all others
        names = {id_: name if id_ == "X-unknown" else id_ for id_ in ids}
        back = {other: id_ for id_, other in names.items()}
        found = scores(fit(renamed(training_data(), names), store, today=TODAY), back)
        expected = scores(fitted)
        assert max(abs(found[pair] - expected[pair]) for pair in expected) < 1e-3


def test_needs_that_nothing_is_known_of_move_no_other_need_s_list(fitted, store):
    needs = training_data().needs
    new = [
        {"need_id": need_id, "zone_id": zone_id, "industry": industry, "role": "leading"}
        for need_id, zone_id, industry in (
            ("a/新", "a", "煤层气装备"),
            ("z0/新", "z0", "LED灯珠"),
            ("zz/新", None, "食醋"),
        )
    ]
    more = training_data(needs=pl.concat([frame("needs", new), needs]))
    found, expected = scores(fit(more, store, today=TODAY)), scores(fitted)
    assert max(abs(found[pair] - expected[pair]) for pair in expected) < 1e-6
