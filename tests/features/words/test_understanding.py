import pytest

from features.words.fillers import Fillers, shipped_fillers
from features.words.normal import normal
from features.words.thesaurus import Concept, Thesaurus, shipped_thesaurus
from features.words.understanding import (
    MAX_WORDS,
    OWN_WEIGHT,
    FoundConcept,
    concept_words,
    strongest,
    understand,
)
from features.words.wants import MAX_PARTS
from tests.features.words.small_thesaurus import (
    FILLERS,
    PAIRS,
    concepts,
    said,
    wanted,
)


def test_a_word_of_a_sector_does_not_stand_for_the_sector():
    assert wanted("铜箔")[0] == "电解铜箔"
    assert "铅锭" not in dict(understand("铜箔", PAIRS, FILLERS).words)


def test_fillers_are_removed_up_to_a_name():
    assert wanted("焦化副产品加工项目") == ["焦化"]


def test_fillers_of_one_length_are_removed_in_one_order():
    ways = [
        Fillers([(word, "filler") for word in order])
        for order in (("甲乙", "乙丙"), ("乙丙", "甲乙"))
    ]
    assert len({fillers.strip("甲乙丙", PAIRS) for fillers in ways}) == 1


@pytest.mark.parametrize(
    ("one", "others"),
    [
        ("LED封装", ["ＬＥＤ封裝", "led封装", " LED封装 ", "LED封裝", "ｌｅｄ封装"]),
        ("集成电路", ["集成電路", "集成电路Ⅱ"][:1]),
        ("LED支架、载带", ["ＬＥＤ支架、载带", "LED支架,載帶", "led支架；载带", "LED支架/载带"]),
    ],
)
def test_width_case_and_script_give_the_same_understanding(one, others):
    assert [said(other) for other in others] == [said(one)] * len(others)


def test_what_says_nothing_is_left_out_and_text():
    found = said("想引进做LED封装的企业")
    assert found.parts == ("led封装",)
    assert found.ignored == ("想引进", "企业")
    assert found.words == said("LED封装").words
    assert found.notes == ()


@pytest.mark.parametrize(
    "text", ["想引进企业项目", "企业", "项目、企业", "新质生产力", "专精特新企业"]
)
def test_fillers_or_policy_words_alone_name_no_product(text):
    found = said(text)
    assert found.notes == ("nothing_of_a_product",)
    assert found.concepts == ()
    assert found.parts == (normal(text),)
    assert found.words == ((normal(text), 1.0),)
    assert found.ignored


@pytest.mark.parametrize("text", ["专精特新LED封装", "LED封装专精特新企业", "LED专精特新"])
def test_a_policy_word_is_left_out_wherever_it_stands(text):
    found = said(text)
    assert "专精特新" in found.ignored
    assert not any("专精特新" in word for word, _ in found.words)
    assert found.notes == ()


def test_a_concept_that_the_text_names_is_sure():
    for text in ("LED封装", "灯珠", "LED封装产业", "led 封装"):
        assert concepts(text) == {"LED封装": 1.0}
    assert said("灯珠").concepts == (FoundConcept("LED封装", 1.0, "thesaurus"),)


def test_a_word_counts_by_how_sure_its_concept_is():
    words = dict(said("党参种植").words)
    assert words["党参种植"] == OWN_WEIGHT["product"]
    assert words["党参"] == pytest.approx(0.95)
    assert words["党参片"] == pytest.approx(0.95)


def test_concepts_that_are_all_meant_share_what_their_words_count():
    words = dict(said("党参黄芪").words)
    assert words["党参片"] == words["黄芪片"] == pytest.approx(0.9 / 1.8)


def test_a_sector_s_name_counts_less_than_a_product_s():
    assert dict(said("光电子").words)["光电子"] == OWN_WEIGHT["sector"]
    assert dict(said("灯珠").words)["灯珠"] == OWN_WEIGHT["product"]


def test_a_short_part_of_several_has_lost_its_context():
    assert concepts("运输") == {"运输": 1.0}
    assert concepts("党参、运输")["运输"] == 0.5


def test_later_words_of_a_concept_count_less():
    many = Thesaurus([Concept("甲乙", "sector", (), tuple(f"词{at}" for at in range(20)))])
    weights = [weight for _, weight in concept_words(many, 0)]
    assert weights == [1.0] * 13 + [0.6] * 8


def test_words_are_those_that_count_most_equal_ones_by_name():
    found = strongest({f"词{at:03}": 1.0 for at in range(100)} | {"重": 2.0})
    assert len(found) == MAX_WORDS
    assert found[:2] == (("重", 2.0), ("词000", 1.0))


def test_what_nothing_is_known_of_is_looked_for_as_it_is_written():
    found = said("量子纠缠")
    assert found.concepts == ()
    assert found.words == (("量子纠缠", OWN_WEIGHT["product"]),)


# With what the project ships.
@pytest.fixture(scope="module")
def shipped():
    return lambda text: understand(text, shipped_thesaurus(), shipped_fillers())


@pytest.mark.parametrize(
    "variants",
    [
        ("LED封装", "ＬＥＤ封裝", "led封装"),
        ("5G", "５Ｇ", "5g"),
        ("集成电路", "集成電路"),
    ],
)
def test_needs_as_they_are_typed_are_one_need(shipped, variants):
    assert len({shipped(text) for text in variants}) == 1


@pytest.mark.parametrize(
    "text",
    ["新质生产力", "世界500强", "招商引资", "专精特新企业", "想引进企业项目", "高新技术企业"],
)
def test_policy_alone_is_known_as_such(shipped, text):
    assert shipped(text).notes == ("nothing_of_a_product",)


@pytest.mark.parametrize("text", ["aaa", "123", "x"])
def test_what_means_nothing_is_taken_for_nothing(shipped, text):
    assert max((concept.sure for concept in shipped(text).concepts), default=0) < 0.3


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("LED支架、载带", "LED支架"),
        ("想引进做锂电池隔膜的企业", "电池隔膜"),
        ("废旧锂电池回收", "电池回收"),
        ("煤层气装备", "煤层气开采装备"),
        ("光伏组件边框", "光伏边框"),
        ("党参黄芪种植加工", "党参"),
    ],
)
def test_the_surest_concept_is_the_one_that_is_meant(shipped, text, concept):
    first = shipped(text).concepts[0]
    assert first.name == concept
    assert first.sure >= 0.7


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("风电与核电设备", ("风电设备", "核电设备")),
        ("铜和铝型材", ("铜材", "铝型材")),
        ("小米和荞麦", ("小米", "荞麦")),
        ("陶瓷和玻璃瓶", ("陶瓷", "玻璃瓶")),
        ("金属与玻璃容器", ("金属与玻璃容器",)),  # is named as a whole
    ],
)
def test_parts_share_the_head_that_only_the_last_one_has(shipped, text, parts):
    assert shipped(text).parts == parts


def test_the_longest_need_is_understood_in_bounded_words(shipped):
    for text in ("零件" * 2_000, "、".join(["某种零件加工"] * 500), "a" * 5_000):
        found = shipped(text)
        assert len(found.words) <= MAX_WORDS
        assert len(found.parts) <= MAX_PARTS
