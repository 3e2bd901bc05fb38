import pytest

from features.geography.seats import CITY, COUNTY
from features.industry.chains import Node
from features.presence import PRESENT
from features.vocabulary import ENDINGS, GAPS, STAGES
from models.factors.gap import Filling
from models.factors.supply import Link
from service.serving.explanation.neighbours import (
    SEATS,
    THERE,
    gap_text,
    link_text,
    progress_text,
    stage_text,
)


def node(name, english=None):
    return Node(name, name, english, "led", None, (), (), ())


FRAME, PACKAGING = node("支架", "Lead frames"), node("封装", "LED packaging")
SUPPLIES = Link(True, FRAME, PACKAGING, "高科华烨", "production", "LED支架")
BUYS = Link(False, PACKAGING, FRAME, "支架公司", "city", None)


def test_a_link_is_described_with_its_direction():
    assert link_text(SUPPLIES, chinese=True) == "可为本区已投产的「高科华烨」（封装）供应「支架」"
    assert (
        link_text(BUYS, chinese=True) == "可就近采购本市的「支架公司」（支架）的产品，用于「封装」"
    )
    assert link_text(SUPPLIES, chinese=False) == (
        "could supply “Lead frames” to 高科华烨 (LED packaging), in production in the zone"
    )
    assert link_text(BUYS, chinese=False) == (
        "could buy for its “LED packaging” from 支架公司 (Lead frames), seated in the zone's city"
    )


def filling(state, *others, is_there=False):
    return Filling(0, state, others, is_there)


FIRST, SECOND, NEAR = ("甲", "established"), ("乙", "established"), ("丙", "city")


@pytest.mark.parametrize(
    ("given", "chinese", "english"),
    [
        (
            filling("missing"),
            "补链：本系统数据中，本区未见「封装」环节的企业",
            "nothing of “LED packaging” is known in the zone (a missing node)",
        ),
        (
            filling("missing", is_there=True),
            "补链：本系统数据中，除该企业外，本区未见「封装」环节的企业",
            "nothing of “LED packaging” is known in the zone besides itself (a missing node)",
        ),
        (
            filling("weak", FIRST, NEAR),
            "强链：本区「封装」环节尚弱（本区已有的「甲」）",
            "“LED packaging” is weak in the zone (甲, established in the zone)",
        ),
        (
            filling("weak", NEAR),
            "强链：本区「封装」环节尚弱（本市的「丙」）",
            "“LED packaging” is weak in the zone (丙, seated in the zone's city)",
        ),
        (
            filling("strong", FIRST, SECOND, NEAR),
            "延链：本区「封装」环节已强（本区已有的「甲」「乙」），可延伸",
            "“LED packaging” is strong in the zone (甲, 乙, established in the zone) "
            "and can be extended",
        ),
    ],
)
def test_a_gap_is_described_with_the_enterprises_present(given, chinese, english):
    assert gap_text(given, PACKAGING, chinese=True) == chinese
    assert gap_text(given, PACKAGING, chinese=False) == english


def test_a_node_without_an_english_name_has_the_chinese_one():
    assert "“支架”" in gap_text(filling("missing"), node("支架"), chinese=False)


def test_every_way_of_being_there_and_every_state_has_its_words():
    assert set(THERE) == {*PRESENT, COUNTY, CITY}
    assert set(SEATS) == {COUNTY, CITY}
    for state in GAPS:
        assert GAPS[state].gloss in gap_text(filling(state, FIRST), PACKAGING, chinese=True)


def test_stages_and_endings_have_a_name_in_both_languages():
    assert stage_text("signed", chinese=True) == "签约"
    assert stage_text("lost", chinese=True) == "流失"
    assert [stage_text(stage, chinese=False) for stage in (*STAGES, *ENDINGS)] == [
        *STAGES,
        *ENDINGS,
    ]


@pytest.mark.parametrize(
    ("lead", "expected"),
    [
        ({"stage": {"stage": "signed"}, "seat": "city"}, "进展：签约"),
        ({"stage": None, "seat": "county"}, "本区县企业"),
        ({"stage": None, "seat": None}, None),
    ],
)
def test_the_stage_of_a_lead_precedes_its_seat(lead, expected):
    assert progress_text(lead) == expected
