from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from features.errors import UnavailableError
from features.need import NeedQuery
from features.space.space import FeatureSpace
from models.factors.track_record import HistoryScorer
from models.scoring.ranker import Ranker, order, ranked_factors
from models.scoring.scorer import ContentScorer, content_factors
from models.storage import artifact
from service.serving.explanation.sentences import FACTORS
from tests.pool import EACH, NEED_IDS, TWINS, UNKNOWN, frame, products, tables, training_data
from tests.training.deals import trading_data
from training.fitting import fit

QUERIES = [NeedQuery.from_row(row) for row in tables()["needs"].iter_rows(named=True)]


@pytest.mark.parametrize(
    ("raw", "rows", "limit", "expected"),
    [
        ([1, 3, 2], [0, 1, 2], 9, [1, 2, 0]),
        ([1, 3, 2], [0, 2], 1, [2]),
        ([2, 2, 2, 2], [0, 1, 2, 3], 2, [0, 1]),
        ([0, 1, 1, 2, 1], [0, 1, 2, 3, 4], 3, [3, 1, 2]),
        ([0, 1, 1, 2, 1], [4, 2, 0], 2, [4, 2]),
        ([], [], 5, []),
    ],
)
def test_highest_first_and_equal_ones_by_row(raw, rows, limit, expected):
    found = order(np.array(raw, dtype=np.float64), np.array(rows, dtype=np.intp), limit)
    assert found.tolist() == expected


def test_a_partial_order_is_the_head_of_the_whole_one():
    raw = np.random.default_rng(0).integers(0, 9, 200).astype(np.float64)
    rows = np.arange(200)
    whole = order(raw, rows, 200).tolist()
    assert all(order(raw, rows, limit).tolist() == whole[:limit] for limit in range(1, 200))


def test_factors_are_listed_largest_first_without_zeros():
    found = ranked_factors(("a", "b", "c", "d"), np.array([-1.0, 0.0, 2.0, -1.0]))
    assert found == [("c", 2.0), ("a", -1.0), ("d", -1.0)]


def test_every_factor_has_its_words(bound):
    assert set(bound.ranker.blend.factors) == set(FACTORS)


def test_contributions_have_a_row_a_factor(bound):
    found = bound.contributions(bound.ranker.space.need(QUERIES[0]))
    assert found.shape == (len(bound.ranker.blend.factors), len(bound.pool))
    assert np.isfinite(found).all()


def test_factors_stand_in_the_order_in_which_they_are_summed(bound):
    content = [factor.name for factor in content_factors()]
    learnt = ["need_head", "hybrid", "track_record", "place_affinity"]
    assert list(bound.ranker.blend.factors) == [*content, *learnt, "signals", "constant"]


def test_history_speaks_in_two_parts_with_one_weight(traded):
    ranker = traded.ranker
    bound = ranker.bind(ranker.space.pool(tables()["enterprises"]))
    need = ranker.space.need(NeedQuery.from_row(trading_data().needs.row(6, named=True)))
    parts = bound.contributions(need)
    said = HistoryScorer(ranker.history, bound.pool).parts(need)
    rows = [ranker.blend.factors.index(name) for name in HistoryScorer.names]
    np.testing.assert_allclose(parts[rows], ranker.blend.warm[3] * said, atol=1e-12)
    assert said.any(axis=1).all()
    # Those who made deals in this industry stand above whoever made others.
    of = np.array([id_[:3] for id_ in bound.pool.ids])
    traders = said[0] != 0
    assert parts[rows][0, of == "E03"].min() > parts[rows][0, traders & (of != "E03")].max()


@pytest.mark.parametrize("need", QUERIES, ids=NEED_IDS)
def test_an_industry_s_enterprises_come_first(bound, need):
    raw = bound.contributions(bound.ranker.space.need(need)).sum(axis=0)
    number = NEED_IDS.index(need.need_id)
    first = bound.pool.ids[order(raw, np.arange(len(raw)), EACH)].tolist()
    assert sorted(first) == [f"E{number:02}{at}" for at in range(EACH)]


def test_an_industry_s_enterprises_come_first_for_a_need_never_seen(bound):
    raw = bound.contributions(bound.ranker.space.need(NeedQuery("山西老陈醋酿造"))).sum(axis=0)
    first = bound.pool.ids[order(raw, np.arange(len(raw)), EACH)].tolist()
    assert sorted(first) == [f"E09{at}" for at in range(EACH)]


def test_unknown_fields_count_for_nothing(bound):
    row = bound.pool.ids.tolist().index(UNKNOWN)
    found = bound.contributions(bound.ranker.space.need(QUERIES[0]))
    parts = dict(zip(bound.ranker.blend.factors, found[:, row], strict=True))
    assert [name for name, part in parts.items() if part == 0] == [
        "item_words",
        "item_kinds",
        "node_match",
        "industry_code",
        "supply_link",
        "gap",
        "proximity",
        "track_record",
        "place_affinity",
        "signals",
    ]


def test_equal_profiles_have_equal_contributions_to_the_last_bit(bound):
    one, other = (bound.pool.ids.tolist().index(id_) for id_ in TWINS)
    for need in QUERIES:
        found = bound.contributions(bound.ranker.space.need(need))
        np.testing.assert_array_equal(found[:, one], found[:, other])


def test_scores_are_the_same_at_every_call(bound):
    need = bound.ranker.space.need(QUERIES[3])
    np.testing.assert_array_equal(bound.contributions(need), bound.contributions(need))


