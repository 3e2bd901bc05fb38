"""Ranking a pool by shards: what workers find of their own rows becomes the one list.

The list is that of one process, whatever the number of shards. Everything that a score depends on
besides its enterprise and the need is known before, or fitted here on what the shards return: the
first of all by the estimate, of whom each shard knows the first of its own; then the scale, on the
values of these in the order of the pool.

If a shard is unavailable, only `ranked_partly` returns a list: that of the other shards, with the
unavailable ones.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import islice
from typing import TYPE_CHECKING, Any

import numpy as np

from models.factors.signals import signal_part
from models.retrieval import two_stage
from models.retrieval.retrieval import Retriever, place_of
from models.retrieval.sample import Among
from models.retrieval.spans import ShardUnavailableError
from models.retrieval.two_stage import TwoStage, page, place_among
from models.scoring.ranker import order
from models.scoring.scale import Values
from models.shards.requests import (
    CompareRequest,
    EstimateRequest,
    HistoryParts,
    MeasureRequest,
    RankRequest,
)
from models.shards.shards import Shard

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from numpy.typing import NDArray

    from features.industry.nodes import NamedNodes
    from features.space.arrays import NeedFeatures
    from models.executors import Pending
    from models.retrieval.retrieval import Page, Wanted
    from models.retrieval.spans import Span

    Ask = Callable[[Span, Callable[[Shard, Any], Any], Any], Pending[Any]]

GROUP = 8
"""Needs that go to the shards together: each reads its part of the matrix once for all of them."""


class Sharded(Retriever):
    """Ranks a pool by its shards.

    Parameters
    ----------
    whole : Retriever
        Of the whole pool: it defines how the pool is ranked, and describes the first rows.
    spans : sequence of Span
        The shards, one after another; together they are the pool.
    ask : callable
        Takes a shard, a method of `Shard` and what it is asked; submits the request. The result
        of an unavailable shard raises ShardUnavailableError.
    """

    def __init__(self, whole: Retriever, spans: Sequence[Span], ask: Ask) -> None:
        super().__init__(whole.bound)
        self._whole, self.spans, self._ask = whole, spans, ask

    def ranked(self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int) -> Page:
        """Return the rows at ranks `start` to `stop`, and their contributions.

        Raises
        ------
        ShardUnavailableError
            When a shard is unavailable.
        """
        ((found, parts),) = self.ranked_all([(need, rows)], stop)
        return found[start:], parts[:, start:]

    def ranked_partly(
        self, need: NeedFeatures, rows: NDArray[np.intp], start: int, stop: int
    ) -> tuple[Page, tuple[Span, ...]]:
        """Return the same for the available shards, and the unavailable ones.

        Raises
        ------
        ShardUnavailableError
            When all of them are unavailable.
        """
        begun = self._begin([(need, rows)], partly=True)
        ((found, parts),) = self._end(begun, stop)
        return (found[start:], parts[:, start:]), tuple(sorted(begun.missing))

    def ranked_all(self, wanted: Iterable[Wanted], stop: int) -> Iterator[Page]:
        """Return the first rows for each of many needs (ShardUnavailableError).

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
        """Return the rank of a row among `rows`, and its contributions (ShardUnavailableError)."""
        whole, begun = self._whole, self._begin([(need, rows)])
        (candidates,) = self._candidates(begun)
        values = [one for (one,) in self._values(begun, [candidates]).values() if one is not None]
        if not values:
            return whole.place(need, row, rows)
        measured = Values.beside(*values)
        if not isinstance(whole, TwoStage):
            parts = self.bound.fit(need, measured)[1]
            return place_of(parts, row, rows), parts[:, row].copy()
        among = Among(whole.sample, need, candidates, measured)
        if (found := place_among(among, candidates, row)) is not None:
            return found
        query = whole.estimate.query(need)
        (own,) = whole.estimate.of(need, np.array([row]))
        listed = self._mask(rows)
        asked = {
            span: self._ask(span, Shard.above, [CompareRequest(query, _bits(listed, span), own)])
            for span in self.spans
        }
        before = sum(count for (count,) in self._collect(begun, asked).values())
        return max(before, len(candidates)) + 1, among.others(np.array([row]))[:, 0]

    @property
    def named(self) -> NamedNodes:
        """The nodes of each enterprise."""
        return self._whole.named

    @property
    def in_two_stages(self) -> bool:
        """Whether the pool is ranked in two stages."""
        return self._whole.in_two_stages

    def _begin(self, group: Sequence[Wanted], *, partly: bool = False) -> Begun:
        """Have the shards estimate who comes first, for the needs for which that matters."""
        whole, asked = self._whole, [len(rows) > two_stage.CANDIDATES for _, rows in group]
        pending: dict[Span, Pending[Any]] = {}
        if isinstance(whole, TwoStage) and any(asked):
            some = [
                (whole.estimate.query(need), self._mask(rows))
                for (need, rows), own in zip(group, asked, strict=True)
                if own
            ]
            for span in self.spans:
                question = [
                    EstimateRequest(query, _bits(mask, span), two_stage.CANDIDATES)
                    for query, mask in some
                ]
                pending[span] = self._ask(span, Shard.leading, question)
        return Begun(group, asked, pending, partly)

    def _collect(self, begun: Begun, pending: Mapping[Span, Pending[Any]]) -> dict[Span, Any]:
        """Return the answers of the shards, in their order; note the unavailable ones.

        Raises
        ------
        ShardUnavailableError
            When one is unavailable, unless a partial list is requested; when all of them are.
        """
        found = {}
        for span, answer in pending.items():
            try:
                found[span] = answer.result()
            except ShardUnavailableError:
                begun.missing.add(span)
                if not begun.partly or len(begun.missing) == len(self.spans):
                    raise
        return found

    def _reachable(self, begun: Begun, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """Return which of some rows, in order, are in available shards."""
        if not begun.missing:
            return rows
        return np.concatenate(
            [span.within(rows) for span in self.spans if span not in begun.missing]
        )

    def _end(self, begun: Begun, stop: int) -> Iterator[Page]:
        candidates = self._candidates(begun)
        measured = self._values(begun, candidates)
        for (need, rows), among, values in zip(
            begun.group, candidates, zip(*measured.values(), strict=True), strict=True
        ):
            listed = self._reachable(begun, rows)
            found = [each for each in values if each is not None]
            if not found:
                yield self._whole.ranked(need, listed, 0, stop)
                continue
            every = Values.beside(*found)
            yield self._page(begun, need, listed, self._reachable(begun, among), every, stop)

    def _values(
        self, begun: Begun, candidates: Sequence[NDArray[np.intp]]
    ) -> dict[Span, list[Values | None]]:
        """Return, by shard, the values of its candidates for each need."""
        history = [self._history(need) for need, _ in begun.group]
        asked = {
            span: self._ask(
                span,
                Shard.values,
                [
                    MeasureRequest(replace(need, signals=None), _part(own, span), span.within(rows))
                    for (need, _), own, rows in zip(begun.group, history, candidates, strict=True)
                ],
            )
            for span in self.spans
            if span not in begun.missing
        }
        return self._collect(begun, asked)

    def _candidates(self, begun: Begun) -> list[NDArray[np.intp]]:
        """Return whose values are needed for each need, in order."""
        whole = self._whole
        if not isinstance(whole, TwoStage):
            return [np.arange(len(self.bound.pool))] * len(begun.group)
        estimated = zip(*self._collect(begun, begun.pending).values(), strict=True)
        found = []
        for (need, rows), asked in zip(begun.group, begun.asked, strict=True):
            listed = self._reachable(begun, rows)
            if asked:
                some, estimates = zip(*next(estimated), strict=True)
                first = np.concatenate(some), np.concatenate(estimates)
                listed = whole.shortlisted(need, listed, *first)
            found.append(listed)
        return found

    def _page(
        self,
        begun: Begun,
        need: NeedFeatures,
        rows: NDArray[np.intp],
        candidates: NDArray[np.intp],
        values: Values,
        stop: int,
    ) -> Page:
        whole = self._whole
        if not isinstance(whole, TwoStage):
            parts = self.bound.fit(need, values, rows=candidates)[1]
            at = order(parts.sum(axis=0), np.searchsorted(candidates, rows), stop)
            return candidates[at], parts[:, at]
        among = Among(whole.sample, need, candidates, values)

        def best(others: NDArray[np.intp], limit: int) -> NDArray[np.intp]:
            mask, own = self._mask(others), replace(need, signals=None)
            history = self._history(need)
            pending = {
                span: self._ask(
                    span,
                    Shard.best,
                    [RankRequest(own, _part(history, span), _bits(mask, span), among.scale, limit)],
                )
                for span in self.spans
                if span not in begun.missing
            }
            leading = [ranked for (ranked,) in self._collect(begun, pending).values()]
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
class Begun:
    """Needs that were begun together.

    Attributes
    ----------
    group : sequence of Wanted
    asked : list of bool
        For which of them the shards estimate who comes first.
    pending : dict
        The answers of the shards.
    partly : bool
        Whether a list may be partial.
    missing : set of Span
        The unavailable shards.
    """

    group: Sequence[Wanted]
    asked: list[bool]
    pending: dict[Span, Pending[Any]]
    partly: bool
    missing: set[Span] = field(default_factory=set)


def _part(history: HistoryParts, span: Span) -> HistoryParts:
    """Return the history of the enterprises of one shard."""
    at = slice(*np.searchsorted(history.rows, span))
    return HistoryParts(history.rows[at], history.deals[:, at], history.signals[at])


def _bits(mask: NDArray[np.bool_], span: Span) -> NDArray[np.uint8]:
    return np.packbits(mask[slice(*span)])
