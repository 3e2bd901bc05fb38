"""What shards find together is what one process finds: the same leads, order and scores."""

from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.need import NeedQuery
from models.executors import InProcess
from models.factors.track_record import DealHistory, HistoryScorer
from models.retrieval import two_stage
from models.retrieval.retrieval import Exhaustive
from models.retrieval.spans import ShardUnavailableError, Span, spans
from models.retrieval.two_stage import TwoStage
from models.scoring.ranker import PoolRanker, order
from models.shards import sharded, shards
from models.shards.sharded import Sharded
from models.shards.shards import Shard
from tests.pool import NEED_IDS, SUBJECTS

SHORTLIST = 12
QUESTIONS = ("leading", "values", "best")
"""What a shard is asked for a list, in this order."""


@pytest.fixture(scope="module")
def needs(fitted):
    space = fitted.ranker.space
    known = zip(SUBJECTS, NEED_IDS, strict=True)
    asked = [NeedQuery(industry, need_id=need_id) for industry, need_id in known]
    chain = NeedQuery("LED封装", nodes=("led/packaging", "led/driver"))
    found = [space.need(query) for query in (*asked[:3], chain, NeedQuery("器件与原料"))]
    return lambda: found  # which Hypothesis shows in a line


@pytest.fixture(scope="module")
def deals(traded):
    """Return needs and the pool of a ranker that has learnt from dated deals."""
    from tests.training.deals import trading_data

    space = traded.ranker.space
    bound = traded.ranker.bind(space.pool(trading_data().enterprises).by_rows())
    return bound, [space.need(NeedQuery(text, zone_id="z0")) for text in ("LED封装", "乳制品")]


