import numpy as np

from features.need import NeedQuery
from models.retrieval import retrieval
from models.retrieval.retrieval import Exhaustive
from tests.pool import NEED_IDS, SUBJECTS


def test_what_is_kept_of_a_need_is_its_own(bound, monkeypatch):
    """Pages, places and other needs in between, with one need kept and with none left over."""
    scored = []
    contributions = bound.contributions

    def counted(need):
        scored.append(need.need_id)
        return contributions(need)

    monkeypatch.setattr(bound, "contributions", counted)
    monkeypatch.setattr(retrieval, "KEPT", 2)
    retriever = Exhaustive(bound)
    needs = [
        bound.ranker.space.need(NeedQuery(industry, need_id=need_id))
        for industry, need_id in zip([*SUBJECTS][:3], NEED_IDS[:3], strict=True)
    ]
    rows = np.arange(len(bound.pool))
    for at in (0, 0, 1, 0, 2, 0, 1):
        need, parts = needs[at], contributions(needs[at])
        best = np.argsort(-parts.sum(axis=0), kind="stable")
        found, own = retriever.ranked(need, rows, 5, 12)
        np.testing.assert_array_equal(found, best[5:12])
        np.testing.assert_array_equal(own, parts[:, best[5:12]])
        rank, of_row = retriever.place(need, int(best[7]), rows)
        assert rank == 8
        np.testing.assert_array_equal(of_row, parts[:, best[7]])
        of_row[:] = 0  # a caller's copy
    first, second, third = (need.need_id for need in needs)
    assert scored == [first, second, third, first, second]
