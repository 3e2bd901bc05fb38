from dataclasses import replace

import numpy as np
import pytest

from features.need import NeedQuery
from models.retrieval import two_stage
from models.retrieval.first_stage import FirstStage
from models.retrieval.sample import Sample
from models.scoring.scale import standardise
from tests.pool import EACH, NEED_IDS, SUBJECTS


def made(bound):
    arrays = two_stage.make(bound)
    return FirstStage(Sample(bound, arrays["sample"]), arrays)


@pytest.fixture
def estimate(bound):
    return made(bound.ranker.bind(bound.pool.by_rows()))


def needs(bound):
    return [
        bound.ranker.space.need(NeedQuery(industry, need_id=need_id))
        for industry, need_id in zip(SUBJECTS, NEED_IDS, strict=True)
    ]


def test_the_right_enterprises_are_estimated_first(bound, estimate):
    for number, need in enumerate(needs(bound)):
        first = np.argsort(-estimate.of(need))[: EACH + 4]  # the twins and others make LEDs as well
        expected = {f"E{number:02}{at}" for at in range(EACH)}
        assert expected <= set(bound.pool.ids[first])


def test_the_column_is_the_factor_of_nodes(bound, estimate):
    need = bound.ranker.space.need(NeedQuery("LED封装", nodes=("led/packaging", "led/driver")))
    weights = dict(zip(bound.ranker.blend.names, bound.ranker.blend.content, strict=True))
    values = dict(zip(weights, bound.values(need).content, strict=True))
    for rows in (None, np.array([3, 40, 61])):
        taken = slice(None) if rows is None else rows
        found = estimate._column(need, 2.0).values(estimate.stored.nodes, taken)
        known = ~np.isnan(values["node_match"])[taken]
        expected = 2.0 * weights["node_match"] * standardise(values["node_match"])[taken]
        np.testing.assert_allclose(found[known], expected[known], atol=0.2)  # kept in 254ths
        assert not found[~known].any()
    assert estimate._column(replace(need, targets=()), 2.0) is None


def test_few_rows_are_estimated_as_among_all(bound, estimate):
    some = np.arange(len(bound.pool))[::5]
    for need in needs(bound):
        whole = estimate.of(need)
        np.testing.assert_allclose(estimate.of(need, some), whole[some], rtol=1e-4)


def test_deals_are_part_of_the_estimate(traded):
    bound = traded.ranker.bind(traded.ranker.space.pool(traded_pool(traded)).by_rows())
    estimate = made(bound)
    need = bound.ranker.space.need(NeedQuery("LED封装", zone_id="z0"))
    known, parts = bound.history_parts(need)
    silent = replace(bound.ranker, history=type(bound.ranker.history)()).bind(bound.pool)
    without = made(silent).of(need)
    weight = bound.ranker.blend.cold[2]
    added = estimate.of(need) - without
    np.testing.assert_allclose(added[known], weight * parts.sum(axis=0), atol=1e-3)
    assert not np.delete(added, known).any()
    some = np.arange(len(bound.pool))[::3]
    np.testing.assert_allclose(estimate.of(need, some), estimate.of(need)[some], rtol=1e-4)


def traded_pool(traded):
    from tests.training.deals import trading_data

    assert traded.ranker.history.fitted
    return trading_data().enterprises
