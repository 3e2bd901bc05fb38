"""A page's fields on the need, on excluded enterprises, and on fit."""

import pytest

from features.errors import InputError
from features.need import NeedQuery
from features.words.fillers import shipped_fillers
from features.words.thesaurus import shipped_thesaurus
from features.words.understanding import understand
from models.scoring.fit import LEVELS
from service.serving.explanation.meaning import fit_note
from service.serving.filters import INCLUDED, Filters
from tests.pool import EACH, NEED_IDS

NEED = NEED_IDS[0]
SIGNED, LOCAL = {"E000"}, {f"E{number}{at}" for number in ("03", "11") for at in range(EACH)}


def page(engine, need, filters=None, limit=200, language="zh"):
    query = engine.need(need) if need in NEED_IDS else need
    return engine.recommend(query, filters or Filters(), limit, 0, language)


def ids(found):
    return [lead["enterprise"]["enterprise_id"] for lead in found["leads"]]


@pytest.mark.parametrize(
    ("include", "missing", "left_out"),
    [
        ((), SIGNED | LOCAL, {"signed": 1, "local": 10}),
        (("signed",), LOCAL, {"local": 10}),
        (("local",), SIGNED, {"signed": 1}),
        (INCLUDED, set(), {}),
    ],
)
def test_who_is_no_new_lead_is_left_out_and_counted_unless_asked_for(
    engine, include, missing, left_out
):
    everybody = page(engine, NEED, Filters(include=INCLUDED))
    found = page(engine, NEED, Filters(include=include))
    assert found["left_out"] == left_out
    assert set(ids(everybody)) - set(ids(found)) == missing
    assert found["total"] == everybody["total"] - len(missing)
    assert ids(found) == [id_ for id_ in ids(everybody) if id_ not in missing]
    assert [lead["rank"] for lead in found["leads"]] == list(range(1, found["total"] + 1))


def test_who_is_left_out_is_counted_among_those_that_the_filters_keep(engine):
    found = page(engine, NEED, Filters(province=("山西省",)))
    assert found["left_out"] == {"local": 10}
    assert page(engine, NEED, Filters(exclude=("E000",)))["left_out"] == {"local": 10}


def test_without_a_zone_nobody_is_left_out(engine):
    assert page(engine, NeedQuery("LED封装"))["left_out"] == {}


def test_an_unknown_value_of_include_is_refused():
    with pytest.raises(
        InputError, match="include must be one of signed, local, unfit, got 'everybody'"
    ):
        Filters(include=("everybody",))


def test_a_page_says_what_the_need_was_taken_for(engine):
    told = page(engine, NeedQuery("想引进做ＬＥＤ封裝的企业、老陈醋"), limit=3)["understood"]
    assert told["parts"] == ["led封装", "老陈醋"]
    assert "想引进" in told["ignored"]
    assert told["concepts"][0]["sure"] == 1.0
    assert {concept["from"] for concept in told["concepts"]} == {"thesaurus"}
    weights = [word["weight"] for word in told["words"]]
    assert weights == sorted(weights, reverse=True)
    assert {"led封装", "老陈醋"} <= {word["word"] for word in told["words"]}


def test_returned_words_sent_back_give_the_same_list(engine):
    first = page(engine, NeedQuery("老陈醋"), limit=20)
    words = [{"word": w["word"], "weight": w["weight"]} for w in first["understood"]["words"]]
    again = page(engine, NeedQuery.from_row({"industry": "老陈醋", "words": words}), limit=20)
    assert again["understood"]["words"] == first["understood"]["words"]
    assert ids(again) == ids(first)
    for one, other in zip(again["leads"], first["leads"], strict=True):
        assert one["raw_score"] == pytest.approx(other["raw_score"], abs=1e-6)


def test_edited_words_change_the_list(engine):
    words = [{"word": "酸奶", "weight": 2.0}, {"word": "奶酪", "weight": 1.0}]
    found = page(engine, NeedQuery.from_row({"industry": "老陈醋", "words": words}), limit=EACH)
    assert found["understood"]["words"] == words
    assert {id_[:3] for id_ in ids(found)} == {"E10"}
    assert found["leads"][0]["fit"] == "strong"


@pytest.mark.parametrize("variant", ["ＬＥＤ封裝", "led封装", "LED封装 "])
def test_a_need_gives_one_list_however_it_is_typed(engine, variant):
    first, other = (page(engine, NeedQuery(text), limit=20) for text in ("LED封装", variant))
    assert other["understood"] == first["understood"]
    scores = [[lead["raw_score"] for lead in found["leads"]] for found in (first, other)]
    assert ids(first) == ids(other)
    assert scores[0] == pytest.approx(scores[1], abs=0.05)


def test_every_want_of_a_phrase_has_its_leads(engine):
    found = page(engine, NeedQuery("老陈醋、酸奶"), limit=2 * EACH)
    assert {"E09", "E10"} <= {id_[:3] for id_ in ids(found)}
    strong = [
        id_ for id_, lead in zip(ids(found), found["leads"], strict=True) if lead["fit"] != "weak"
    ]
    assert {"E09", "E10"} <= {id_[:3] for id_ in strong}


def test_every_lead_has_a_fit_and_the_first_one_answers_the_need(engine):
    found = page(engine, NeedQuery("老陈醋"))
    fits = [lead["fit"] for lead in found["leads"]]
    assert set(fits) <= set(LEVELS)
    assert (fits[0], fits[-1]) == ("strong", "weak")
    assert found["fit_note"] is None


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("zh", "没有说明任何产品或业务（新质生产力）"),
        ("en", "names no product or activity (新质生产力)"),
    ],
)
def test_of_a_need_of_policy_words_alone_the_page_says_that_the_ranking_rests_on_nothing(
    engine, language, said
):
    assert said in page(engine, NeedQuery("新质生产力"), limit=5, language=language)["fit_note"]


def test_where_nobody_makes_it_no_lead_is_strong_and_the_page_says_so(engine):
    text = "风力发电塔筒"
    found = page(engine, NeedQuery(text), limit=20)
    assert "strong" not in [lead["fit"] for lead in found["leads"]]
    assert found["fit_note"]
    assert max(lead["score"] for lead in found["leads"]) < 0.6
    assert page(engine, NeedQuery(text), limit=20, language="en")["fit_note"] != found["fit_note"]


@pytest.mark.parametrize(
    ("text", "fits", "said"),
    [
        ("老陈醋", ["strong", "weak"], None),
        ("老陈醋", ["partial", "partial", "weak"], None),
        ("老陈醋", ["weak"] * 5, "没有企业明显符合该需求"),
        ("老陈醋", ["partial", "weak", "weak", "weak"], "仅前 1 家企业明显或部分符合"),
        ("老陈醋", [], None),
        ("aaa", ["weak"] * 3, "词表中没有与「aaa」相符的产品或产业"),
        ("新质生产力", ["strong"] * 3, "没有说明任何产品或业务"),
    ],
)
def test_the_note_follows_from_what_was_understood_and_the_fits(text, fits, said):
    note = fit_note(understand(text, shipped_thesaurus(), shipped_fillers()), fits, "zh")
    assert note is None if said is None else said in note
