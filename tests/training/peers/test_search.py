from dataclasses import replace

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer

from features.need import NeedQuery
from tests.conftest import TODAY
from tests.pool import EACH, NEED_IDS, frame, products, training_data
from training.peers.search import (
    Bm25,
    Centroid,
    CharacterTfidf,
    LabelMatch,
    character_tfidf,
    tokenise,
)
from training.peers.settings import Bm25Settings
from training.peers.word_search import Bm25Words, CharacterTfidfWords
from training.protocols import split
from training.rounds import Rounds

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


def question_of(ground, industry, **more):
    """Return a question of a round for another industry."""
    own = ground.task.questions[0]
    return replace(own, query=NeedQuery(industry, **more))


@pytest.fixture(scope="module")
def ground(store):
    cold = split("cold-need", training_data(), today=TODAY)
    return Rounds(store).round(cold.tasks[0])


def best(peer, ground, question, count=5):
    scores = peer.fit(ground).scores(question)
    return ground.task.ids[np.argsort(-scores, kind="stable")[:count]].tolist()


def test_a_label_counts_where_it_stands_letter_for_letter(ground):
    peer = LabelMatch().fit(ground)
    scores = peer.scores(question_of(ground, "LED显示屏"))
    named = {ground.task.ids[row] for row in np.flatnonzero(scores)}
    assert "E010" in named
    assert "E000" not in named
    assert set(scores) == {0, 1}


def test_levels_of_the_code_in_common_and_the_name_add_up(ground):
    scores = (
        LabelMatch()
        .fit(ground)
        .scores(question_of(ground, "老陈醋", industry_codes=("1462", "3975"), keywords=("香醋",)))
    )
    own = dict(zip(ground.task.ids.tolist(), scores.tolist(), strict=True))
    assert own["E090"] == 5  # 1462, and makes 老陈醋
    assert own["E010"] == 3  # 3974: section, division and group
    assert own["E110"] == 1  # 1399: the section alone
    assert own["E100"] == own["X-unknown"] == 0  # no code that the standard has


def test_words_no_profile_has_find_nobody(ground):
    assert not Bm25().fit(ground).scores(question_of(ground, "ωψξ")).any()


def test_the_sector_helps_where_the_name_says_nothing(ground):
    asked = question_of(ground, "ωψξ", sector="食醋")
    assert best(Bm25(), ground, asked, 1)[0].startswith("E09")
    alone = Bm25(Bm25Settings(sector=0.0)).fit(ground).scores(asked)
    assert not alone.any()


def test_characters_and_words_are_tokens_blanks_are_not():
    assert tokenise("LED 灯具") == ["led", "灯具", "l", "e", "d", "灯", "具"]


def test_a_centroid_is_of_what_was_chosen_and_else_of_the_needs_own_words(ground):
    known = next(row for row in ground.rows if len(ground.own(row["need_id"])))
    number = NEED_IDS.index(known["need_id"])
    # Whatever it is called, it is known by whom it chose.
    asked = question_of(ground, "乳制品", need_id=known["need_id"])
    assert set(best(Centroid(), ground, asked)) == {f"E{number:02}{at}" for at in range(EACH)}
    assert best(Centroid(), ground, question_of(ground, "乳制品"), 1)[0].startswith("E10")


def test_words_are_weighed_and_summed(ground):
    asked = question_of(ground, "食醋")
    words = ground.need(asked).understood.words
    assert len(words) > 1
    bm25, tfidf = Bm25().fit(ground), CharacterTfidf().fit(ground)
    for peer, expected in (
        (Bm25Words(), sum(weight * bm25.found([word]) for word, weight in words)),
        (
            CharacterTfidfWords(),
            sum(weight * tfidf.index_.cosines([word])[0] for word, weight in words),
        ),
    ):
        found = peer.fit(ground).scores(asked)
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
        assert best(peer, ground, asked, 1)[0].startswith("E09")


def test_a_scope_is_read_where_there_is_one():
    rows = [*ROWS, {"enterprise_id": "d", "name": "晨曦", "business_scope": "生产起重机"}]
    assert character_tfidf(frame("enterprises", rows), ["起重机"]).argmax() == 3
