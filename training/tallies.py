"""Tallies of rankers: figures per need, lists, and summaries with intervals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy import sparse

from training.metrics import (
    LIST_AT,
    MIN_RELEVANT,
    NDCG_AT,
    coverage,
    gini,
    interval,
    interval_over_cuts,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
    share_unjudged,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from training.tasks import EvaluationQuestion

SLICES = ("all", "warm", "cold")
"""All needs; those with a relevant pair left to learn from (warm); the others (cold)."""


class Ranking(NamedTuple):
    """One ranking of the candidates, in rank order.

    Attributes
    ----------
    gains : ndarray of bool or float
    relevant, judged : ndarrays of bool
    missed : int
        Number of relevant enterprises that are no candidates and count as misses.
    """

    gains: NDArray[Any]
    relevant: NDArray[np.bool_]
    judged: NDArray[np.bool_]
    missed: int


@dataclass(frozen=True)
class Figure:
    """A figure per need.

    Attributes
    ----------
    name, says : str
        Name and description.
    of : callable
        Computes it from a ranking.
    least : int
        Needs with fewer relevant enterprises are left out.
    only : tuple of str
        The protocols that it applies to; empty for all.
    whole_pool : bool
        Whether it covers the whole pool, if a protocol restricts the candidates.
    known_only, newcomers : bool
        Whether only enterprises with a remaining relevant pair count as relevant; whether newcomers
        count as misses.
    """

    name: str
    says: str
    of: Callable[[Ranking], float]
    least: int = MIN_RELEVANT
    only: tuple[str, ...] = ()
    whole_pool: bool = False
    known_only: bool = False
    newcomers: bool = False

    def value(self, question: EvaluationQuestion, order: NDArray[np.intp]) -> float | None:
        """Return the figure of a ranking of the candidates; None if the need is left out."""
        relevant = question.relevant & question.known if self.known_only else question.relevant
        missed = question.newcomers if self.newcomers else 0
        if int(relevant[order].sum()) + missed < self.least:
            return None
        gains = relevant if question.gains is None else question.gains
        judged = np.ones_like(relevant) if question.judged is None else question.judged
        return self.of(Ranking(gains[order], relevant[order], judged[order], missed))


def _ndcg(own: Ranking) -> float:
    return ndcg(own.gains)


def _recall_at_50(own: Ranking) -> float:
    return recall(own.relevant)


def _recall_at_10(own: Ranking) -> float:
    return recall(own.relevant, NDCG_AT, own.missed)


EVENT_PROTOCOLS = ("warm", "time", "leave-zone-out")
FIGURES = (
    Figure("ndcg@10", "NDCG of the first 10", _ndcg),
    Figure(
        "precision@10",
        "share of the first 10 that is relevant",
        lambda own: precision(own.relevant),
    ),
    Figure("recall@50", "hits in the first 50 / min(50, relevant)", _recall_at_50),
    Figure("mrr", "1 / rank of the first relevant one", lambda own: reciprocal_rank(own.relevant)),
    Figure(
        "unjudged@10",
        "share of the first 10 that is not judged: they count as not relevant",
        lambda own: share_unjudged(own.judged),
        only=("phrases",),
    ),
    Figure(
        "ndcg@10_whole_pool",
        "NDCG of the first 10 of the whole pool, those judged for other needs included",
        _ndcg,
        only=("cold-need",),
        whole_pool=True,
    ),
    Figure(
        "recall@50_whole_pool",
        "hits in the first 50 / min(50, relevant) over the whole pool",
        _recall_at_50,
        only=("cold-need",),
        whole_pool=True,
    ),
    Figure(
        "recall@10",
        "hits in the first 10 / min(10, relevant), newcomers counting as misses",
        _recall_at_10,
        least=1,
        only=EVENT_PROTOCOLS,
        newcomers=True,
    ),
    Figure(
        "recall@10_known",
        "the same over enterprises with a deal left to learn from",
        _recall_at_10,
        least=1,
        only=EVENT_PROTOCOLS,
        known_only=True,
    ),
)


def figures(protocol: str) -> tuple[Figure, ...]:
    """Return the figures of a protocol, the main one first."""
    own = [figure for figure in FIGURES if not figure.only or protocol in figure.only]
    return tuple(sorted(own, key=lambda figure: not figure.known_only))


def ranked(scores: NDArray[np.floating[Any]], question: EvaluationQuestion) -> NDArray[np.intp]:
    """Return the candidates, best first, ties by id."""
    rows = np.flatnonzero(question.candidates)
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")])


@dataclass
class FigureTally:
    """The figures and lists of one ranker.

    Attributes
    ----------
    protocol : str
    values : dict
        By slice, figure and need: the value in each task, by fold.
    lists : list of (task, zone, industry, ids)
        The first twenty of each question.
    candidates : set of str
    """

    protocol: str
    values: dict[str, dict[str, dict[str, dict[int, float]]]] = field(
        default_factory=lambda: {name: defaultdict(partial(defaultdict, dict)) for name in SLICES}
    )
    lists: list[tuple[int, str | None, str, NDArray[np.str_]]] = field(default_factory=list)
    candidates: set[str] = field(default_factory=set)

    def add(
        self, question: EvaluationQuestion, ids: NDArray[np.str_], scores: NDArray[Any]
    ) -> None:
        """Add the ranking of one question."""
        order = ranked(scores, question)
        everybody = question.over_everybody
        whole = order if everybody is question else ranked(scores, everybody)
        own = "warm" if question.warm else "cold"
        need_id, fold = question.need_id, question.fold
        for figure in figures(self.protocol):
            asked = (everybody, whole) if figure.whole_pool else (question, order)
            value = figure.value(*asked)
            if value is not None:
                for name in ("all", own):
                    self.values[name][figure.name][need_id][fold] = value
        query = question.query
        self.lists.append((fold, query.zone_id, query.industry, ids[order[:LIST_AT]]))
        self.candidates.update(ids[question.candidates].tolist())

    def merge(self, other: FigureTally) -> None:
        """Add the figures and lists of other tasks."""
        for name, of_figures in other.values.items():
            for figure, of_needs in of_figures.items():
                for need_id, values in of_needs.items():
                    self.values[name][figure][need_id].update(values)
        self.lists += other.lists
        self.candidates |= other.candidates

    def needs(self, figure: str, name: str = "all") -> dict[str, float]:
        """Return the value of every need in a slice, averaged over its tasks, by id."""
        found = self.values[name][figure]
        return {need_id: float(np.mean([*found[need_id].values()])) for need_id in sorted(found)}

    def cut(self, fold: int) -> dict[str, dict[str, Any] | None]:
        """Return mean and interval of every figure in one task; None without a need."""
        return {
            figure.name: _interval(
                [own[fold] for own in self.values["all"][figure.name].values() if fold in own]
            )
            for figure in figures(self.protocol)
        }

    def summary(self) -> dict[str, dict[str, Any]]:
        """Return mean and interval of every figure in every slice; None without a need."""
        return {
            name: {
                figure.name: _over_tasks(self.protocol, self.values[name][figure.name])
                for figure in figures(self.protocol)
            }
            for name in SLICES
        }

    def spread(self) -> dict[str, Any]:
        """Return coverage, Gini index and overlap of the first twenty.

        The overlap is the share of the first twenty that two zones have in common, over all pairs
        of zones with questions for the same industry in one task; None without such pairs.
        """
        everybody = np.array(sorted(self.candidates), dtype=np.str_)
        size = len(everybody)
        rows = [np.searchsorted(everybody, ids) for *_, ids in self.lists]
        exposure = np.bincount(np.concatenate(rows), minlength=size)
        lists = [
            (fold, zone, industry, row)
            for (fold, zone, industry, _), row in zip(self.lists, rows, strict=True)
        ]
        overlaps = _overlaps(lists, size)
        return {
            f"coverage@{LIST_AT}": coverage(exposure),
            f"gini@{LIST_AT}": gini(exposure),
            f"overlap@{LIST_AT}": float(np.mean(overlaps)) if len(overlaps) else None,
            "candidates": size,
            "lists": len(rows),
            "pairs_of_zones": len(overlaps),
        }


def paired(one: FigureTally, other: FigureTally) -> dict[str, dict[str, Any]]:
    """Return the paired differences over needs, one minus the other, by slice and figure."""
    found: dict[str, dict[str, Any]] = {}
    for name in SLICES:
        found[name] = {}
        for figure in figures(one.protocol):
            ours, theirs = (tally.values[name][figure.name] for tally in (one, other))
            gaps = {
                need: {fold: value - theirs[need][fold] for fold, value in own.items()}
                for need, own in ours.items()
            }
            found[name][figure.name] = _over_tasks(one.protocol, gaps)
    return found


def _over_tasks(protocol: str, values: Mapping[str, Mapping[int, float]]) -> dict[str, Any] | None:
    """Return mean and interval over needs; for `time` over the means of its cuts."""
    if protocol != "time":
        return _interval([float(np.mean([*values[need].values()])) for need in sorted(values)])
    folds = sorted({fold for own in values.values() for fold in own})
    if not folds:
        return None
    table = [[values[need].get(fold, np.nan) for fold in folds] for need in sorted(values)]
    return interval_over_cuts(np.array(table)).to_dict()


def _interval(values: Sequence[float]) -> dict[str, Any] | None:
    return interval(values).to_dict() if values else None


def _overlaps(
    lists: Sequence[tuple[int, str | None, str, NDArray[np.intp]]], size: int
) -> NDArray[np.float64]:
    """Return the overlap of every two lists of one task and industry whose zones differ."""
    groups: dict[tuple[int, str], list[tuple[str, NDArray[np.intp]]]] = defaultdict(list)
    for fold, zone, industry, rows in lists:
        if zone:
            groups[fold, industry].append((zone, rows))
    found = []
    for members in groups.values():
        lengths = np.array([len(rows) for _, rows in members])
        listed = sparse.csr_array(
            (
                np.ones(lengths.sum()),
                np.concatenate([rows for _, rows in members]),
                np.concatenate([[0], np.cumsum(lengths)]),
            ),
            shape=(len(members), size),
        )
        common = (listed @ listed.T).toarray()
        possible = np.minimum(lengths[:, None], lengths[None, :])
        zones = np.array([zone for zone, _ in members])
        pair = np.triu(zones[:, None] != zones[None, :], 1) & (possible > 0)
        found.append(common[pair] / possible[pair])
    return np.concatenate(found) if found else np.empty(0)
