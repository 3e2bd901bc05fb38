import numpy as np
import pytest
from scipy import sparse

from features.texts import wording
from features.texts.text import WeightedTexts
from features.texts.wording import Wording

ROWS = 120
SAMPLE = 40


def said(rows=ROWS):
    """Every row has a text of its own, drawn from a few characters."""
    letters = np.random.default_rng(1).choice(list("锂电池隔膜煤化工钢材"), (rows, 6))
    texts = ["".join(row) for row in letters.tolist()]
    return WeightedTexts(texts, sparse.eye_array(rows, format="csr", dtype=np.float32))


def learnt(seed=0):
    own = Wording(topics=8, seed=seed)
    own.fit(said())
    return own


def test_a_pool_no_larger_than_the_sample_is_read_whole(monkeypatch):
    whole, rows = learnt(), said()
    monkeypatch.setattr(wording, "LSA_ROWS", ROWS)
    monkeypatch.setattr(np.random, "default_rng", lambda *_: pytest.fail("rows were drawn"))
    again = Wording(topics=8)
    again.fit(rows)
    assert np.array_equal(again.lsa_.directions_, whole.lsa_.directions_)


def test_of_a_larger_pool_a_sample_is_drawn_by_the_seed(monkeypatch):
    whole = learnt()
    monkeypatch.setattr(wording, "LSA_ROWS", SAMPLE)
    one, again, other = learnt(), learnt(), learnt(seed=1)
    assert np.array_equal(one.lsa_.directions_, again.lsa_.directions_)
    assert not np.array_equal(one.lsa_.directions_, whole.lsa_.directions_)
    assert not np.array_equal(one.lsa_.directions_, other.lsa_.directions_)


def test_the_vocabulary_of_a_larger_pool_comes_from_all_of_it(monkeypatch):
    whole = learnt()
    monkeypatch.setattr(wording, "LSA_ROWS", SAMPLE)
    own, others = (each.parts["characters"].arrays() for each in (learnt(), whole))
    assert own.keys() == others.keys()
    assert all(np.array_equal(array, others[key]) for key, array in own.items())


@pytest.mark.parametrize(("rows", "known"), [(5, True), (20, False)])
def test_in_a_small_pool_a_token_of_one_profile_is_no_noise(monkeypatch, rows, known):
    monkeypatch.setattr(wording, "_SMALL_POOL", 10)
    texts = ["焦炉", *[f"灯具{'甲乙'[at % 2]}" for at in range(rows - 1)]]
    own = Wording(topics=2)
    own.fit(WeightedTexts(texts, sparse.eye_array(rows, format="csr", dtype=np.float32)))
    assert ("焦炉" in own.characters_.tokens_.tolist()) is known


def test_views_are_the_same_whatever_the_chunks(monkeypatch):
    own = learnt()
    whole = own.views(own.counts(said()))
    monkeypatch.setattr(wording, "_CHUNK", 7)
    parts = own.views(own.counts(said()))
    np.testing.assert_array_equal(parts["text"].toarray(), whole["text"].toarray())
    np.testing.assert_allclose(parts["topics"], whole["topics"], atol=1e-6)


def test_the_views_of_words_are_rows_of_the_pool_s_space():
    own = learnt()
    found = own.query_views(["锂电池", "ωψξ"])
    lengths = np.linalg.norm(found["text"].toarray(), axis=1)
    np.testing.assert_allclose(lengths, [1, 0], atol=1e-6)
    assert found["topics"].shape == (2, 8)
    assert not found["topics"][1].any()
