import numpy as np
import pytest
from scipy import sparse

from features import wording
from features.text import WeightedTexts
from features.wording import Wording

ROWS = 120
SAMPLE = 40


def said(rows=ROWS):
    """Products, scopes and names: every row has a text of its own, drawn from a few characters."""
    letters = np.random.default_rng(1).choice(list("锂电池隔膜煤化工钢材"), (rows, 6))
    texts = ["".join(row) for row in letters.tolist()]
    whole = WeightedTexts(texts, sparse.eye_array(rows, format="csr", dtype=np.float32))
    nothing = WeightedTexts([], sparse.csr_array((rows, 0), dtype=np.float32))
    return whole, nothing, nothing


def learnt(seed=0):
    own = Wording(topics=8, seed=seed)
    own.fit(said())
    return own


def test_a_pool_no_larger_than_the_sample_is_read_whole(monkeypatch):
    whole = learnt()
    monkeypatch.setattr(wording, "LSA_ROWS", ROWS)
    monkeypatch.setattr(wording, "_rows", lambda *_: pytest.fail("rows were drawn"))
    assert np.array_equal(learnt().lsa_.directions_, whole.lsa_.directions_)


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
    for name in ("characters", "words"):
        for key, array in learnt().parts[name].arrays().items():
            assert np.array_equal(array, whole.parts[name].arrays()[key])
