from features.enterprises.traits import COLUMNS, traits
from tests.pool import frame


def test_what_filters_look_at_is_derived_once():
    rows = [
        {"enterprise_id": "000725", "name": "京东方", "status": "存续", "revenue": 5.0},
        {"enterprise_id": "a", "name": "甲", "tags": ["北交所上市"], "status": "注销"},
        {"enterprise_id": "b", "name": "乙", "tags": ["拟上市企业", "高新技术企业"]},
        {"enterprise_id": "c", "name": "*ST丙", "credit": "失信", "status": "筹建"},
    ]
    found = traits(frame("enterprises", rows))
    assert tuple(found.columns) == COLUMNS
    assert found["listed"].to_list() == [True, True, False, None]
    assert found["standing"].to_list() == ["active", "inactive", None, None]
    assert found["flags"].to_list() == [[], [], [], ["special-treatment", "bad-credit"]]
    assert found["credit_known"].to_list() == [False, False, False, True]
    assert found["revenue"].to_list() == [5.0, None, None, None]
