from datetime import date

import pytest

from features.profile import KNOWLEDGE, confidence, flags, struck_off
from tests.pool import frame, products

NOTHING = frame("enterprises", [{"enterprise_id": "a", "name": "甲"}]).row(0, named=True)


def test_what_can_be_known_adds_up_to_one():
    assert sum(KNOWLEDGE.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        ({}, 0.1),
        ({"products": products("灯")}, 0.45),
        ({"products": []}, 0.1),
        ({"founded": date(2020, 1, 1), "status": "存续"}, 0.2),
        ({"employees": 0, "revenue": 0.0, "registered_capital": 0.0}, 0.25),
        ({"district": "潞州区", "tags": ["上市"]}, 0.1),
    ],
)
def test_confidence_says_how_much_is_known(known, expected):
    assert confidence(NOTHING | known) == expected


def test_flags_come_from_short_name_and_credit():
    assert flags(NOTHING) == []
    assert flags(NOTHING | {"short_name": "*ST光电", "credit": "失信"}) == [
        "special-treatment",
        "bad-credit",
    ]
    assert flags(NOTHING | {"short_name": "新都退"}) == ["delisted"]
    assert flags(NOTHING | {"name": "*ST光电"}) == ["special-treatment"]


def test_an_unknown_status_is_not_struck_off():
    statuses = [None, "存续", "注 销", "吊销，未注销", "清算中", "迁出", "在业", "未吊销"]
    rows = [{"enterprise_id": str(n), "name": "a", "status": s} for n, s in enumerate(statuses)]
    found = struck_off(frame("enterprises", rows)).tolist()
    assert found == [False, False, True, True, True, True, False, False]
