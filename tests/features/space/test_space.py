from dataclasses import replace
from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from features.encoder import EncodingStore
from features.errors import InputError
from features.industry.chains import ChainMap, shipped_chain_map
from features.need import NeedQuery
from features.space.need_words import BESIDE_STATED, STATED_WEIGHT
from features.space.space import FeatureSpace
from features.words.thesaurus import Concept, Thesaurus
from tests.pool import NEED_IDS, TWINS, UNKNOWN, HashedEncoder, frame, products, tables

VIEWS = {"text", "topics", "meaning"}
ENTERPRISES = tables()["enterprises"]


@pytest.fixture(scope="module")
def space(fitted):
    return fitted.ranker.space


@pytest.fixture(scope="module")
def pool(space):
    return space.pool(ENTERPRISES)


def dense(matrix):
    return matrix.toarray() if sparse.issparse(matrix) else matrix


def fit(rows, tmp_path, today=date(2026, 1, 1)):
    store = EncodingStore(tmp_path / "encodings.sqlite", HashedEncoder())
    space = FeatureSpace(store, ChainMap.from_frame(shipped_chain_map()))
    return space.fit(frame("enterprises", rows), today=today)


def assert_same(one, other):
    for field in ("ids", "names", "points"):
        np.testing.assert_array_equal(getattr(one, field), getattr(other, field))
    for view in VIEWS:
        np.testing.assert_array_equal(dense(one.views[view]), dense(other.views[view]))
    np.testing.assert_array_equal(one.attributes.toarray(), other.attributes.toarray())
    assert list(one.products.texts) == list(other.products.texts)
    np.testing.assert_array_equal(dense(one.product_grams), dense(other.product_grams))
    np.testing.assert_array_equal(one.nodes.fit, other.nodes.fit)
    np.testing.assert_array_equal(one.nodes.product, other.nodes.product)
    np.testing.assert_array_equal(one.codes, other.codes)


def test_a_pool_stands_in_the_order_of_ids(pool):
    assert pool.ids.tolist() == sorted(ENTERPRISES["enterprise_id"])
    assert len(pool) == ENTERPRISES.height


def test_the_order_of_rows_changes_nothing(space, pool, tmp_path, store):
    shuffled = ENTERPRISES.sample(fraction=1, shuffle=True, seed=5)
    assert_same(space.pool(shuffled), pool)
    again = FeatureSpace(store, space.chain_map).fit(shuffled, today=space.today_)
    one, other = space.arrays(), again.arrays()
    assert one.keys() == other.keys()
    for name in one:
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)


@pytest.mark.parametrize("view", sorted(VIEWS))
def test_rows_of_a_view_have_length_one_or_are_unknown(pool, space, view):
    need = space.need(NeedQuery("LED封装", chain="光电LED"))
    for matrix in (pool.views[view], {**need.views, "meaning": need.meaning}[view]):
        lengths = np.linalg.norm(dense(matrix), axis=1)
        assert np.all((lengths == 0) | np.isclose(lengths, 1, rtol=1e-5))


def test_twins_have_the_same_features(pool):
    one, other = (pool.ids.tolist().index(id_) for id_ in TWINS)
    for view in VIEWS:
        rows = dense(pool.views[view])
        np.testing.assert_array_equal(rows[one], rows[other])


def test_saved_space_gives_the_same_features_bit_by_bit(space, pool, store):
    restored = FeatureSpace(store, space.chain_map).restore(space.arrays())
    assert_same(restored.pool(ENTERPRISES), pool)
    asked = NeedQuery("LED封装", zone_id="z0", chain="光电LED")
    one, other = (each.need(asked, {"city": "长治市"}) for each in (space, restored))
    bare = {"views": {}, "weights": None, "meaning": None, "kinds": None}
    said = [vars(replace(each, **bare)) for each in (one, other)]
    assert said[0] == said[1]
    assert one.views.keys() == {"text", "topics", "items"}
    for view in one.views:
        np.testing.assert_array_equal(dense(one.views[view]), dense(other.views[view]))
    np.testing.assert_array_equal(one.meaning, other.meaning)
    np.testing.assert_array_equal(one.kinds, other.kinds)
    np.testing.assert_array_equal(one.weights, other.weights)


def test_an_enterprise_never_seen_has_features_without_a_refit(space, pool):
    new = frame(
        "enterprises",
        [{"enterprise_id": "N1", "name": "新光有限公司", "products": products("LED封装")}],
    )
    grown = space.pool(pl.concat([ENTERPRISES, new]))
    row = grown.ids.tolist().index("N1")
    need = space.need(NeedQuery("LED封装"))
    cosines = grown.views["meaning"] @ need.meaning[0]
    assert row in np.argsort(-cosines)[:8].tolist()
    others = np.delete(np.arange(len(grown)), row)
    for view in VIEWS:
        np.testing.assert_allclose(
            dense(grown.views[view])[others], dense(pool.views[view]), atol=1e-6
        )


def test_what_is_unknown_has_no_features(pool):
    row = pool.ids.tolist().index(UNKNOWN)
    assert np.isnan(pool.points[row]).all()
    assert np.isnan(pool.nodes.fit[row]).all()
    assert not pool.codes[row].any()
    assert pool.attributes[[row]].nnz == 0


