"""Ranking a pool by shards: what workers find of their own rows becomes the one list.

The list is that of one process, whatever the number of shards. Everything that a score depends on
besides its enterprise and the need is known before, or fitted here on what the shards return: the
first of all by the estimate, of whom each shard knows the first of its own; then the scale, on the
values of these in the order of the pool.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from models import two_stage
from models.ranker import order
from models.retrieval import Retriever
from models.sample import Among
from models.scale import Values
from models.shards import EstimateRequest, HistoryParts, MeasureRequest, RankRequest, Shard
from models.signals import signal_part
from models.two_stage import TwoStage, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from numpy.typing import NDArray

    from features.arrays import NeedFeatures
    from features.nodes import NamedNodes
    from models.executors import Pending
    from models.retrieval import Page, Wanted
    from models.shards import Span

    Ask = Callable[[Span, Callable[[Shard, Any], Any], Any], Pending[Any]]

GROUP = 8
"""Needs that go to the shards together: each reads its part of the matrix once for all of them."""


class Sharded(Retriever):
    """Ranks a pool by its shards.

    Parameters
    ----------
    whole : Retriever
        Of the whole pool: it says how the pool is ranked, and describes whoever comes first.
    spans : sequence of Span
        The shards, one after another; together they are the pool.
    ask : callable
        Takes a shard, a method of `Shard` and what it is asked; hands the question out.
    """

    def __init__(self, whole: Retriever, spans: Sequence[Span], ask: Ask) -> None:
        super().__init__(whole.bound)
        self._whole, self._spans, self._ask = whole, spans, ask

    def ranked(self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int) -> Page:
        """Return the rows at ranks `start` to `stop`, and their contributions."""
        ((found, parts),) = self.ranked_all([(need, rows)], stop)
        return found[start:], parts[:, start:]

    def ranked_all(self, wanted: Iterable[Wanted], stop: int) -> Iterator[Page]:
        """Return the first rows for each of many needs.

        While the lists of some needs are used, the shards are at the next ones.
        """
        left, before = iter(wanted), None
        while group := list(islice(left, GROUP)):
            begun = self._begin(group)
            if before is not None:
                yield from self._end(before, stop)
            before = begun
        if before is not None:
            yield from self._end(before, stop)

    def place(
        self, need: NeedFeatures, row: int, rows: NDArray[np.intp]
    ) -> tuple[int, NDArray[np.float64]]:
        """Return the rank of one row among `rows`, and its contributions."""
        return self._whole.place(need, row, rows)

    @property
    def named(self) -> NamedNodes:
        """The nodes of each enterprise."""
        return self._whole.named

    def _begin(self, group: Sequence[Wanted]) -> _Group:
        """Have the shards estimate who comes first, for the needs for which that matters."""
        whole, asked = self._whole, [len(rows) > two_stage.CANDIDATES for _, rows in group]
        pending: list[Pending[Any]] = []
        if isinstance(whole, TwoStage) and any(asked):
            some = [
                (whole.estimate.query(need), self._mask(rows))
                for (need, rows), own in zip(group, asked, strict=True)
                if own
            ]
            for span in self._spans:
                question = [
                    EstimateRequest(query, np.packbits(mask[slice(*span)]), two_stage.CANDIDATES)
                    for query, mask in some
                ]
                pending.append(self._ask(span, Shard.leading, question))
        return _Group(group, asked, pending)

    def _end(self, begun: _Group, stop: int) -> Iterator[Page]:
        candidates = self._candidates(begun)
        history = [self._history(need) for need, _ in begun.group]
        pending = [
            self._ask(
                span,
                Shard.values,
                [
                    MeasureRequest(replace(need, signals=None), _part(own, span), span.within(rows))
                    for (need, _), own, rows in zip(begun.group, history, candidates, strict=True)
                ],
            )
            for span in self._spans
        ]
        measured = zip(*[each.result() for each in pending], strict=True)
        for (need, rows), own, among, values in zip(
            begun.group, history, candidates, measured, strict=True
        ):
            found = [each for each in values if each is not None]
            if not found:
                yield self._whole.ranked(need, rows, 0, stop)
                continue
            yield self._page(need, rows, own, among, Values.beside(*found), stop)

    def _candidates(self, begun: _Group) -> list[NDArray[np.intp]]:
        """Return whose values are needed for each need, in order."""
        whole = self._whole
        if not isinstance(whole, TwoStage):
            return [np.arange(len(self.bound.pool))] * len(begun.group)
        estimated = zip(*[each.result() for each in begun.pending], strict=True)
        found = []
        for (need, rows), asked in zip(begun.group, begun.asked, strict=True):
            if not asked:
                found.append(rows)
                continue
            some, estimates = zip(*next(estimated), strict=True)
            found.append(
                whole.shortlisted(need, rows, np.concatenate(some), np.concatenate(estimates))
            )
        return found

    def _page(
        self,
        need: NeedFeatures,
        rows: NDArray[np.intp],
        history: HistoryParts,
        candidates: NDArray[np.intp],
        values: Values,
        stop: int,
    ) -> Page:
        whole = self._whole
        if not isinstance(whole, TwoStage):
            parts = self.bound.fit(need, values)[1]
            found = order(parts.sum(axis=0), rows, stop)
            return found, parts[:, found]
        among = Among(whole.sample, need, candidates, values)

        def best(others: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
            mask, own = self._mask(others), replace(need, signals=None)
            pending = [
                self._ask(
                    span,
                    Shard.best,
                    [
                        RankRequest(
                            own,
                            _part(history, span),
                            np.packbits(mask[slice(*span)]),
                            among.scale,
                            limit,
                        )
                    ],
                )
                for span in self._spans
            ]
            leading = [each.result()[0] for each in pending]
            first, raw = (np.concatenate(own) for own in zip(*leading, strict=True))
            return np.asarray(first[order(raw, np.arange(len(first)), limit)])

        return page(among, candidates, rows, 0, stop, best)

    def _mask(self, rows: NDArray[np.intp]) -> NDArray[np.bool_]:
        mask = np.zeros(len(self.bound.pool), dtype=np.bool_)
        mask[rows] = True
        return mask

    def _history(self, need: NeedFeatures) -> HistoryParts:
        """Return the parts of deals and signals for a need, of the enterprises that have any."""
        dealt, parts = self.bound.history_parts(need)
        signalled = np.flatnonzero(need.signals) if need.signals is not None else dealt[:0]
        rows = np.union1d(dealt, signalled)
        deals = np.zeros((len(parts), len(rows)))
        deals[:, np.searchsorted(rows, dealt)] = parts
        return HistoryParts(rows, deals, signal_part(need, rows, len(rows)))


@dataclass(frozen=True)
class _Group:
    """Needs that were begun together.

    Attributes
    ----------
    group : sequence of Wanted
    asked : list of bool
        For which of them the shards estimate who comes first.
    pending : list
        The answers of the shards.
    """

    group: Sequence[Wanted]
    asked: list[bool]
    pending: list[Pending[Any]]


def _part(history: HistoryParts, span: Span) -> HistoryParts:
    """Return the history of the enterprises of one shard."""
    at = slice(*np.searchsorted(history.rows, span))
    return HistoryParts(history.rows[at], history.deals[:, at], history.signals[at])
