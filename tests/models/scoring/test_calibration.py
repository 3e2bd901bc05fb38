import numpy as np
import pytest

from models.scoring.calibration import Calibration, Curve, enough

CURVE = Curve(np.array([-1.0, 1.0]), np.array([0.2, 0.6]))


@pytest.mark.parametrize(
    ("closed", "won", "is_enough"),
    [
        *((200, 30, True), (199, 30, False), (200, 29, False), (0, 0, False)),
        *((200, 170, True), (200, 171, False), (500, 500, False)),
    ],
)
def test_it_takes_two_hundred_outcomes_with_thirty_won_and_thirty_lost(closed, won, is_enough):
    assert enough(closed, won) is is_enough


def test_curves_of_a_version_that_saw_nothing_lost_tell_no_chance():
    assert Calibration(300, 300, CURVE, CURVE).probability(0, warm=False) is None


@pytest.mark.parametrize(("raw", "chance"), [(-9, 0.2), (-1, 0.2), (0, 0.4), (1, 0.6), (9, 0.6)])
def test_a_curve_is_straight_between_knots_and_level_beyond(raw, chance):
    assert Calibration(200, 30, cold=CURVE).probability(raw, warm=False) == pytest.approx(chance)


def test_needs_with_a_head_have_a_curve_of_their_own():
    found = Calibration(200, 30, cold=CURVE, warm=Curve(CURVE.knots, CURVE.chances / 2))
    assert found.probability(0, warm=True) == pytest.approx(0.2)
    assert found.probability(0, warm=False) == pytest.approx(0.4)


@pytest.mark.parametrize(
    "calibration", [Calibration(), Calibration(7, 2), Calibration(200, 30, CURVE, CURVE)]
)
def test_it_comes_back_as_it_was_saved(calibration):
    arrays = calibration.arrays()
    found = Calibration.restore(arrays)
    assert (found.closed, found.won) == (calibration.closed, calibration.won)
    assert found.arrays().keys() == arrays.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(found.arrays()[name], array)
    for warm in (False, True):
        assert found.probability(0.3, warm=warm) == calibration.probability(0.3, warm=warm)
