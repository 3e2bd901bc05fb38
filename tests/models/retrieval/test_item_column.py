import numpy as np
import pytest
from scipy import sparse

from features.need import NeedQuery
from features.structures.compact import SparseCodes, sparse_codes
from models.retrieval.item_column import ItemColumn, best_items
from tests.pool import SUBJECTS

WEIGHTS = sparse.csr_array(
    np.float32([[1, 0.25, 0], [0, 0, 0], [0, 1, 0.36], [0, 0, 1], [1, 0, 0]])
)
COLUMN = ItemColumn(np.array([1, 2]), np.float32([2, 5]))
TABLE = COLUMN.table(3)


def coded(weights):
    codes, scales = sparse_codes(weights)
    return SparseCodes(
        codes.data, codes.indptr, codes.shape[1], indices=codes.indices, scales=scales
    )


def dense(best):
    found = np.zeros(best.size, dtype=np.float32)
    found[best.rows], found[best.unknown] = best.worths, np.nan
    return found


@pytest.mark.parametrize("weights", [WEIGHTS, coded(WEIGHTS)])
def test_the_best_item_counts_by_the_root_of_its_weight(weights):
    whole = best_items(weights, slice(0, 5), TABLE)
    np.testing.assert_allclose(dense(whole), [1, np.nan, 3, 5, 0], rtol=5e-3)
    np.testing.assert_allclose(whole.known(), [1, 3, 5, 0], rtol=5e-3)
    for rows in (slice(1, 3), np.array([3, 0, 1]), np.arange(0)):
        np.testing.assert_array_equal(dense(best_items(weights, rows, TABLE)), dense(whole)[rows])
    nothing = ItemColumn(np.arange(0), np.float32([])).table(3)
    np.testing.assert_array_equal(dense(best_items(weights, slice(0, 3), nothing)), [0, np.nan, 0])


def test_an_unknown_enterprise_counts_as_the_mean():
    sample = best_items(WEIGHTS, slice(0, 4), TABLE)
    column = COLUMN.scaled(0.5, sample)
    assert column.mean == pytest.approx(3)
    assert column.strength == pytest.approx(0.5 / np.std([1, 3, 5]))
    values = column.values(WEIGHTS, slice(0, 5), TABLE)
    np.testing.assert_allclose(values, column.strength * np.array([1, 3, 3, 5, 0]), rtol=1e-6)
    assert not COLUMN.scaled(1, best_items(WEIGHTS, slice(1, 2), TABLE)).strength


def test_the_column_resembles_the_factor(bound):
    grams = sparse.csc_array(bound.pool.product_grams)
    weights, everybody = bound.pool.products.weights, slice(0, len(bound.pool))
    for industry in SUBJECTS:
        need = bound.ranker.space.need(NeedQuery(industry))
        column = ItemColumn.of(need, grams)
        found = dense(best_items(weights, everybody, column.table(weights.shape[1])))
        factor = bound.values(need).content[0][:, 0]
        known = ~np.isnan(factor)
        np.testing.assert_array_equal(known, ~np.isnan(found))
        assert np.corrcoef(found[known], factor[known])[0, 1] > 0.95
