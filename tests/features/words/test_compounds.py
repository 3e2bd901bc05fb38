import pytest

from features.words.compounds import look_up
from features.words.fillers import shipped_fillers
from features.words.normal import normal
from features.words.thesaurus import Concept, Thesaurus, shipped_thesaurus
from features.words.understanding import (
    FoundConcept,
    understand,
)
from tests.features.words.small_thesaurus import (
    FILLERS,
    THESAURUS,
    concepts,
    supply,
    wanted,
)


def test_a_head_that_includes_its_process_is_not_cut():
    assert wanted("锂电池回收") == ["电池回收"]


def test_parts_of_a_whole_have_several_names():
    assert wanted("智能手机设备零配件") == ["手机零部件"]


def test_what_is_done_with_a_concept_makes_it_a_little_less_sure():
    assert concepts("党参种植") == {"党参": 0.95}
    assert concepts("黄芪种植加工") == {"黄芪": 0.95}


def test_names_that_stand_side_by_side_are_all_meant():
    assert concepts("党参黄芪种植") == {"党参": 0.9, "黄芪": 0.9}


def test_the_head_of_a_compound_decides():
    text = "某地某种锂电池用某型隔膜"
    sure = {THESAURUS.concepts[at].name: value for at, value in look_up(text, THESAURUS).items()}
    assert sure["隔膜"] == pytest.approx(0.35 + 0.6 * len("隔膜") / len(text))
    assert sure["隔膜"] > sure["锂电池"]


@pytest.mark.parametrize(
    ("text", "concept"),
    [
        ("算力中心液冷", "机房温控与液冷"),  # a name at the beginning is a modifier
        ("废旧锂电池回收", "电池回收"),  # what is done with it may be the business
        ("彩电整机", "彩电"),
        ("国产操作系统", "操作系统"),
        ("積體電路", "集成电路"),
    ],
)
def test_head_process_and_modifier_decide_what_is_meant(text, concept):
    assert understand(text, shipped_thesaurus(), shipped_fillers()).concepts[0].name == concept


@pytest.mark.parametrize(
    ("text", "surest"),
    [
        ("碳酸锂氢氧化锂", {"碳酸锂", "氢氧化锂"}),  # products with the same end
        ("变压器开关柜", {"变压器", "开关柜"}),  # few steps apart
        ("变压器硅钢", {"硅钢"}),  # goes into it
        ("甲醇线束", {"线束"}),  # far apart
        ("电力开关柜", {"开关柜"}),  # the broader one before it is a modifier
    ],
)
def test_close_concepts_side_by_side_are_all_meant(text, surest):
    found = supply(text).concepts
    assert {one.name for one in found if one.sure == found[0].sure} == surest


def test_another_modifier_is_no_likeness():
    own = Thesaurus(
        [
            Concept("钠电正极材料", "product", ("钠离子电池正极材料",), ("层状氧化物",)),
            Concept("正极材料", "product", (), ("磷酸铁锂",)),
        ]
    )
    assert understand("锂电池正极材料", own, FILLERS).concepts[0].name == "正极材料"
    assert understand("离子电池正极材料", own, FILLERS).concepts[0].name == "钠电正极材料"


def test_machines_for_something_have_several_names():
    own = Thesaurus(
        [
            Concept("木工机械", "product", (), ("封边机",)),
            Concept("化工装备", "product", ("化工设备",), ("塔器",)),
            Concept("锂电设备", "product", (), ("涂布机",)),
        ]
    )
    for text, name in (("木工设备", "木工机械"), ("锂电生产设备", "锂电设备")):
        found = understand(text, own, FILLERS)
        assert found.parts == (normal(text),)  # 生产 is not a verb here
        assert found.concepts == (FoundConcept(name, 1.0),)


def test_letters_of_a_latin_word_are_no_likeness():
    own = Thesaurus([Concept("平台", "product", ("PaaS",), ("低代码",))])
    assert understand("aaa", own, FILLERS).concepts == ()
    assert [c.name for c in understand("PaaS云", own, FILLERS).concepts] == ["平台"]