def test_a_need_s_place_is_its_zone_s(space):
    need = NeedQuery("LED封装", zone_id="z1")
    assert np.isnan(space.need(need).point).all()
    assert space.need(need, {"lon": 113.0, "lat": 36.5}).point == (113.0, 36.5)
    point = space.need(need, {"city": "长治市", "lon": 113.0, "lat": None}).point
    assert point == pytest.approx((112.9, 36.5), abs=0.4)


def test_a_need_never_seen_has_features_without_a_refit(space):
    need = space.need(NeedQuery("红外LED器件", nodes=("led/packaging",), industry_codes=("3975",)))
    assert need.understood.parts == ("红外led器件",)
    assert ("红外led器件", 2.0 * BESIDE_STATED) in need.understood.words
    assert need.understood.words[0] == ("封装", STATED_WEIGHT)
    assert [space.chain_map.nodes[at].node_id for at in need.targets] == ["led/packaging"]
    assert need.codes == ("C", "39", "397", "3975")
    assert need.meaning.shape == (1, HashedEncoder.dimensions)
    words = need.understood.words
    assert need.weights.tolist() == pytest.approx([weight for _, weight in words])
    assert {view.shape[0] for view in need.views.values()} == {len(words)}


def test_a_text_that_no_profile_has_a_character_of_is_refused(space):
    with pytest.raises(InputError, match="nothing is known of the text 'ωψξ'") as caught:
        space.need(NeedQuery("ωψξ"))
    assert caught.value.field == "industry"


def test_a_request_s_text_is_not_kept(space, store):
    space.need(NeedQuery("从未见过的一句话LED"))
    found = store.encoder.asked.count("从未见过的一句话LED")
    space.need(NeedQuery("从未见过的一句话LED"))
    assert store.encoder.asked.count("从未见过的一句话LED") == found + 1


def test_words_in_a_need_s_place_replace_what_the_thesaurus_says(space):
    words = (("ＬＥＤ封裝", 0.5), ("灯珠", 2.0))
    need = space.need(NeedQuery("乳制品", words=words, keywords=("老陈醋",), nodes=("led/driver",)))
    assert need.understood.words == (("灯珠", 2.0), ("led封装", 0.5))
    assert (
        need.understood.concepts[0].name
        == space.thesaurus.concepts[space.thesaurus.find("乳制品")[0]].name
    )


def test_a_saved_space_keeps_the_thesaurus_that_it_was_fitted_with(space, store):
    own = Thesaurus([Concept("酱菜", "product", (), ("老陈醋", "香醋"))])
    arrays = space.arrays() | {"thesaurus": own.to_bytes()}
    restored = FeatureSpace(store, space.chain_map).restore(arrays)
    assert [concept.name for concept in restored.thesaurus.concepts] == ["酱菜"]
    words = dict(restored.need(NeedQuery("酱菜产业")).understood.words)
    assert words == {"酱菜产业": 2.0, "酱菜": 1.0, "老陈醋": 1.0, "香醋": 1.0}


def test_an_office_s_own_rows_stand_beside_the_shipped_ones(space, store):
    own = pl.DataFrame(
        [{"concept": "卷盘包装", "words": ["LED封装"], "names": ["卷带"], "broader": None}]
    )
    restored = FeatureSpace(store, space.chain_map, own_words=own).restore(space.arrays())
    assert ("led封装", 1.0) in restored.need(NeedQuery("卷带")).understood.words
    assert len(restored.thesaurus) == len(space.thesaurus) + 1
    # What is saved is the shipped part: own rows come from the workspace at every loading.
    again = FeatureSpace(store, space.chain_map).restore(restored.arrays())
    assert len(again.thesaurus) == len(space.thesaurus)


def test_features_know_nothing_of_judgements(space):
    assert not any("need" in name or "judge" in name for name in space.arrays())
    assert not any(need_id in str(space.arrays()) for need_id in NEED_IDS)


@pytest.mark.parametrize("count", [1, 2])
def test_the_smallest_pools_can_be_fitted(tmp_path, count):
    rows = [{"enterprise_id": str(n), "name": f"第{n}灯具有限公司"} for n in range(count)]
    pool = fit(rows, tmp_path).pool(frame("enterprises", rows))
    assert pool.views["meaning"].shape == (count, HashedEncoder.dimensions)
    assert pool.products.texts == []


def test_a_pool_may_be_empty_after_fitting(space):
    pool = space.pool(ENTERPRISES.clear())
    assert len(pool) == 0
    assert pool.points.shape == (0, 2)


def test_ages_are_counted_to_the_day_of_fitting(tmp_path):
    rows = [{"enterprise_id": str(n), "name": "灯", "founded": date(2020, 1, 1)} for n in range(2)]
    space = fit(rows, tmp_path, today=date(2022, 1, 1))
    assert space.attributes_.tokens_.tolist() == ["age=-3"]
    assert space.arrays()["today"] == "2022-01-01"


def test_without_the_thesaurus_a_need_stands_for_its_own_words(space):
    need = NeedQuery("食醋酿造")
    with_it, bare = space.need(need), space.without_thesaurus().need(need)
    assert with_it.understood.concepts
    assert not bare.understood.concepts
    assert [word for word, _ in bare.understood.words] == ["食醋酿造"]
    # The space itself is left as it was.
    assert space.need(need).understood == with_it.understood
