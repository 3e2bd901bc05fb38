from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from features.need import NeedQuery
from models.industry_match import IndustryMatch
from models.ranker import order
from tests.pool import frame, products, tables

FIT = np.array(
    [
        # specialist, generalist, little, without products
        [0.8, 0.8, 0.1, 0.0],
        [0.0, 0.7, 0.0, 0.0],
        [0.0, 0.6, 0.0, 0.0],
        [0.1, 0.5, 0.0, 0.0],
        [0.1, 0.4, 0.0, 0.0],
        [0.0, 0.3, 0.0, 0.0],
    ],
    dtype=np.float32,
)


def score(*industries, fit=FIT):
    factor = IndustryMatch()
    prepared = factor.prepare(SimpleNamespace(industries=fit))
    return factor.score(SimpleNamespace(industries=industries), prepared)


def test_fit_less_half_the_mean_of_the_five_best_by_hand():
    expected = [0.8 - 0.5 * 1.0 / 5, 0.8 - 0.5 * 3.0 / 5, 0.1 - 0.5 * 0.1 / 5, np.nan]
    np.testing.assert_allclose(score(0), expected, rtol=1e-6)


def test_a_specialist_stands_above_a_generalist_who_fits_as_well():
    found = score(0)
    assert found[0] > found[1]


def test_of_several_industries_the_mean_counts():
    np.testing.assert_allclose(score(0, 3), (score(0) + score(3)) / 2, rtol=1e-6)


def test_without_products_the_enterprise_is_unknown_not_unfit():
    assert np.isnan(score(5)).tolist() == [False, False, False, True]


def test_a_need_that_names_no_industry_is_silent():
    assert score() is None


@pytest.mark.parametrize("industries", [1, 3])
def test_a_lexicon_of_few_industries_will_do(industries):
    fit = FIT[:industries]
    expected = fit[0, :3] - 0.5 * fit[:, :3].mean(axis=0)
    np.testing.assert_allclose(score(0, fit=fit)[:3], expected, rtol=1e-6)


def test_nobody_is_scored_in_an_empty_pool():
    assert score(0, fit=FIT[:, :0]).shape == (0,)


def test_a_typical_product_ranks_its_maker_whose_words_the_need_does_not_have(bound):
    """Nothing in 尿素 says 氮肥; the lexicon does."""
    new = [
        {"enterprise_id": "M-urea", "name": "甲山有限公司", "products": products("尿素")},
        {"enterprise_id": "M-other", "name": "乙山有限公司", "products": products("轴承")},
        {"enterprise_id": "M-unknown", "name": "丙"},
    ]
    space = bound.ranker.space
    pool = space.pool(pl.concat([tables()["enterprises"], frame("enterprises", new)]))
    need = space.need(NeedQuery("氮肥"))
    maker, other, unknown = (pool.ids.tolist().index(i) for i in ("M-urea", "M-other", "M-unknown"))
    factor = IndustryMatch()
    found = factor.score(need, factor.prepare(pool))
    assert found[maker] > found[other]
    assert np.nanargmax(found) == maker
    assert np.isnan(found[unknown])
    parts = bound.ranker.bind(pool).contributions(need)
    own = parts[bound.ranker.blend.factors.index("industry_match")]
    assert own[maker] > own[other]
    assert own[unknown] == 0
    assert order(parts.sum(axis=0), np.arange(len(pool)), 1).tolist() == [maker]
