import numpy as np
import pytest

from training.cases import Case


def case(candidates, hidden):
    masks = (np.isin(np.arange(5), rows) for rows in (candidates, hidden))
    return Case.among(*masks, need_id="n", fold=1, warm=False)


def test_relevant_enterprises_are_candidates():
    assert np.flatnonzero(case([0, 1, 2], [1, 2, 4]).relevant).tolist() == [1, 2]


@pytest.mark.parametrize(("hidden", "least", "expected"), [([1, 4], 2, False), ([1, 4], 1, True)])
def test_a_case_needs_relevant_candidates_to_be_judged(hidden, least, expected):
    assert case([0, 1], hidden).is_judgeable(least) is expected
