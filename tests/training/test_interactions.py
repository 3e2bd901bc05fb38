from datetime import date

import numpy as np
import pytest

from features.vocabulary import ENDINGS, STAGES
from tests.pool import frame
from training.interactions import GRADE_GAINS, STAGE_GAINS, interactions

NEEDS = ["n1", "n2"]
POOL = np.array(["a", "b", "c"])


def gather(judged=(), happened=()):
    judgements = [{"need_id": n, "enterprise_id": e, "grade": g} for n, e, g in judged]
    events = [
        {
            "event_id": str(number),
            "need_id": need,
            "zone_id": "z",
            "enterprise_id": enterprise,
            "stage": stage,
            "date": date(2025, 1, 1),
        }
        for number, (need, enterprise, stage) in enumerate(happened)
    ]
    return interactions(frame("judgements", judgements), frame("events", events), NEEDS, POOL)


def test_every_stage_and_grade_has_a_gain():
    assert STAGE_GAINS.keys() == {*STAGES, *ENDINGS}
    assert GRADE_GAINS.keys() == {0, 1, 2, 3}


def test_the_largest_gain_of_a_pair_counts():
    found = gather(
        [("n1", "a", 0), ("n1", "b", 2), ("n2", "c", 0)],
        [("n1", "a", "negotiation"), ("n1", "a", "contacted"), ("n2", "c", "signed")],
    )
    np.testing.assert_allclose(found.gains.toarray(), [[0.4, 1, 0], [0, 0, 1]], rtol=1e-6)
    assert found.gains.nnz == 3
    assert found.relevant.toarray().tolist() == [[False, True, False], [False, False, True]]
    assert found.relevant.nnz == 2
    assert found.with_events.tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("stage", "relevant"),
    [
        (stage, stage in {"established", "signed", "construction", "production"})
        for stage in STAGE_GAINS
    ],
)
def test_signed_and_later_is_relevant(stage, relevant):
    assert bool(gather(happened=[("n1", "a", stage)]).relevant.nnz) is relevant


def test_an_ending_is_no_judgement_against():
    assert gather(happened=[("n1", "a", "declined")]).gains.nnz == 0


def test_what_is_not_given_is_left_out():
    found = gather([("n9", "a", 1), ("n1", "z", 1)], [(None, "b", "signed"), ("n1", "z", "signed")])
    assert found.gains.nnz == 0
    assert found.with_events.tolist() == [False, True, False]


def test_nothing_known():
    found = gather()
    assert found.gains.shape == (2, 3)
    assert found.gains.nnz == 0
    assert not found.with_events.any()


def test_the_order_of_rows_changes_nothing():
    judged = [("n2", "c", 1), ("n1", "b", 1), ("n1", "a", 1)]
    one, other = gather(judged).gains, gather(judged[::-1]).gains
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))
