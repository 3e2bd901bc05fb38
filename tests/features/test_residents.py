import numpy as np

from features.residents import LEADER, ORDINARY, Residents
from tests.pool import frame

ROWS = [
    {"enterprise_id": "a", "name": "a", "tags": ["链主企业"], "city": "长治市"},
    {"enterprise_id": "b", "name": "b", "employees": 1_000, "revenue": 40_000, "status": "存续"},
    {"enterprise_id": "c", "name": "c", "employees": 1_000, "status": "注销"},
    {"enterprise_id": "d", "name": "d", "city": "长治市", "district": "襄垣县"},
]
ZONE = {"province": "山西省", "city": "长治市", "county": "襄垣县"}


def test_leaders_the_closed_and_seats_are_read_in_the_order_of_ids():
    found = Residents.of(frame("enterprises", ROWS[::-1]))
    np.testing.assert_array_almost_equal(found.size, [LEADER, LEADER, ORDINARY, ORDINARY])
    assert found.closed.tolist() == [False, False, True, False]
    assert found.seats.near(ZONE) == {0: "city", 3: "county"}
    again = Residents.restore(found.arrays())
    assert again.seats.near(ZONE) == found.seats.near(ZONE)
    assert again.closed is found.closed
