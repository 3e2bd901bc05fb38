import numpy as np
import pytest
from scipy import sparse

from features.need import NeedQuery
from models import similarity as module
from models.blend import standardise
from models.similarity import BestProduct, Similarity
from tests.pool import UNKNOWN


class Pool:
    """Three enterprises on two axes, the last one unknown; the references are the axes."""

    def __init__(self, *, dense):
        rows = np.array([[1, 0], [0.6, 0.8], [0, 0]], dtype=np.float32)
        axes = np.eye(2, dtype=np.float32)
        self.views = {"v": rows if dense else sparse.csc_array(rows)}
        self.references = {"v": axes if dense else sparse.csr_array(axes)}

    def __len__(self):
        return 3


class Need:
    def __init__(self, queries, weights, *, dense):
        rows = np.array(queries, dtype=np.float32)
        self.views = {"v": rows if dense else sparse.csr_array(rows)}
        self.weights = np.array(weights)


@pytest.fixture(params=[True, False], ids=["dense", "sparse"])
def dense(request):
    return request.param


class OwnWords(Similarity):
    own_words_only = True


def score(queries, weights, *, dense, kind=Similarity):
    factor = kind("s", "v")
    return factor.score(Need(queries, weights, dense=dense), factor.prepare(Pool(dense=dense)))


def test_hubness_is_the_mean_of_the_highest_similarities_to_references(dense):
    prepared = Similarity("s", "v").prepare(Pool(dense=dense))
    np.testing.assert_allclose(prepared.hubness[:, 0], [0.5, 0.7, 0], rtol=1e-6)
    assert prepared.known.tolist() == [True, True, False]


def test_similarities_lowered_by_half_the_hubness_decide(dense):
    # 1 - 0.25 and 0.6 - 0.35; standardised over the two that are known.
    np.testing.assert_allclose(score([[1, 0]], [1.0], dense=dense), [1, -1, np.nan], rtol=1e-6)


def test_parts_are_weighted_and_summed(dense):
    found = score([[1, 0], [0, 1]], [1.0, 0.25], dense=dense)
    np.testing.assert_allclose(found, [0.75, -0.75, np.nan], rtol=1e-6)


def test_own_words_only_leaves_the_context_out(dense):
    found = score([[1, 0], [0, 1]], [1.0, 0.25], dense=dense, kind=OwnWords)
    np.testing.assert_allclose(found, [1, -1, np.nan], rtol=1e-6)


def test_a_need_that_says_nothing_here_is_silent(dense):
    assert score([[0, 0]], [1.0], dense=dense) is None


def test_many_queries_are_scored_as_each_alone():
    prepared = Similarity("s", "v").prepare(Pool(dense=True))
    queries = np.random.default_rng(0).random((20, 2), dtype=np.float32)
    together = prepared.similarities(queries)
    alone = np.hstack([prepared.similarities(query[None, :]) for query in queries])
    np.testing.assert_allclose(together, alone, rtol=1e-5)


def test_the_best_product_decides_a_side_product_counting_less(bound):
    pool, factor = bound.pool, BestProduct()
    prepared = factor.prepare(pool)
    need = bound.ranker.space.need(NeedQuery("老陈醋"))
    weights = pool.products.weights.toarray()
    cosines = pool.product_vectors @ need.views["meaning"][0]
    expected = np.array(
        [
            max((c * w**0.4 for c, w in zip(cosines, row, strict=True) if w), default=np.nan)
            for row in weights
        ]
    )
    found = prepared.similarities(need.views["meaning"][:1])[:, 0]
    np.testing.assert_allclose(found[prepared.known], expected[prepared.known], rtol=1e-5)
    scores = factor.score(need, prepared)
    lowered = np.where(prepared.known, found - 0.5 * prepared.hubness[:, 0], np.nan)
    np.testing.assert_allclose(
        scores[prepared.known], standardise(lowered)[prepared.known], rtol=1e-4
    )
    unknown = pool.ids.tolist().index(UNKNOWN)
    assert np.isnan(scores[unknown])
    assert np.isnan(scores).sum() == 1


@pytest.mark.parametrize("rows", [1, 7])
def test_how_many_rows_are_compared_at_once_changes_nothing(bound, monkeypatch, rows):
    need = bound.ranker.space.need(NeedQuery("老陈醋", sector="食品"))
    factors = BestProduct(), Similarity("meaning_similarity", "meaning")
    whole = [factor.score(need, factor.prepare(bound.pool)) for factor in factors]
    monkeypatch.setattr(module, "_CHUNK", rows)
    monkeypatch.setattr(module, "_COMPARED", rows)
    for factor, expected in zip(factors, whole, strict=True):
        found = factor.score(need, factor.prepare(bound.pool))
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
