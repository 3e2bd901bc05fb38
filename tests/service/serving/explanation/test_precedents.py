from types import SimpleNamespace

import numpy as np
from scipy import sparse

from service.serving.explanation.items import Item
from service.serving.explanation.precedents import Chosen, Precedent, chosen_for, precedent_of
from tests.pool import NEED_IDS
from tests.service.serving.explanation.explaining import QUERIES


def test_chosen_are_those_the_need_s_head_was_fitted_on(bound):
    need = bound.ranker.space.need(QUERIES[NEED_IDS[3]])
    chosen = bound.pool.ids[chosen_for(bound, need).rows].tolist()
    assert chosen == [f"E03{at}" for at in range(5)]


def test_common_characters_alone_are_not_a_likeness():
    texts, pool = (
        ("溶剂类色浆", "溶剂"),
        SimpleNamespace(
            names=["甲", "乙"],
            products=SimpleNamespace(
                texts=("溶剂类色浆", "溶剂"), weights=sparse.csr_array(np.eye(2, dtype=np.float32))
            ),
            views={"meaning": np.eye(2, dtype=np.float32)},
        ),
    )
    chosen = Chosen(np.array([1]), np.array([1]), np.array([0]), sparse.csr_array((1, 1)))
    likeness = np.array([[0.9]], dtype=np.float32)
    found = precedent_of(pool, chosen, 0, likeness, [Item(texts[0])], np.array([0.9]))
    assert found == Precedent("乙", theirs="溶剂")
