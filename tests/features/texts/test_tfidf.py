import numpy as np
import pytest
from scipy import sparse

from features.texts.text import WeightedTexts
from features.texts.tfidf import (
    LatentSemantics,
    TokenWeights,
    characters,
    pairs,
    unit_rows,
    unit_sparse_rows,
    words,
)


def said(*texts, weights=None):
    matrix = np.eye(len(texts), dtype=np.float32) if weights is None else np.float32(weights)
    return WeightedTexts(list(texts), sparse.csr_array(matrix))


def test_characters_are_grams_of_one_to_three_within_a_part():
    assert characters("LED 灯") == ["l", "e", "d", "le", "ed", "led", "灯"]
    assert characters("  ") == []


def test_pairs_are_grams_of_one_and_two():
    assert pairs("灯 LED") == ["灯", "l", "e", "d", "le", "ed"]


@pytest.mark.parametrize("written", ["ＬＥＤ封裝", "led封装", "LED封装"])
def test_width_case_and_script_make_no_token(written):
    assert characters(written) == characters("led封装")


def test_words_have_two_characters_or_more():
    found = words("LED封装的设备")
    assert {"led", "封装", "设备"} <= set(found)
    assert "的" not in found


def test_tfidf_by_hand():
    tokens = TokenWeights(str.split).fit([said("灯 屏", "灯", "灯 屏 箱")])
    assert tokens.tokens_.tolist() == ["屏", "灯"]
    idf = np.array([1 + np.log(4 / 3), 1.0])
    np.testing.assert_allclose(tokens.idf_, idf, rtol=1e-6)
    rows = tokens.weigh(tokens.counts(said("灯 屏 屏", "箱", weights=[[1, 0], [0, 1]])))
    said_twice = (1 + np.log(2)) * idf[0]
    expected = np.array([said_twice, idf[1]]) / np.hypot(said_twice, idf[1])
    np.testing.assert_allclose(rows.toarray(), [expected, [0, 0]], rtol=1e-6)


def test_a_count_above_one_is_damped_and_one_below_stays():
    tokens = TokenWeights(str.split, min_documents=1).fit([said("灯 屏 箱")])
    rows = tokens.weigh(tokens.counts(said("灯 灯 灯 屏", "箱", weights=[[1, 0.5]])))
    said_of = dict(zip(tokens.tokens_.tolist(), rows.toarray()[0].tolist(), strict=True))
    expected = np.array([1 + np.log(3), 1.0, 0.5])
    found = [said_of[token] for token in ("灯", "屏", "箱")]
    np.testing.assert_allclose(found, expected / np.linalg.norm(expected), rtol=1e-6)


def test_a_norm_below_one_leaves_long_rows_longer():
    tokens = TokenWeights(str.split, min_documents=1).fit([said("灯 屏 箱 柜")])
    rows = tokens.weigh(tokens.counts(said("灯", "灯 屏 箱 柜")), norm=0.75)
    lengths = np.linalg.norm(rows.toarray(), axis=1)
    np.testing.assert_allclose(lengths, [1, 2**0.25], rtol=1e-6)


def test_counts_are_weighted_and_leave_unknown_tokens_out():
    tokens = TokenWeights(str.split, min_documents=1).fit([said("灯 屏")])
    found = tokens.counts(said("灯 箱", "屏", weights=[[0.5, 2], [0, 0]]))
    assert found.toarray().tolist() == [[2, 0.5], [0, 0]]


def test_a_document_counts_once_however_often_it_says_a_token():
    tokens = TokenWeights(str.split).fit([said("灯 灯", "屏"), said("灯", "屏")])
    assert tokens.tokens_.tolist() == []


def test_weighing_leaves_the_counts_as_they_were():
    tokens = TokenWeights(str.split, min_documents=1).fit([said("灯 屏")])
    counts = tokens.counts(said("灯 屏 屏"))
    before = counts.toarray().tolist()
    tokens.weigh(counts, norm=0.5)
    assert counts.toarray().tolist() == before


def test_without_any_token_rows_are_zero():
    tokens = TokenWeights(str.split).fit([said("灯")])
    assert tokens.weigh(tokens.counts(said("灯", "屏"))).shape == (2, 0)


def test_saved_tokens_weigh_alike():
    texts = said("LED封装", "LED灯具", "封装胶")
    fitted = TokenWeights(characters).fit([texts])
    restored = TokenWeights(characters).restore(fitted.arrays())
    one, other = (t.weigh(t.counts(texts)).toarray() for t in (fitted, restored))
    np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(("rows", "size"), [(1, 0), (2, 2), (9, 3)])
def test_lsa_has_no_more_dimensions_than_the_rows_bear(rows, size):
    matrix = sparse.csr_array(np.random.default_rng(0).random((rows, 20), dtype=np.float32))
    assert LatentSemantics(3).fit(matrix).transform(matrix).shape == (rows, size)


def test_lsa_has_no_directions_of_rounding():
    same = sparse.csr_array(np.tile(np.array([[3, 2, 1, 0.1]], dtype=np.float32), (6, 1)))
    lsa = LatentSemantics(3).fit(same)
    assert lsa.directions_.shape == (4, 1)
    np.testing.assert_allclose(abs(lsa.transform(same)), 1, rtol=1e-6)


def test_lsa_brings_rows_of_one_topic_together():
    matrix = np.zeros((6, 6), dtype=np.float32)
    matrix[:3, :3] = [[3, 3, 2], [3, 2, 3], [2, 3, 3]]
    matrix[3:, 3:] = 2 * matrix[:3, :3]
    topics = LatentSemantics(2).fit(sparse.csr_array(matrix)).transform(sparse.csr_array(matrix))
    cosines = topics @ topics.T
    assert cosines[:3, :3].min() > 0.99
    assert abs(cosines[:3, 3:]).max() < 0.01


def test_lsa_is_the_same_for_one_seed_and_once_saved():
    matrix = sparse.csr_array(np.random.default_rng(0).random((30, 20), dtype=np.float32))
    one, other = (LatentSemantics(5, seed=3).fit(matrix) for _ in range(2))
    np.testing.assert_array_equal(one.directions_, other.directions_)
    restored = LatentSemantics(5).restore(one.arrays())
    np.testing.assert_array_equal(restored.transform(matrix), one.transform(matrix))


@pytest.mark.parametrize("shape", [(0, 3), (2, 0), (2, 3)])
def test_unit_sparse_rows_of_any_shape(shape):
    rows = sparse.csr_array(np.full(shape, 2, dtype=np.float32))
    expected = np.full(shape, np.sqrt(1 / 3))
    np.testing.assert_allclose(unit_sparse_rows(rows).toarray(), expected, rtol=1e-6)


def test_unit_rows_leave_zero_rows_at_zero():
    rows = unit_rows(np.array([[3, 4], [0, 0]], dtype=np.float32))
    np.testing.assert_allclose(rows, [[0.6, 0.8], [0, 0]], rtol=1e-6)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("rows", [1, 2, 3, 500])
def test_equal_rows_are_learnt_from_without_a_warning(rows):
    matrix = sparse.csr_array(
        np.tile(np.array([[0.6, 0.8, 0.0, 0.0]], dtype=np.float32), (rows, 1))
    )
    found = LatentSemantics(dimensions=8, seed=1).fit(matrix).transform(matrix)
    assert np.isfinite(found).all()
    assert (found == found[0]).all()
