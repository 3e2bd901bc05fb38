import numpy as np
import polars as pl
import pytest
from lightfm import LightFM
from scipy import sparse

from features.need import NeedQuery
from features.structures.ordered import sampled
from models.factors.hybrid import LightFMHybrid, _lightfm_matrix
from models.settings import HybridSettings
from tests.pool import NEED_IDS, SUBJECTS, frame, products, tables


@pytest.fixture(scope="module")
def needs(bound):
    space = bound.ranker.space
    rows = tables()["needs"].iter_rows(named=True)
    return [space.need(NeedQuery.from_row(row)) for row in rows]


@pytest.fixture(scope="module")
def gains(fitted):
    return fitted.interactions.gains


@pytest.fixture(scope="module")
def identities(bound):
    return np.isin(bound.pool.ids, ["E000", "E043"])


@pytest.fixture(scope="module")
def hybrid(bound, needs, gains, identities):
    return LightFMHybrid(HybridSettings(epochs=3), seed=4).fit(needs, bound.pool, gains, identities)


def lightfm(hybrid, needs, pool, gains):
    """Fit LightFM itself on the same features."""
    model = LightFM(
        no_components=hybrid.settings.components,
        loss="warp",
        learning_rate=hybrid.settings.learning_rate,
        user_alpha=1e-5,
        item_alpha=1e-5,
        max_sampled=30,
        random_state=hybrid.seed,
    )
    everybody = np.arange(len(pool))
    features = hybrid._users(needs), hybrid._items(pool, everybody)
    users, items = (_lightfm_matrix(rows) for rows in features)
    pairs = sparse.coo_matrix(gains, dtype=np.float32)
    ones = sparse.coo_matrix((np.ones_like(pairs.data), (pairs.row, pairs.col)), pairs.shape)
    model.fit(ones, users, items, sample_weight=pairs, epochs=hybrid.settings.epochs, num_threads=1)
    return model, users, items


def test_scores_and_order_are_those_of_lightfm_s_own_predict(hybrid, bound, needs, gains):
    model, users, items = lightfm(hybrid, needs, bound.pool, gains)
    prepared = hybrid.prepare(bound.pool)
    everybody = np.arange(len(bound.pool), dtype=np.int32)
    for row, need in enumerate(needs):
        own = model.predict(row, everybody, items, users, num_threads=1)
        found = hybrid.score(need, prepared)
        np.testing.assert_allclose(found, own, atol=1e-5)
        apart = np.abs(np.diff(np.sort(own))).min() > 1e-5
        if apart:
            assert np.argsort(-found).tolist() == np.argsort(-own).tolist()


def test_order_is_lightfm_s_for_at_least_some_need_without_near_ties(hybrid, bound, needs, gains):
    model, users, items = lightfm(hybrid, needs, bound.pool, gains)
    chosen = np.array([n for n, id_ in enumerate(bound.pool.ids) if id_ != "X-twin-b"], np.int32)
    prepared = hybrid.prepare(bound.pool)
    own = model.predict(0, chosen, items, users, num_threads=1)
    found = hybrid.score(needs[0], prepared)[chosen]
    # Scores closer than float32 tells apart may change places; no others.
    assert np.all(np.diff(own[np.argsort(-found, kind="stable")]) < 1e-5)


def test_the_same_seed_gives_the_same_model(hybrid, bound, needs, gains, identities):
    again = LightFMHybrid(HybridSettings(epochs=3), seed=4).fit(
        needs, bound.pool, gains, identities
    )
    for name, array in hybrid.arrays().items():
        np.testing.assert_array_equal(again.arrays()[name], array)
    other = LightFMHybrid(HybridSettings(epochs=3), seed=5).fit(
        needs, bound.pool, gains, identities
    )
    assert not np.array_equal(other.item_embeddings_, hybrid.item_embeddings_)


def test_only_an_enterprise_with_events_has_an_embedding_of_its_own(hybrid):
    assert hybrid.own_.tolist() == ["E000", "E043"]


def test_own_embeddings_follow_the_ids_into_another_pool(hybrid, bound, needs):
    space, table = bound.ranker.space, tables()["enterprises"]
    new = frame(
        "enterprises",
        [
            {"enterprise_id": id_, "name": "新有限公司", "products": products("LED封装")}
            for id_ in ("A", "Z")
        ],
    )
    smaller = space.pool(pl.concat([table.filter(pl.col("enterprise_id") != "E043"), new]))
    before, after = (hybrid.score(needs[0], hybrid.prepare(p)) for p in (bound.pool, smaller))
    place = {id_: at for at, id_ in enumerate(smaller.ids.tolist())}
    assert {"A", "Z"} <= place.keys()
    assert np.isfinite(after).all()
    for at, id_ in enumerate(bound.pool.ids.tolist()):
        if id_ in place:
            assert after[place[id_]] == pytest.approx(before[at], abs=1e-4)


def test_of_a_large_pool_those_known_and_a_sample_are_learnt_from():
    known = np.array([0, 7, 29])
    drawn = sampled(np.arange(30), known, 10, seed=1)
    assert len(drawn) == len(np.unique(drawn)) == 13
    assert set(known.tolist()) < set(drawn.tolist())
    np.testing.assert_array_equal(sampled(np.arange(30), known, 10, seed=1), drawn)
    assert sampled(np.arange(30), known, 10, seed=2).tolist() != drawn.tolist()
    assert sampled(np.arange(30), np.arange(25), 10, seed=1).tolist() == list(range(30))
    assert sampled(np.arange(10), known[:2], 10, seed=1).tolist() == list(range(10))


def test_an_enterprise_with_events_alone_is_learnt_from_and_everybody_is_scored(
    bound, needs, gains, identities, monkeypatch
):
    asked = []
    items = LightFMHybrid._items

    def watched(self, pool, rows):
        asked.append(pool.ids[rows])
        return items(self, pool, rows)

    monkeypatch.setattr(LightFMHybrid, "_items", watched)
    few = gains.copy()
    few.data[few.indices > 3] = 0
    few.eliminate_zeros()
    hybrid = LightFMHybrid(HybridSettings(epochs=1, sampled=8)).fit(
        needs, bound.pool, few, identities
    )
    assert {*bound.pool.ids[few.indices], "E000", "E043"} <= set(asked[0])
    assert len(asked[0]) == 8 + len({*bound.pool.ids[few.indices], "E000", "E043"})
    found = hybrid.score(needs[0], hybrid.prepare(bound.pool))
    assert np.isfinite(found).sum() == len(bound.pool)


def test_a_need_never_seen_is_scored_by_its_features(hybrid, bound):
    need = bound.ranker.space.need(NeedQuery("LED封装"))
    assert np.isfinite(hybrid.score(need, hybrid.prepare(bound.pool))).all()


def test_unfitted_it_is_silent(bound, needs):
    hybrid = LightFMHybrid()
    assert not hybrid.fitted
    assert hybrid.arrays() == {}
    assert hybrid.score(needs[0], hybrid.prepare(bound.pool)) is None
    hybrid.restore({})
    assert not hybrid.fitted


def test_saved_embeddings_score_alike_bit_by_bit(hybrid, bound, needs):
    restored = LightFMHybrid()
    restored.restore(hybrid.arrays())
    for need in needs:
        np.testing.assert_array_equal(
            restored.score(need, restored.prepare(bound.pool)),
            hybrid.score(need, hybrid.prepare(bound.pool)),
        )


def test_subjects_and_needs_agree():
    assert len(NEED_IDS) == len(SUBJECTS)
