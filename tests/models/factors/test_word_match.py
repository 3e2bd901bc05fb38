from types import SimpleNamespace

import numpy as np
import pytest
from scipy import sparse

from features.need import NeedQuery
from models.factors.word_match import (
    FOCUS_WEIGHT,
    ItemKinds,
    Items,
    ItemWords,
    KindsOfItems,
    TextWords,
    TopicWords,
    weighted_query,
    word_matches,
)
from models.scoring.scale import FactorScale, standardise

NAN = float("nan")
# Three items: the first is the first word, the second half of the second word, the third neither.
GRAMS = np.float32([[1, 0, 0], [0, 0.5, 0], [0, 0, 1]])
# Shares of 1; of 0.64 and 0.36; of 0.25 and 0.75; nothing known.
SHARES = np.float32([[1, 0, 0], [0.64, 0.36, 0], [0, 0.25, 0.75], [0, 0, 0]])
ITEMS = Items(sparse.csr_array(np.sqrt(SHARES)), sparse.csr_array(GRAMS))


def need_of(weights, words, view="items"):
    return SimpleNamespace(
        weights=np.float32(weights), views={view: sparse.csr_array(np.float32(words))}
    )


NEED = need_of([2.0, 1.0], [[1, 0, 0], [0, 1, 0]])


@pytest.mark.parametrize("kept", [sparse.csr_array, sparse.csc_array])
def test_a_match_is_a_squared_cosine_and_never_above_one(kept):
    found = word_matches(kept(GRAMS), NEED).toarray()
    np.testing.assert_allclose(found, [[1, 0], [0, 0.25], [0, 0]])
    doubled = word_matches(kept(2 * GRAMS), NEED).toarray()
    np.testing.assert_allclose(doubled, [[1, 0], [0, 1], [0, 0]])


def test_matches_are_those_of_each_enterprise():
    found = ITEMS.by_enterprise(NEED)
    assert found.known.tolist() == [0, 1, 2]
    assert found.owners.tolist() == [0, 1, 1, 2]  # the item that matches nothing is left out
    np.testing.assert_allclose(found.best(), [[1, 0], [1, 0.25], [0, 0.25]])
    np.testing.assert_allclose(
        found.focus, [1, (0.8 + 0.25 * 0.6) / 1.4, 0.125 / (0.5 + 0.75**0.5)]
    )


def test_where_no_item_matches_everybody_known_gets_nothing():
    few = Items(sparse.csr_array(np.float32([[0, 0, 1], [0, 0, 0]])), ITEMS.grams)
    np.testing.assert_array_equal(ItemWords().score(NEED, few), [[0, 0], [NAN, NAN]])


