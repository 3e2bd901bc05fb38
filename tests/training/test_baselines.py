import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from tests.pool import frame, products
from training.baselines import character_tfidf

ROWS = [
    {"enterprise_id": "a", "name": "光明灯具有限公司", "products": products("LED灯", "路灯")},
    {"enterprise_id": "b", "name": "老陈醋业股份有限公司", "short_name": "陈醋"},
    {"enterprise_id": "c", "name": "晨星"},
]


def test_documents_are_names_without_legal_form_and_products():
    found = character_tfidf(frame("enterprises", ROWS), ["路灯", "陈醋", "飞机"])
    documents = ["光明灯具 LED灯 路灯", "老陈醋业 陈醋", "晨星"]
    vectorizer = TfidfVectorizer(analyzer="char", ngram_range=(1, 3))
    rows = vectorizer.fit_transform(documents)
    expected = (vectorizer.transform(["路灯", "陈醋", "飞机"]) @ rows.T).toarray()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found.argmax(axis=1)[:2].tolist() == [0, 1]
    assert not found[2].any()


@pytest.mark.parametrize("count", [1, 2])
def test_every_enterprise_has_a_row(count):
    assert character_tfidf(frame("enterprises", ROWS[:count]), ["路灯"]).shape == (1, count)
