"""An id is only a name: equal profiles have equal scores, whatever they are called."""

import numpy as np
import polars as pl
import pytest

from features.need import NeedQuery
from tests.pool import frame, products, tables, training_data
from training.fitting import fit

NEEDS = [NeedQuery("LED封装"), NeedQuery("老陈醋、小米"), NeedQuery("航天发动机")]
COPIED = {
    "name": "双子光电有限公司",
    "products": products("LED封装", "LED器件", "背光模组", shares=(0.5, 0.3)),
    "business_scope": "LED封装的研发、生产；灯具销售；货物进出口",
    "province": "广东省",
    "city": "深圳市",
    "industry_code": "3975",
    "registered_capital": 1234.0,
}


def contributions(ranker, table, need):
    bound = ranker.bind(ranker.space.pool(table))
    return bound.pool.ids, bound.contributions(ranker.space.need(need))


def test_sixty_copies_of_one_enterprise_have_one_score_to_the_last_bit(fitted):
    enterprises = tables()["enterprises"]
    # Before, among and behind the others: nothing may depend on the place in the pool.
    ids = [f"{place}{at:02}-copy" for place in ("A", "E0", "X") for at in range(20)]
    copies = frame("enterprises", [COPIED | {"enterprise_id": id_} for id_ in ids])
    table = pl.concat([enterprises, copies])
    for need in NEEDS:
        found, parts = contributions(fitted.ranker, table, need)
        own = parts[:, np.isin(found, ids)]
        assert own.shape[1] == len(ids)
        np.testing.assert_array_equal(own, np.repeat(own[:, :1], len(ids), axis=1))
        assert len(np.unique(own.sum(axis=0))) == 1


@pytest.fixture(scope="module")
def unlearnt(store, fitted):
    """Return a ranker that learnt from profiles alone."""
    empty = {name: tables()[name].clear() for name in ("judgements", "events")}
    return fit(training_data(**empty), store, today=fitted.ranker.space.today_).ranker


def test_where_nothing_was_learnt_renaming_ids_changes_no_score(unlearnt, store):
    table = tables()["enterprises"]
    turned = table.with_columns(
        enterprise_id=pl.format(
            "R{}", pl.col("enterprise_id").rank("ordinal", descending=True) + 100
        )
    )
    named = dict(zip(table["enterprise_id"], turned["enterprise_id"], strict=True))
    empty = {name: tables()[name].clear() for name in ("judgements", "events")}
    renamed = fit(
        training_data(enterprises=turned, **empty), store, today=unlearnt.space.today_
    ).ranker
    for need in NEEDS:
        ids, parts = contributions(unlearnt, table, need)
        other_ids, others = contributions(renamed, turned, need)
        place = {id_: at for at, id_ in enumerate(other_ids.tolist())}
        at = [place[named[id_]] for id_ in ids.tolist()]
        np.testing.assert_allclose(others[:, at], parts, atol=1e-3)
