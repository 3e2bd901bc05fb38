import numpy as np
import pytest

from features.need import NeedQuery
from models.retrieval.sample import Among, Sample
from models.scoring.scale import _BOUND
from tests.pool import NEED_IDS


@pytest.fixture
def need(bound):
    return bound.ranker.space.need(NeedQuery("LED封装", need_id=NEED_IDS[0]))


def candidates(bound, need):
    """Return the first 25 by content."""
    base = bound.contributions(need)[: len(bound.ranker.blend.names)].sum(axis=0)
    return np.sort(np.argsort(-base, kind="stable")[:25])


def test_where_everybody_is_in_the_sample_scores_are_those_of_the_whole(bound, need):
    rows, everybody = candidates(bound, need), np.arange(len(bound.pool))
    whole = bound.contributions(need)
    among = Among(Sample(bound, everybody), need, rows)
    np.testing.assert_allclose(among.parts, whole[:, rows], atol=1e-5)
    others = np.setdiff1d(everybody, rows)
    np.testing.assert_allclose(among.others(others), whole[:, others], atol=1e-5)


def test_candidates_count_once_and_the_rest_of_the_sample_for_everybody_else(bound, need):
    rows, sample = candidates(bound, need), Sample(bound, np.arange(0, len(bound.pool), 2))
    values, size = bound.values(need).head, len(bound.pool)
    rest = np.setdiff1d(sample.rows, rows)
    each = np.concatenate([values[rows], np.repeat(values[rest], size - len(rows))])
    share = np.concatenate([np.full(len(rows), len(rest)), np.ones(len(each) - len(rows))])
    mean = np.average(each, weights=share)
    spread = np.sqrt(np.average((each - mean) ** 2, weights=share))
    found = Among(sample, need, rows).parts[bound.ranker.blend.factors.index("need_head")]
    expected = (
        bound.ranker.blend.warm[1] * _BOUND * np.tanh((values[rows] - mean) / spread / _BOUND)
    )
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


def test_what_stands_out_does_not_mislead_where_the_sample_has_none_of_it(bound, need):
    whole = bound.contributions(need)
    rows = candidates(bound, need)
    sample = Sample(bound, np.setdiff1d(np.arange(len(bound.pool)), rows))
    np.testing.assert_allclose(Among(sample, need, rows).parts, whole[:, rows], atol=1e-5)


def test_values_of_the_sample_are_computed_once_a_need(bound, need, monkeypatch):
    asked = []
    values = type(bound).values

    def counted(self, of):
        asked.append(len(self.pool))
        return values(self, of)

    monkeypatch.setattr(type(bound), "values", counted)
    sample = Sample(bound, np.arange(10))
    for _ in range(2):
        Among(sample, need, np.arange(20, 50))
    assert sorted(asked) == [10, 30, 30]
