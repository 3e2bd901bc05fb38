import pytest

from features.words.kinds import SIBLING, Kinds, Tie
from features.words.relation import Relation
from features.words.thesaurus import Concept, Thesaurus
from features.words.understanding import FoundConcept, Understood

CONCEPTS = (
    Concept("消费品", "sector", (), ()),
    Concept("食品", "sector", (), ("火锅底料",), broader="消费品"),
    Concept("罐头食品", "sector", ("罐头",), ("水果罐头",), ("马口铁",), broader="食品"),
    Concept("肉制品", "sector", ("卤肉",), ("火腿肠",), broader="食品"),
    Concept("马口铁", "product", (), ()),
    Concept("炭黑", "product", (), ()),
    Concept("白炭黑", "product", (), ()),
)


@pytest.fixture(scope="module")
def kinds():
    return Kinds(Thesaurus(CONCEPTS))


def understood(*names, parts=("食品",), words=(("食品", 1.0),), source="thesaurus", sure=1.0):
    found = tuple(FoundConcept(name, sure, source) for name in names)
    return Understood(parts, found, words)


@pytest.mark.parametrize(
    ("wanted", "item", "expected"),
    [
        ("食品", "午餐肉罐头", Tie(Relation.KIND, "食品")),
        ("罐头食品", "罐头（出口）", Tie(Relation.KIND, "罐头食品")),
        ("罐头食品", "马口铁", Tie(Relation.INPUT, "罐头食品")),
        ("罐头食品", "酱卤肉制品", Tie(Relation.SIBLING, "罐头食品", "食品")),
        ("罐头食品", "食品批发", Tie(Relation.BROADER, "罐头食品")),
        ("食品", "火腿肠", Tie(Relation.NEAR, "肉制品")),
        ("罐头食品", "火腿肠", Tie()),
        ("食品", "罐头食品包装线", Tie(Relation.NEAR, "罐头食品")),
        ("食品", "钛白粉", Tie()),
    ],
)
def test_what_a_product_is_to_what_is_wanted(kinds, wanted, item, expected):
    assert kinds.tie(kinds.wants(understood(wanted)), item) == expected


@pytest.mark.parametrize("more", [{"sure": 0.3}, {"source": "chain map"}])
def test_what_is_unsure_or_of_another_list_of_names_is_not_wanted(kinds, more):
    assert kinds.tie(kinds.wants(understood("食品", **more)), "罐头") == Tie()


def test_two_of_a_wide_concept_are_no_siblings(kinds, monkeypatch):
    assert kinds.tie(kinds.wants(understood("罐头食品")), "卤肉").relation is Relation.SIBLING
    monkeypatch.setattr("features.words.kinds._WIDE", 1)
    assert kinds.tie(kinds.wants(understood("罐头食品")), "卤肉").relation is Relation.NONE


def test_what_is_named_only_at_its_head_is_not_broader(kinds):
    assert kinds.tie(kinds.wants(understood("罐头食品")), "有机食品").relation is Relation.SIBLING


@pytest.mark.parametrize(
    ("item", "word", "hidden"),
    [
        ("保险杠类", "保险", True),
        ("保险杠、人身保险", "保险", False),
        ("保险经纪", "保险", False),
        ("保险柜门", "保险", True),
        ("罐头瓶", "罐头", False),
        ("罐头", "罐头食品", False),
    ],
)
def test_a_word_that_only_begins_another_products_name_is_hidden(item, word, hidden):
    names = ("保险", "保险杠", "保险柜", "瓶")
    glass = Concept("罐头瓶", "product", (), (), broader="罐头食品")
    own = (Concept(name, "product", (), ()) for name in names)
    kinds = Kinds(Thesaurus((*CONCEPTS, *own, glass)))
    assert kinds.hides(item, word) == hidden


def test_two_concepts_of_their_own_are_apart_however_alike_they_end(kinds):
    assert kinds.apart("白炭黑", "炭黑")
    assert not kinds.apart("罐头", "食品")
    assert not kinds.apart("色素炭黑", "炭黑")


def test_what_ends_like_a_sector_is_not_apart_from_it():
    furniture = Concept("家具", "sector", (), ()), Concept("定制家具", "product", (), ())
    assert not Kinds(Thesaurus(furniture)).apart("定制家具", "家具")


