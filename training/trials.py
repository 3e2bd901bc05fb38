"""Trials: the factors that learn are fitted on a part of the labels and scored on the rest."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
from scipy import sparse

from features.enterprises.history import DEAL_STAGES, deals
from models.factors.head import Examples, NeedHeads
from models.factors.hybrid import LightFMHybrid
from models.factors.track_record import MIN_DEALS, DealHistory, HistoryScorer
from models.scoring.scale import standardised
from models.scoring.scorer import ContentScorer, Scorer
from models.settings import DEFAULTS, ModelSettings
from training.cases import Case, ScoredCase
from training.interactions import interactions
from training.metrics import MIN_RELEVANT
from training.priors import prior, prior_blend
from training.splits import FOLDS, cut_before, half_pairs, need_folds, without_pairs

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import date

    from numpy.typing import NDArray

    from features.progress import Steps
    from features.space.arrays import NeedFeatures, PoolFeatures
    from training.interactions import Interactions
    from training.splits import Cut

KEPT = 5_000
MIN_PAIRS = 50
"""With fewer known pairs LightFM would learn noise, and is not fitted."""

CUTS_YEARS = (6, 5, 4, 3, 2)
"""The cuts, in years before the last deal, after which deals are hidden in turn."""


@dataclass(frozen=True)
class Learnt:
    """The fitted factors that learn from labels."""

    hybrid: LightFMHybrid
    heads: NeedHeads
    history: DealHistory


@dataclass(frozen=True)
class Labels:
    """The labels: judgements, events, and the interactions made from them."""

    judgements: pl.DataFrame
    events: pl.DataFrame
    known: Interactions


@dataclass(frozen=True)
class ScoredCases:
    """Held-out cases of cold and of warm needs.

    The parts of a cold case are the content factors, LightFM and history; those of a warm one
    content, the head, LightFM and history.
    """

    cold: list[ScoredCase]
    warm: list[ScoredCase]


class Trials:
    """Fits on parts of the labels.

    Parameters
    ----------
    needs : sequence of m NeedFeatures
    pool : PoolFeatures of n enterprises
    labels : Labels
    baseline : ndarray of shape (m, n)
        Character TF-IDF.
    as_of : date
        The day at which ages of deals are computed.
    seed : int
    progress : callable
        Called with (step, done, of).
    settings : ModelSettings
    ranks : ndarray of shape (n,), optional
        The order in which enterprises are sampled; by default that of their ids.
    needs_before : callable, optional
        Returns the needs as of a day, with their zones' enterprises at that time; by default the
        needs as given.
    """

    def __init__(
        self,
        needs: Sequence[NeedFeatures],
        pool: PoolFeatures,
        labels: Labels,
        baseline: NDArray[np.float32],
        *,
        as_of: date,
        seed: int,
        progress: Steps,
        settings: ModelSettings = DEFAULTS,
        ranks: NDArray[np.intp] | None = None,
        needs_before: Callable[[date], Sequence[NeedFeatures]] | None = None,
    ) -> None:
        self.needs = needs
        self.pool = pool
        self.labels = labels
        self.baseline = baseline
        self.as_of = as_of
        self.seed = seed
        self.progress = progress
        self.settings = settings
        self.ranks = np.arange(len(pool)) if ranks is None else ranks
        self._needs_before = needs_before or (lambda _: needs)
        self._need_ids = [need.need_id or "" for need in needs]
        gains = labels.known.gains
        self._examples = (
            Examples(pool, np.unique(gains.indices), settings.heads, seed=seed, ranks=ranks)
            if gains.nnz
            else None
        )
        self.content = ContentScorer(pool)

    def learn(self, gains: sparse.csr_array, events: pl.DataFrame, as_of: date) -> Learnt:
        """Fit LightFM, heads and history; without enough labels they score 0."""
        hybrid, heads = LightFMHybrid(self.settings.hybrid, self.seed), NeedHeads()
        liked = sparse.csr_array(gains.maximum(0))  # LightFM learns from positives only
        liked.eliminate_zeros()
        if liked.nnz >= MIN_PAIRS:
            seen = np.isin(self.pool.ids, events["enterprise_id"].unique().to_numpy().astype(str))
            hybrid.fit(self.needs, self.pool, liked, seen, self.ranks)
        if gains.nnz and self._examples is not None:
            heads.fit(self.needs, self._examples, gains)
        made = deals(events, self.needs, as_of=as_of)
        return Learnt(hybrid, heads, DealHistory().fit(made, as_of=as_of, seed=self.seed))

    def folds(self) -> ScoredCases:
        """Hold out whole needs (cold cases), and half of each need's enterprises (warm cases).

        Enterprises that are relevant for another need are no candidates.
        """
        known = self.labels.known
        folds = need_folds(np.diff(known.relevant.indptr), self.seed)
        halves = half_pairs(known.relevant, self.seed, self.ranks)
        # Hidden in turn: all pairs of a fold's needs, and half of the pairs of every need.
        hidden = [entries_in_rows(known.gains, fold) for fold in folds] + halves
        trials = list(self.without(hidden))
        fold_of = {row: at for at, fold in enumerate(folds) for row in fold.tolist()}

        def judge(row: int) -> ScoredCases:
            need, wanted = self.needs[row], _wanted(known.relevant, row)
            content, at = self.content.scores(need), fold_of[row]
            cold = list(self._case(row, need, at, wanted, trials[at], content, warm=False))
            warm: list[ScoredCase] = []
            for at, half in enumerate(halves):
                if half.indptr[row + 1] - half.indptr[row] >= MIN_RELEVANT:
                    trial = trials[len(folds) + at]
                    warm += self._case(row, need, at, wanted, trial, content, warm=True)
            return ScoredCases(cold, warm)

        found = ScoredCases([], [])
        with _workers() as workers:
            for done, cases in enumerate(workers.map(judge, sorted(fold_of)), start=1):
                self.progress("held-out needs", done, len(fold_of))
                found.cold.extend(cases.cold)
                found.warm.extend(cases.warm)
        return found

    def time(self) -> ScoredCases:
        """Hold out the deals of the two years after a cut, for several cuts.

        Candidates are the enterprises with an earlier deal: deals repeat. A case needs only one
        relevant candidate.
        """
        cold: list[ScoredCase] = []
        warm: list[ScoredCase] = []
        won = self.labels.events.filter(
            pl.col("stage").is_in(DEAL_STAGES) & (pl.col("date") <= self.as_of)
        )
        last: Any = won["date"].max()  # the last event may be long before the day of training
        for fold, ago in enumerate(CUTS_YEARS):
            self.progress("held-out years", fold, len(CUTS_YEARS))
            cut = cut_before(last or self.as_of, ago)
            before, after = cut.before(won), cut.after(won)
            if before.height < MIN_DEALS or after.is_empty():
                continue
            trial, needs = self._trial_before(cut), self._needs_before(cut.day)
            known_by_then = np.isin(self.pool.ids, before["enterprise_id"].to_numpy().astype(str))
            assert cut.end is not None
            none = self.labels.judgements.clear()
            came = self._interactions(none, after, cut.end).relevant
            for row in np.flatnonzero(np.diff(came.indptr)).tolist():
                need, wanted = needs[row], _wanted(came, row)
                head = trial.scorer.chosen(need) > 0
                found = self._case(
                    row,
                    need,
                    fold,
                    wanted,
                    trial,
                    self.content.scores(need),
                    warm=head,
                    among=known_by_then,
                    least=1,
                )
                (warm if head else cold).extend(found)
        self.progress("held-out years", len(CUTS_YEARS), len(CUTS_YEARS))
        return ScoredCases(cold, warm)

    def without(self, hidden: Sequence[sparse.csr_array]) -> Iterator[Trial]:
        """Fit a trial without each set of hidden pairs, in parallel: LightFM releases the GIL.

        Parameters
        ----------
        hidden : sequence of csr_array of shape (m, n)
            The pairs to be hidden in turn, with all their events.
        """
        known, events = self.labels.known.gains, self.labels.events
        remaining = [sparse.csr_array(known - known.multiply(part)) for part in hidden]
        for gains in remaining:
            gains.eliminate_zeros()
        left = [self._without(events, part) for part in hidden]
        with _workers() as workers:
            learnt = workers.map(self.learn, remaining, left, [self.as_of] * len(left))
            for done, (gains, one) in enumerate(zip(remaining, learnt, strict=True), start=1):
                self.progress("learn without", done, len(remaining))
                yield self._trial(gains, one)

    def _trial_before(self, cut: Cut) -> Trial:
        events = cut.before(self.labels.events)
        gains = self._interactions(self.labels.judgements, events, cut.day).gains
        return self._trial(gains, self.learn(gains, events, cut.day))

    def _interactions(
        self, judgements: pl.DataFrame, events: pl.DataFrame, as_of: date
    ) -> Interactions:
        known = events.filter(pl.col("date") <= as_of)
        return interactions(judgements, known, self._need_ids, self.pool.ids, as_of=as_of)

    def _without(self, events: pl.DataFrame, hidden: sparse.csr_array) -> pl.DataFrame:
        """Return the events without those of hidden pairs."""
        if events.is_empty():
            return events
        pairs = sparse.coo_array(hidden)
        ids = np.array(self._need_ids, dtype=object)
        named = pl.DataFrame(
            {
                "need_id": ids[pairs.row].tolist(),
                "enterprise_id": self.pool.ids[pairs.col].tolist(),
            },
            schema={"need_id": pl.String, "enterprise_id": pl.String},
        )
        return without_pairs(events, named)

    def _trial(self, gains: sparse.csr_array, learnt: Learnt) -> Trial:
        """Prepare fitted factors for the pool."""
        hybrid, heads, history = learnt.hybrid, learnt.heads, learnt.history
        rows = heads.prepare(self.pool), hybrid.prepare(self.pool)
        past = HistoryScorer(history, self.pool)
        return Trial(gains, Scorer(self.content, heads, rows[0], hybrid, rows[1], past))

    def _case(
        self,
        row: int,
        need: NeedFeatures,
        fold: int,
        wanted: NDArray[np.bool_],
        trial: Trial,
        content: list[NDArray[Any] | None],
        *,
        warm: bool,
        among: NDArray[np.bool_] | None = None,
        least: int = MIN_RELEVANT,
    ) -> Iterator[ScoredCase]:
        """Yield the case, if it can be judged.

        Candidates are by default the enterprises that nothing was learnt about. An enterprise that
        declined another need is a candidate: only the head of that need learns from it.
        """
        candidates = among
        if candidates is None:
            candidates = np.ones(len(self.pool), dtype=bool)
            candidates[trial.gains.indices[trial.gains.data > 0]] = False
            candidates[trial.gains[[row]].indices] = False
        case = Case.among(candidates, wanted, need_id=self._need_ids[row], fold=fold, warm=warm)
        if case.is_judgeable(least):
            yield self._scored(case, row, need, trial, content)

    def _scored(
        self,
        case: Case,
        row: int,
        need: NeedFeatures,
        trial: Trial,
        content: list[NDArray[Any] | None],
    ) -> ScoredCase:
        """Return a case with the values of the factors, and the prior's terms as its parts."""
        scorer, blend = trial.scorer, prior_blend()
        values = scorer.values(need, content)
        scale = scorer.scale(values, blend)
        z, spread = standardised(values, scale), scale.content
        if case.warm:
            stated = blend.warm_terms(z, spread, scorer.chosen(need))
        else:
            stated = blend.cold_terms(z, spread)
        terms = prior(warm=case.warm) @ stated
        kept = _foremost(case.candidates, case.relevant, terms, self.baseline[row])
        return ScoredCase(
            row,
            case.fold,
            stated[:, kept],
            self.baseline[row, kept].astype(np.float64),
            case.relevant[kept],
            case.need_id,
            self.pool.ids[case.relevant],
            int(case.candidates.sum()),
        )


