"""What rankers reach, need by need: figures, lists, and their summaries with intervals."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import sparse

from training.metrics import (
    LIST_AT,
    MIN_RELEVANT,
    NDCG_AT,
    coverage,
    gini,
    interval,
    ndcg,
    precision,
    recall,
    reciprocal_rank,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from training.tasks import Question

SLICES = ("all", "warm", "cold")
"""All needs; those with a relevant pair left to learn from; the others."""


@dataclass(frozen=True)
class Figure:
    """One figure a need.

    Attributes
    ----------
    name, says : str
        Its name, and what it is.
    of : callable
        From hits in rank order and the number of relevant enterprises that are no candidates.
    least : int
        Needs with fewer relevant enterprises are left out.
    events_only : bool
        Whether it is for the protocols on events alone.
    known_only, newcomers : bool
        Whether only enterprises with a relevant pair left count as relevant; whether newcomers
        count as misses.
    """

    name: str
    says: str
    of: Callable[[NDArray[np.bool_], int], float]
    least: int = MIN_RELEVANT
    events_only: bool = False
    known_only: bool = False
    newcomers: bool = False

    def value(self, question: Question, order: NDArray[np.intp]) -> float | None:
        """Return the figure of a ranking of the candidates; None where the need is left out."""
        relevant = question.relevant & question.known if self.known_only else question.relevant
        missed = question.newcomers if self.newcomers else 0
        hits = relevant[order]
        return self.of(hits, missed) if int(hits.sum()) + missed >= self.least else None


def _recall_at_10(hits: NDArray[np.bool_], missed: int) -> float:
    return recall(hits, NDCG_AT, missed)


FIGURES = (
    Figure("ndcg@10", "NDCG of the first 10", lambda hits, _: ndcg(hits)),
    Figure(
        "precision@10", "share of the first 10 that is relevant", lambda hits, _: precision(hits)
    ),
    Figure("recall@50", "hits in the first 50 / min(50, relevant)", lambda hits, _: recall(hits)),
    Figure("mrr", "1 / rank of the first relevant one", lambda hits, _: reciprocal_rank(hits)),
    Figure(
        "recall@10",
        "hits in the first 10 / min(10, relevant), newcomers counting as misses",
        _recall_at_10,
        least=1,
        events_only=True,
        newcomers=True,
    ),
    Figure(
        "recall@10_known",
        "the same over enterprises with a deal left to learn from",
        _recall_at_10,
        least=1,
        events_only=True,
        known_only=True,
    ),
)
EVENT_PROTOCOLS = ("warm", "time", "leave-zone-out")


def figures(protocol: str) -> tuple[Figure, ...]:
    """Return the figures of a protocol, the one that it is judged by first."""
    if protocol not in EVENT_PROTOCOLS:
        return tuple(figure for figure in FIGURES if not figure.events_only)
    return tuple(sorted(FIGURES, key=lambda figure: not figure.known_only))


def ranked(scores: NDArray[np.floating[Any]], question: Question) -> NDArray[np.intp]:
    """Return the candidates, best first, equal ones by id."""
    rows = np.flatnonzero(question.candidates)
    return np.asarray(rows[np.argsort(-scores[rows], kind="stable")])


@dataclass
class Tally:
    """What one ranker reached.

    Attributes
    ----------
    protocol : str
    values : dict
        Slice, figure, need: its values, one a task.
    lists : list of (task, zone, industry, ids)
        The first twenty.
    candidates : set of str
    """

    protocol: str
    values: dict[str, dict[str, dict[str, list[float]]]] = field(
        default_factory=lambda: {name: defaultdict(partial(defaultdict, list)) for name in SLICES}
    )
    lists: list[tuple[int, str | None, str, NDArray[np.str_]]] = field(default_factory=list)
    candidates: set[str] = field(default_factory=set)

    def add(
        self, fold: int, question: Question, ids: NDArray[np.str_], scores: NDArray[Any]
    ) -> None:
        """Judge one ranking."""
        order = ranked(scores, question)
        own = "warm" if question.warm else "cold"
        for figure in figures(self.protocol):
            value = figure.value(question, order)
            if value is not None:
                for name in ("all", own):
                    self.values[name][figure.name][str(question.query.need_id)].append(value)
        query = question.query
        self.lists.append((fold, query.zone_id, query.industry, ids[order[:LIST_AT]]))
        self.candidates.update(ids[question.candidates].tolist())

    def needs(self, figure: str, name: str = "all") -> dict[str, float]:
        """Return the value of every need in a slice, its tasks averaged, by id."""
        found = self.values[name][figure]
        return {need_id: float(np.mean(found[need_id])) for need_id in sorted(found)}

    def summary(self) -> dict[str, dict[str, Any]]:
        """Return mean and interval of every figure in every slice; None without a need."""
        return {
            name: {
                figure.name: _interval(list(self.needs(figure.name, name).values()))
                for figure in figures(self.protocol)
            }
            for name in SLICES
        }

    def spread(self) -> dict[str, Any]:
        """Return coverage, Gini index and overlap of the first twenty.

        The overlap is the share of the first twenty that two zones have in common, over all pairs
        of zones asked for the same industry in one task; None where there are no such pairs.
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


def paired(one: Tally, other: Tally) -> dict[str, dict[str, Any]]:
    """Return the paired differences over needs, one minus the other, by slice and figure."""
    found: dict[str, dict[str, Any]] = {}
    for name in SLICES:
        found[name] = {}
        for figure in figures(one.protocol):
            ours, theirs = (tally.needs(figure.name, name) for tally in (one, other))
            found[name][figure.name] = _interval([ours[need] - theirs[need] for need in ours])
    return found


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
