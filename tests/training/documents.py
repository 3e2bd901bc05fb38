"""A comparison on paper, small and made up."""

from __future__ import annotations

from typing import Any


def figure(mean: float, needs: int = 12) -> dict[str, Any]:
    return {"mean": mean, "low": mean - 0.1, "high": mean + 0.1, "needs": needs}


def parts(mean: float, warm: dict[str, Any] | None = None) -> dict[str, Any]:
    return {
        "all": {"ndcg@10": figure(mean), "mrr": figure(mean, 11)},
        "warm": {"ndcg@10": warm, "mrr": warm},
        "cold": {"ndcg@10": figure(mean), "mrr": figure(mean)},
    }


def ranker(mean: float) -> dict[str, Any]:
    lists = {"coverage@20": 0.5, "gini@20": 0.25, "overlap@20": None, "candidates": 30}
    return {"gloss": "甲", "figures": parts(mean), "lists": lists, "settings": {}}


def judged(needs: int, left_out: int) -> dict[str, Any]:
    own = {"judged": needs, "left_out": left_out}
    return {"all": own, "questions": own}


def comparison() -> dict[str, Any]:
    """Return what a small comparison comes to."""
    return {
        "protocol": "cold-need",
        "date": None,
        "dates": [],
        "cuts": {},
        "candidates": {"who": "all enterprises", "fewest": 30, "most": 30, "enterprises": 30},
        "judged_by": "ndcg@10",
        "figures": {
            "mrr": {"least_relevant": 2, "needs": judged(11, 3)},
            "ndcg@10": {"least_relevant": 2, "needs": judged(12, 2)},
        },
        "split": {"sha256": "abc"},
        "counts": {"needs_asked_for": 14, "cold_needs_asked_for": 14, "needs": 20},
        "rankers": {"lianzhao": ranker(0.6), "bm25": ranker(0.5)},
        "stack_minus_peer": {"bm25": parts(0.1)},
        "stack_minus_stack_without": {"feedback": parts(0.02)},
        "left_out": {"als": "it knows nobody"},
    }