@dataclass(frozen=True)
class Trial:
    """The labels `gains` of a trial, shape (m, n), and all factors fitted on them."""

    gains: sparse.csr_array
    scorer: Scorer


def _workers() -> ThreadPoolExecutor:
    """Return threads for work that releases the GIL: products of arrays, and LightFM."""
    return ThreadPoolExecutor(min(FOLDS, os.cpu_count() or 1))


def entries_in_rows(gains: sparse.csr_array, rows: NDArray[np.intp]) -> sparse.csr_array:
    """Return a mask of the entries of a matrix in some rows."""
    kept = np.zeros(gains.shape[0], dtype=bool)
    kept[rows] = True
    return sparse.csr_array(gains.multiply(kept[:, None]) != 0)


def _wanted(relevant: sparse.csr_array, row: int) -> NDArray[np.bool_]:
    wanted = np.zeros(relevant.shape[1], dtype=bool)
    wanted[relevant.indices[relevant.indptr[row] : relevant.indptr[row + 1]]] = True
    return wanted


def _foremost(
    candidates: NDArray[np.bool_], wanted: NDArray[np.bool_], *scores: NDArray[Any]
) -> NDArray[np.intp]:
    """Return the rows of the candidates that a case keeps.

    All of them in a pool of up to `KEPT`; in a larger one, to save memory, the relevant ones and
    the best `KEPT` by each of the scores: the others could not reach the first fifty.
    """
    rows = np.flatnonzero(candidates)
    if len(rows) <= KEPT:
        return rows
    kept = wanted & candidates
    for values in scores:
        kept[rows[np.argpartition(-values[rows], KEPT)[:KEPT]]] = True
    return np.flatnonzero(kept)
