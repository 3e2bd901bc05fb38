from datetime import date

import numpy as np
import pytest

from tests.pool import frame
from training.interactions import interactions

NEEDS = ["n1", "n2"]
POOL = np.array(["a", "b", "c"])
TODAY = date(2025, 1, 1)


def gather(judged=(), happened=()):
    judgements = [
        {"need_id": n, "enterprise_id": e, "grade": g, "source": str(number)}
        for number, (n, e, g) in enumerate(judged)
    ]
    events = [
        {
            "event_id": str(number),
            "need_id": need,
            "zone_id": "z",
            "enterprise_id": enterprise,
            "stage": stage,
            "date": TODAY,
        }
        for number, (need, enterprise, stage) in enumerate(happened)
    ]
    return interactions(
        frame("judgements", judgements), frame("events", events), NEEDS, POOL, as_of=TODAY
    )


def test_judgements_and_events_as_matrices():
    found = gather(
        [("n1", "a", 3), ("n1", "b", 0), ("n2", "a", 1)],
        [("n1", "c", "negotiation"), ("n2", "b", "declined"), ("n2", "c", "signed")],
    )
    np.testing.assert_allclose(found.gains.toarray(), [[1, -0.5, 0.4], [1, -0.5, 1]], rtol=1e-6)
    assert found.relevant.toarray().tolist() == [[True, False, False], [True, False, True]]
    assert found.closed.toarray().tolist() == [[0, 0, 0], [0, -1, 1]]
    assert found.with_events.tolist() == [False, True, True]
    assert found.notes == ()
    assert (found.gains.nnz, found.relevant.nnz, found.closed.nnz) == (6, 3, 2)


@pytest.mark.parametrize("grade", [1, 2, 3])
@pytest.mark.parametrize("ending", ["declined", "lost"])
def test_a_grade_outranks_a_refusal_in_ranking_and_not_for_the_probability(grade, ending):
    found = gather([("n1", "a", grade)], [("n1", "a", ending)])
    assert found.gains[0, 0] == 1
    assert found.relevant[0, 0]
    assert found.closed[0, 0] == -1
    assert found.notes == (
        "1 pairs were judged 1 or more, and declined or were lost: the grade counts in ranking, "
        "the outcome for the probability",
    )


def test_what_happened_outranks_a_grade_of_0():
    found = gather([("n1", "a", 0), ("n1", "b", 0)], [("n1", "a", "signed"), ("n1", "b", "lost")])
    np.testing.assert_allclose(found.gains.toarray()[0], [1, -0.5, 0])
    assert found.relevant.toarray()[0].tolist() == [True, False, False]
    assert found.notes == ("1 pairs were judged 0, and signed: that they signed counts",)


def test_of_two_grades_the_highest_counts_and_the_contradiction_is_reported():
    found = gather([("n1", "a", 0), ("n1", "a", 2), ("n1", "b", 1), ("n1", "b", 3)])
    assert found.gains.toarray()[0].tolist() == [1, 1, 0]
    assert found.notes == ("1 pairs have grades both of 0 and of 1 or more: the highest counts",)


def test_signed_and_lost_on_one_day_is_lost_and_text():
    found = gather(happened=[("n1", "a", "lost"), ("n1", "a", "signed")])
    assert found.closed[0, 0] == -1
    assert found.notes == (
        "1 pairs signed and were declined or lost on the same day: the loss counts",
    )


def test_what_is_not_given_is_left_out():
    found = gather([("n9", "a", 1), ("n1", "z", 1)], [(None, "b", "signed"), ("n1", "z", "signed")])
    assert found.gains.nnz == found.relevant.nnz == found.closed.nnz == 0
    assert found.with_events.tolist() == [False, True, False]


def test_nothing_known():
    found = gather()
    for matrix in (found.gains, found.relevant, found.closed):
        assert (matrix.shape, matrix.nnz) == ((2, 3), 0)
    assert not found.with_events.any()


def test_the_order_of_rows_changes_nothing():
    judged = [("n2", "c", 1), ("n1", "b", 1), ("n1", "a", 1)]
    one, other = gather(judged).gains, gather(judged[::-1]).gains
    for part in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(one, part), getattr(other, part))


def test_judgements_that_are_all_negative_are_reported():
    found = gather([("n1", "a", 0), ("n2", "b", 0)], [("n1", "b", "lost")])
    assert found.notes[0].startswith("every judgement says no (2): ")
    assert gather([], []).notes == ()
    assert gather([("n1", "a", 0), ("n2", "b", 1)], []).notes == ()
