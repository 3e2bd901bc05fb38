from datetime import date
from types import SimpleNamespace

import numpy as np
import pytest

from features.enterprises.profile import KNOWLEDGE, confidence, flags, known_of_zone, struck_off
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


@pytest.mark.parametrize(("of_zone", "expected"), [(1.0, 0.45), (0.5, 0.4), (0.0, 0.36)])
def test_what_is_unknown_of_the_zone_lowers_confidence(of_zone, expected):
    assert confidence(NOTHING | {"products": products("灯")}, of_zone) == expected


@pytest.mark.parametrize(
    ("present", "point", "row", "expected"),
    [
        (None, (np.nan, np.nan), 0, 0),
        (object(), (np.nan, np.nan), 0, 0.5),
        (None, (113.0, 36.0), 0, 0.5),
        (object(), (113.0, 36.0), 0, 1),
        (object(), (113.0, 36.0), 1, 0),
    ],
)
def test_chain_and_place_are_known_where_both_sides_are(present, point, row, expected):
    need = SimpleNamespace(present=present, point=point)
    pool = SimpleNamespace(
        nodes=SimpleNamespace(fit=np.array([[0.5], [np.nan]])),
        points=np.array([[112.0, 35.0], [np.nan, np.nan]]),
    )
    assert known_of_zone(need, pool, row) == expected


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