def test_the_best_item_of_every_word_counts_by_the_fourth_root_of_its_share():
    found = ItemWords().score(NEED, ITEMS)
    root = np.sqrt(SHARES)  # the weight of an item
    expected = [
        [2, 1],
        [2 * 0.64**0.25 + 0.25 * 0.36**0.25, (root[1, 0] + 0.25 * root[1, 1]) / root[1].sum()],
        [0.25 * 0.25**0.25, 0.25 * root[2, 1] / root[2].sum()],
        [NAN, NAN],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_better_of_two_items_counts_for_a_word_and_not_their_sum():
    items = Items(
        sparse.csr_array(np.float32([[1, 1]])), sparse.csr_array(np.float32([[0.6], [0.8]]))
    )
    found = ItemWords().score(need_of([1.0], [[1]]), items)
    np.testing.assert_allclose(found, [[0.64, (0.36 + 0.64) / 2]], rtol=1e-6)


def test_the_contribution_of_each_word_is_exact():
    both = ItemWords().score(NEED, ITEMS)[:, 0]
    one = ItemWords().score(need_of([2.0, 0.0], [[1, 0, 0], [0, 1, 0]]), ITEMS)[:, 0]
    other = ItemWords().score(need_of([0.0, 1.0], [[1, 0, 0], [0, 1, 0]]), ITEMS)[:, 0]
    np.testing.assert_allclose(one + other, both, rtol=1e-6)


def test_both_parts_are_standardised_and_summed():
    scores = ItemWords().score(NEED, ITEMS)
    summed = standardise(scores[:, 0]) + FOCUS_WEIGHT * standardise(scores[:, 1])
    summed[3] = NAN  # unknown is neither for nor against
    found = FactorScale.of(scores, ItemWords.columns).z(scores)
    np.testing.assert_allclose(found, standardise(summed))
    assert found[3] == 0


def test_a_need_without_known_words_is_not_spoken_of():
    silent = need_of([1.0], [[0, 0, 0]])
    assert ItemWords().score(silent, ITEMS) is None
    assert TextWords().score(need_of([1.0], [[0, 0]], "text"), sparse.csc_array((3, 2))) is None
    topics = SimpleNamespace(weights=np.float32([1.0]), views={"topics": np.zeros((1, 2))})
    assert TopicWords().score(topics, np.ones((3, 2), dtype=np.float32)) is None


def test_where_no_items_are_known_at_all_everything_is_unknown():
    none = Items(sparse.csr_array((2, 3), dtype=np.float32), ITEMS.grams)
    assert np.isnan(ItemWords().score(NEED, none)).all()
    assert np.isnan(ItemWords().score(NEED, none)).all()


@pytest.mark.parametrize("kind", [sparse.csc_array, sparse.csr_array])
def test_text_words_are_the_weighted_sum_of_cosines_however_the_text_is_kept(kind):
    text = np.float32([[0.6, 0.8, 0], [0, 0, 1], [0, 0, 0]])
    need = need_of([2.0, 0.5], [[1, 0, 0], [0, 0, 1]], "text")
    found = TextWords().score(need, kind(text))
    np.testing.assert_allclose(found, [1.2, 0.5, 0], rtol=1e-6)
    assert weighted_query(need, "text").toarray().tolist() == [[2, 0, 0.5]]


KINDS = KindsOfItems(
    sparse.csr_array(np.float32([[3, 1, 0], [0, 0, 2], [0, 0, 0]])),
    sparse.csr_array(np.float32([[1, 0, 0], [0, 0.5, 0.3], [0, 0, 0]])),
)


def test_kinds_are_the_share_of_items_by_what_their_concepts_are_worth():
    need = SimpleNamespace(kinds=np.float32([0.2, 0.45, 1.0]))
    found = ItemKinds().score(need, KINDS)
    np.testing.assert_allclose(found, [(3 * 0.2 + 0.3) / 4, 0, NAN], rtol=1e-6)
    np.testing.assert_allclose(KINDS.best(KINDS.worths(need.kinds)), [0.3, 0], rtol=1e-6)


def test_concepts_of_an_office_s_own_are_left_out_of_an_index_without_them():
    need = SimpleNamespace(kinds=np.float32([0.2, 0.45, 1.0, 1.0]))
    assert ItemKinds().score(need, KINDS)[0] == pytest.approx(0.225)


def test_where_nothing_is_wanted_or_known_kinds_do_not_apply():
    assert ItemKinds().score(SimpleNamespace(kinds=None), KINDS) is None
    none = KindsOfItems(sparse.csr_array((2, 3), dtype=np.float32), KINDS.concepts)
    assert np.isnan(ItemKinds().score(SimpleNamespace(kinds=np.float32([1, 1, 1])), none)).all()


def test_topic_words_are_the_weighted_sum_of_cosines():
    topics = np.float32([[0.6, 0.8], [0, 1]])
    need = SimpleNamespace(
        weights=np.float32([2, 1]), views={"topics": np.float32([[1, 0], [0, 1]])}
    )
    np.testing.assert_allclose(TopicWords().score(need, topics), [2.0, 1.0], rtol=1e-6)


def test_modifier_and_head_meet_in_one_item(bound):
    """「植物照明」 is one product, and not a plant here and a lamp there."""
    need = bound.ranker.space.need(NeedQuery("植物照明", words=(("植物照明", 1.0),)))
    found = ItemWords().score(need, ItemWords().prepare(bound.pool))[:, 0]
    made = [
        any(bound.pool.products.texts[at] == "植物照明" for at in own.indices)
        for own in (bound.pool.products.weights[[row]] for row in range(len(bound.pool)))
    ]
    assert np.nanmin(found[made]) > np.nanmax(np.where(made, np.nan, found))
