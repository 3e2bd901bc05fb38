import csv
from collections import Counter, defaultdict
from importlib.resources import files

import polars as pl
import pytest

from features.words.normal import normal
from features.words.thesaurus import COLUMNS, LEVELS, Concept, Thesaurus, shipped_thesaurus

TINY = Thesaurus(
    [
        Concept("化肥", "sector", ("肥料",), ("尿素", "磷肥"), (), (), "化工"),
        Concept("氮肥", "product", ("氮肥制造",), ("尿素", "合成氨"), ("煤炭",), ("种植",), "化肥"),
        Concept("磷肥", "product", (), ("磷酸一铵",), (), (), "化肥"),
        Concept("机床工具", "product", ("机床",), ("车床",), (), (), ""),
        Concept("工业母机", "product", ("机床",), ("加工中心",), (), (), ""),
        Concept("LED封装", "product", ("封装器件",), ("灯珠",), (), (), ""),
    ]
)


def names(thesaurus, found):
    return [thesaurus.concepts[at].name for at in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("氮肥", ["氮肥"]),
        ("氮 肥", ["氮肥"]),
        ("氮肥（含尿素）", ["氮肥"]),
        ("氮肥Ⅱ", ["氮肥"]),
        ("氮肥行业", ["氮肥"]),
        ("氮肥制造业", ["氮肥"]),
        ("肥料", ["化肥"]),
        ("ＬＥＤ封裝", ["LED封装"]),
        ("led封装", ["LED封装"]),
        ("机床", ["机床工具", "工业母机"]),
        ("尿素", []),
        ("氮", []),
        ("", []),
        ("氮肥和磷肥", []),
    ],
)
def test_a_concept_is_found_by_any_of_its_names(text, found):
    assert names(TINY, TINY.find(text)) == found


def test_a_name_belongs_to_the_concept_whose_own_name_it_is():
    both = Thesaurus(
        [Concept("甲", "product", ("乙",), ("子",)), Concept("乙", "product", (), ("丑",))]
    )
    assert names(both, both.find("乙")) == ["乙"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("新型氮肥", [(2, 4, ["氮肥"])]),
        ("氮肥磷肥", [(0, 2, ["氮肥"]), (2, 4, ["磷肥"])]),
        ("氮肥制造线", [(0, 4, ["氮肥"])]),
        ("led封装器件", [(0, 5, ["LED封装"])]),  # of two that overlap the longer
        ("新氮肥料", [(2, 4, ["化肥"])]),  # of equal ones the later, the head of a compound
        ("无关", []),
        ("", []),
    ],
)
def test_names_within_a_text_are_the_longest_and_none_across_another(text, found):
    said = [(one.start, one.stop, names(TINY, one.concepts)) for one in TINY.within(text)]
    assert said == found


def test_similar_concepts_have_their_similarity_and_text():
    (at, likeness, text), *_ = TINY.near("合成氨装置", 3)
    assert (TINY.concepts[at].name, text) == ("氮肥", "合成氨")
    assert 0 < likeness < 0.85
    (at, likeness, text), *_ = TINY.near("氮肥", 1)
    assert (TINY.concepts[at].name, text) == ("氮肥", "氮肥")
    assert likeness == pytest.approx(1, abs=1e-6)
    assert TINY.near("ωψξ", 3) == []
    assert TINY.near("", 3) == []


def test_a_word_is_less_near_than_a_name():
    (_, by_word, _), *_ = TINY.near("合成氨", 1)
    assert by_word == pytest.approx(0.85, abs=1e-6)


def test_what_is_narrower_belongs_to_it():
    (at,) = TINY.find("化肥")
    assert names(TINY, TINY.narrower(at)) == ["氮肥", "磷肥"]
    assert TINY.narrower(TINY.find("氮肥")[0]) == ()


def test_it_comes_back_from_its_bytes():
    again = Thesaurus.from_bytes(TINY.to_bytes())
    assert again.concepts == TINY.concepts


def test_an_empty_thesaurus_knows_nothing():
    nothing = Thesaurus([])
    assert len(nothing) == 0
    assert nothing.find("氮肥") == ()
    assert nothing.within("氮肥") == []
    assert nothing.near("氮肥", 3) == []
    assert len(Thesaurus.from_bytes(nothing.to_bytes())) == 0


def own(*rows):
    schema = {
        "concept": pl.String,
        "words": pl.List(pl.String),
        "names": pl.List(pl.String),
        "broader": pl.String,
    }
    return pl.DataFrame([dict(zip(schema, row, strict=True)) for row in rows], schema=schema)


def test_own_rows_replace_what_is_there_and_keep_its_names():
    found = TINY.with_own(own(("氮肥", ["车用尿素"], ["氮素肥料"], None)))
    (at,) = found.find("氮素肥料")
    concept = found.concepts[at]
    assert concept.words == ("车用尿素",)
    assert concept.names == ("氮素肥料", "氮肥制造")
    assert (concept.broader, concept.made_of, concept.level) == ("化肥", ("煤炭",), "product")
    assert len(found) == len(TINY)


