import pytest

from features.tables.catalogue import (
    CHAINS,
    EVENTS,
    INPUT_OUTPUT,
    JUDGEMENTS,
    NEEDS,
    TABLES,
    WORDS,
    ZONES,
)
from features.tables.enterprise_columns import ENTERPRISES
from features.vocabulary import ENDINGS, FLAGS, REGIONS, STAGES


def test_tables_have_the_contract_s_columns():
    columns = {name: " ".join(c.name for c in table.columns) for name, table in TABLES.items()}
    assert columns == {
        "enterprises": "enterprise_id name short_name province city district industry_code "
        "products business_scope founded founded_precision registered_capital employees revenue "
        "tags status credit nodes former_names size source source_date origins",
        "zones": "zone_id name county city province level lon lat",
        "needs": "need_id zone_id industry role chain sector nodes keywords industry_codes basis "
        "region",
        "judgements": "need_id enterprise_id grade source",
        "events": "event_id enterprise_id stage date need_id zone_id amount note source",
        "chains": "chain_id chain chain_en node_id node node_en position keywords industry_codes "
        "supplies",
        "input_output": "input_code input output_code output coefficient",
        "words": "concept words names broader",
        "signals": "signal_id enterprise_id date kind text source",  # beside the contract's tables
    }


@pytest.mark.parametrize(
    ("table", "required"),
    [
        (ENTERPRISES, {"enterprise_id", "name"}),
        (ZONES, {"zone_id", "name"}),
        (NEEDS, {"industry"}),
        (JUDGEMENTS, {"need_id", "enterprise_id"}),
        (EVENTS, {"event_id", "enterprise_id", "stage", "date"}),
        (CHAINS, {"chain_id", "chain", "node_id", "node"}),
        (INPUT_OUTPUT, {"input_code", "input", "output_code", "output", "coefficient"}),
        (WORDS, {"concept", "words"}),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_required_columns(table, required):
    assert {c.name for c in table.columns if c.required} == required


def test_needs_and_events_name_a_need_or_a_zone():
    assert NEEDS.either == EVENTS.either == ("need_id", "zone_id")


@pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
def test_no_header_means_two_columns_of_a_table(table):
    headers = [h for c in table.readable for h in (c.name, *c.headers.split())]
    assert len(headers) == len(set(headers))


def test_an_unknown_column_is_a_key_error():
    with pytest.raises(KeyError, match="colour"):
        ENTERPRISES.column("colour")


def test_stages_stand_in_order():
    stages = "established lead contacted negotiation signed construction production"
    assert " ".join(STAGES) == stages
    assert list(ENDINGS) == ["declined", "lost", "stalled"]


def test_regions():
    assert REGIONS["长三角"].provinces == {"上海市", "江苏省", "浙江省", "安徽省"}
    bay = REGIONS["粤港澳大湾区"]
    assert "广东省" not in bay.provinces
    assert len(bay.cities) == 9


@pytest.mark.parametrize("name", ["ST康美", "*ST金刚", "S*ST聚友", "SST华新", "PT金田A"])
def test_special_treatment_stands_at_the_start_of_the_short_name(name):
    assert FLAGS["special-treatment"].raised(name)


@pytest.mark.parametrize("name", ["万科A", "STAR科技", "华ST", "", None])
def test_no_special_treatment(name):
    assert not FLAGS["special-treatment"].raised(name)


@pytest.mark.parametrize(
    ("name", "delisted"), [("退市海润", True), ("新都退", True), ("退休管家", False), (None, False)]
)
def test_delisted(name, delisted):
    assert FLAGS["delisted"].raised(name) is delisted


@pytest.mark.parametrize(
    ("credit", "bad"),
    [
        ("失信被执行人", True),
        ("经营异常", True),
        ("严重违法失信企业", True),
        ("D", True),
        ("A级", False),
        ("良好", False),
        ("无失信记录", False),
        ("未列入经营异常名录", False),
        ("已移出经营异常名录", False),
        (None, False),
    ],
)
def test_bad_credit(credit, bad):
    assert FLAGS["bad-credit"].raised(credit) is bad
