from dataclasses import replace

import numpy as np
import pytest

from features.need import NeedQuery
from models.factors.signals import SIGNALS, WORTH, signal_part
from models.retrieval import two_stage
from models.retrieval.first_stage import FirstStage
from models.retrieval.sample import Among, Sample


@pytest.fixture
def need(bound):
    return bound.ranker.space.need(NeedQuery("LED封装", need_id="z0/LED封装", zone_id="z0"))


@pytest.fixture
def moved(need, bound):
    """Return the same need where two enterprises have signals."""
    signals = np.zeros(len(bound.pool), dtype=np.float32)
    signals[[3, 7]] = 0.9, 0.5
    return replace(need, signals=signals)


def test_signals_add_what_they_say_and_change_nothing_else(bound, need, moved):
    row = bound.ranker.blend.factors.index(SIGNALS)
    before, after = bound.contributions(need), bound.contributions(moved)
    assert not before[row].any()
    expected = np.zeros(len(bound.pool))
    expected[[3, 7]] = WORTH * 0.9, WORTH * 0.5
    np.testing.assert_allclose(after[row], expected, atol=1e-6)
    np.testing.assert_array_equal(after[:row], before[:row])


def test_some_rows_have_what_they_have_in_the_pool(bound, moved):
    rows = np.array([2, 3, 7])
    found = bound.take(rows).values(moved).signals
    np.testing.assert_array_equal(found, signal_part(moved, rows, 3))
    assert found[0] == 0 < found[2] < found[1]


def test_two_stages_count_them_alike(bound, need, moved):
    whole = bound.ranker.bind(bound.pool.by_rows())
    arrays = two_stage.make(whole)
    sample = Sample(whole, arrays["sample"])
    added = [FirstStage(sample, arrays).of(one) for one in (need, moved)]
    change = added[1] - added[0]
    assert set(np.flatnonzero(np.abs(change) > 0.01)) == {3, 7}
    rows = np.array([3, 5, 7])
    among = Among(sample, moved, rows)
    row = bound.ranker.blend.factors.index(SIGNALS)
    np.testing.assert_array_equal(among.parts[row], signal_part(moved, rows, 3))
    np.testing.assert_array_equal(among.others(np.array([7]))[row], signal_part(moved, rows[2:], 1))