def test_own_rows_are_found_whatever_their_width_and_case():
    found = TINY.with_own(
        own(("ｌｅｄ封裝", ["倒装芯片"], None, None), ("酱菜", ["咸菜"], None, "食品"))
    )
    assert len(found) == len(TINY) + 1
    assert found.concepts[found.find("LED封装")[0]].words == ("倒装芯片",)
    assert found.concepts[found.find("酱菜")[0]].broader == "食品"


def test_without_own_rows_it_is_the_same_one():
    assert TINY.with_own(own()) is TINY


@pytest.fixture(scope="module")
def rows():
    source = files("features") / "reference" / "thesaurus.csv"
    return list(csv.DictReader(source.read_text(encoding="utf-8").splitlines()))


# The file that the project ships.

COMMON = frozenset(
    [
        "两面针",
        "农产品",
        "向日葵",
        "地铁设计",
        "太阳能",
        "小商品城",
        "广电网络",
        "建设机械",
        "机器人",
        "氯碱化工",
        "电工合金",
        "百合花",
        "轻纺城",
        "黑芝麻",
    ]
)
"""Names and short names of enterprises that are common words."""
VAGUE = frozenset(
    [
        "中心",
        "系统",
        "整机",
        "加工",
        "产品",
        "设备",
        "材料",
        "技术",
        "服务",
        "项目",
        "产业",
        "企业",
        "公司",
        "其他",
        "生产",
        "制造",
    ]
)


@pytest.fixture(scope="module")
def shipped():
    return shipped_thesaurus()


def test_the_file_is_sorted_and_no_concept_stands_there_twice(rows):
    concepts = [row["concept"] for row in rows]
    assert concepts == sorted(concepts)
    plain = Counter(map(normal, concepts))
    assert [name for name, count in plain.items() if count > 1] == []


def test_the_file_is_well_formed(rows):
    assert tuple(rows[0]) == COLUMNS
    wrong = [
        row["concept"]
        for row in rows
        for column in COLUMNS
        if row[column] is None
        or any(part != part.strip() or not part for part in row[column].split(";") if row[column])
    ]
    assert wrong == []
    assert {row["level"] for row in rows} == set(LEVELS)


def test_there_are_thousands_of_concepts_and_each_has_its_words(shipped):
    assert len(shipped) >= 4_000
    for concept in shipped.concepts:
        assert len(concept.words) >= 3, concept.name
        assert len(concept.words) == len(set(concept.words)), concept.name
        assert concept.name not in concept.names, concept.name


def test_what_is_broader_is_known_and_never_goes_in_a_circle(shipped):
    broader = {concept.name: concept.broader for concept in shipped.concepts}
    assert {above for above in broader.values() if above} <= broader.keys()
    for name in broader:
        seen = {name}
        while name := broader[name]:
            assert name not in seen, f"{name} is broader than itself"
            seen.add(name)


def test_what_has_narrower_concepts_is_a_sector(shipped):
    level = {concept.name: concept.level for concept in shipped.concepts}
    tops = {concept.name for concept in shipped.concepts if not concept.broader}
    assert {level[name] for name in tops} == {"sector"}


def test_no_word_says_nothing_by_itself(shipped):
    vague = {
        concept.name: VAGUE & {*concept.words, *concept.names, concept.name}
        for concept in shipped.concepts
    }
    assert {name: own for name, own in vague.items() if own} == {}


def test_a_name_belongs_to_two_concepts_at_most(shipped):
    claims = defaultdict(set)
    for concept in shipped.concepts:
        for name in {normal(name) for name in (concept.name, *concept.names)}:
            claims[name].add(concept.name)
    assert {name: own for name, own in claims.items() if len(own) > 2} == {}


def test_every_concept_is_found_by_its_own_name(shipped):
    lost = [c.name for c in shipped.concepts if c.name not in names(shipped, shipped.find(c.name))]
    assert lost == []


@pytest.mark.parametrize("level", [2, 3])
def test_classes_of_gb_t_4754_are_covered(shipped, shared_data, level):
    table = pl.read_csv(shared_data / "reference" / "gbt4754_2017.csv", infer_schema=False)
    classes = table.filter(level=str(level))["name"].to_list()
    missing = [name for name in classes if not shipped.find(name)]
    assert len(missing) <= 0.1 * len(classes), missing


def test_no_listed_company_is_named_in_it(shipped, shared_data):
    listed = pl.read_csv(shared_data / "listed" / "enterprises.csv", infer_schema=False)
    known = {
        normal(name)
        for column in ("企业名称", "简称")
        for name in listed[column].drop_nulls().to_list()
    }
    said = {
        normal(text)
        for concept in shipped.concepts
        for text in (
            concept.name,
            *concept.names,
            *concept.words,
            *concept.made_of,
            *concept.goes_into,
        )
    }
    assert (known & said) - COMMON == set()


def test_versions_of_a_model_share_a_thesaurus_that_is_the_same():
    thesaurus = Thesaurus([Concept("氮肥", "product", (), ("尿素",))])
    saved = thesaurus.to_bytes()
    assert Thesaurus.from_bytes(saved.copy()) is Thesaurus.from_bytes(saved)