def test_a_saved_ranker_scores_alike_bit_by_bit(bound, store, tmp_path):
    arrays = bound.ranker.arrays()
    artifact.save(tmp_path / "v1", arrays, {})
    loaded = artifact.load(tmp_path / "v1")
    assert loaded.keys() == arrays.keys()
    for name, array in arrays.items():
        assert loaded[name].dtype == array.dtype, name
        np.testing.assert_array_equal(loaded[name], array, err_msg=name)
    space = FeatureSpace(store, bound.ranker.space.chain_map)
    ranker = Ranker.restore(loaded, space)
    again = ranker.bind(ranker.space.pool(tables()["enterprises"]))
    for need in QUERIES:
        np.testing.assert_array_equal(
            again.contributions(again.ranker.space.need(need)),
            bound.contributions(bound.ranker.space.need(need)),
        )
    resaved = again.ranker.arrays()
    assert all(np.array_equal(resaved[name], array) for name, array in arrays.items())


def test_a_saved_history_scores_alike_bit_by_bit(traded, store, tmp_path):
    pool, one = tables()["enterprises"], traded.ranker
    artifact.save(tmp_path / "v1", one.arrays(), {})
    space = FeatureSpace(store, one.space.chain_map)
    other = Ranker.restore(artifact.load(tmp_path / "v1"), space)
    need = one.space.need(NeedQuery.from_row(trading_data().needs.row(6, named=True)))
    found = [ranker.bind(ranker.space.pool(pool)).contributions(need) for ranker in (one, other)]
    np.testing.assert_array_equal(*found)
    assert found[0][one.blend.factors.index("track_record")].any()


def test_an_enterprise_never_seen_is_ranked_without_a_refit(bound):
    new = {
        "enterprise_id": "N1",
        "name": "新源陈醋有限公司",
        "products": products("老陈醋", "香醋"),
    }
    grown = pl.concat([tables()["enterprises"], frame("enterprises", [new])])
    pool = bound.ranker.space.pool(grown)
    raw = bound.ranker.bind(pool).contributions(bound.ranker.space.need(QUERIES[9])).sum(axis=0)
    assert "N1" in pool.ids[order(raw, np.arange(len(raw)), EACH + 1)]


@pytest.mark.parametrize("kept", [0, 1])
def test_a_pool_may_shrink_to_one_or_none(bound, kept):
    pool = bound.ranker.space.pool(tables()["enterprises"].head(kept))
    found = bound.ranker.bind(pool).contributions(bound.ranker.space.need(QUERIES[0]))
    assert found.shape == (len(bound.ranker.blend.factors), kept)
    assert np.isfinite(found).all()


def test_a_judgement_for_one_need_changes_no_factor_of_another(bound, store):
    table = tables()["judgements"]
    # The second need's enterprises, and one of the first need's, judged for the third as well.
    more = [
        {"need_id": NEED_IDS[2], "enterprise_id": id_, "grade": 3}
        for id_ in ("E010", "E011", "E000")
    ]
    data = training_data(judgements=pl.concat([table, frame("judgements", more)]))
    other = fit(data, store, today=bound.ranker.space.today_).ranker
    one = bound.ranker
    learnt, others = one.space.arrays(), other.space.arrays()
    assert all(np.array_equal(others[name], array) for name, array in learnt.items())
    pool = other.space.pool(data.enterprises)
    scorers = ContentScorer(bound.pool), ContentScorer(pool)
    for need in QUERIES[:2]:
        features = [ranker.space.need(need) for ranker in (one, other)]
        scores = [s.scores(f) for s, f in zip(scorers, features, strict=True)]
        for factor, before, after in zip(content_factors(), *scores, strict=True):
            np.testing.assert_array_equal(before, after, err_msg=factor.name)
        heads = [
            ranker.heads.score(f, ranker.heads.prepare(pool))
            for ranker, f in zip((one, other), features, strict=True)
        ]
        np.testing.assert_allclose(heads[0], heads[1], atol=1e-6)


@pytest.mark.parametrize(
    "other", [lambda names: names[:-1], lambda names: np.append(names, "luck"), np.flip]
)
def test_a_ranker_made_with_other_factors_is_refused(bound, other):
    arrays = bound.ranker.arrays()
    arrays["blend.names"] = other(arrays["blend.names"])
    space = FeatureSpace(bound.ranker.space.store, bound.ranker.space.chain_map)
    with pytest.raises(UnavailableError, match="other factors: train again"):
        Ranker.restore(arrays, space)


@pytest.mark.parametrize("need", QUERIES[:2])
def test_each_factor_alone_is_its_row_before_it_is_weighed(bound, need):
    features = bound.ranker.space.need(need)
    alone, parts = bound.alone(features), bound.contributions(features)
    names = bound.ranker.blend.factors
    assert alone.shape == (len(names) - 1, len(bound.pool))
    for name, own, part in zip(names[:-1], alone, parts[:-1], strict=True):
        if np.ptp(part):
            assert np.corrcoef(own, part)[0, 1] == pytest.approx(1), name


def test_a_factor_of_no_weight_speaks_alone(bound):
    features = bound.ranker.space.need(NeedQuery("LED封装"), {"lon": 112.0, "lat": 36.0})
    at = bound.ranker.blend.factors.index("proximity")
    silent = replace(bound.ranker.blend, content=np.zeros(len(bound.ranker.blend.names)))
    ranker = replace(bound.ranker, blend=silent).bind(bound.pool)
    assert np.ptp(ranker.alone(features)[at]) > 0
    assert np.ptp(ranker.contributions(features)[at]) == 0
