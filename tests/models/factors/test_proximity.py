from dataclasses import replace

import numpy as np

from features.need import NeedQuery
from models.factors.proximity import Proximity
from training.fitting import CONTENT_PRIOR, prior
from training.weights import learn_weights


def test_nearer_is_higher_and_unknown_is_neither(bound):
    need = replace(bound.ranker.space.need(NeedQuery("LED封装")), point=(113.1, 36.2))
    points = np.array([[113.1, 36.2], [112.5, 37.9], [114.0, 22.5], [np.nan, np.nan]])
    found = Proximity().score(need, points)
    assert found[0] == 0
    assert found[0] > found[1] > found[2]
    # Changzhi to Taiyuan is about 197 km: ln(1 + 1.97) = 1.09.
    assert abs(found[1] + 1.09) < 0.02
    assert np.isnan(found[3])


def test_a_need_without_a_place_has_nothing_to_say(bound):
    need = replace(bound.ranker.space.need(NeedQuery("LED封装")), point=(np.nan, np.nan))
    assert Proximity().score(need, np.zeros((2, 2))) is None


def test_it_is_silent_before_training_has_found_that_it_counts():
    assert learn_weights([], prior(warm=False))[list(CONTENT_PRIOR).index("proximity")] == 0
