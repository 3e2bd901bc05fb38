import pytest

from features.industry.chains import ChainMap, shipped_chain_map
from features.need import NeedQuery
from features.space.need_words import (
    BESIDE_MODEL,
    BESIDE_STATED,
    CHAIN_NODE_WEIGHT,
    CHAIN_WEIGHT,
    MODEL_WEIGHT,
    NODE_WORD_WEIGHT,
    SECTOR_WEIGHT,
    STATED_WEIGHT,
    need_words,
    specialities,
)
from features.words.fillers import shipped_fillers
from features.words.normal import normal
from features.words.thesaurus import Concept, Thesaurus
from features.words.understanding import FoundConcept

CHAINS = ChainMap.from_frame(shipped_chain_map())
THESAURUS = Thesaurus(
    [
        Concept("氮肥", "product", ("化学氮肥",), ("尿素", "合成氨")),
        Concept("乳制品", "product", (), ("酸奶",)),
        Concept("其他乳制品", "product", (), ("干酪素",)),
    ]
)


def found(need, **more):
    return need_words(need, CHAINS, THESAURUS, shipped_fillers(), **more)


def weights(need, **more):
    return dict(found(need, **more).words)


def test_a_residual_class_is_looked_up_by_its_whole_name_first():
    assert "干酪素" in weights(NeedQuery("其他乳制品"))
    assert "酸奶" not in weights(NeedQuery("其他乳制品"))
    # No row is about other nitrogen fertilisers: what is left out as vague is left out.
    assert found(NeedQuery("其他氮肥")) == found(NeedQuery("氮肥"))


def test_without_more_a_need_s_words_are_those_of_its_industry():
    assert weights(NeedQuery("化学氮肥")) == {
        "化学氮肥": 2.0,
        "氮肥": 1.0,
        "尿素": 1.0,
        "合成氨": 1.0,
    }


def test_keywords_speak_before_the_industry():
    words = weights(NeedQuery("氮肥", keywords=("酸奶机", "乳制品")))
    assert words["酸奶机"] == words["乳制品"] == STATED_WEIGHT
    assert words["酸奶"] == 1.0  # what a keyword stands for is looked for as well
    assert words["氮肥"] == pytest.approx(BESIDE_STATED * 2.0)
    assert words["尿素"] == pytest.approx(BESIDE_STATED)


def test_a_stated_node_precedes_the_industry_and_is_shown():
    node = CHAINS.node("led/packaging")
    need = found(NeedQuery("氮肥", nodes=("led/packaging",)))
    words = dict(need.words)
    assert words[normal(node.name)] == STATED_WEIGHT
    assert words[normal(node.keywords[-1])] == NODE_WORD_WEIGHT
    assert words["尿素"] == pytest.approx(BESIDE_STATED)
    assert need.concepts[-1] == FoundConcept(node.name, 1.0, "chain map")


def test_a_node_that_the_chain_map_does_not_know_counts_as_a_keyword():
    words = weights(NeedQuery("氮肥", nodes=("地下运输设备",)))
    assert words["地下运输设备"] == STATED_WEIGHT


def test_a_whole_chain_brings_its_nodes_a_little():
    words = weights(NeedQuery("光电LED"))
    node = CHAINS.node("led/leadframe")
    assert words[normal(node.name)] == CHAIN_NODE_WEIGHT
    assert words["光电led"] == 2.0


def test_zones_that_want_other_nodes_look_for_other_words():
    one, other = (
        weights(NeedQuery("光电LED", nodes=(n,))) for n in ("led/packaging", "led/driver")
    )
    assert max(one, key=one.get) != max(other, key=other.get)


def test_context_counts_little_and_never_less_than_it_would_else():
    words = weights(NeedQuery("氮肥", sector="其他化学原料", chain="某某链"))
    assert words["化学原料"] == SECTOR_WEIGHT
    assert words["某某链"] == CHAIN_WEIGHT
    assert weights(NeedQuery("氮肥", sector="氮肥"))["氮肥"] == 2.0


def test_words_of_a_language_model_come_before_those_of_the_thesaurus():
    need = found(NeedQuery("氮肥"), of_model=["硝酸铵", "ＵＡＮ"])
    words = dict(need.words)
    assert words["硝酸铵"] == words["uan"] == MODEL_WEIGHT
    assert words["尿素"] == pytest.approx(BESIDE_MODEL)
    assert need.concepts[0] == FoundConcept("硝酸铵、ＵＡＮ", 1.0, "language model")


@pytest.mark.parametrize("nothing", [None, [], ()])
def test_an_empty_answer_of_a_model_changes_nothing(nothing):
    assert found(NeedQuery("氮肥"), of_model=nothing) == found(NeedQuery("氮肥"))


def test_edited_words_take_the_place_of_all_others():
    need = NeedQuery(
        "氮肥", keywords=("乳制品",), nodes=("led/packaging",), words=(("ＬＥＤ", 0.5), ("灯", 3.0))
    )
    assert found(need, of_model=["硝酸铵"]).words == (("灯", 3.0), ("led", 0.5))


def test_returned_words_sent_back_unchanged_change_nothing():
    told = found(NeedQuery("氮肥", keywords=("乳制品",)))
    again = found(NeedQuery("氮肥", keywords=("乳制品",), words=told.words))
    assert again.words == told.words


def test_the_order_of_keywords_changes_no_weight():
    one = weights(NeedQuery("氮肥", keywords=("甲醇", "乙烯")))
    assert one == weights(NeedQuery("氮肥", keywords=("乙烯", "甲醇")))


@pytest.mark.parametrize(
    ("basis", "expected"),
    [
        ("news 2025-10-21 (煤机)", ("煤机",)),
        ("article（智算、算力）", ("智算", "算力")),
        ("plan (2017-06-26)", ()),
        ("article", ()),
        (None, ()),
    ],
)
def test_a_basis_says_in_brackets_what_is_wanted(basis, expected):
    assert specialities(basis) == expected


def test_what_a_basis_names_speaks_before_the_industry():
    found = weights(NeedQuery("氮肥", basis="news 2025-10-21 (煤机)"))
    assert found["煤机"] == STATED_WEIGHT
    assert found["尿素"] == pytest.approx(BESIDE_STATED)
