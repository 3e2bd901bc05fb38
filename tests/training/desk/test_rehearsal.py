import pytest

from training.desk import versions
from training.desk.theme import Note


def version(name, mean, **of):
    cold = mean and {"blend": {"ndcg@10": {"mean": mean, "low": 0.1, "high": 0.9, "needs": 12}}}
    own = {"version": name, "created_at": "2026-01-01", "active": False, "refused": None}
    return own | {"metrics": {"cold": cold}} | of


LISTED = [
    version("v3", 0.2, refused="worse"),
    version("v2", 0.6, active=True),
    version("v1", None),
    version("v0", None, metrics=None),
]


def test_versions_are_listed_oldest_first_with_unknown_figures():
    assert versions.reached(LISTED).rows() == [
        ("v0", "2026-01-01", "备用", None, None, None, None),
        ("v1", "2026-01-01", "备用", None, None, None, None),
        ("v2", "2026-01-01", "在用", 12, 0.6, 0.1, 0.9),
        ("v3", "2026-01-01", "被拒绝", 12, 0.2, 0.1, 0.9),
    ]


def test_only_the_kinds_that_both_were_judged_on_differ():
    gap = {"difference": {"mean": -0.1, "low": -0.2, "high": 0.0}}
    found = {"cold": {"needs": 12, "ndcg@10": gap}, "warm": None, "time": None}
    assert versions.differences(found).rows() == [("从未见过的需求", 12, -0.1, -0.2, 0.0)]


def test_the_plot_counts_who_was_refused():
    pytest.importorskip("altair")
    chart = versions.version_dots(versions.reached(LISTED)).to_dict()
    assert chart["title"]["text"] == "2个版本中，1个因为明显更差而被拒绝"
    assert isinstance(versions.version_dots(versions.reached(LISTED[2:])), Note)