@pytest.fixture(autouse=True, scope="module")
def small():
    """Let a dozen be many, so that a pool of dozens is ranked in two stages, piece by piece."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(two_stage, "CANDIDATES", SHORTLIST)
        patch.setattr(sharded, "GROUP", 2)
        patch.setattr(shards, "_PIECE", 7)
        yield


def made(bound, rows):
    """Return a ranker of a pool made of some rows of another, which may repeat, in two stages."""
    pool = bound.pool.take(rows).by_rows()
    pool = replace(pool, ids=np.array([f"{at:04}" for at in range(len(rows))]))
    measured = {
        factor: {name: array[rows] for name, array in own.items()}
        for factor, own in bound.measured.items()
    }
    return PoolRanker(bound.ranker, pool, measured)


def cut(whole, span):
    """Return a shard of a pool in memory."""
    rows = np.arange(*span)
    taken = whole.bound.take(rows)
    silent = HistoryScorer(DealHistory(), taken.pool)
    bound = PoolRanker(whole.bound.ranker, taken.pool, taken.measured, history=silent)
    first = None
    if isinstance(whole, TwoStage):
        matrix = whole.estimate.stored.matrix
        first = {"matrix.codes": matrix.codes[rows], "matrix.scales": matrix.scales[rows]}
    return Shard(bound, span.start, first)


class Unavailable:
    def __init__(self, span):
        self._span = span

    def result(self):
        raise ShardUnavailableError(f"{self._span} is unavailable")


def by_shards(whole, parts, unavailable=lambda span, method: False):
    """Return the retriever of a pool cut into these shards, some of which may be unavailable."""
    made = {span: cut(whole, span) for span in parts}
    here = InProcess()

    def ask(span, method, asked):
        if unavailable(span, method):
            return Unavailable(span)
        return here.submit(lambda of: method(made[span], of), asked)

    return Sharded(whole, parts, ask)


def same(found, expected):
    for (rows, parts), (own, theirs) in zip(found, expected, strict=True):
        np.testing.assert_array_equal(rows, own)
        np.testing.assert_allclose(parts, theirs, atol=1e-6)


@st.composite
def pools(draw):
    """Draw a pool in which some say the same, its shards, who of it can be listed, and k."""
    rows = draw(st.lists(st.integers(0, 63), min_size=1, max_size=80))
    ends = draw(st.lists(st.integers(1, len(rows)), max_size=6))
    edges = sorted({0, *ends, len(rows)})
    listed = draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows)))
    signals = draw(st.none() | st.lists(st.sampled_from([0, 0, 0.5, 1]), min_size=1, max_size=80))
    return (
        np.array(rows),
        [Span(*pair) for pair in pairwise(edges)],
        np.flatnonzero(listed),
        draw(st.integers(1, 90)),
        None if signals is None else np.resize(np.array(signals, dtype=np.float32), len(rows)),
    )


@settings(max_examples=40)
@given(pools(), st.booleans())
def test_any_number_of_shards_gives_the_list_of_one_process(bound, needs, case, in_two_stages):
    rows, parts, listed, k, signals = case
    own = made(bound, rows)
    whole = TwoStage(own, two_stage.make(own)) if in_two_stages else Exhaustive(own)
    wanted = [(replace(need, signals=signals), listed) for need in needs()]
    expected = list(whole.ranked_all(wanted, k))
    same(by_shards(whole, parts).ranked_all(wanted, k), expected)


@settings(max_examples=40)
@given(pools(), st.booleans(), st.integers(0, 79))
def test_the_rank_of_one_is_that_of_one_process(bound, needs, case, in_two_stages, row):
    rows, parts, listed, _, signals = case
    own, row = made(bound, rows), row % len(rows)
    whole = TwoStage(own, two_stage.make(own)) if in_two_stages else Exhaustive(own)
    for need in needs():
        asked = replace(need, signals=signals), row, listed
        rank, contributions = by_shards(whole, parts).place(*asked)
        expected, theirs = whole.place(*asked)
        assert rank == expected
        np.testing.assert_allclose(contributions, theirs, atol=1e-6)


@settings(max_examples=40)
@given(pools(), st.booleans(), st.integers(0, 6), st.sampled_from(QUESTIONS))
def test_without_a_shard_the_list_is_that_of_the_others(
    bound, needs, case, in_two_stages, lost, lost_at
):
    rows, parts, listed, k, signals = case
    own, gone = made(bound, rows), parts[lost % len(parts)]
    whole = TwoStage(own, two_stage.make(own)) if in_two_stages else Exhaustive(own)
    late = QUESTIONS[QUESTIONS.index(lost_at) :]
    cut_up = by_shards(whole, parts, lambda span, method: span == gone and method.__name__ in late)
    need = replace(needs()[0], signals=signals)
    if len(parts) == 1:
        with suppress(ShardUnavailableError):
            same([cut_up.ranked_partly(need, listed, 0, k)[0]], [whole.ranked(need, listed, 0, k)])
        return
    (found, contributions), missing = cut_up.ranked_partly(need, listed, 0, k)
    if not missing:  # it has answered all that it was asked
        same([(found, contributions)], [whole.ranked(need, listed, 0, k)])
        return
    assert missing == (gone,)
    there = np.concatenate([np.arange(*span) for span in parts if span != gone])
    others = np.intersect1d(listed, there)
    assert np.isin(others, found).sum() == min(k, len(others)) or lost_at == "best"
    if lost_at == "leading" and in_two_stages:
        same([(found, contributions)], [whole.ranked(need, others, 0, k)])
    if not in_two_stages:
        apart = own.take(there).contributions(need)
        expected = order(apart.sum(axis=0), np.searchsorted(there, others), k)
        same([(found, contributions)], [(there[expected], apart[:, expected])])


def test_lists_and_ranks_are_refused_without_a_shard(bound, needs):
    own = made(bound, np.arange(40))
    whole, need = TwoStage(own, two_stage.make(own)), needs()[0]
    cut_up = by_shards(whole, spans(40, 3), lambda span, method: span.start > 20)
    for asked in (
        lambda: cut_up.ranked(need, np.arange(40), 0, 5),
        lambda: list(cut_up.ranked_all([(need, np.arange(40))], 5)),
        lambda: cut_up.place(need, 3, np.arange(40)),
    ):
        with pytest.raises(ShardUnavailableError):
            asked()
    nobody = by_shards(whole, spans(40, 3), lambda span, method: True)
    with pytest.raises(ShardUnavailableError):
        nobody.ranked_partly(need, np.arange(40), 0, 5)


@pytest.mark.parametrize("count", [1, 2, 5, 1000])
def test_deals_are_on_the_scale_of_the_whole_pool(deals, count):
    bound, asked = deals
    assert len(bound.history_parts(asked[0])[0])
    whole = TwoStage(bound, two_stage.make(bound))
    wanted = [(need, np.arange(len(bound.pool))) for need in asked]
    cut_up = by_shards(whole, spans(len(bound.pool), count))
    for k in (3, SHORTLIST, len(bound.pool)):
        same(cut_up.ranked_all(wanted, k), list(whole.ranked_all(wanted, k)))
    page, parts = whole.ranked(asked[0], wanted[0][1], 2, 9)
    found, own = cut_up.ranked(asked[0], wanted[0][1], 2, 9)
    np.testing.assert_array_equal(found, page)
    np.testing.assert_allclose(own, parts, atol=1e-6)
    row = int(page[0])
    assert cut_up.place(asked[0], row, wanted[0][1])[0] == 3
    assert cut_up.named is whole.named


def test_shards_are_the_pool_one_after_another():
    for size, count in ((10, 3), (1, 4), (7, 7), (1_000_003, 8)):
        found = spans(size, count)
        assert [found[0].start, found[-1].stop] == [0, size]
        assert all(one.stop == other.start for one, other in pairwise(found))
        sizes = [stop - start for start, stop in found]
        assert min(sizes) > 0
        assert max(sizes) - min(sizes) <= 1


def test_where_nobody_can_be_listed_the_list_is_empty(bound, needs):
    own = made(bound, np.arange(40))
    whole = TwoStage(own, two_stage.make(own))
    ((found, parts),) = by_shards(whole, spans(40, 3)).ranked_all([(needs()[0], np.arange(0))], 5)
    assert (len(found), parts.shape[1]) == (0, 0)
