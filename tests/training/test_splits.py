from datetime import date

import numpy as np
import polars as pl
import pytest
from scipy import sparse

from training.splits import (
    FOLDS,
    MIN_NEEDS,
    Cut,
    cut_before,
    half_pairs,
    held_pairs,
    need_folds,
    parts,
    without_pairs,
)


def relevant(*counts):
    """Return needs with a number of relevant enterprises each, all distinct."""
    matrix = np.zeros((len(counts), sum(counts)), dtype=bool)
    start = 0
    for row, count in enumerate(counts):
        matrix[row, start : start + count] = True
        start += count
    return sparse.csr_array(matrix)


def test_folds_hold_every_need_with_two_relevant_once():
    folds = need_folds(np.array([*[2] * 11, 1, 0, 5]), seed=0)
    assert len(folds) == FOLDS == 5
    assert sorted(np.concatenate(folds).tolist()) == [*range(11), 13]
    assert sorted(len(fold) for fold in folds) == [2, 2, 2, 3, 3]


def test_folds_follow_the_seed():
    known = np.full(20, 2)
    one, again, other = (np.concatenate(need_folds(known, seed)).tolist() for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_with_few_needs_nothing_is_held_out():
    assert need_folds(np.array([*[2] * (MIN_NEEDS - 1), 1]), seed=0) == []
    assert half_pairs(relevant(*[4] * (MIN_NEEDS - 1), 3), seed=0) == []


@pytest.mark.parametrize("seed", [0, 1])
def test_halves_hold_every_pair_once_and_small_needs_never(seed):
    known = relevant(*[4] * 9, 5, 3, 0)
    one, other = half_pairs(known, seed)
    expected = known.toarray().copy()
    expected[10] = False
    np.testing.assert_array_equal(one.toarray() | other.toarray(), expected)
    assert not (one.toarray() & other.toarray()).any()
    assert np.diff(one.indptr).tolist() == [2] * 9 + [3, 0, 0]
    assert np.diff(other.indptr).tolist() == [2] * 10 + [0, 0]
    assert known.nnz == 44


def test_halves_follow_the_seed():
    known = relevant(*[6] * 10)
    one, again, other = (half_pairs(known, seed)[0].toarray() for seed in (1, 1, 2))
    assert np.array_equal(one, again)
    assert not np.array_equal(one, other)


def test_parts_hold_every_number_once():
    found = parts(11, 3, seed=0)
    assert sorted(np.concatenate(found).tolist()) == list(range(11))
    assert [len(part) for part in found] == [4, 4, 3]
    assert not np.array_equal(found[0], parts(11, 3, seed=1)[0])


def test_held_pairs_keep_another_pair_of_their_need_and_their_enterprise():
    generator = np.random.default_rng(0)
    rows, columns = (generator.integers(0, 8, 60) for _ in range(2))
    rows, columns = np.unique(np.stack([rows, columns]), axis=1)
    folds = held_pairs(rows, columns, 5, seed=0)
    held = np.concatenate(folds)
    assert len(held) == len(np.unique(held))
    for fold in folds:
        left = np.setdiff1d(np.arange(len(rows)), fold)
        assert set(rows[fold]) <= set(rows[left])
        assert set(columns[fold]) <= set(columns[left])


def test_a_pair_without_another_is_never_held():
    # Need 0 has one pair alone, enterprise 9 too; the square of needs 1-2 and 1-2 is free.
    rows, columns = np.array([0, 1, 1, 2, 2, 2]), np.array([1, 1, 2, 1, 2, 9])
    held = np.concatenate(held_pairs(rows, columns, 2, seed=0))
    assert 0 not in held
    assert 5 not in held
    assert len(held)


def days(*found):
    return pl.DataFrame({"date": list(found)}, schema={"date": pl.Date})


def test_a_cut_hides_its_day_and_what_follows_until_its_end():
    first, day, later, end = (date(2020, 1, at) for at in (1, 2, 3, 4))
    events = days(first, day, later, end)
    bounded, open_ended = Cut(day, end), Cut(day)
    assert bounded.before(events)["date"].to_list() == [first]
    assert open_ended.before(events)["date"].to_list() == [first]
    assert bounded.after(events)["date"].to_list() == [day, later]
    assert open_ended.after(events)["date"].to_list() == [day, later, end]


def test_a_cut_before_the_last_day_is_judged_for_two_years():
    found = cut_before(date(2019, 12, 31), 3)
    assert found == Cut(date(2016, 12, 31), date(2018, 12, 31))


def test_hidden_pairs_are_left_out_of_a_table_in_its_order():
    table = pl.DataFrame(
        {"need_id": ["b", "a", "a", None], "enterprise_id": ["x", "x", "y", "x"], "grade": range(4)}
    )
    hidden = pl.DataFrame({"need_id": ["a"], "enterprise_id": ["x"]})
    assert without_pairs(table, hidden)["grade"].to_list() == [0, 2, 3]