def test_a_sector_whose_words_belong_elsewhere_is_known_by_its_words():
    concepts = (
        Concept("新材料", "sector", (), ("玻璃纤维", "钛材", "石墨烯")),
        Concept("建材", "sector", (), ("玻璃纤维",)),
        Concept("玻璃纤维", "product", (), (), broader="建材"),
        Concept("玻纤布", "product", (), (), broader="玻璃纤维"),
        Concept("钛材", "product", (), (), broader="有色金属"),
    )
    kinds = Kinds(Thesaurus(concepts))
    wants = kinds.wants(understood("新材料", parts=("新材料",)))
    assert kinds.tie(wants, "玻纤布") == Tie(Relation.SAME, "玻璃纤维")
    assert kinds.worths(wants).tolist() == [1, 0, 1, 1, 1]
    building = kinds.wants(understood("建材", parts=("建材",)))
    assert building.typical == {}
    assert kinds.tie(building, "玻纤布") == Tie(Relation.KIND, "建材")


def test_what_the_words_of_a_sector_name_is_akin_to_them_without_being_wanted():
    concepts = (
        Concept("新能源", "sector", (), ("光伏电站", "光伏组件", "新能源")),
        Concept("光伏组件", "product", (), (), broader="新能源"),
        Concept("光伏发电", "sector", ("光伏电站",), (), broader="电力"),
        Concept("电力", "sector", (), ()),
    )
    kinds = Kinds(Thesaurus(concepts))
    wants = kinds.wants(understood("新能源", parts=("新能源",)))
    assert kinds.tie(wants, "光伏发电") == Tie(Relation.AKIN, "光伏电站")
    assert kinds.tie(wants, "电力") == Tie()
    assert kinds.worths(wants).tolist() == [1, 1, 0, 0]


def test_the_longest_name_that_additions_leave_is_what_a_product_is():
    concepts = (
        Concept("医药制造业", "sector", ("医药",), ()),
        Concept("医药流通", "sector", ("医药批发",), ()),
    )
    kinds = Kinds(Thesaurus(concepts))
    wants = kinds.wants(understood("医药流通", parts=("医药流通",)))
    assert kinds.tie(wants, "医药批发业务") == Tie(Relation.KIND, "医药流通")
    assert kinds.tie(wants, "医药业务") == Tie()


def test_two_sectors_differ_unless_one_belongs_to_the_other(kinds):
    assert kinds.differ("肉制品", "罐头食品")
    assert not kinds.differ("罐头", "食品")
    assert not kinds.differ("食品", "罐头")
    assert not kinds.differ("什么", "罐头")


def test_a_concept_is_called_as_the_need_calls_it(kinds):
    need = understood("罐头食品", parts=("罐头",))
    wants = kinds.wants(need)
    assert kinds.tie(wants, "午餐肉罐头") == Tie(Relation.KIND, "罐头")
    assert wants.names == ("罐头食品",)


def test_a_piece_in_common_has_to_mean_something(kinds):
    assert kinds.share("马口铁皮", "马口铁罐")
    assert not kinds.share("二氧化硫", "二氧化钛")


def test_words_of_which_what_is_wanted_is_but_a_part_are_general(kinds):
    words = (("食品", 1.0), ("罐头", 1.0), ("马口铁", 1.0))
    assert kinds.wants(understood("罐头食品", words=words)).general == {"食品"}


def test_pieces_of_a_want_that_mean_something(kinds):
    assert kinds.wants(understood(parts=("水果罐头厂",))).pieces == ("罐头",)


def test_texts_are_indexed_by_what_they_are_typical_of_hold_and_are(kinds):
    found = kinds.index(["午餐肉罐头", "火腿肠", "罐头食品包装线", "钛白粉"]).toarray()
    at = {concept.name: number for number, concept in enumerate(CONCEPTS)}
    assert found[0, at["罐头食品"]] == 1
    assert found[1, at["肉制品"]] == pytest.approx(0.3)
    assert found[2, at["罐头食品"]] == pytest.approx(0.5)
    assert not found[3].any()
    assert kinds.index([]).shape == (0, len(CONCEPTS))


def test_concepts_are_worth_what_they_are_to_what_is_wanted(kinds):
    worths = kinds.worths(kinds.wants(understood("罐头食品")))
    found = {concept.name: float(worth) for concept, worth in zip(CONCEPTS, worths, strict=True)}
    assert found["罐头食品"] == 1
    assert found["肉制品"] == found["食品"] == pytest.approx(SIBLING)
    assert found["马口铁"] == pytest.approx(0.2)
    assert found["炭黑"] == 0
    assert kinds.worths(kinds.wants(understood())) is None
